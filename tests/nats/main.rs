//! Everything that is committed on NATS: in order, and each once, whatever becomes of the server.

#[allow(dead_code)] // Other suites use more of it.
#[path = "../common/mod.rs"]
mod common;
mod server;

use std::time::Duration;

use serde_json::{Value, json};
use specstar::async_nats::jetstream::{self, stream};
use specstar::async_nats::{Client, ConnectOptions};
use specstar::event::NatsPublisher;
use specstar::hook::{HookContext, Hooks};
use specstar::prelude::*;
use specstar::registry::Registry;

use self::server::Server;
use crate::common::{TestApp, eventually};

/// Something to tell of.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
struct Order {
    title: String,
}

fn resources() -> Registry {
    resources![Order]
}

struct Announce;

impl Hooks<Order> for Announce {
    async fn before_create(
        &self,
        context: &mut HookContext<'_>,
        new: &mut Order,
    ) -> specstar::error::Result<()> {
        context.emit("order.placed", &json!({ "title": new.title }))
    }
}

/// A message as the stream has it.
#[derive(Debug)]
struct Stored {
    subject: String,
    position: i64,
    id: String,
    body: Value,
}

/// What is in the stream; `None` when the server does not answer, as while it starts.
async fn stored(stream: &stream::Stream) -> Option<Vec<Stored>> {
    let mut all = Vec::new();
    let last = stream.get_info().await.ok()?.state.last_sequence;
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await.ok()?;
        let header = |name| message.headers.get(name).expect("a header").to_string();
        all.push(Stored {
            subject: message.subject.to_string(),
            position: header("Specstar-Position").parse().expect("a number"),
            id: header("Nats-Msg-Id"),
            body: serde_json::from_slice(&message.payload).expect("JSON"),
        });
    }
    Some(all)
}

/// Waits until so many are in the stream.
async fn reaches(stream: &stream::Stream, count: usize) -> Vec<Stored> {
    let there = std::cell::RefCell::new(Vec::new());
    eventually(&format!("{count} are there"), || async {
        *there.borrow_mut() = stored(stream).await.unwrap_or_default();
        there.borrow().len() == count
    })
    .await;
    there.into_inner()
}

async fn client(server: &Server) -> Client {
    let options = ConnectOptions::new().retry_on_initial_connect().reconnect_delay_callback(|_| {
        // The default grows to seconds.
        Duration::from_millis(20)
    });
    options.connect(server.url()).await.expect("a client")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_published_in_order_whatever_becomes_of_the_server() {
    let mut server = Server::start();
    let context = jetstream::new(client(&server).await);
    let publisher = NatsPublisher::new(context.clone(), "shop");
    let app =
        TestApp::with(resources(), |builder| builder.hooks::<Order>(Announce).subscribe("nats", publisher))
            .await;
    let ann = app.user("ann");
    // Before there is a stream, the database keeps it.
    ann.put("/order/one", json!({"title": "a"})).if_none_match("*").await.ok();
    let config = stream::Config {
        name: "SHOP".to_owned(),
        subjects: vec!["shop.>".to_owned()],
        ..stream::Config::default()
    };
    let stream = context.create_stream(config).await.expect("a stream");
    reaches(&stream, 2).await;
    server.kill();
    for id in ["two", "three"] {
        ann.put(&format!("/order/{id}"), json!({"title": "b"})).if_none_match("*").await.ok();
    }
    ann.patch("/order/one", json!({"title": "c"})).await.ok();
    server.restart();
    ann.delete("/order/two").await.ok();
    let all = reaches(&stream, 8).await;
    let subjects: Vec<&str> = all.iter().map(|stored| stored.subject.as_str()).collect();
    let (created, placed) = ("shop.change.order.created", "shop.message.order.placed");
    assert_eq!(
        subjects,
        [
            created,
            placed,
            created,
            placed,
            created,
            placed,
            "shop.change.order.updated",
            "shop.change.order.deleted"
        ]
    );
    assert!(all.is_sorted_by(|a, b| a.position < b.position), "{all:?}");
    assert!(all.iter().all(|stored| stored.id.starts_with(&format!("shop:{}:", stored.position))));
    // A change is what the feed shows of it.
    let feed = ann.get("/order/changes").await.ok();
    let changes: Vec<&Value> =
        all.iter().filter(|stored| stored.subject != placed).map(|stored| &stored.body).collect();
    assert_eq!(changes, feed.as_array().expect("a list").iter().collect::<Vec<_>>());
    assert_eq!(all[1].body, json!({"title": "a"}));
}
