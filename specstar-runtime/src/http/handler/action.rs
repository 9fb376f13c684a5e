//! Custom actions.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::RawPathParams;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode, header};
use bytes::Bytes;
use futures_util::FutureExt;

use super::write::answer;
use crate::action::{ActionEntry, ActionInput, ActionKind, ActionRuns, CallParts, Part};
use crate::clock::{Clock, clock_fn};
use crate::error::{Error, Result};
use crate::http::query_string::QueryString;
use crate::http::route::{nearest, parameters as p};
use crate::http::{HttpState, body as media, call, idempotency, reply};
use crate::job::NewJob;
use crate::repository::{Asked, Caller, Changes, Model, ReplaceOptions, Service, Written};
use crate::resource::ResourceEntry;
use crate::timeline::Preconditions;

/// An action, and what is asked of each of its requests.
pub(crate) struct ActionRoute {
    pub(crate) entry: ActionEntry,
    /// The query parameters it has.
    names: Vec<String>,
    reads_body: bool,
}

impl ActionRoute {
    pub(crate) fn of(entry: ActionEntry) -> Self {
        let mut names: Vec<String> =
            entry.inputs().query.into_iter().map(|parameter| parameter.name).collect();
        if !entry.kind.creates() {
            names.push(p::EXPECTED_REVISION_ID.name.to_owned());
        }
        let reads_body = entry.arguments.iter().any(|argument| argument.part == Part::Body);
        Self { entry, names, reads_body }
    }

    /// The parameter of the path a rejection speaks of.
    pub(crate) fn path_name(&self, rejection: &str) -> &'static str {
        let mut names = self.entry.path.split(['{', '}']).skip(1).step_by(2);
        names.find(|name| rejection.contains(&format!("`{name}`"))).unwrap_or(p::RESOURCE_ID.name)
    }

    fn query<'a>(&self, state: &HttpState, parts: &'a Parts) -> Result<QueryString<'a>> {
        QueryString::parse_named(
            parts.uri.query().unwrap_or(""),
            |name| self.names.iter().any(|known| known == name),
            |name| nearest(name, self.names.iter().map(String::as_str)).map(str::to_owned),
            state.settings.unknown_parameters,
        )
    }
}

/// `POST` of an action: what can be read is read first, then it is asked whether the caller may, then the function is
/// called.
pub(crate) async fn run(
    state: &HttpState,
    model: &Model,
    action: &ActionRoute,
    path: &RawPathParams,
    parts: &Parts,
    body: Body,
) -> Result<Response<Body>> {
    let asked = Instant::now();
    let query = action.query(state, parts)?;
    let principal = call::known(state, parts).await?;
    let caller = Caller::client(principal, state.clock.now(Some(parts))?).waiting_since(asked);
    let key = idempotency::key(parts)?;
    let mut bytes = bytes::Bytes::new();
    if action.reads_body || key.is_some() {
        bytes = call::read(&state.settings, body).await?;
    }
    let Some(key) = key else {
        return Box::pin(perform(state, model, action, path, parts, (query, bytes), caller)).await;
    };
    let request = idempotency::request(key, caller.principal(), parts, &bytes);
    let request = idempotency::repeatable(request, &*state.clock)?;
    let answered = caller.answered_once(Arc::clone(&request));
    let work = Box::pin(perform(state, model, action, path, parts, (query, bytes), answered.clone()));
    idempotency::once(&state.service, &request, &answered, work).await
}

async fn perform(
    state: &HttpState,
    model: &Model,
    action: &ActionRoute,
    path: &RawPathParams,
    parts: &Parts,
    (query, bytes): (QueryString<'_>, Bytes),
    caller: Caller,
) -> Result<Response<Body>> {
    if action.reads_body {
        if bytes.is_empty() {
            return Err(Error::MissingBody);
        }
        media::require_json(&parts.headers)?;
    }
    let bytes = if action.reads_body { bytes } else { Bytes::new() };
    let entry = &action.entry;
    let mut options = ReplaceOptions::default();
    if let ActionKind::Update(mode) = entry.kind {
        options.mode = mode;
        let tags = call::entity_tags(&parts.headers, &header::IF_MATCH);
        options.preconditions = Preconditions::new(tags, query.text(&p::EXPECTED_REVISION_ID))?;
    }
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let (resource, path): (Vec<_>, Vec<_>) =
        path.iter().map(own).partition(|(name, _)| name == p::RESOURCE_ID.name);
    let mut pairs = query.into_pairs();
    pairs.retain(|(name, _)| entry.kind.creates() || name != p::EXPECTED_REVISION_ID.name);
    let body = (!bytes.is_empty()).then(|| serde_json::from_slice(&bytes)).transpose();
    let parts_of = match entry.runs {
        // What is no JSON is refused below, where it is read.
        ActionRuns::AsJob(_) => CallParts {
            body: body.unwrap_or_default(),
            query: pairs.clone(),
            path: path.clone(),
            ..CallParts::default()
        },
        _ => CallParts::default(),
    };
    let service = Arc::clone(&state.service);
    let input = ActionInput::new(service, state.settings.utc_offset, caller.apart(), bytes, pairs, path);
    for argument in entry.arguments.iter().filter(|argument| argument.part != Part::Existing) {
        (argument.check)(&input)?;
    }
    let id = resource.into_iter().next().map(|(_, id)| id).filter(|_| !entry.kind.creates());
    let call = Accepted { state, model: *model, entry: *entry, id, options, caller };
    match entry.runs {
        ActionRuns::InRequest => Ok(match call.run(input).await? {
            Some(written) => answer(&written),
            None => reply::json(StatusCode::OK, "null"),
        }),
        ActionRuns::InBackground => call.in_background(input).await,
        ActionRuns::AsJob(job) => call.enqueue(&job, parts_of).await,
    }
}

/// The document of the job of an action, as far as it says more than every job.
#[derive(serde::Serialize)]
struct Document {
    payload: CallParts,
}

/// A call that has everything it needs.
struct Accepted<'a> {
    state: &'a HttpState,
    model: Model,
    entry: ActionEntry,
    /// The resource it is called on.
    id: Option<String>,
    options: ReplaceOptions,
    caller: Caller,
}

impl Accepted<'_> {
    async fn run(&self, input: ActionInput) -> Result<Option<Written>> {
        run_on(
            &self.state.service,
            &self.model,
            &self.entry,
            (self.id.as_deref(), &self.options),
            &self.caller,
            input,
        )
        .await
    }

    /// Whether the caller may is decided before the answer, and again with what the action makes.
    async fn admit(&self) -> Result<()> {
        let (service, id) = (&self.state.service, self.id.as_deref());
        service.admit_action(&self.model, id, self.entry.name, &self.options, &self.caller).await
    }

    async fn in_background(self, input: ActionInput) -> Result<Response<Body>> {
        self.admit().await?;
        let body = serde_json::json!({ "message": "Task accepted" }).to_string();
        let mut response = reply::whole(body.into_bytes());
        *response.status_mut() = StatusCode::ACCEPTED;
        // First, so that of two equal requests at once one begins.
        self.state.service.keep_answer(idempotency::kept(response.clone()), &self.caller).await?;
        let service = Arc::clone(&self.state.service);
        let Self { model, entry, id, options, caller, .. } = self;
        let caller = caller.apart();
        tokio::spawn(async move {
            let work = run_on(&service, &model, &entry, (id.as_deref(), &options), &caller, input);
            let (model, action) = (model.name(), entry.name);
            let failed = match AssertUnwindSafe(work).catch_unwind().await {
                Ok(Ok(_)) => return tracing::debug!(model, action, "an action has run in the background"),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it panicked".to_owned(),
            };
            tracing::error!(model, action, failed, "an action failed in the background");
        });
        Ok(response.map(Body::from))
    }

    async fn enqueue(self, job: &ResourceEntry, parts: CallParts) -> Result<Response<Body>> {
        self.admit().await?;
        let principal = self.caller.principal();
        let user = (!principal.is_anonymous()).then(|| principal.name().to_owned());
        let roles = principal.roles().to_vec();
        let asked = Asked::new(principal, self.options.preconditions.clone()).write()?;
        let payload = CallParts { user, roles, resource_id: self.id, ..parts };
        let body = serde_json::to_vec(&Document { payload }).map_err(Error::internal)?;
        let now = self.caller.now();
        let clock: Arc<dyn Clock> = Arc::new(clock_fn(move |_| Ok(now)));
        let service = &self.state.service;
        let changes = Changes::new(Arc::clone(service), clock).in_the_name_of(principal.clone());
        let hash = job.descriptor.id.path_hash;
        let (name, id) = (job.descriptor.id.name, service.new_job_id(hash)?);
        let url = format!("{}/{name}/{id}", self.state.base_path);
        let accepted = serde_json::json!({
            "job_resource_name": name, "job_resource_id": id, "redirect_url": url,
        });
        let mut response = reply::whole(accepted.to_string().into_bytes());
        *response.status_mut() = StatusCode::ACCEPTED;
        reply::set(&mut response, header::LOCATION, &url);
        let job = NewJob { resource_id: Some(id), ..NewJob::call(hash, body, asked) };
        changes.commit_call(job, idempotency::kept(response.clone()), &self.caller).await?;
        Ok(response.map(Body::from))
    }
}

async fn run_on(
    service: &Service,
    model: &Model,
    entry: &ActionEntry,
    (id, options): (Option<&str>, &ReplaceOptions),
    caller: &Caller,
    input: ActionInput,
) -> Result<Option<Written>> {
    match (entry.kind, id) {
        (ActionKind::Update(_), Some(id)) => {
            let content = |head| (entry.run)(input.on(head));
            service.replace_with(model, id, entry.name, options, caller, content).await
        }
        _ => service.create_with(model, entry.name, caller, || (entry.run)(input)).await,
    }
}
