//! Actions that do not run within their request: as jobs, or in the background.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{Action, ActionEntry};
use crate::access::Policy;
use crate::descriptor::{Identity, JobDescriptor, ResourceDescriptor};
use crate::job::{FIELDS, INDEXES, JobPayload, job_schemas, prepare_job};
use crate::resource::{ResourceEntry, SchemaSink};

/// When an action runs.
#[derive(Clone, Copy, Debug)]
pub enum ActionRuns {
    /// Within its request, which is answered with what it made.
    InRequest,
    /// In the process, behind the answer: what goes wrong is in the log, and it ends with the process.
    InBackground,
    /// As a job, whose resource type this is.
    AsJob(ResourceEntry),
}

/// An action that runs as a job: `mode = "job"`.
///
/// It runs as its caller: access rules and scopes are asked when the call is accepted and again when it runs, with what
/// the resource is and what the caller may do then, and `If-Match` must hold both times. The name, the roles and the
/// claims of the caller are kept as they were admitted, beside the document, where no route reads or writes them; that
/// the credentials have ended since does not matter. What is refused then fails the job, with the reason. Clients read
/// the documents of its job type, and cancel, rerun and delete jobs; nothing else they write there.
pub trait AsyncAction: Action + 'static {
    /// The names of its job type.
    const JOB: Identity;
}

/// The payload of the job of an action: its request.
#[derive(Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct ActionCall<A> {
    parts: CallParts,
    #[serde(skip)]
    action: PhantomData<fn() -> A>,
}

/// The parts of a request that an action reads.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct CallParts {
    /// The body.
    #[serde(default)]
    pub body: Option<Box<RawValue>>,
    /// The query.
    #[serde(default)]
    pub query: Vec<(String, String)>,
    /// The parameters of the path.
    #[serde(default)]
    pub path: Vec<(String, String)>,
    /// The resource that it is called on.
    #[serde(default)]
    pub resource_id: Option<String>,
    /// Who has called, for those who read it; null for nobody known. The call is made by what was kept beside the
    /// document (`ss_job_asked`).
    #[serde(default)]
    pub user: Option<String>,
    /// The roles that the caller's credentials said, likewise.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// The artifact of the job of an action: what it made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ActionMade {
    /// The type of the resource.
    pub resource_name: String,
    /// Its id; null when nothing was to be written.
    pub resource_id: Option<String>,
    /// Its revision.
    pub revision_id: Option<String>,
}

/// The queue of these jobs.
const KIND: JobDescriptor = JobDescriptor { queue: "actions", of_action: true, ..JobDescriptor::DEFAULT };

impl<A: AsyncAction> JobPayload for ActionCall<A> {
    type Artifact = ActionMade;
    const ID: Identity = A::JOB;
    const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor {
        // Not those of the action: its constant names this one.
        docs: "A call of an action, and what came of it.",
        fields: FIELDS,
        indexes: &INDEXES,
        job: Some(&KIND),
        ..ResourceDescriptor::named(A::JOB)
    };
    const ENTRY: ResourceEntry = ResourceEntry {
        descriptor: Self::DESCRIPTOR,
        prepare: prepare_job::<Self>,
        schemas: job_schemas::<Self>,
        policy: Policy::NONE,
        migrations: &[],
    };
}

impl<A: AsyncAction> PartialSchema for ActionCall<A> {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String).build();
        let or_null =
            || ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null])).build();
        let pairs = || {
            let pair = ArrayBuilder::new().items(text());
            ArrayBuilder::new().items(pair).build()
        };
        let mut call = ObjectBuilder::new();
        if let Some((name, schema)) = body_of(&A::ACTION).and_then(|sink| sink.into_iter().next()) {
            let named = matches!(&schema, RefOr::T(Schema::Object(object)) if object.properties.is_empty());
            let body = if named { schema } else { RefOr::Ref(Ref::from_schema_name(name)) };
            call = call.property("body", body).required("body");
        }
        call.property("query", pairs())
            .property("path", pairs())
            .property("resource_id", or_null())
            .property("user", or_null())
            .property("roles", ArrayBuilder::new().items(text()).build())
            .into()
    }
}

impl<A: AsyncAction> ToSchema for ActionCall<A> {
    fn name() -> Cow<'static, str> {
        format!("{}Call", A::JOB.type_name).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend(body_of(&A::ACTION).unwrap_or_default());
    }
}

fn body_of(action: &ActionEntry) -> Option<SchemaSink> {
    action.inputs().body
}
