//! Subscribers of several processes on one database: each entry is given once, in order, by one of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use specstar::event::{Event, Subscriber, subscriber_fn};

use crate::common::{TestApp, database, eventually};
use crate::resources;

/// What was told to whom.
type Told = Arc<Mutex<Vec<(&'static str, i64)>>>;

fn recorder(told: &Told, name: &'static str) -> impl Subscriber {
    let told = Arc::clone(told);
    subscriber_fn(move |event: &Event| {
        told.lock().expect("not poisoned").push((name, event.position));
        async { Ok(()) }
    })
}

fn count(told: &Told) -> usize {
    told.lock().expect("not poisoned").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_given_by_one_of_the_processes_and_another_one_goes_on_when_that_ends() {
    let told = Told::default();
    let first =
        TestApp::with(resources(), |builder| builder.subscribe("book", recorder(&told, "first"))).await;
    let folder = first.folder();
    let second = TestApp::on(Arc::clone(&folder), resources(), |builder| {
        builder.subscribe("book", recorder(&told, "second"))
    })
    .await;
    let (ann, bob) = (first.user("ann"), second.user("bob"));
    for value in 0..20 {
        ann.created("counter", json!({ "value": value })).await;
        bob.created("counter", json!({ "value": value })).await;
    }
    eventually("all are told", || async { count(&told) == 40 }).await;
    // Nothing is told twice, nor by both.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let by_first = told.lock().expect("not poisoned").clone();
    assert_eq!(by_first.len(), 40);
    assert!(by_first.is_sorted_by(|a, b| a.1 < b.1 && a.0 == b.0), "{by_first:?}");
    let [leader, other] = if by_first[0].0 == "first" { [first, second] } else { [second, first] };
    drop((ann, bob));
    let leaders =
        || database::rows(folder.path(), "SELECT leader FROM ss_leader WHERE name = 'book'").concat();
    let before = leaders();
    assert_eq!(before.len(), 1);
    leader.stop().await;
    assert_ne!(leaders(), before, "who ends says so");
    let user = other.user("ann");
    for value in 0..5 {
        user.created("counter", json!({ "value": value })).await;
    }
    eventually("the other one goes on", || async { count(&told) == 45 }).await;
    let all = told.lock().expect("not poisoned").clone();
    assert!(all.is_sorted_by(|a, b| a.1 < b.1), "{all:?}");
    assert!(all[40..].iter().all(|(name, _)| *name != by_first[0].0));
    // One that died says nothing: its time is awaited.
    let folder = other.stop().await;
    let died = "INSERT INTO ss_leader (name, leader, until) VALUES ('book', 'who died', \
                CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint) + 3600000000)";
    database::execute(folder.path(), died);
    let third = TestApp::on(Arc::clone(&folder), resources(), |builder| {
        builder.subscribe("book", recorder(&told, "third"))
    })
    .await;
    third.user("ann").created("counter", json!({"value": 1})).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(count(&told), 45);
    database::execute(folder.path(), "UPDATE ss_leader SET until = 0");
    eventually("its time is over", || async { count(&told) == 46 }).await;
}
