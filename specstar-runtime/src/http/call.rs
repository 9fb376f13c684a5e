//! One request on its way through a handler.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::RawPathParams;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use bytes::Bytes;

use super::body;
use super::query_string::QueryString;
use super::route::{Parameter, Route, parameters as p};
use super::router::HttpState;
use super::settings::HttpSettings;
use crate::access::Principal;
use crate::error::{Error, Result};
use crate::id::Precondition;
use crate::json::{Section, Sections as Selections, Selection};
use crate::repository::{Caller, Model, Service};
use crate::timeline::Preconditions;

/// What a handler of a resource type works on.
pub(crate) struct Call<'a> {
    pub(crate) model: &'a Model,
    pub(crate) inbound: Inbound<'a>,
}

impl<'a> std::ops::Deref for Call<'a> {
    type Target = Inbound<'a>;

    fn deref(&self) -> &Inbound<'a> {
        &self.inbound
    }
}

/// Everything of a request that the route table names, already checked.
pub(crate) struct Inbound<'a> {
    pub(crate) state: &'a Arc<HttpState>,
    pub(crate) route: &'static Route,
    pub(crate) caller: Caller,
    pub(crate) query: QueryString<'a>,
    parts: &'a Parts,
    path: &'a RawPathParams,
}

/// Who calls. A name is stored and shown, and there are engines that cannot hold every character.
pub(crate) async fn known(state: &HttpState, parts: &Parts) -> Result<Principal> {
    let principal = state.principals.extract(parts).await?;
    if principal.name().contains('\0') {
        return Err(Error::BadRequest("the name of a user cannot contain U+0000".into()));
    }
    Ok(principal)
}

impl<'a> Inbound<'a> {
    /// Reads who calls, when, and with which parameters.
    pub(crate) async fn new(
        state: &'a Arc<HttpState>,
        route: &'static Route,
        path: &'a RawPathParams,
        parts: &'a Parts,
    ) -> Result<Self> {
        let asked = Instant::now();
        let raw = parts.uri.query().unwrap_or("");
        let query = QueryString::parse(raw, route, state.settings.unknown_parameters)?;
        let principal = known(state, parts).await?;
        let caller = Caller::client(principal, state.clock.now(Some(parts))?).waiting_since(asked);
        Ok(Self { state, route, caller, query, parts, path })
    }

    pub(crate) fn service(&self) -> &'a Service {
        &self.state.service
    }

    /// The resource of the path.
    pub(crate) fn resource_id(&self) -> &'a str {
        self.path_value(&p::RESOURCE_ID)
    }

    /// A value of the path. The router only calls a handler when its path matched, so it is there.
    pub(crate) fn path_value(&self, parameter: &Parameter) -> &'a str {
        self.path.iter().find(|(name, _)| *name == parameter.name).map_or("", |(_, value)| value)
    }

    /// The whole body; empty when there is none.
    pub(crate) async fn read(&self, body: Body) -> Result<Bytes> {
        read(&self.state.settings, body).await
    }

    /// The head of the request.
    pub(crate) fn parts(&self) -> &'a Parts {
        self.parts
    }

    pub(crate) fn headers(&self) -> &'a HeaderMap {
        &self.parts.headers
    }

    /// `If-Match` and `expected_revision_id`.
    pub(crate) fn preconditions(&self) -> Result<Preconditions> {
        let expected = self.query.text(&p::EXPECTED_REVISION_ID);
        Preconditions::new(self.entity_tags(&header::IF_MATCH), expected)
    }

    /// The entity tags of a header, all its lines joined (RFC 9110 section 5.3).
    pub(crate) fn entity_tags(&self, name: &HeaderName) -> Option<Precondition> {
        entity_tags(self.headers(), name)
    }

    /// The `partial` selectors; a path without a prefix belongs to `default`.
    pub(crate) fn selections(&self, default: Section) -> Result<Selections> {
        let paths = self.query.all(&p::PARTIAL);
        if paths.is_empty() {
            return Ok(Selections::default());
        }
        Selection::parse(&paths, default)
            .map_err(|error| super::query_string::invalid(&p::PARTIAL, &error.to_string(), &paths.join(", ")))
    }
}

/// The whole body; empty when there is none.
pub(crate) async fn read(settings: &HttpSettings, body: Body) -> Result<Bytes> {
    // A client that is slow is told so before the time of the whole request is up, which would look like
    // a fault of the server.
    let limit = settings.request_timeout.mul_f32(0.9);
    let read = body::read(body, settings.body_limit);
    tokio::time::timeout(limit, read).await.unwrap_or_else(|_| {
        Err(Error::BadRequest(format!("the body was not complete after {} ms", limit.as_millis())))
    })
}

/// The entity tags of a header, all its lines joined (RFC 9110 section 5.3).
pub(crate) fn entity_tags(headers: &HeaderMap, name: &HeaderName) -> Option<Precondition> {
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    (!lines.is_empty()).then(|| Precondition::parse(&lines.join(&b", "[..])))
}
