//! Requests and answers that read as a conversation, and say all of it when an assertion fails.

use std::fmt;
use std::future::IntoFuture;

use axum::body::Bytes;
use futures_util::future::BoxFuture;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// Somebody who talks to an application.
#[derive(Clone)]
pub(crate) struct User {
    client: reqwest::Client,
    base: String,
    name: String,
    now: Option<String>,
}

impl User {
    pub(crate) fn new(client: reqwest::Client, base: &str, name: &str) -> Self {
        Self { client, base: base.to_owned(), name: name.to_owned(), now: None }
    }

    /// The same user at another time.
    pub(crate) fn at(&self, now: &str) -> Self {
        Self { now: Some(now.to_owned()), ..self.clone() }
    }

    pub(crate) fn get(&self, path: &str) -> Ask {
        self.ask("GET", path)
    }

    pub(crate) fn post(&self, path: &str, body: impl Into<Value>) -> Ask {
        self.ask("POST", path).json(&body.into())
    }

    pub(crate) fn put(&self, path: &str, body: impl Into<Value>) -> Ask {
        self.ask("PUT", path).json(&body.into())
    }

    pub(crate) fn patch(&self, path: &str, body: impl Into<Value>) -> Ask {
        self.ask("PATCH", path).json(&body.into())
    }

    pub(crate) fn delete(&self, path: &str) -> Ask {
        self.ask("DELETE", path)
    }

    /// Any method, without a body.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        let mut ask = Ask {
            client: self.client.clone(),
            base: self.base.clone(),
            method: Method::from_bytes(method.as_bytes()).expect("a method"),
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        if !self.name.is_empty() {
            ask = ask.header("x-user", &self.name);
        }
        if let Some(now) = &self.now {
            ask = ask.header("x-now", now);
        }
        ask
    }

    /// Creates a resource and gives its path.
    pub(crate) async fn created(&self, model: &str, body: impl Into<Value>) -> String {
        let info = self.post(&format!("/{model}"), body).await.ok();
        format!("/{model}/{}", info["resource_id"].as_str().expect("an id"))
    }

    /// The entity tag of a read.
    pub(crate) async fn tag(&self, path: &str) -> String {
        self.get(path).await.is(200).header("etag").expect("a read sends its tag")
    }
}

/// A request; it is sent when it is awaited.
#[must_use = "a request is sent when it is awaited"]
pub(crate) struct Ask {
    client: reqwest::Client,
    base: String,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        self
    }

    pub(crate) fn if_match(self, tag: &str) -> Self {
        self.header("if-match", tag)
    }

    pub(crate) fn if_none_match(self, tag: &str) -> Self {
        self.header("if-none-match", tag)
    }

    /// Adds encoded parameters to the query.
    pub(crate) fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        let mut encoded = form_urlencoded::Serializer::new(String::new());
        encoded.extend_pairs(pairs);
        let separator = if self.path.contains('?') { '&' } else { '?' };
        self.path = format!("{}{separator}{}", self.path, encoded.finish());
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// A body of any kind; without a media type when it is empty.
    pub(crate) fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers.remove("content-type");
        self.body = body.into();
        if media_type.is_empty() { self } else { self.header("content-type", media_type) }
    }
}

impl IntoFuture for Ask {
    type Output = Answer;
    type IntoFuture = BoxFuture<'static, Answer>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let asked = self.to_string();
            self.try_send().await.unwrap_or_else(|error| panic!("{asked}\nwas not answered: {error:?}"))
        })
    }
}

impl Ask {
    /// Sends it to a server that may be gone.
    pub(crate) async fn try_send(self) -> reqwest::Result<Answer> {
        let asked = self.to_string();
        let url = format!("{}{}", self.base, self.path);
        let request = self.client.request(self.method, url).headers(self.headers).body(self.body);
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { asked, status, headers, body: response.bytes().await? })
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.path)?;
        write_headers(f, &self.headers)?;
        write_text(f, &self.body)
    }
}

/// What the application answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    asked: String,
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of an answer of 200.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        self.is(200).json()
    }

    /// An answer with this status.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Self {
        assert_eq!(self.status, status, "\n{self}\n");
        self.clone()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in\n{self}\n"))
    }

    /// The `detail` of an error.
    #[track_caller]
    pub(crate) fn detail(&self) -> Value {
        let media_type = self.header("content-type");
        assert_eq!(media_type.as_deref(), Some("application/json"), "\n{self}\n");
        let body = self.json();
        assert!(self.status >= 400 && body.get("detail").is_some(), "not an error:\n{self}\n");
        body["detail"].clone()
    }

    /// An error with this status whose detail has this text in it.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, names: &str) -> Self {
        let detail = self.is(status).detail().to_string();
        // Quotes of the text are escaped inside the JSON text it is looked for in.
        let escaped = Value::from(names).to_string();
        let names = escaped.trim_matches('"');
        assert!(detail.contains(names), "the detail does not say {names}:\n{self}\n");
        self.clone()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n→ {}", self.asked, self.status)?;
        write_headers(f, &self.headers)?;
        write_text(f, &self.body)
    }
}

fn write_headers(f: &mut fmt::Formatter<'_>, headers: &HeaderMap) -> fmt::Result {
    for (name, value) in headers {
        writeln!(f, "  {name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
    }
    Ok(())
}

fn write_text(f: &mut fmt::Formatter<'_>, body: &[u8]) -> fmt::Result {
    let text = String::from_utf8_lossy(body);
    let shown: String = text.chars().take(2_000).collect();
    write!(f, "  {shown}{}", if shown.len() < text.len() { "…" } else { "" })
}
