//! The outbox on NATS: everything that is committed goes to a stream there.

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::message::PublishMessage;
use futures_util::future::BoxFuture;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{Event, Subscriber, What};
use crate::error::{Error, Result};

/// What a part of a subject keeps as it is. The others, dots among them, mean something there.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// A [`Subscriber`] that publishes every change and every message of a hook to
/// [JetStream](https://docs.nats.io/nats-concepts/jetstream), one after the other: the next one when the server has
/// stored the last.
///
/// | what | subject | payload |
/// | --- | --- | --- |
/// | a change | `{prefix}.change.{resource}.{kind}`: `shop.change.user.updated` | JSON, the object that `/_changes` shows of it |
/// | a message | `{prefix}.message.{name}`: `shop.message.order.paid` | its body |
///
/// Each has the headers `Specstar-Position`, `Specstar-Time` and `Specstar-By`, and a `Nats-Msg-Id`, by which the server
/// knows one that is sent once more after a crash within its window for duplicates; behind that, consumers do by the
/// position. Of several processes on one database one publishes at a time (see the [module](super)). What stands in a
/// name besides letters, digits, `-`, `_` and the dots between parts is percent-encoded.
///
/// A stream that takes `{prefix}.>` has to be there. While it is not, or the server is not, the entries stay in the
/// database, and nothing else is held up. One that the server refuses, for instance because it is too large, is tried
/// again until it takes it, with an error in the log each time.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use specstar_runtime::event::NatsPublisher;
/// let client = async_nats::connect("nats://localhost").await?;
/// let publisher = NatsPublisher::new(async_nats::jetstream::new(client), "shop");
/// // SpecStar::builder().subscribe("nats", publisher)
/// # let _ = publisher;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NatsPublisher {
    context: Context,
    prefix: String,
}

impl NatsPublisher {
    /// Publishes with this context, to subjects below a prefix: another one for each database.
    pub fn new(context: Context, prefix: impl Into<String>) -> Self {
        Self { context, prefix: prefix.into() }
    }
}

fn subject(prefix: &str, what: &What) -> String {
    match what {
        What::Change { model, kind, .. } => format!("{prefix}.change.{}.{}", part(model), kind.as_str()),
        // No part of a subject is empty; a `%` alone is no encoded byte.
        What::Message { name, .. } if name.is_empty() => format!("{prefix}.message.%"),
        What::Message { name, .. } if name.split('.').all(|part| !part.is_empty()) => {
            let parts: Vec<String> = name.split('.').map(part).collect();
            format!("{prefix}.message.{}", parts.join("."))
        }
        What::Message { name, .. } => format!("{prefix}.message.{}", part(name)),
    }
}

fn part(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// A change, in the words of the feeds.
#[derive(Serialize)]
struct Shown<'a> {
    position: i64,
    kind: &'static str,
    resource: &'a str,
    resource_id: &'a str,
    revision_id: &'a str,
    version: i64,
    time: &'a str,
    by: &'a str,
}

fn payload(event: &Event, time: &str) -> Result<Vec<u8>> {
    match &event.what {
        What::Message { body, .. } => Ok(body.clone()),
        What::Change { model, resource_id, kind, revision_id, version } => serde_json::to_vec(&Shown {
            position: event.position,
            kind: kind.as_str(),
            resource: model,
            resource_id,
            revision_id,
            version: *version,
            time,
            by: &event.by,
        })
        .map_err(Error::internal),
    }
}

impl Subscriber for NatsPublisher {
    fn handle<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (position, time) = (event.position.to_string(), event.time.to_string());
            let mut headers = HeaderMap::new();
            headers.insert("Specstar-Position", position.as_str());
            headers.insert("Specstar-Time", time.as_str());
            headers.insert("Specstar-By", part(&event.by));
            // A database that an older copy took the place of may give a position again.
            let id = format!("{}:{position}:{time}", self.prefix);
            let message = PublishMessage::build()
                .payload(payload(event, &time)?.into())
                .headers(headers)
                .message_id(id);
            let failed = |error: async_nats::jetstream::context::PublishError| Error::Unavailable {
                reason: format!("NATS: {error}"),
                retry_after: 1,
            };
            let stored = self.context.send_publish(subject(&self.prefix, &event.what), message).await;
            stored.map_err(failed)?.await.map_err(failed)?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::subject;
    use crate::event::What;

    #[test]
    fn a_name_becomes_parts_of_a_subject_and_nothing_else() {
        for (name, expected) in [
            ("order.paid", "shop.message.order.paid"),
            ("paid", "shop.message.paid"),
            ("a b", "shop.message.a%20b"),
            ("*.>", "shop.message.%2A.%3E"),
            (".paid", "shop.message.%2Epaid"),
            ("paid..twice", "shop.message.paid%2E%2Etwice"),
            ("", "shop.message.%"),
            ("50%", "shop.message.50%25"),
            ("größe", "shop.message.gr%C3%B6%C3%9Fe"),
        ] {
            let what = What::Message { name: name.to_owned(), body: Vec::new() };
            assert_eq!(subject("shop", &what), expected);
            let parts: Vec<&str> = expected.split('.').collect();
            assert!(
                parts.iter().all(|part| !part.is_empty() && !part.contains([' ', '*', '>'])),
                "{expected}"
            );
        }
    }
}
