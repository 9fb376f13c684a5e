//! Migrations over a WebSocket (RFC 6455): the client sends one query, the server the lines, each as a message, and
//! closes.

use std::pin::pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Response, Uri, header};
use futures_util::{SinkExt, Stream, StreamExt};
use serde_json::{Map, Value};

use super::begin;
use super::lines::Lines;
use crate::error::{Error, Result};
use crate::http::HttpState;
use crate::http::call::{Call, Inbound};
use crate::http::reply;
use crate::http::route::Route;
use crate::repository::Model;

/// Answers a request for a WebSocket, once it is known who asks.
pub(crate) async fn socket(
    state: &Arc<HttpState>,
    model: &Model,
    route: &'static Route,
    path: RawPathParams,
    request: Request,
) -> Result<Response<Body>> {
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|rejection| Error::BadRequest(rejection.body_text()))?;
    Inbound::new(state, route, &path, &parts).await?;
    refuse_other_sites(&parts.headers)?;
    // Whoever puts the filters here would migrate everything.
    if parts.uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(Error::BadRequest(
            "what is to be migrated is said in the first message, and not in the URL of the WebSocket".into(),
        ));
    }
    let (state, model) = (Arc::clone(state), *model);
    let limit = state.settings.body_limit;
    let upgrade = upgrade.max_message_size(limit).max_frame_size(limit);
    Ok(upgrade.on_upgrade(async move |mut socket| {
        let asked = Asked { state, model, route, path, parts };
        if let Err(error) = asked.serve(&mut socket).await {
            let text = reply::error_text(&error, asked.state.settings.structured_errors);
            // Whoever has left is not told.
            let _ = socket.send(Message::Text(text.into())).await;
        }
        let _ = socket.send(Message::Close(None)).await;
    }))
}

/// A browser lets every site open a WebSocket to every other one, with the cookies of the user; it says which site it
/// is.
fn refuse_other_sites(headers: &HeaderMap) -> Result<()> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let (origin, host) = (text(header::ORIGIN), text(header::HOST));
    match origin.and_then(|origin| origin.split_once("://")) {
        _ if origin.is_none() => Ok(()),
        Some((_, site)) if host.is_some_and(|host| host.eq_ignore_ascii_case(site)) => Ok(()),
        _ => Err(Error::BadRequest("a page of another site cannot open this WebSocket".into())),
    }
}

struct Asked {
    state: Arc<HttpState>,
    model: Model,
    route: &'static Route,
    path: RawPathParams,
    parts: Parts,
}

impl Asked {
    async fn serve(&self, socket: &mut WebSocket) -> Result<()> {
        let limit = self.state.settings.request_timeout;
        let received = tokio::time::timeout(limit, first_text(socket));
        let Ok(received) = received.await else {
            return Err(Error::BadRequest(format!("nothing was asked within {} ms", limit.as_millis())));
        };
        let Some(text) = received else { return Ok(()) };
        let mut parts = self.parts.clone();
        parts.uri = uri(&self.parts.uri, &query_of(&text, self.route)?)?;
        let inbound = Inbound::new(&self.state, self.route, &self.path, &parts).await?;
        let migration = begin(&Call { model: &self.model, inbound }).await?;
        let mut lines = Lines::new(&self.state, migration);
        // The client is listened to all the time: it asks whether we are still there, and when it leaves, the migration
        // ends with the batch that is under way.
        let (mut lines_out, mut client) = StreamExt::split(&mut *socket);
        loop {
            let mut next = pin!(lines.next());
            let batch = tokio::select! {
                batch = &mut next => batch,
                () = left(&mut client) => {
                    next.await;
                    return Ok(());
                }
            };
            let Some(batch) = batch else { return Ok(()) };
            for line in batch.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                let text = String::from_utf8_lossy(line).into_owned();
                tokio::select! {
                    sent = lines_out.send(Message::Text(text.into())) => {
                        if sent.is_err() {
                            return Ok(());
                        }
                    }
                    () = left(&mut client) => return Ok(()),
                }
            }
        }
    }
}

/// Reads, which also answers pings, until the client has left.
async fn left(receiver: &mut (impl Stream<Item = Result<Message, axum::Error>> + Unpin)) {
    while let Some(Ok(message)) = receiver.next().await {
        if matches!(message, Message::Close(_)) {
            return;
        }
    }
}

/// `None` when the client leaves without a word.
async fn first_text(socket: &mut WebSocket) -> Option<String> {
    loop {
        match socket.recv().await?.ok()? {
            Message::Text(text) => return Some(text.to_string()),
            Message::Binary(bytes) => return Some(String::from_utf8_lossy(&bytes).into_owned()),
            Message::Close(_) => return None,
            Message::Ping(_) | Message::Pong(_) => {}
        }
    }
}

/// The query string that says what `{"query": {…}}` does: a list is a parameter that is given several times, or
/// where it may not be, JSON.
fn query_of(text: &str, route: &Route) -> Result<String> {
    let malformed = |message: String| Error::BadRequest(format!("expected {{\"query\": {{…}}}}: {message}"));
    let mut message: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
    let query = match message.remove("query") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(query)) => query,
        Some(_) => return Err(malformed("`query` is no object".into())),
    };
    if let Some(name) = message.keys().next() {
        return Err(malformed(format!("`{name}` is not known")));
    }
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query {
        let repeated = route.parameters.iter().any(|known| known.name == name && known.repeated);
        match value {
            Value::Null => {}
            Value::Array(items) if repeated => {
                for item in items {
                    out.append_pair(&name, &plain(item));
                }
            }
            value => {
                out.append_pair(&name, &plain(value));
            }
        }
    }
    Ok(out.finish())
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn uri(of: &Uri, query: &str) -> Result<Uri> {
    format!("{}?{query}", of.path()).parse().map_err(|_| Error::BadRequest("the query is too long".into()))
}
