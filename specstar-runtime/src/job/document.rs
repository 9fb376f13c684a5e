//! The document of a job.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::datetime::DateTime;
use crate::descriptor::{FieldDescriptor, Identity, IndexDescriptor, IndexKind, ResourceDescriptor};
use crate::index_key::{Exact, IndexField, IndexKey, UniqueField, family::Text, text_value};
use crate::json::{DecodeError, IndexValue};
use crate::resource::payload::prepare;
use crate::resource::schema::{ApiSchema, schemas};
use crate::resource::{Prepared, Resource, ResourceEntry, SchemaSink, ValidationErrors, payload::Payload};

/// What the payload and the artifact of a job must be to be stored.
#[diagnostic::on_unimplemented(
    message = "`{Self}` must also derive `serde::Serialize` and `serde::Deserialize`, and own what it holds, to be part of a job",
    label = "cannot be stored as part of a job",
    note = "a job waits in the database and is run by another thread, or by another process"
)]
pub trait JobData: Sized + Send + Sync + 'static {
    /// Writes it, as serde does.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    /// Reads it, as serde does.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

// Without this, and with the traits of serde as bounds of ours, the compiler names those, in the words of serde.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> JobData for T {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer)
    }
}

/// A part of a job, for serde.
pub(crate) struct Part<T>(pub(crate) T);

impl<T: JobData> Serialize for Part<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

impl<'de, T: JobData> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

fn write<T: JobData, S: Serializer>(part: &T, serializer: S) -> Result<S::Ok, S::Error> {
    part.write(serializer)
}

#[allow(clippy::ref_option)] // The form that serde calls.
fn write_optional<T: JobData, S: Serializer>(part: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    part.as_ref().map(Part).serialize(serializer)
}

fn read_optional<'de, T: JobData, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Part<T>>::deserialize(deserializer)?.map(|part| part.0))
}

/// A struct with `#[derive(Resource)]` and `#[job]`: the payload of a job, which says everything about the resource
/// type [`Job<Self>`](Job).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the payload of a job: add `#[derive(Resource)]` and `#[job]`",
    label = "not a job"
)]
pub trait JobPayload: JobData {
    /// What a finished job leaves: `#[job(artifact = T)]`.
    type Artifact: JobData;
    /// The names of the resource type.
    const ID: Identity;
    /// Its fields, indexes and rules.
    const DESCRIPTOR: &'static ResourceDescriptor;
    /// The functions the runtime calls.
    const ENTRY: ResourceEntry;
    /// The job that the type has by itself: `cron` or `every`.
    const PERIODIC: Option<fn() -> Self> = None;
}

/// The document of a job: the payload, and how far the work is.
///
/// The resource type of a payload `EmailJob` is `Job<EmailJob>`. Clients write `payload` and what is asked of the work;
/// how far it is, only the work writes, except in [`Preset::Compat`](crate::app::Preset::Compat).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(bound(serialize = "P: JobPayload", deserialize = "P: JobPayload"))]
#[schema(
    description = "A job: its payload, and how far the work is.",
    bound = "P: JobPayload + ToSchema, P::Artifact: ToSchema"
)]
pub struct Job<P: JobPayload> {
    /// What is to be done.
    #[serde(serialize_with = "write", deserialize_with = "JobData::read")]
    pub payload: P,
    /// How far it is.
    #[serde(default)]
    pub status: JobStatus,
    /// Why the last attempt failed.
    #[serde(default)]
    pub errmsg: Option<String>,
    /// What the work has made.
    #[serde(default, serialize_with = "write_optional", deserialize_with = "read_optional")]
    pub artifact: Option<P::Artifact>,
    /// Attempts after the first.
    #[serde(default)]
    pub retries: i64,
    /// The most attempts after the first; null for what the type says.
    #[serde(default)]
    pub max_retries: Option<i64>,
    /// It runs again, so many seconds after it has run.
    #[serde(default)]
    pub periodic_interval_seconds: Option<i64>,
    /// How often it runs, when it runs again.
    #[serde(default)]
    pub periodic_max_runs: Option<i64>,
    /// How often it has run.
    #[serde(default)]
    pub periodic_runs: i64,
    /// It does not begin before so many seconds after it was made.
    #[serde(default)]
    pub periodic_initial_delay_seconds: Option<i64>,
    /// When a worker last began it.
    #[serde(default)]
    pub last_heartbeat_at: Option<DateTime>,
    /// Jobs of one key run one after the other, in their order.
    #[serde(default)]
    pub partition_key: Option<String>,
    /// There is one job of this key.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

impl<P: JobPayload> Job<P> {
    /// Work that waits to be done.
    pub const fn new(payload: P) -> Self {
        Self {
            payload,
            status: JobStatus::Pending,
            errmsg: None,
            artifact: None,
            retries: 0,
            max_retries: None,
            periodic_interval_seconds: None,
            periodic_max_runs: None,
            periodic_runs: 0,
            periodic_initial_delay_seconds: None,
            last_heartbeat_at: None,
            partition_key: None,
            idempotency_key: None,
        }
    }
}

impl<P: JobPayload> Resource for Job<P> {
    const ID: Identity = P::ID;
    const DESCRIPTOR: &'static ResourceDescriptor = P::DESCRIPTOR;
    const ENTRY: ResourceEntry = P::ENTRY;
}

/// Adds the schemas of the documents of a payload: `utoipa` leaves out what stands for a generic parameter.
pub fn job_schemas<P: JobPayload + ApiSchema>(sink: &mut SchemaSink)
where
    P::Artifact: ApiSchema,
    Job<P>: ApiSchema,
{
    let mut parts = SchemaSink::new();
    schemas::<P>(&mut parts);
    schemas::<P::Artifact>(&mut parts);
    let before = sink.len();
    schemas::<Job<P>>(sink);
    // Each type of job has documents of its own.
    if let (Some(own), Some((payload, _))) = (sink.get_mut(before), parts.first()) {
        own.0 = format!("{}_{payload}", own.0);
    }
    sink.append(&mut parts);
}

/// The payload of a job that its type has by itself.
pub fn default_payload<P: Default>() -> P {
    P::default()
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TaskStatus)]
pub enum JobStatus {
    /// It waits for a worker, for its time, or for its next attempt.
    #[default]
    Pending,
    /// A worker is at it.
    Processing,
    /// It is done.
    Completed,
    /// It will not be tried again by itself.
    Failed,
    /// Somebody has called it off.
    Cancelled,
}

impl JobStatus {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it stays so unless somebody asks for another run.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl std::fmt::Display for JobStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl IndexKey for JobStatus {
    type Family = Text;

    fn to_index_value(&self) -> IndexValue {
        text_value(self.as_str())
    }
}

impl IndexField for JobStatus {
    type Scalar = Self;
}

impl UniqueField for JobStatus {
    type Value = Self;
    type Equality = Exact;
}

/// The indexes of every job, before those of its payload.
pub const INDEXES: [IndexDescriptor; 4] = [
    IndexDescriptor::new("status", &["status"], IndexKind::Text),
    IndexDescriptor::new("retries", &["retries"], IndexKind::Integer),
    IndexDescriptor::new("partition_key", &["partition_key"], IndexKind::Text).or_absent(),
    IndexDescriptor::new("idempotency_key", &["idempotency_key"], IndexKind::Text).or_absent(),
];

const fn of_the_work(name: &'static str) -> FieldDescriptor {
    FieldDescriptor { readonly: true, ..FieldDescriptor::new(name) }
}

/// The fields of every job.
pub const FIELDS: &[FieldDescriptor] = &[
    FieldDescriptor::new("payload"),
    of_the_work("status"),
    of_the_work("errmsg"),
    of_the_work("artifact"),
    of_the_work("retries"),
    FieldDescriptor::new("max_retries"),
    FieldDescriptor::new("periodic_interval_seconds"),
    FieldDescriptor::new("periodic_max_runs"),
    of_the_work("periodic_runs"),
    FieldDescriptor::new("periodic_initial_delay_seconds"),
    of_the_work("last_heartbeat_at"),
    FieldDescriptor::new("partition_key"),
    FieldDescriptor::new("idempotency_key"),
];

/// Decodes the document of a job, and refuses numbers that mean nothing, and keys that are too long.
pub fn prepare_job<P: JobPayload>(body: &[u8]) -> Result<Prepared, DecodeError> {
    let mut prepared = prepare::<Job<P>>(body)?;
    let job = Job::<P>::decode(&prepared.canonical)?;
    prepared.invalid = numbers(&job).into_result().err();
    Ok(prepared)
}

/// The same, and asks the validator of the payload.
pub fn prepare_job_validated<P: JobPayload>(
    body: &[u8],
    validate: fn(&P) -> Result<(), ValidationErrors>,
) -> Result<Prepared, DecodeError> {
    let mut prepared = prepare::<Job<P>>(body)?;
    let job = Job::<P>::decode(&prepared.canonical)?;
    let mut errors = numbers(&job);
    if let Err(found) = validate(&job.payload) {
        for problem in found.problems() {
            let path = problem.path.strip_prefix('$').unwrap_or(&problem.path);
            errors.push(format!("$.payload{path}"), &*problem.message);
        }
    }
    prepared.invalid = errors.into_result().err();
    Ok(prepared)
}

/// A number beyond this is no number of seconds or attempts that anybody means, and sums of it are still numbers.
const MOST: i64 = 1 << 40;

/// The longest key, in bytes: engines index them.
const LONGEST_KEY: usize = 255;

fn numbers<P: JobPayload>(job: &Job<P>) -> ValidationErrors {
    let mut errors = ValidationErrors::new();
    let mut within = |name: &str, value: Option<i64>, least: i64| {
        if value.is_some_and(|value| !(least..=MOST).contains(&value)) {
            errors.push(format!("$.{name}"), format!("{name} must be at least {least} and at most {MOST}"));
        }
    };
    within("retries", Some(job.retries), 0);
    within("max_retries", job.max_retries, 0);
    within("periodic_interval_seconds", job.periodic_interval_seconds, 1);
    within("periodic_max_runs", job.periodic_max_runs, 1);
    within("periodic_runs", Some(job.periodic_runs), 0);
    within("periodic_initial_delay_seconds", job.periodic_initial_delay_seconds, 0);
    for (name, key) in [("partition_key", &job.partition_key), ("idempotency_key", &job.idempotency_key)] {
        if key.as_ref().is_some_and(|key| key.len() > LONGEST_KEY) {
            errors.push(format!("$.{name}"), format!("{name} must have at most {LONGEST_KEY} bytes"));
        }
    }
    errors
}
