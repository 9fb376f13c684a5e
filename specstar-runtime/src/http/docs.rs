//! The documentation page: Swagger UI out of the program itself, so that it works without a network.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa_swagger_ui::{Config, SwaggerFile};

use super::reply;
use crate::error::Error;

/// Serves the page at `/docs`, for the document at `/openapi.json` beside it.
///
/// Every address in it is relative, so it works below any path the router is nested at.
///
/// ```
/// let app: axum::Router = axum::Router::new().nest("/v1", specstar_runtime::http::docs::router());
/// ```
pub fn router() -> Router {
    let config = Arc::new(config());
    let index = {
        let config = Arc::clone(&config);
        move || std::future::ready(file("", &config))
    };
    let other = move |Path(path): Path<String>| std::future::ready(file(&path, &config));
    Router::new().route("/docs", get(to_slash)).route("/docs/", get(index)).route("/docs/{*path}", get(other))
}

fn config() -> Config<'static> {
    // Without `none` the page sends the address of the document to a public validator as soon as it is not
    // opened on a local address.
    Config::from("../openapi.json").validator_url("none").display_request_duration(true)
}

/// The files of the page are beside it, so its address must end in a slash. The redirect is relative because
/// a nested router does not see the path it is nested at.
async fn to_slash(uri: Uri) -> Response {
    let target = uri.query().map_or_else(|| "docs/".to_owned(), |query| format!("docs/?{query}"));
    // A query that came in is fit to go out.
    let location = HeaderValue::try_from(target).unwrap_or(HeaderValue::from_static("docs/"));
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response()
}

fn file(path: &str, config: &Arc<Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(path, Arc::clone(config)) {
        Ok(Some(file)) => send(file),
        Ok(None) => reply::error(&Error::UnknownRoute, false),
        Err(cause) => reply::error(&Error::internal(cause), false),
    }
}

fn send(file: SwaggerFile<'static>) -> Response {
    let mut headers = HeaderMap::new();
    if let Ok(media_type) = HeaderValue::try_from(file.content_type) {
        headers.insert(CONTENT_TYPE, media_type);
    }
    if file.gzpipped {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    (headers, file.bytes.into_owned()).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn get_text(app: Router, path: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let (parts, body) = app.oneshot(request).await.expect("an answer").into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body");
        (parts.status, parts.headers, String::from_utf8_lossy(&bytes).into_owned())
    }

    #[tokio::test]
    async fn the_page_and_its_files_are_served_also_when_nested() {
        for (app, at) in [(router(), ""), (Router::new().nest("/v1/api", router()), "/v1/api")] {
            let (status, headers, page) = get_text(app.clone(), &format!("{at}/docs/")).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(headers[CONTENT_TYPE], "text/html");
            assert!(page.contains("./swagger-ui-bundle.js"));
            assert!(!page.contains("https://"), "a page that loads from outside: {page}");
            let (status, headers, _) = get_text(app.clone(), &format!("{at}/docs/swagger-ui.css")).await;
            assert_eq!(
                (status, &headers[CONTENT_TYPE]),
                (StatusCode::OK, &HeaderValue::from_static("text/css"))
            );
            let (status, _, _) = get_text(app, &format!("{at}/docs/nothing.js")).await;
            assert_eq!(status, StatusCode::NOT_FOUND);
        }
    }

    #[tokio::test]
    async fn the_page_reads_the_document_beside_it_and_asks_no_validator() {
        let (_, _, script) = get_text(router(), "/docs/swagger-initializer.js").await;
        assert!(script.contains(r#""url": "../openapi.json""#), "{script}");
        assert!(script.contains(r#""validatorUrl": "none""#), "{script}");
    }

    #[tokio::test]
    async fn the_address_without_a_slash_leads_to_the_page() {
        let (status, headers, _) = get_text(router(), "/docs?x=1").await;
        assert_eq!(status, StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(headers[LOCATION], "docs/?x=1");
    }
}
