//! Actions that run as jobs.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::context::Shared;
use super::handler::{Handler, JobError, Made};
use crate::action::{ActionEntry, ActionInput, ActionKind, ActionMade, ActionRuns, CallParts, Part};
use crate::error::Error;
use crate::id;
use crate::json::to_canonical;
use crate::repository::{Asked, Caller, ReplaceOptions};

impl Handler {
    /// Does the work of an action that runs as a job; `None` for one that does not.
    pub(crate) fn of_action(action: ActionEntry) -> Option<Self> {
        let ActionRuns::AsJob(entry) = action.runs else { return None };
        let run = move |shared: Arc<Shared>, payload: Vec<u8>| -> BoxFuture<'static, Made> {
            Box::pin(async move { call(&action, &shared, &payload).await })
        };
        Some(Self { of: entry.descriptor.id, run: Arc::new(run), periodic: None })
    }
}

/// Calls the function as a request of who asked for it: that they may was decided when they asked, and is asked again
/// with what everything is now.
async fn call(action: &ActionEntry, shared: &Shared, payload: &[u8]) -> Made {
    let unreadable = |error: serde_json::Error| JobError::fatal(format!("the call cannot be read: {error}"));
    let parts: CallParts = serde_json::from_slice(payload).map_err(unreadable)?;
    let asked = shared.asked.as_deref();
    let asked = asked.ok_or_else(|| JobError::fatal("it is not known who asked for the call"))?;
    let asked = Asked::read(asked).map_err(unreadable)?;
    let caller = Caller::client(asked.principal(), shared.clock.now(None).map_err(judged)?);
    let service = Arc::clone(&shared.service);
    let model =
        service.models().iter().find(|model| model.descriptor().id.path_hash == action.resource.path_hash);
    let model = *model.ok_or_else(|| JobError::fatal("the type of the action is not registered"))?;
    let body = parts.body.map(|body| body.get().to_owned().into_bytes()).unwrap_or_default();
    let input = ActionInput::new(
        Arc::clone(&service),
        shared.utc_offset,
        caller.clone(),
        body.into(),
        parts.query,
        parts.path,
    );
    // The program may be another one than the one that accepted it.
    for argument in action.arguments.iter().filter(|argument| argument.part != Part::Existing) {
        (argument.check)(&input).map_err(judged)?;
    }
    let written = match (action.kind, &parts.resource_id) {
        (ActionKind::Update(mode), Some(id)) => {
            let options =
                ReplaceOptions { mode, preconditions: asked.preconditions, ..ReplaceOptions::default() };
            let content = |head| (action.run)(input.on(head));
            service.replace_with(&model, id, action.name, &options, &caller, content).await
        }
        _ => service.create_with(&model, action.name, &caller, || (action.run)(input)).await,
    };
    let written = written.map_err(judged)?;
    let made = ActionMade {
        resource_name: model.name().to_owned(),
        revision_id: written.as_ref().map(|made| id::revision_id(&made.resource_id, made.revision.seq)),
        resource_id: written.map(|made| made.resource_id),
    };
    let text = String::from_utf8(to_canonical(&made)?)?;
    Ok(RawValue::from_string(text)?)
}

/// What the request got wrong stays wrong; what the server could not do it may do later.
#[allow(clippy::needless_pass_by_value)] // used as a function in `map_err`
fn judged(error: Error) -> JobError {
    let status = error.kind().row().status;
    if status < 500 { JobError::fatal(error.to_string()) } else { JobError::retry(error.to_string()) }
}
