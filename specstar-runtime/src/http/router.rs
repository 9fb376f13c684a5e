//! From the route table to an axum router.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{OriginalUri, RawPathParams, Request};
use axum::http::{Method, Response, StatusCode, header};
use axum::routing::{MethodRouter, any, get};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::call::{Call, Inbound};
use super::handler::{self, action::ActionRoute};
use super::idempotency;
use super::metrics::HttpMetrics;
use super::reply;
use super::route::{GLOBAL_ROUTES, Location, Operation, ROUTES, Route, allow};
use super::settings::HttpSettings;
use crate::access::PrincipalExtractor;
use crate::action::ActionEntry;
use crate::blob::Uploads;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::repository::{Model, Service};

/// What every handler works with.
pub struct HttpState {
    /// The operations.
    pub service: Arc<Service>,
    /// How requests are read and answered.
    pub settings: HttpSettings,
    /// Who makes a request.
    pub principals: Arc<dyn PrincipalExtractor>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What stands before every path, such as `/v1`; empty for none.
    pub base_path: String,
    /// The OpenAPI document, as sent.
    pub openapi: bytes::Bytes,
    /// Turns true when the application ends: streams end then.
    pub stopping: watch::Sender<bool>,
    /// Turns true before that, as soon as it is known that the application will end: nothing new is to be sent here.
    pub draining: AtomicBool,
    /// What requests are counted by, when they are.
    pub(crate) metrics: Option<Arc<HttpMetrics>>,
    /// Upload sessions, where the application keeps files.
    pub uploads: Option<Uploads>,
    /// The custom actions.
    pub actions: Vec<ActionEntry>,
}

/// The routes of every registered resource type, and `/openapi.json`.
pub fn router(state: Arc<HttpState>) -> Router {
    let mut router = Router::new();
    for model in state.service.models() {
        let base = format!("/{}", model.name());
        let referred = state.service.is_referred_to(model);
        let migrated = state.settings.migration_routes.unwrap_or(model.descriptor().schema_version.is_some());
        let mounted = |route: &Route| {
            (referred || route.operation != Operation::Referrers)
                && (migrated || !route.operation.is_migration())
                && (model.descriptor().job.is_some() || !route.operation.is_job())
        };
        for path in paths(ROUTES, mounted) {
            router = router.route(&format!("{base}{path}"), methods(&state, Some(*model), path));
        }
        for action in
            state.actions.iter().filter(|action| action.resource.path_hash == model.descriptor().id.path_hash)
        {
            router =
                router.route(&format!("{base}{}", action.route()), action_methods(&state, *model, *action));
        }
        router = router.route(&format!("{base}/"), any(without_trailing_slash));
    }
    let works = state.service.models().iter().any(|model| model.descriptor().job.is_some());
    for path in paths(GLOBAL_ROUTES, |route| works || !route.operation.is_job()) {
        router = router.route(path, methods(&state, None, path));
    }
    let openapi = Arc::clone(&state);
    router
        .route(
            "/openapi.json",
            get(move || std::future::ready(reply::json(StatusCode::OK, openapi.openapi.clone()))),
        )
        .fallback(move || std::future::ready(unknown(&state)))
}

/// Makes the rest of an application answer as its resources do: paths it does not have, and methods that
/// its documents do not have.
pub(crate) fn refuse_the_rest(router: Router, state: &Arc<HttpState>) -> Router {
    let (elsewhere, documents) = (Arc::clone(state), Arc::clone(state));
    router
        .method_not_allowed_fallback(move |method: Method| {
            let answered = documents.settings.head_and_options;
            let allowed = if answered { "GET, HEAD, OPTIONS" } else { "GET" };
            std::future::ready(not_allowed(&documents, &method, allowed))
        })
        .fallback(move || std::future::ready(unknown(&elsewhere)))
}

fn unknown(state: &HttpState) -> Response<Body> {
    reply::error(&Error::UnknownRoute, state.settings.structured_errors)
}

/// Each path of a table once.
fn paths(routes: &'static [Route], mounted: impl Fn(&Route) -> bool) -> Vec<&'static str> {
    let mut paths = Vec::new();
    for route in routes.iter().filter(|route| mounted(route)) {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    paths
}

fn methods(state: &Arc<HttpState>, model: Option<Model>, path: &'static str) -> MethodRouter {
    let other = Arc::clone(state);
    let mut methods = MethodRouter::new()
        .fallback(move |method: Method| std::future::ready(no_such_method(&other, &method, path)));
    let routes = if model.is_some() { ROUTES } else { GLOBAL_ROUTES };
    for route in routes.iter().filter(|route| route.path == path) {
        let state = Arc::clone(state);
        let handler = move |path: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
            let state = Arc::clone(&state);
            async move { answer(&state, model.as_ref(), route, path, request).await }
        };
        methods = methods.on(route.method.filter(), handler);
    }
    if let Some(model) = model {
        methods = with_socket(methods, state, model, path);
    }
    methods
}

/// Migrations of many resources are `WebSocket`s too, which begin with a `GET`.
fn with_socket(
    methods: MethodRouter,
    state: &Arc<HttpState>,
    model: Model,
    path: &'static str,
) -> MethodRouter {
    let streams = [Operation::TestMigration, Operation::ExecuteMigration];
    let Some(route) = ROUTES.iter().find(|route| route.path == path && streams.contains(&route.operation))
    else {
        return methods;
    };
    let state = Arc::clone(state);
    methods.get(move |path: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
        let state = Arc::clone(&state);
        async move {
            if !request.headers().contains_key(header::UPGRADE) {
                return no_such_method(&state, request.method(), route.path);
            }
            let work = async {
                let path = path.map_err(|rejection| unreadable(route, &rejection.body_text()))?;
                handler::migrate::socket(&state, &model, route, path, request).await
            };
            within_limits(&state, Some(state.settings.request_timeout), work).await
        }
    })
}

/// The one method of a custom action.
fn action_methods(state: &Arc<HttpState>, model: Model, action: ActionEntry) -> MethodRouter {
    let (state, other) = (Arc::clone(state), Arc::clone(state));
    let action = Arc::new(ActionRoute::of(action));
    let no_such_method = move |method: Method| {
        let allowed = if other.settings.head_and_options { "POST, OPTIONS" } else { "POST" };
        std::future::ready(not_allowed(&other, &method, allowed))
    };
    let handler = move |path: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
        let (state, action) = (Arc::clone(&state), Arc::clone(&action));
        async move {
            let started = Instant::now();
            let limit = Some(state.settings.request_timeout);
            let response =
                within_limits(&state, limit, run_action(&state, &model, &action, path, request)).await;
            tracing::debug!(
                method = "POST",
                model = model.name(),
                path = action.entry.path,
                status = response.status().as_u16(),
                micros = started.elapsed().as_micros(),
                "answered"
            );
            response
        }
    };
    MethodRouter::new().fallback(no_such_method).post(handler)
}

async fn run_action(
    state: &HttpState,
    model: &Model,
    action: &ActionRoute,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Response<Body>> {
    let path = path.map_err(|rejection| not_utf8(action.path_name(&rejection.body_text())))?;
    let (parts, body) = request.into_parts();
    handler::action::run(state, model, action, &path, &parts, body).await
}

/// Runs one request within its time limit, and turns what went wrong into an answer.
async fn answer(
    state: &Arc<HttpState>,
    model: Option<&Model>,
    route: &'static Route,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Response<Body> {
    if request.method() == Method::HEAD && !state.settings.head_and_options {
        return no_such_method(state, request.method(), route.path);
    }
    let started = Instant::now();
    let limit = (!route.operation.takes_long()).then_some(state.settings.request_timeout);
    let mut response = within_limits(state, limit, run(state, model, route, path, request)).await;
    if route.deprecated.is_some() {
        reply::set(&mut response, reply::DEPRECATION, super::route::DEPRECATION);
    }
    tracing::debug!(
        method = route.method.as_str(),
        model = model.map(Model::name),
        path = route.path,
        status = response.status().as_u16(),
        micros = started.elapsed().as_micros(),
        "answered"
    );
    response
}

/// The answer of a handler, or of what went wrong in it, within the time of a request.
async fn within_limits(
    state: &HttpState,
    limit: Option<Duration>,
    work: impl Future<Output = Result<Response<Body>>>,
) -> Response<Body> {
    // A validator is code of the program: should it panic, this request fails and the server goes on.
    let work = AssertUnwindSafe(Box::pin(work)).catch_unwind();
    let done = match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.map_err(|_| limit),
        None => Ok(work.await),
    };
    let result = match done {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(Error::internal(panic_text(&*panic))),
        Err(limit) => Err(Error::Unavailable {
            reason: format!("the request took longer than {limit:?}"),
            retry_after: 1,
        }),
    };
    result.unwrap_or_else(|error| refuse(state, &error))
}

async fn run(
    state: &Arc<HttpState>,
    model: Option<&Model>,
    route: &'static Route,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Response<Body>> {
    let path = path.map_err(|rejection| unreadable(route, &rejection.body_text()))?;
    let (parts, body) = request.into_parts();
    let inbound = Inbound::new(state, route, &path, &parts).await?;
    if route.is_repeatable()
        && let Some(key) = idempotency::key(&parts)?
    {
        return run_once(model, inbound, key, body).await;
    }
    operate(model, inbound, body).await
}

async fn operate(model: Option<&Model>, inbound: Inbound<'_>, body: Body) -> Result<Response<Body>> {
    match model {
        Some(model) => handler::run(&Call { model, inbound }, body).await,
        None => handler::run_global(&inbound, body).await,
    }
}

/// Runs a request that may come again, boxed: few have a key.
fn run_once<'a>(
    model: Option<&'a Model>,
    mut inbound: Inbound<'a>,
    key: &'a str,
    body: Body,
) -> BoxFuture<'a, Result<Response<Body>>> {
    Box::pin(async move {
        let body = inbound.read(body).await?;
        let (service, caller) = (inbound.service(), inbound.caller.clone());
        let request = idempotency::request(key, caller.principal(), inbound.parts(), &body);
        let request = idempotency::repeatable(request, &*inbound.state.clock)?;
        let answered = caller.answered_once(Arc::clone(&request));
        if idempotency::commits_its_answer(inbound.route) {
            inbound.caller = answered.clone();
        }
        let work = operate(model, inbound, Body::from(body));
        idempotency::once(service, &request, &answered, work).await
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a handler panicked")
}

/// 422 for a path that is not UTF-8; the text of the rejection has the name of the parameter.
fn unreadable(route: &Route, rejection: &str) -> Error {
    let mut names = route.parameters.iter().filter(|parameter| parameter.location == Location::Path);
    let name = names.find(|parameter| rejection.contains(&format!("`{}`", parameter.name)));
    not_utf8(name.map_or("resource_id", |parameter| parameter.name))
}

fn not_utf8(name: &str) -> Error {
    Error::InvalidParameter {
        location: "path",
        name: name.to_owned(),
        message: "the percent-encoded text is not UTF-8".into(),
        input: String::new(),
    }
}

fn refuse(state: &HttpState, error: &Error) -> Response<Body> {
    if let Error::Unavailable { reason, .. } = error.root() {
        tracing::warn!(reason, "answered with 503");
    }
    reply::error(error, state.settings.structured_errors)
}

fn no_such_method(state: &HttpState, method: &Method, path: &str) -> Response<Body> {
    not_allowed(state, method, &allow(path, state.settings.head_and_options))
}

fn not_allowed(state: &HttpState, method: &Method, allowed: &str) -> Response<Body> {
    let mut response = if method == Method::OPTIONS && state.settings.head_and_options {
        reply::empty(StatusCode::NO_CONTENT)
    } else {
        refuse(state, &Error::MethodNotAllowed)
    };
    reply::set(&mut response, header::ALLOW, allowed);
    response
}

/// `/user/` is `/user`, with the query kept.
async fn without_trailing_slash(OriginalUri(uri): OriginalUri) -> Response<Body> {
    let path = uri.path().trim_end_matches('/');
    let location = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut response = reply::empty(StatusCode::TEMPORARY_REDIRECT);
    reply::set(&mut response, header::LOCATION, &location);
    response
}
