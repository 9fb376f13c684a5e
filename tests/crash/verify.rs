//! What has to hold after a crash.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

use crate::common::User;
use crate::load::{Known, Unanswered, Write, Writer};

/// Compares everything that is stored with everything that was answered.
pub(crate) async fn everything(user: &User, writers: &mut [Writer]) {
    for writer in writers.iter_mut() {
        if let Some(unanswered) = writer.unanswered.take()
            && happened(user, writer.known.get(&unanswered.id), &unanswered).await
        {
            writer.remember(&unanswered.id, unanswered.write);
        }
    }
    let known: BTreeMap<&str, &Known> =
        writers.iter().flat_map(|writer| &writer.known).map(|(id, known)| (id.as_str(), known)).collect();
    for (id, known) in &known {
        resource(user, id, known).await;
    }
    for deleted in [false, true] {
        let stored = ids(user, deleted).await;
        let expected: Vec<&str> =
            known.iter().filter(|(_, known)| known.deleted == deleted).map(|(id, _)| *id).collect();
        assert_eq!(stored, expected, "the list has what was answered, deleted: {deleted}");
        let count = user.get(&format!("/parcel/count?is_deleted={deleted}")).await.ok();
        assert_eq!(count, expected.len(), "count and list agree");
    }
    unique_values(user, &known).await;
}

/// Whether a write that nobody answered was done.
async fn happened(user: &User, known: Option<&Known>, unanswered: &Unanswered) -> bool {
    let answer = user.get(&format!("/parcel/{}/meta?include_deleted=true", unanswered.id)).await;
    if answer.status() == 404 {
        assert!(known.is_none() || matches!(unanswered.write, Write::Purge), "lost\n{answer}\n");
        return known.is_some();
    }
    let (meta, known) = (answer.ok(), known.cloned().unwrap_or_default());
    match &unanswered.write {
        Write::Create(_) => true,
        Write::Replace(_) => meta["total_revision_count"] != known.revisions.len(),
        Write::Switch(_) => meta["current_revision_id"] != format!("{}:{}", unanswered.id, known.current),
        Write::Delete => meta["is_deleted"] == true,
        Write::Restore => meta["is_deleted"] == false,
        Write::Purge => false,
    }
}

async fn resource(user: &User, id: &str, known: &Known) {
    let path = format!("/parcel/{id}");
    let read = user.get(&format!("{path}?include_deleted=true")).await.ok();
    assert_eq!(read["data"], known.revisions[&known.current], "the current content of {id}");
    let meta = &read["meta"];
    assert_eq!(meta["current_revision_id"], format!("{id}:{}", known.current), "{meta}");
    assert_eq!(
        (&meta["is_deleted"], &meta["total_revision_count"]),
        (&json!(known.deleted), &json!(known.revisions.len()))
    );
    let indexed = json!({"code": read["data"]["code"], "weight": read["data"]["weight"], "marks": read["data"]["marks"]});
    assert_eq!(meta["indexed_data"], indexed);
    let history = user
        .get(&format!("{path}/revision-list?include_deleted=true&sort=created_time&limit=100000"))
        .await
        .ok();
    let infos = history["revisions"].as_array().expect("a list");
    assert_eq!((infos.len(), &history["total"]), (known.revisions.len(), &json!(known.revisions.len())));
    for info in infos {
        revision(user, &path, info, known).await;
    }
}

/// Its hash is that of its content, and its content is what was written.
async fn revision(user: &User, path: &str, info: &Value, known: &Known) {
    let id = info["revision_id"].as_str().expect("an id");
    let number: u64 = id.rsplit(':').next().and_then(|number| number.parse().ok()).expect("a number");
    let stored =
        user.get(&format!("{path}?returns=only-data&include_deleted=true&revision_id={id}")).await.is(200);
    assert_eq!(stored.json(), known.revisions[&number], "the content of {id}");
    assert_eq!(info["data_hash"], format!("xxh3_128:{:032x}", xxh3_128(stored.bytes())), "the hash of {id}");
}

async fn ids(user: &User, deleted: bool) -> Vec<String> {
    let sorts = json!([{"type": "meta", "key": "resource_id", "direction": "+"}]).to_string();
    let mut ids = Vec::new();
    loop {
        let offset = ids.len().to_string();
        let query = [
            ("is_deleted", if deleted { "true" } else { "false" }),
            ("sorts", &sorts),
            ("limit", "1000"),
            ("offset", &offset),
            ("returns", "only-meta"),
        ];
        let page = user.get("/parcel").query(&query).await.is(200);
        let metas = page.json();
        let metas = metas.as_array().expect("a list").iter();
        ids.extend(metas.map(|meta| meta["resource_id"].as_str().expect("an id").to_owned()));
        if page.header("x-has-more").as_deref() != Some("true") {
            return ids;
        }
    }
}

/// Each code has one live owner, who is found by it, and nobody else can take it.
async fn unique_values(user: &User, known: &BTreeMap<&str, &Known>) {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for (id, known) in known.iter().filter(|(_, known)| !known.deleted) {
        if let Some(code) = known.revisions[&known.current]["code"].as_str() {
            assert_eq!(owners.insert(code.to_owned(), id), None, "{code} has two owners");
        }
    }
    for (code, id) in owners {
        let condition = json!([{"field_path": "code", "operator": "eq", "value": code}]).to_string();
        let found = user.get("/parcel?returns=only-meta").query(&[("conditions", &condition)]).await.ok();
        assert_eq!(
            (found[0]["resource_id"].as_str(), found.as_array().map(Vec::len)),
            (Some(id), Some(1)),
            "{code}"
        );
        let refused = user.post("/parcel", json!({"code": code, "weight": 0})).await.is(409);
        assert_eq!(refused.detail()["conflicting_resource_id"], id);
    }
}
