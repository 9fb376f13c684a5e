//! What became of a commit whose answer was lost, and users with long names.

use super::super::apply::Mark;
use super::super::text::ENTRY_BITS;
use super::super::{PostgresOptions, PostgresStore};
use super::server;
use crate::change::{ChangeSet, NewEvent};
use crate::datetime::Timestamp;
use crate::meta::Stamp;
use crate::query::fixture::SPECIMEN;
use crate::store::{CommitError, LogRequest, LogScope, Store, StoreError, UploadIndex};

async fn store(cluster: &server::Cluster) -> PostgresStore {
    let options = PostgresOptions { max_connections: 3, ..PostgresOptions::new(cluster.url("postgres")) };
    let store = PostgresStore::open(options).expect("it opens");
    store.ensure_layout(&[&SPECIMEN]).await.expect("tables");
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_its_own_entry_proves_that_a_lost_commit_happened() {
    let cluster = tokio::task::spawn_blocking(server::Cluster::start).await.expect("it starts");
    let store = store(&cluster).await;
    let at = Stamp { time: Timestamp(7), by: "ann".into() };
    let event = NewEvent { name: "told".into(), body: b"{}".to_vec(), at: at.clone() };
    store.commit(ChangeSet { events: vec![event], ..ChangeSet::default() }).await.expect("it is committed");
    let position = store.log_end().await.expect("an end");
    let page = LogRequest { after: 0, of: LogScope::Everything, limit: 1 };
    assert_eq!(store.log(page).await.expect("a page").end, position);
    let own = Mark { position, of: None, at: at.clone() };
    assert_eq!(store.was_committed(Some(&own)).await, Some(true));
    // The transaction of that number was committed, but it is the one of somebody else.
    let other = Mark { at: Stamp { by: "bob".into(), ..at }, ..own.clone() };
    assert_eq!(store.was_committed(Some(&other)).await, Some(false));
    let of_a_row = Mark { of: Some([1, 1, 1]), ..own.clone() };
    assert_eq!(store.was_committed(Some(&of_a_row)).await, Some(false));
    // More than the number of one transaction has room for.
    let event = NewEvent { name: "told".into(), body: b"{}".to_vec(), at: own.at.clone() };
    let events = vec![event; (1 << ENTRY_BITS) + 1];
    let refused = store.commit(ChangeSet { events, ..ChangeSet::default() }).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::TooMany { most: 65_536 }))), "{refused:?}");
    // A number that the server has not given again yet.
    let later = Mark { position: position + (1_000_000 << ENTRY_BITS), ..own };
    assert_eq!(store.was_committed(Some(&later)).await, Some(false));
    let owner = server_name(4_000);
    store.note_uploader("file", &owner).await.expect("a long name is noted");
    assert!(store.is_uploader("file", &owner).await.expect("an answer"));
    assert!(!store.is_uploader("file", &server_name(4_001)).await.expect("an answer"));
    store.close().await.expect("it closes");
}

/// A name that no compression makes short.
fn server_name(length: usize) -> String {
    let hashes = (0_u32..).flat_map(|n| blake3::hash(&n.to_be_bytes()).to_hex().chars().collect::<Vec<_>>());
    hashes.take(length).collect()
}
