//! A database that stops answering and closes nothing, as a machine that lost its power does, or one behind a broken
//! network.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use specstar::store::PostgresOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

use crate::common::TestApp;
use crate::common::postgres::Cluster;
use crate::resources;

/// Hands bytes on between the program and the server. Connections of an age that is over stay open and carry nothing.
struct Middle {
    address: std::net::SocketAddr,
    /// The age that goes on; `u64::MAX` for none.
    age: watch::Sender<u64>,
    made: Arc<AtomicU64>,
}

impl Middle {
    async fn before(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (age, ages) = watch::channel(0);
        let made = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&made);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let far = UnixStream::connect(&socket).await.expect("the server is there");
                let (near, far) = (near.into_split(), far.into_split());
                let born = *ages.borrow();
                tokio::spawn(carry(near.0, far.1, ages.clone(), born));
                tokio::spawn(carry(far.0, near.1, ages.clone(), born));
            }
        });
        Self { address, age, made }
    }
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut ages: watch::Receiver<u64>,
    born: u64,
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let age = *ages.borrow();
        if age != born || age == u64::MAX {
            // Nothing is ever heard of it again, and it is not closed.
            while ages.changed().await.is_ok() {}
            return;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_nobody_answers_are_given_up() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.expect("it starts");
    let middle = Middle::before(cluster.socket()).await;
    // Long beside what a busy machine takes for a statement.
    let limit = Duration::from_secs(3);
    let options = PostgresOptions {
        max_connections: 3,
        statement_timeout: limit,
        connect_timeout: limit,
        ..PostgresOptions::new(format!("postgres://postgres@{}/postgres", middle.address))
    };
    let folder = Arc::new(tempfile::TempDir::new().expect("a folder"));
    let app =
        TestApp::on(folder, resources(), |builder| builder.postgres_with(options).request_timeout(2 * limit))
            .await;
    let ann = app.user("ann");
    let path = ann.created("counter", json!({"value": 1})).await;
    // All connections are in use, or idle.
    for answer in futures_util::future::join_all((0..20).map(|_| ann.get("/counter").into_future())).await {
        answer.ok();
    }
    middle.age.send_replace(u64::MAX);
    let asked = Instant::now();
    let writes = (0..4).map(|value| ann.post("/counter", json!({ "value": value })));
    let reads = (0..4).map(|_| ann.get(&path));
    for answer in futures_util::future::join_all(writes.chain(reads).map(IntoFuture::into_future)).await {
        answer.is(503);
    }
    assert!(asked.elapsed() < 10 * limit, "requests wait for {:?}", asked.elapsed());
    // Another server has taken the place: the old connections stay as they are.
    middle.age.send_replace(1);
    let (back, made) = (Instant::now(), middle.made.load(Ordering::Relaxed));
    while ann.post("/counter", json!({"value": 5})).await.status() != 200 {
        assert!(back.elapsed() < 20 * limit, "the program does not recover");
    }
    for answer in futures_util::future::join_all((0..20).map(|_| ann.get(&path).into_future())).await {
        answer.ok();
    }
    assert!(middle.made.load(Ordering::Relaxed) > made, "the connections are new ones");
    assert_eq!(ann.get("/counter/count").await.ok(), 2);
}
