//! Requests that name themselves with an `Idempotency-Key`: one that comes again is answered as the first time, and
//! changes nothing.
//!
//! The first answer is committed together with what the request changes, so that there is no moment in which one is
//! there without the other, and of two equal requests at the same time only one commits. A refusal changes nothing and
//! is not kept: the request may be sent again when its reason is gone.
//!
//! What begins something that is no commit (an upload session, a call in the background) and what asks a worker to stop
//! has its answer in a commit of its own. An answer is sent to whom it was sent before, whatever they may do by now.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header, request::Parts};
use http_body_util::BodyExt;

use super::handler;
use super::reply;
use super::route::{Operation, Route, parameters as p};
use crate::access::Principal;
use crate::change::{RequestKey, Response as Kept};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::repository::{Caller, Model, Outcome, Repeatable, Service};

/// `Idempotent-Replayed`: the request was answered before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// What belongs to a request beside its body: with another of these it is another request.
const DISTINGUISHING: [HeaderName; 3] = [header::CONTENT_TYPE, header::IF_MATCH, header::IF_NONE_MATCH];

/// The key of a request, where it has one: visible ASCII, at most 255 bytes.
pub(crate) fn key(parts: &Parts) -> Result<Option<&str>> {
    let mut values = parts.headers.get_all(p::IDEMPOTENCY_KEY.name).iter();
    let (Some(value), another) = (values.next(), values.next()) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if another.is_none() && is_key(key) => Ok(Some(key)),
        _ => Err(Error::InvalidParameter {
            location: "header",
            name: p::IDEMPOTENCY_KEY.name.to_owned(),
            message: format!("expected one text of visible ASCII of at most {LONGEST} bytes"),
            input: String::new(),
        }),
    }
}

fn is_key(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// What a request is known by: nobody else can have its key, and nothing else its fingerprint.
pub(crate) fn request(key: &str, principal: &Principal, parts: &Parts, body: &[u8]) -> RequestKey {
    let who = if principal.is_anonymous() { None } else { Some(principal.name()) };
    let key = hash([who.map(str::as_bytes), Some(key.as_bytes())]);
    let target = parts.uri.path_and_query().map(|target| target.as_str().as_bytes());
    // Of each its lines, and where they end.
    let lines = |name: &HeaderName| {
        parts.headers.get_all(name).iter().map(|line| Some(line.as_bytes())).chain([None])
    };
    let named = DISTINGUISHING.iter().flat_map(lines);
    let fixed = [Some(parts.method.as_str().as_bytes()), target, Some(body)];
    RequestKey { key, fingerprint: hash(fixed.into_iter().chain(named)) }
}

/// Of all of them: what is not there differs from what is empty, and none can run into the next.
fn hash<'a>(texts: impl IntoIterator<Item = Option<&'a [u8]>>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        hasher.update(&length.to_le_bytes());
        hasher.update(text.unwrap_or_default());
    }
    hasher.finalize().to_hex().to_string()
}

/// Whether the one commit of an operation is known before its answer is: then both are one commit.
pub(crate) fn commits_its_answer(route: &Route) -> bool {
    matches!(
        route.operation,
        Operation::Create
            | Operation::Replace
            | Operation::Patch
            | Operation::Undo
            | Operation::Restore
            | Operation::Switch
            | Operation::BatchRestore
            | Operation::RerunJob
    )
}

/// A request that is answered once.
pub(crate) fn repeatable(request: RequestKey, clock: &dyn Clock) -> Result<Arc<Repeatable>> {
    let render = |model: &Model, outcome: &Outcome<'_>| kept(handler::outcome(model, outcome));
    Ok(Arc::new(Repeatable::new(request, clock.now(None)?, render)))
}

/// The answer to a request: the one it had, or what `work` comes to.
pub(crate) async fn once(
    service: &Service,
    request: &Repeatable,
    caller: &Caller,
    work: impl Future<Output = Result<Response<Body>>>,
) -> Result<Response<Body>> {
    if let Some(answer) = answered(service, request).await? {
        return Ok(answer);
    }
    match work.await {
        Ok(response) if request.is_kept() => Ok(response),
        Ok(response) => keep(service, request, caller, response).await,
        // An equal request may have been faster, and have changed what this one met.
        Err(error) => match answered(service, request).await {
            Ok(Some(answer)) => Ok(answer),
            Err(reused @ Error::KeyReused) => Err(reused),
            _ => Err(error),
        },
    }
}

/// The answer that a request had.
async fn answered(service: &Service, request: &Repeatable) -> Result<Option<Response<Body>>> {
    let Some(answer) = service.answer_to(request.request()).await? else { return Ok(None) };
    if answer.request.fingerprint != request.request().fingerprint {
        return Err(Error::KeyReused);
    }
    let kept = answer.response;
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(kept.status).map_err(Error::internal)?;
    for (name, value) in &kept.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(Error::internal)?;
        reply::set(&mut response, name, value);
    }
    reply::set(&mut response, REPLAYED, "true");
    Ok(Some(response))
}

/// Keeps the answer of a request that has changed nothing, or whose change is committed.
async fn keep(
    service: &Service,
    request: &Repeatable,
    caller: &Caller,
    response: Response<Body>,
) -> Result<Response<Body>> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(Error::internal)?.to_bytes();
    let answer = kept(Response::from_parts(parts.clone(), body.to_vec()));
    match service.keep_answer(answer, caller).await {
        Ok(()) => Ok(Response::from_parts(parts, Body::from(body))),
        Err(error) => match answered(service, request).await {
            Ok(Some(answer)) => Ok(answer),
            Err(reused @ Error::KeyReused) => Err(reused),
            // What it was asked is done, and answering with an error would have it done again.
            _ => {
                tracing::warn!(%error, "the answer of a request with a key could not be kept");
                Ok(Response::from_parts(parts, Body::from(body)))
            }
        },
    }
}

/// An answer as it is kept. The headers and bodies of all that is kept are text that this program made.
pub(crate) fn kept(response: Response<Vec<u8>>) -> Kept {
    let (parts, body) = response.into_parts();
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Kept {
        status: parts.status.as_u16(),
        headers: parts.headers.iter().map(header).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}
