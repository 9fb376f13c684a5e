//! Custom actions: functions of a program that make a resource, or new content for one, behind a route of their own.
//!
//! `#[create_action(Character)]` and `#[update_action(Character)]` put an [`Action`] beside a function: constants,
//! and a small adapter from the parts of a call to its arguments. Everything else is here and in the layers above,
//! compiled once.
//!
//! An update action is a function from the resource as it was read to its new content. What it gives is written only
//! if the resource still is what the function has seen; else the function is called again with what the resource is
//! now. So it may run more than once per request, and should not do anything outside that cannot be repeated.

mod argument;
mod context;
mod describe;
mod job;
mod outcome;
mod values;

pub use argument::{
    Argument, ArgumentEntry, Body, CreateArgument, Existing, FromAction, Json, Part, Path, Query,
    QueryParameters, UpdateArgument, require_arguments,
};
pub use context::{ActionContext, ActionInput};
pub use describe::ActionInputs;
pub use job::{ActionCall, ActionMade, ActionRuns, AsyncAction, CallParts};
pub use outcome::{ActionOutcome, Outcome};

use crate::descriptor::Identity;
use crate::error::Result;
use crate::repository::{Content, Mode};

/// The type an action has beside its function, of the same name: `resources![…; actions(level_up)]` names it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an action: add `#[create_action(…)]` or `#[update_action(…)]` to its function",
    label = "not an action"
)]
pub trait Action {
    /// Everything the runtime knows about it.
    const ACTION: ActionEntry;
}

/// What an action does with what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// It becomes a new resource.
    Create,
    /// It becomes the content of the resource of the path.
    Update(Mode),
}

impl ActionKind {
    /// Whether it makes a new resource.
    pub const fn creates(self) -> bool {
        matches!(self, Self::Create)
    }
}

/// An action once its types are erased.
#[derive(Clone, Copy)]
pub struct ActionEntry {
    /// The resource type it belongs to.
    pub resource: &'static Identity,
    /// Create or update.
    pub kind: ActionKind,
    /// The name of the function.
    pub name: &'static str,
    /// Below the resource type, or below a resource: `level-up`, `grant/{skill}`.
    pub path: &'static str,
    /// What people see.
    pub label: &'static str,
    /// The doc comment of the function, empty when it has none.
    pub docs: &'static str,
    /// When it runs.
    pub runs: ActionRuns,
    /// It may give nothing.
    pub optional: bool,
    /// What it reads.
    pub arguments: &'static [ArgumentEntry],
    /// Calls the function and gives the value as canonical JSON.
    pub run: fn(ActionInput) -> Content,
}

impl ActionEntry {
    /// Stands for an action whose attribute failed, so that only the errors of the attribute are shown; the program
    /// does not compile, so this is never called.
    #[doc(hidden)]
    pub const REJECTED: Self = Self {
        resource: &Identity::REJECTED,
        kind: ActionKind::Create,
        name: "",
        path: "",
        label: "",
        docs: "",
        runs: ActionRuns::InRequest,
        optional: false,
        arguments: &[],
        run: |_| Box::pin(std::future::ready(Ok(None))),
    };

    /// Its path behind that of the resource type, in axum's syntax.
    pub fn route(&self) -> String {
        match self.kind {
            ActionKind::Create => format!("/{}", self.path),
            ActionKind::Update(_) => format!("/{{resource_id}}/{}", self.path),
        }
    }

    /// What it reads, for the documentation and for the check of query parameters.
    pub fn inputs(&self) -> ActionInputs {
        let mut inputs = ActionInputs::default();
        for argument in self.arguments {
            (argument.describe)(&mut inputs);
        }
        inputs
    }
}

impl std::fmt::Debug for ActionEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActionEntry")
            .field("name", &self.name)
            .field("of", &self.resource.path)
            .finish_non_exhaustive()
    }
}

/// A future of an adapter, boxed; it must be `Send`, as every handler of a request.
#[doc(hidden)]
pub fn boxed<F>(future: F) -> Content
where
    F: Future<Output = Result<Option<Vec<u8>>>> + Send + 'static,
{
    Box::pin(future)
}
