//! Custom actions.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::RawPathParams;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode, header};

use super::write::answer;
use crate::action::{ActionEntry, ActionInput, ActionKind, Part};
use crate::error::{Error, Result};
use crate::http::query_string::QueryString;
use crate::http::route::{nearest, parameters as p};
use crate::http::{HttpState, body as media, call, reply};
use crate::repository::{Caller, Model, ReplaceOptions};
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
    let query = action.query(state, parts)?;
    let principal = call::known(state, parts).await?;
    let caller = Caller::client(principal, state.clock.now(Some(parts))?);
    let mut bytes = bytes::Bytes::new();
    if action.reads_body {
        bytes = call::read(&state.settings, body).await?;
        if bytes.is_empty() {
            return Err(Error::MissingBody);
        }
        media::require_json(&parts.headers)?;
    }
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
    let service = Arc::clone(&state.service);
    let input = ActionInput::new(service, state.settings.utc_offset, caller.clone(), bytes, pairs, path);
    for argument in entry.arguments.iter().filter(|argument| argument.part != Part::Existing) {
        (argument.check)(&input)?;
    }
    let written = match (entry.kind, resource.first()) {
        (ActionKind::Update(_), Some((_, id))) => {
            let content = |head| (entry.run)(input.on(head));
            state.service.replace_with(model, id, entry.name, &options, &caller, content).await?
        }
        _ => state.service.create_with(model, entry.name, &caller, || (entry.run)(input)).await?,
    };
    Ok(match written {
        Some(written) => answer(&written),
        None => reply::json(StatusCode::OK, "null"),
    })
}
