//! What an action takes: each argument says by its type which part of the call it is.

use serde::de::DeserializeOwned;
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

use super::context::{ActionContext, ActionInput};
use super::describe::ActionInputs;
use super::values::{self, ValueError};
use crate::error::{Error, Result};
use crate::id;
use crate::json::{self, DecodeError};
use crate::meta::{Head, Revision};
use crate::repository::decode_error;
use crate::resource::payload::Payload;
use crate::resource::{SchemaSink, schema};

/// The body of the request, as JSON. Unknown fields are what `serde` makes of them: refused with
/// `#[serde(deny_unknown_fields)]`, else ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// The parameters of the query: a struct that derives `utoipa::IntoParams`. A list is a repeated parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

/// The parameters of the path of the action, `{skill}` in `grant/{skill}`: a struct with a field for each, a tuple
/// struct of them in their order, or the only one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

/// The resource an update action is called on, as it was read. What the action gives is written only if the resource
/// still is this.
#[derive(Clone, Debug)]
pub struct Existing<R> {
    /// Its content.
    pub data: R,
    /// The current revision, its payload left empty.
    pub revision: Revision,
    /// Its metadata, payload left empty.
    pub head: Head,
}

impl<R> Existing<R> {
    /// The id of the resource.
    pub fn resource_id(&self) -> &str {
        &self.head.resource_id
    }

    /// The id of the revision.
    pub fn revision_id(&self) -> String {
        id::revision_id(&self.head.resource_id, self.revision.seq)
    }
}

/// A part of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The body.
    Body,
    /// The query.
    Query,
    /// The path.
    Path,
    /// The resource.
    Existing,
    /// Everything else.
    Context,
}

/// Something an action can take.
pub trait FromAction: Sized {
    /// Which part of the call it is.
    const PART: Part;
    /// Reads it.
    fn extract(input: &ActionInput) -> Result<Self>;
    /// Says what it reads.
    fn describe(inputs: &mut ActionInputs) {
        let _ = inputs;
    }
}

/// Something a create action on `R` can take; `Argument` is the name of the argument.
#[diagnostic::on_unimplemented(
    message = "argument `{Argument}` is not an extractor",
    label = "no part of a call",
    note = "a create action takes `Json<T>`, `Query<T>`, `Path<T>` and `ActionContext`; there is no existing data"
)]
pub trait CreateArgument<Argument, R>: FromAction {}

/// Something an update action on `R` can take; `Argument` is the name of the argument.
#[diagnostic::on_unimplemented(
    message = "argument `{Argument}` is not an extractor; existing data is `existing: Existing<{R}>`",
    label = "no part of a call",
    note = "an update action takes `Existing<{R}>`, `Json<T>`, `Query<T>`, `Path<T>` and `ActionContext`"
)]
pub trait UpdateArgument<Argument, R>: FromAction {}

impl<A, R, T: Body> CreateArgument<A, R> for Json<T> {}
impl<A, R, T: Body> UpdateArgument<A, R> for Json<T> {}
impl<A, R, T: QueryParameters> CreateArgument<A, R> for Query<T> {}
impl<A, R, T: QueryParameters> UpdateArgument<A, R> for Query<T> {}
impl<A, R, T: Body> CreateArgument<A, R> for Path<T> {}
impl<A, R, T: Body> UpdateArgument<A, R> for Path<T> {}
impl<A, R> CreateArgument<A, R> for ActionContext {}
impl<A, R> UpdateArgument<A, R> for ActionContext {}
impl<A, R: Payload> UpdateArgument<A, R> for Existing<R> {}

/// A type an action reads from a body or a path.
#[diagnostic::on_unimplemented(
    message = "`{Self}` must derive `serde::Deserialize` and `utoipa::ToSchema` to be read by an action",
    label = "cannot be read and described"
)]
pub trait Body: Sized {
    /// The value a JSON text describes.
    fn from_json(body: &[u8]) -> Result<Self, DecodeError>;
    /// The value these parameters describe.
    fn from_pairs(pairs: &[(String, String)]) -> Result<Self, ValueError>;
    /// Adds the schema of the type, then those of the types inside it.
    fn schemas(sink: &mut SchemaSink);
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + ToSchema> Body for T {
    fn from_json(body: &[u8]) -> Result<Self, DecodeError> {
        json::decode(body)
    }

    fn from_pairs(pairs: &[(String, String)]) -> Result<Self, ValueError> {
        values::from_pairs(pairs)
    }

    fn schemas(sink: &mut SchemaSink) {
        schema::schemas::<T>(sink);
    }
}

/// A type an action reads from the query.
#[diagnostic::on_unimplemented(
    message = "`{Self}` must derive `serde::Deserialize` and `utoipa::IntoParams` to be read from the query",
    label = "cannot be read and described"
)]
pub trait QueryParameters: Sized {
    /// The value these parameters describe.
    fn from_pairs(pairs: &[(String, String)]) -> Result<Self, ValueError>;
    /// The parameters.
    fn parameters() -> Vec<utoipa::openapi::path::Parameter>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + IntoParams> QueryParameters for T {
    fn from_pairs(pairs: &[(String, String)]) -> Result<Self, ValueError> {
        values::from_pairs(pairs)
    }

    fn parameters() -> Vec<utoipa::openapi::path::Parameter> {
        T::into_params(|| Some(ParameterIn::Query))
    }
}

impl<T: Body> FromAction for Json<T> {
    const PART: Part = Part::Body;

    fn extract(input: &ActionInput) -> Result<Self> {
        T::from_json(&input.call.body).map(Self).map_err(decode_error)
    }

    fn describe(inputs: &mut ActionInputs) {
        T::schemas(inputs.body.get_or_insert_default());
    }
}

impl<T: QueryParameters> FromAction for Query<T> {
    const PART: Part = Part::Query;

    fn extract(input: &ActionInput) -> Result<Self> {
        T::from_pairs(&input.call.query).map(Self).map_err(|error| error.located("query"))
    }

    fn describe(inputs: &mut ActionInputs) {
        inputs.query.extend(T::parameters());
    }
}

impl<T: Body> FromAction for Path<T> {
    const PART: Part = Part::Path;

    fn extract(input: &ActionInput) -> Result<Self> {
        T::from_pairs(&input.call.path).map(Self).map_err(|error| error.located("path"))
    }

    fn describe(inputs: &mut ActionInputs) {
        T::schemas(inputs.path.get_or_insert_default());
    }
}

impl FromAction for ActionContext {
    const PART: Part = Part::Context;

    fn extract(input: &ActionInput) -> Result<Self> {
        Ok(Self { call: input.call.clone() })
    }
}

impl<R: Payload> FromAction for Existing<R> {
    const PART: Part = Part::Existing;

    fn extract(input: &ActionInput) -> Result<Self> {
        let Some(head) = &input.existing else {
            return Err(Error::internal("an action was called on no resource"));
        };
        let revision = head.revision.without_data();
        let data = R::decode(&head.revision.data)?;
        let described = crate::meta::HeadRef { revision: revision.as_ref(), ..head.as_ref().as_ref() };
        Ok(Self { data, head: described.to_owned(), revision })
    }
}

/// The functions of one argument. A constant of it is the one place that asks for the bound, so that a wrong type is
/// reported once.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Argument<T> {
    /// Reads it.
    pub extract: fn(&ActionInput) -> Result<T>,
    /// The same without its type.
    pub entry: ArgumentEntry,
}

impl<T> Argument<T> {
    /// That of a create action on `R`.
    pub const fn of_create<Name, R>() -> Self
    where
        T: CreateArgument<Name, R>,
    {
        Self { extract: T::extract, entry: ArgumentEntry::of::<T>() }
    }

    /// That of an update action on `R`.
    pub const fn of_update<Name, R>() -> Self
    where
        T: UpdateArgument<Name, R>,
    {
        Self { extract: T::extract, entry: ArgumentEntry::of::<T>() }
    }
}

/// An argument without its type.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentEntry {
    /// Which part of the call it is.
    pub part: Part,
    /// Reads it and forgets it: whether the call is one the action can be called with.
    pub check: fn(&ActionInput) -> Result<()>,
    /// Says what it reads.
    pub describe: fn(&mut ActionInputs),
}

impl ArgumentEntry {
    const fn of<T: FromAction>() -> Self {
        Self { part: T::PART, check: |input| T::extract(input).map(drop), describe: T::describe }
    }
}

/// Fails the build at the caller's place when the arguments do not fit together.
///
/// # Panics
///
/// During const evaluation, which is how it fails the build.
#[track_caller]
#[doc(hidden)]
pub const fn require_arguments(arguments: &[ArgumentEntry], path: &str) {
    let (mut bodies, mut reads_path) = (0, false);
    let mut at = 0;
    while at < arguments.len() {
        match arguments[at].part {
            Part::Body => bodies += 1,
            Part::Path => reads_path = true,
            _ => {}
        }
        at += 1;
    }
    assert!(bodies < 2, "a request has one body: one `Json<T>` at most");
    assert!(reads_path || !has_parameter(path), "nobody reads the parameters of the path: add a `Path<T>`");
    assert!(
        !reads_path || has_parameter(path),
        "the path has no parameters for `Path<T>`: write one as `{{name}}`"
    );
}

const fn has_parameter(path: &str) -> bool {
    let bytes = path.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'{' {
            return true;
        }
        at += 1;
    }
    false
}
