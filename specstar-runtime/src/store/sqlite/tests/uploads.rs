//! Upload sessions: what one write changes together.

use super::fixture::Db;
use crate::datetime::Timestamp;
use crate::store::{BlobCounts, BlobIndex, BlobSweep, UploadChanged, UploadIndex, UploadSweep};
use crate::upload::rules::{self, Claim};
use crate::upload::{Checksum, StoredFile, Upload, UploadMethod, UploadPart, UploadState};

const DAY: i64 = 86_400_000_000;

fn session(upload_id: &str, now: i64) -> Upload {
    Upload {
        upload_id: upload_id.into(),
        owner: "ann".into(),
        state: UploadState::Pending,
        method: UploadMethod::Proxy,
        content_type: Some("a/b".into()),
        size: Some(7),
        total_parts: Some(2),
        checksum: Some(Checksum::Sha256([7; 32])),
        key: None,
        parts: Vec::new(),
        file: None,
        idempotency_key: None,
        created_at: Timestamp(now),
        expires_at: Some(Timestamp(now + DAY)),
        lease_until: None,
        version: 1,
    }
}

impl Db {
    async fn begun(&self, upload_id: &str) -> Upload {
        self.store.open_upload(session(upload_id, 0)).await.unwrap();
        self.session(upload_id).await
    }

    async fn session(&self, upload_id: &str) -> Upload {
        self.store.upload(upload_id).await.unwrap().expect("a session")
    }

    async fn put(&self, upload_id: &str, number: u32, key: &str) -> UploadChanged {
        self.store.stage_blob(key.into(), Timestamp(1)).await.unwrap();
        let part = UploadPart { number, key: Some(key.into()), size: 5 };
        let change = rules::record(&self.session(upload_id).await, &part, Timestamp(2)).unwrap().unwrap();
        self.store.change_upload(change).await.unwrap()
    }

    /// How many keys are staged, and how many are doomed.
    async fn keys(&self) -> (u64, u64) {
        let BlobCounts { staged, doomed, .. } = self.store.blob_counts().await.unwrap();
        (staged, doomed)
    }
}

#[tokio::test]
async fn a_session_is_read_as_it_was_written() {
    let db = Db::new().await;
    assert_eq!(db.begun("u").await, session("u", 0));
    assert_eq!(db.store.upload("none").await.unwrap(), None);
    let single =
        Upload { method: UploadMethod::SinglePut, key: Some("k".into()), checksum: None, ..session("s", 5) };
    db.store.open_upload(single.clone()).await.unwrap();
    assert_eq!(db.session("s").await, single);
}

#[tokio::test]
async fn a_part_takes_its_key_out_of_the_staged_ones_and_no_age_gives_it_up() {
    let db = Db::new().await;
    db.begun("u").await;
    assert_eq!(db.put("u", 2, "k2").await, UploadChanged::Applied);
    assert_eq!(db.keys().await, (0, 0));
    let sweep = BlobSweep {
        now: Timestamp(9 * DAY),
        quarantine_before: Timestamp(9 * DAY),
        remove_before: Timestamp(9 * DAY),
        stage_before: Timestamp(9 * DAY),
        limit: 100,
    };
    assert!(db.store.sweep_blobs(sweep).await.unwrap().keys.is_empty());
    let found = db.session("u").await;
    assert_eq!(found.parts, [UploadPart { number: 2, key: Some("k2".into()), size: 5 }]);
    assert_eq!((found.state, found.version), (UploadState::Uploading, 2));
}

#[tokio::test]
async fn what_a_part_replaces_is_doomed_with_it() {
    let db = Db::new().await;
    db.begun("u").await;
    db.put("u", 2, "old").await;
    db.put("u", 2, "new").await;
    assert_eq!(db.keys().await, (0, 1));
    assert_eq!(db.session("u").await.parts[0].key.as_deref(), Some("new"));
}

#[tokio::test]
async fn a_key_that_was_given_up_makes_no_part() {
    let db = Db::new().await;
    db.begun("u").await;
    db.store.stage_blob("k".into(), Timestamp(1)).await.unwrap();
    db.store.doom_keys(vec!["k".into()]).await.unwrap();
    for key in ["k", "never staged"] {
        let part = UploadPart { number: 1, key: Some(key.into()), size: 5 };
        let change = rules::record(&db.session("u").await, &part, Timestamp(2)).unwrap().unwrap();
        assert_eq!(db.store.change_upload(change).await.unwrap(), UploadChanged::Lost);
    }
    assert_eq!(db.session("u").await, session("u", 0), "nothing has changed");
}

#[tokio::test]
async fn of_two_changes_of_one_version_one_is_applied() {
    let db = Db::new().await;
    db.begun("u").await;
    db.put("u", 1, "k1").await;
    db.put("u", 2, "k2").await;
    let found = Upload { size: None, ..db.session("u").await };
    let Claim::Work(claim) = rules::claim(&found, Some("name"), Timestamp(3), Timestamp(9)).unwrap() else {
        panic!("it is open")
    };
    let abort = rules::abort(&found, Timestamp(3)).unwrap().unwrap();
    assert_eq!(db.store.change_upload(claim.clone()).await.unwrap(), UploadChanged::Applied);
    assert_eq!(db.store.change_upload(claim).await.unwrap(), UploadChanged::Stale);
    assert_eq!(db.store.change_upload(abort).await.unwrap(), UploadChanged::Stale);
    assert_eq!(db.keys().await, (0, 0), "what is stale dooms nothing");
    let claimed = db.session("u").await;
    assert_eq!((claimed.lease_until, claimed.idempotency_key.as_deref()), (Some(Timestamp(9)), Some("name")));
    let file = StoredFile { file_id: "f".into(), size: 10 };
    let finish = rules::finish(&claimed, file.clone(), Timestamp(4));
    assert_eq!(db.store.change_upload(finish).await.unwrap(), UploadChanged::Applied);
    assert_eq!(db.keys().await, (0, 2));
    let finished = db.session("u").await;
    assert_eq!((finished.state, finished.file), (UploadState::Finalized, Some(file)));
    assert!(finished.parts.iter().all(|part| part.key.is_none()), "{:?}", finished.parts);
}

#[tokio::test]
async fn a_session_that_is_dropped_dooms_its_parts() {
    let db = Db::new().await;
    db.begun("u").await;
    db.put("u", 1, "k1").await;
    db.put("u", 2, "k2").await;
    assert_eq!(db.store.due_uploads(Timestamp(DAY - 1), 10).await.unwrap(), Vec::<String>::new());
    assert_eq!(db.store.due_uploads(Timestamp(DAY), 10).await.unwrap(), ["u"]);
    let change = rules::expire(&db.session("u").await, Timestamp(DAY)).unwrap();
    assert_eq!(db.store.change_upload(change).await.unwrap(), UploadChanged::Applied);
    assert_eq!(db.keys().await, (0, 2));
    assert!(db.session("u").await.parts.is_empty());
    assert!(db.store.due_uploads(Timestamp(i64::MAX), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_an_address_only_once_it_is_not_valid() {
    let db = Db::new().await;
    let single = Upload { method: UploadMethod::SinglePut, key: Some("k".into()), ..session("s", 0) };
    db.store.open_upload(single).await.unwrap();
    let abort = rules::abort(&db.session("s").await, Timestamp(5)).unwrap().unwrap();
    db.store.change_upload(abort).await.unwrap();
    let sweep = |now, before| UploadSweep {
        now: Timestamp(now),
        keyed_before: Timestamp(now),
        closed_before: Some(Timestamp(before)),
        limit: 9,
    };
    assert_eq!(db.store.sweep_uploads(sweep(DAY - 1, DAY)).await.unwrap(), 0);
    assert_eq!(db.keys().await, (0, 0));
    assert_eq!(db.store.sweep_uploads(sweep(DAY, 4)).await.unwrap(), 1);
    assert_eq!(db.keys().await, (0, 1));
    assert_eq!(db.session("s").await.key, None);
    assert_eq!(db.store.sweep_uploads(sweep(DAY, 5)).await.unwrap(), 1);
    assert_eq!(db.store.upload("s").await.unwrap(), None);
}

#[tokio::test]
async fn sessions_of_many_parts_are_forgotten_in_several_steps() {
    let db = Db::new().await;
    for upload_id in ["u", "v", "w"] {
        let abort = rules::abort(&db.begun(upload_id).await, Timestamp(4)).unwrap().unwrap();
        assert_eq!(db.store.change_upload(abort).await.unwrap(), UploadChanged::Applied);
        // As a session leaves them that was finalized.
        let many = format!(
            "WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM n WHERE x < 5000)
             INSERT INTO ss_upload_part(upload_id, number, size) SELECT '{upload_id}', x, 5 FROM n"
        );
        rusqlite::Connection::open(db.store.path()).unwrap().execute_batch(&many).unwrap();
    }
    let sweep = UploadSweep {
        now: Timestamp(DAY),
        keyed_before: Timestamp(DAY),
        closed_before: Some(Timestamp(DAY)),
        limit: 9,
    };
    for left in [1, 1, 1, 0] {
        assert_eq!(db.store.sweep_uploads(sweep).await.unwrap(), left);
    }
}

#[tokio::test]
async fn uploaders_are_known_as_long_as_the_file_is() {
    let db = Db::new().await;
    db.store.note_uploader("f", "ann").await.unwrap();
    db.store.note_uploader("f", "ann").await.unwrap();
    assert!(db.store.is_uploader("f", "ann").await.unwrap());
    assert!(!db.store.is_uploader("f", "bob").await.unwrap());
    assert!(!db.store.is_uploader("g", "ann").await.unwrap());
}
