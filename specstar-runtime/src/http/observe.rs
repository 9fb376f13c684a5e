//! What surrounds each request: its id, its span, and its place in the metrics.
//!
//! The layer takes the place of tower-http's three, because an id from outside is checked here, and because an answer's
//! body is passed on as it is, while those wrap it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::field::Empty;
use tracing::instrument::{Instrument as _, Instrumented};
use uuid::Uuid;

use super::metrics::{HttpMetrics, Measured, RouteMetrics};

/// `X-Request-Id`: what a request is called, by who sent it or by us.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a request.
const LONGEST_ID: usize = 128;

/// The length of a `traceparent` of version 00 (W3C Trace Context, section 3.2).
const TRACEPARENT: usize = 55;

/// Puts [`Observed`] around every route.
#[derive(Clone, Debug)]
pub(crate) struct Observe {
    /// What requests are counted by, when they are.
    pub(crate) metrics: Option<Arc<HttpMetrics>>,
}

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        let metrics = self.metrics.as_ref().map(|all| Arc::new(RouteMetrics::new(Arc::clone(all))));
        Observed { inner, metrics }
    }
}

/// A route with an id and a span for each of its requests.
#[derive(Clone, Debug)]
pub(crate) struct Observed<S> {
    inner: S,
    metrics: Option<Arc<RouteMetrics>>,
}

impl<S> Service<Request> for Observed<S>
where
    S: Service<Request, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Observing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let id = request_id(&mut request);
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let measured = self.metrics.as_ref().map(|metrics| metrics.begin(route, request.method()));
        let span = span(&request, route, &id);
        let future = span.in_scope(|| self.inner.call(request));
        Observing { future: future.instrument(span), id: Some(id), measured }
    }
}

pin_project! {
    /// The answer to a request, while it is made.
    pub(crate) struct Observing<F> {
        #[pin]
        future: Instrumented<F>,
        id: Option<HeaderValue>,
        measured: Option<Measured>,
    }
}

impl<F, E> Future for Observing<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut result = ready!(this.future.as_mut().poll(context));
        if let Ok(response) = &mut result {
            let (status, span) = (response.status(), this.future.span());
            span.record("http.response.status_code", status.as_u16());
            if status.is_server_error() {
                span.record("otel.status_code", "ERROR");
            }
            if let Some(measured) = this.measured.take() {
                measured.end(status);
            }
            if let Some(id) = this.id.take() {
                response.headers_mut().insert(REQUEST_ID, id);
            }
        }
        Poll::Ready(result)
    }
}

/// The id that came with the request, when it is fit to be written into logs, else a new one. The request has it, too,
/// for extractors and rules of the program.
fn request_id(request: &mut Request) -> HeaderValue {
    let mut came = request.headers().get_all(REQUEST_ID).iter();
    if let (Some(id), None) = (came.next(), came.next())
        && is_id(id.as_bytes())
    {
        return id.clone();
    }
    let mut text = Uuid::encode_buffer();
    let text = Uuid::now_v7().hyphenated().encode_lower(&mut text);
    // A UUID is text that a header can have.
    let id = HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("none"));
    request.headers_mut().insert(REQUEST_ID, id.clone());
    id
}

fn is_id(bytes: &[u8]) -> bool {
    (1..=LONGEST_ID).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

/// Hexadecimal digits in four parts (W3C Trace Context, section 3.2).
fn is_traceparent(bytes: &[u8]) -> bool {
    const DASHES: [usize; 3] = [2, 35, 52];
    let fits = |(at, byte): (usize, &u8)| {
        if DASHES.contains(&at) { *byte == b'-' } else { matches!(byte, b'0'..=b'9' | b'a'..=b'f') }
    };
    bytes.len() == TRACEPARENT && bytes.iter().enumerate().all(fits)
}

/// The span of a request, by the semantic conventions of OpenTelemetry. Nothing of it is computed unless somebody
/// listens.
fn span(request: &Request, route: Option<&str>, id: &HeaderValue) -> tracing::Span {
    let traceparent = || {
        let parent = request.headers().get("traceparent")?.to_str().ok()?;
        Some(parent).filter(|parent| is_traceparent(parent.as_bytes()))
    };
    tracing::info_span!(
        target: "specstar::request",
        "request",
        otel.name = %Name { method: request.method(), route },
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = request.method().as_str(),
        http.route = route,
        url.path = request.uri().path(),
        http.response.status_code = Empty,
        request_id = id.to_str().ok(),
        traceparent = traceparent(),
    )
}

/// `GET /user/{resource_id}`; of a request without a route the method alone.
struct Name<'a> {
    method: &'a Method,
    route: Option<&'a str>,
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.route {
            Some(route) => write!(f, "{} {route}", self.method),
            None => write!(f, "{}", self.method),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_visible_ascii() {
        assert!(is_id(b"a") && is_id(b"b6f1-{x}:/~!") && is_id(&[b'x'; LONGEST_ID]));
        for bad in [&b""[..], b"a b", b"a\tb", b"caf\xc3\xa9", b"a\x7f", &[b'x'; LONGEST_ID + 1]] {
            assert!(!is_id(bad), "{bad:?}");
        }
    }
}
