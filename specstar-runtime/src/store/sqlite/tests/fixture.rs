//! A resource type in several versions of its declaration, and short ways to write changes.

use std::sync::{Arc, Mutex};

use uuid::Uuid;

use crate::change::{
    Change, ChangeKind, ChangeSet, Existing, HeadUpdate, ModelIndex, NewHead, Removal, Requirement,
};
use crate::datetime::Timestamp;
use crate::descriptor::{
    Identity, IndexDescriptor, IndexKind, ResourceDescriptor, UniqueDescriptor, hash_name,
};
use crate::json::{IndexRow, index_row};
use crate::meta::{DataHash, Head, Revision, RevisionStatus, Stamp};
use crate::query::Predicate;
use crate::store::{CommitError, Freshness, PageEnd, Search, SqliteStore, Store, StoreError};

pub(in crate::store::sqlite) const USER: ModelIndex = ModelIndex(0);

const fn scalar(key: &'static str, path: &'static [&'static str], kind: IndexKind) -> IndexDescriptor {
    IndexDescriptor { nullable: true, ..IndexDescriptor::new(key, path, kind) }
}

pub(in crate::store::sqlite) const NAME: IndexDescriptor = scalar("name", &["name"], IndexKind::Text);
pub(in crate::store::sqlite) const EMAIL: IndexDescriptor = scalar("email", &["email"], IndexKind::Text);
pub(in crate::store::sqlite) const AGE: IndexDescriptor = scalar("age", &["age"], IndexKind::Integer);
pub(in crate::store::sqlite) const AGE_AS_FLOAT: IndexDescriptor = scalar("age", &["age"], IndexKind::Float);
pub(in crate::store::sqlite) const TAGS: IndexDescriptor =
    IndexDescriptor { list: true, ..scalar("tags", &["tags"], IndexKind::Text) };

const AUTHOR: IndexDescriptor = scalar("author", &["author"], IndexKind::Text);
const READERS: IndexDescriptor =
    IndexDescriptor { list: true, ..scalar("readers", &["readers"], IndexKind::Text) };

/// A type that refers to users: one author, many readers.
pub(in crate::store::sqlite) static POSTS: ResourceDescriptor = named("post", &[AUTHOR, READERS], &[]);
pub(in crate::store::sqlite) const POST: ModelIndex = ModelIndex(1);

/// A constraint on one index.
pub(in crate::store::sqlite) const fn unique(indexes: &'static [usize]) -> UniqueDescriptor {
    UniqueDescriptor { indexes, case_insensitive: false, nulls_equal: false }
}

/// `user` with these indexes and constraints.
pub(in crate::store::sqlite) const fn user(
    indexes: &'static [IndexDescriptor],
    uniques: &'static [UniqueDescriptor],
) -> ResourceDescriptor {
    named("user", indexes, uniques)
}

/// A type of that name with these indexes and constraints.
pub(in crate::store::sqlite) const fn named(
    name: &'static str,
    indexes: &'static [IndexDescriptor],
    uniques: &'static [UniqueDescriptor],
) -> ResourceDescriptor {
    ResourceDescriptor {
        id: Identity {
            name,
            path: name,
            type_name: name,
            name_hash: hash_name(name),
            path_hash: hash_name(name),
        },
        docs: "",
        schema_version: Some("v1"),
        older_versions: &[],
        default_status: None,
        id_generator: None,
        unknown_fields: None,
        on_decode_error: None,
        openapi: true,
        fields: &[],
        indexes,
        uniques,
        references: &[],
        display_name: None,
        job: None,
    }
}

/// The usual declaration: name and e-mail unique in this order, e-mail in any case.
pub(in crate::store::sqlite) static USUAL: ResourceDescriptor = user(
    &[NAME, EMAIL, AGE, TAGS],
    &[unique(&[0]), UniqueDescriptor { indexes: &[1], case_insensitive: true, nulls_equal: false }],
);

/// A store on a file of its own with one resource type, and what is done to it.
pub(in crate::store::sqlite) struct Db {
    pub(in crate::store::sqlite) store: SqliteStore,
    pub(in crate::store::sqlite) descriptor: &'static ResourceDescriptor,
}

impl Db {
    /// With the usual declaration.
    pub(in crate::store::sqlite) async fn new() -> Self {
        Self::with(SqliteStore::temporary().unwrap(), &USUAL).await
    }

    pub(in crate::store::sqlite) async fn with(
        store: SqliteStore,
        descriptor: &'static ResourceDescriptor,
    ) -> Self {
        store.ensure_layout(&[descriptor]).await.unwrap();
        Self { store, descriptor }
    }

    /// With the usual declaration, and posts.
    pub(in crate::store::sqlite) async fn with_posts(store: SqliteStore) -> Self {
        store.ensure_layout(&[&USUAL, &POSTS]).await.unwrap();
        Self { store, descriptor: &USUAL }
    }

    pub(in crate::store::sqlite) async fn create_post(&self, id: &str, json: &str) {
        let created = set([Change::Create(Box::new(new_post(id, json)))]);
        self.store.commit(created).await.unwrap();
    }

    pub(in crate::store::sqlite) async fn post(&self, id: &str) -> Head {
        self.store.head(POST, id).await.unwrap().unwrap()
    }

    pub(in crate::store::sqlite) fn new_head(&self, id: &str, json: &str) -> NewHead {
        NewHead {
            job: None,
            model: USER,
            resource_id: id.to_owned(),
            revision: revision(1, None, json),
            index: self.index(json.as_bytes()),
            blobs: Vec::new(),
        }
    }

    pub(in crate::store::sqlite) fn creation(&self, id: &str, json: &str) -> ChangeSet {
        set([Change::Create(Box::new(self.new_head(id, json)))])
    }

    pub(in crate::store::sqlite) async fn create(&self, id: &str, json: &str) -> Result<(), CommitError> {
        self.store.commit(self.creation(id, json)).await
    }

    pub(in crate::store::sqlite) fn index(&self, json: &[u8]) -> IndexRow {
        index_row(self.descriptor, json).unwrap()
    }

    /// The head of a resource that is there.
    pub(in crate::store::sqlite) async fn head(&self, id: &str) -> Head {
        self.store.head(USER, id).await.unwrap().unwrap()
    }

    /// The superseded revisions of a resource that is there.
    pub(in crate::store::sqlite) async fn history(&self, id: &str) -> Vec<Revision> {
        self.store.timeline(USER, id).await.unwrap().unwrap().1
    }

    /// Nothing but a new `updated` stamp.
    pub(in crate::store::sqlite) fn touch(&self, head: &Head) -> HeadUpdate {
        let index = self.index(&head.revision.data);
        HeadUpdate {
            job: None,
            of: existing(head),
            kind: ChangeKind::Modified,
            seq: head.revision.seq,
            updated: stamp(99),
            at: None,
            previous: crate::change::Previous::Leave,
            is_deleted: None,
            cascade: Vec::new(),
            archive: false,
            take: None,
            revision: None,
            rev_count: None,
            blobs: None,
            index_before: index.clone(),
            index_after: index,
        }
    }

    /// A new revision on top of the current one.
    pub(in crate::store::sqlite) fn replacement(&self, head: &Head, json: &str) -> HeadUpdate {
        HeadUpdate {
            kind: ChangeKind::Updated,
            seq: head.rev_count + 1,
            archive: true,
            revision: Some(revision(head.rev_count + 1, Some(head.revision.seq), json)),
            rev_count: Some(head.rev_count + 1),
            index_after: self.index(json.as_bytes()),
            ..self.touch(head)
        }
    }

    pub(in crate::store::sqlite) async fn replace(&self, id: &str, json: &str) -> Result<(), CommitError> {
        let update = self.replacement(&self.head(id).await, json);
        self.store.commit(set([update.into()])).await
    }

    /// Deletes or restores.
    pub(in crate::store::sqlite) async fn set_deleted(
        &self,
        id: &str,
        is_deleted: bool,
    ) -> Result<(), CommitError> {
        let head = self.head(id).await;
        let kind = if is_deleted { ChangeKind::Deleted } else { ChangeKind::Restored };
        let update = HeadUpdate { kind, is_deleted: Some(is_deleted), ..self.touch(&head) };
        self.store.commit(set([update.into()])).await
    }

    /// The ids of one page, and how it ended.
    pub(in crate::store::sqlite) async fn page(
        &self,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<String>, PageEnd), StoreError> {
        self.search(Search { limit, offset, ..everything() }).await
    }

    /// The ids a search visits, and how it ended.
    pub(in crate::store::sqlite) async fn search(
        &self,
        search: Search,
    ) -> Result<(Vec<String>, PageEnd), StoreError> {
        let ids = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&ids);
        let visit =
            move |head: crate::meta::HeadRef<'_>| seen.lock().unwrap().push(head.resource_id.to_owned());
        let end = self.store.search(search, Box::new(visit)).await?;
        let ids = ids.lock().unwrap().clone();
        Ok((ids, end))
    }

    /// Reads the file directly.
    pub(in crate::store::sqlite) fn query<T: rusqlite::types::FromSql>(&self, sql: &str) -> Vec<T> {
        let connection = rusqlite::Connection::open(self.store.path()).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

/// A search for one page of everything.
pub(in crate::store::sqlite) fn everything() -> Search {
    let predicate = Arc::new(Predicate::everything());
    Search {
        model: USER,
        predicate,
        sorts: vec![],
        after: None,
        limit: 20,
        offset: 0,
        freshness: Freshness::Current,
    }
}

impl From<HeadUpdate> for Change {
    fn from(update: HeadUpdate) -> Self {
        Self::Update(Box::new(update))
    }
}

pub(in crate::store::sqlite) fn set(changes: impl IntoIterator<Item = Change>) -> ChangeSet {
    ChangeSet::from(changes.into_iter().collect::<Vec<_>>())
}

pub(in crate::store::sqlite) fn new_post(id: &str, json: &str) -> NewHead {
    NewHead {
        job: None,
        model: POST,
        resource_id: id.to_owned(),
        revision: revision(1, None, json),
        index: index_row(&POSTS, json.as_bytes()).unwrap(),
        blobs: Vec::new(),
    }
}

/// A post is deleted or restored.
pub(in crate::store::sqlite) fn mark_post(head: &Head, is_deleted: bool) -> HeadUpdate {
    let index = index_row(&POSTS, &head.revision.data).unwrap();
    HeadUpdate {
        job: None,
        of: Existing { model: POST, ..existing(head) },
        kind: if is_deleted { ChangeKind::Deleted } else { ChangeKind::Restored },
        seq: head.revision.seq,
        updated: stamp(98),
        at: None,
        previous: crate::change::Previous::Leave,
        is_deleted: Some(is_deleted),
        cascade: Vec::new(),
        archive: false,
        take: None,
        revision: None,
        rev_count: None,
        blobs: None,
        index_before: index.clone(),
        index_after: index,
    }
}

pub(in crate::store::sqlite) fn live(model: ModelIndex, id: &str) -> Requirement {
    Requirement::Live { model, resource_id: id.to_owned() }
}

/// Of posts, by the position of the reference.
pub(in crate::store::sqlite) fn unreferenced(index: usize, id: &str) -> Requirement {
    Requirement::Unreferenced { model: POST, index, resource_id: id.to_owned(), except: Vec::new() }
}

pub(in crate::store::sqlite) fn existing(head: &Head) -> Existing {
    Existing { model: USER, pk: head.pk, resource_id: head.resource_id.clone(), version: head.version }
}

/// A purge or a prune of it.
pub(in crate::store::sqlite) fn removal(head: &Head) -> Removal {
    Removal { of: existing(head), seq: head.revision.seq, at: stamp(77) }
}

pub(in crate::store::sqlite) fn stamp(time: i64) -> Stamp {
    Stamp { time: Timestamp(time), by: "ann".into() }
}

pub(in crate::store::sqlite) fn revision(seq: i64, parent_seq: Option<i64>, json: &str) -> Revision {
    Revision {
        seq,
        uid: Uuid::from_u128(u128::from(seq.unsigned_abs()) << 64 | 7),
        parent_seq,
        schema_version: Some("v1".into()),
        parent_schema_version: None,
        status: RevisionStatus::Stable,
        data_hash: DataHash::of(json.as_bytes()),
        created: stamp(seq * 10),
        updated: stamp(seq * 10 + 1),
        data: json.as_bytes().to_vec(),
        outdated: None,
    }
}
