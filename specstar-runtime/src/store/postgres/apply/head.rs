//! Changes of heads.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Value};

use super::super::db::{row, rows, values};
use super::super::row::Columns;
use super::super::text::Shape;
use super::super::value::{list_json, push_columns, push_revision, push_stamp};
use super::{Applied, Applier, Mark, forgets_original};
use crate::change::{
    Change, ChangeKind, ChangeSet, Existing, HeadUpdate, ModelIndex, NewHead, Previous, Removal,
};
use crate::json::{IndexEntry, IndexRow, IndexValue};
use crate::meta::{Revision, Stamp};
use crate::store::layout::{IndexPlace, ModelLayout, kind_number};
use crate::store::values::{difference, elements, lists};
use crate::store::{CommitError, StoreError};

/// A head to be inserted.
pub(super) struct HeadRow<'a> {
    pub(super) resource_id: &'a str,
    pub(super) rev_count: i64,
    pub(super) version: i64,
    pub(super) created: &'a Stamp,
    pub(super) updated: &'a Stamp,
    pub(super) is_deleted: bool,
    pub(super) revision: &'a Revision,
    pub(super) index: &'a IndexRow,
}

/// How the log has it.
pub(super) enum Noted<'a> {
    /// This is the first entry.
    First(ChangeKind, &'a Stamp),
    /// At this position already.
    At(i64),
}

/// Whether one statement does all that an update asks for.
pub(super) fn is_plain(update: &HeadUpdate) -> bool {
    update.take.is_none()
        && update.previous == Previous::Leave
        && !forgets_original(update)
        && update.cascade.is_empty()
        && update.is_deleted != Some(false)
        && update.blobs.as_ref().is_none_or(|blobs| blobs.is_empty() && update.archive)
}

impl<C: ConnectionTrait> Applier<'_, C> {
    /// Takes hold of the heads that are there, in the order of their types and rows, so that two sets never wait for
    /// each other.
    pub(super) async fn hold_heads(&self, set: &ChangeSet) -> Applied<()> {
        let mut held: BTreeMap<ModelIndex, (Vec<i64>, bool)> = BTreeMap::new();
        let mut plain = true;
        for change in &set.changes {
            let (of, alone) = match change {
                Change::Create(_) => continue,
                Change::Update(update) => {
                    plain &= is_plain(update);
                    (&update.of, update.is_deleted == Some(true))
                }
                Change::Prune { of, .. } => (&of.of, false),
                Change::Rewrite(update) => (&update.of, false),
                Change::Purge(removal) => (&removal.of, true),
                Change::Import(import) => match &import.replaces {
                    Some(of) => (of, true),
                    None => continue,
                },
            };
            plain &= matches!(change, Change::Update(_));
            let entry = held.entry(of.model).or_default();
            entry.0.push(of.pk);
            entry.1 |= alone;
        }
        let one = held.values().map(|(rows, _)| rows.len()).sum::<usize>() <= 1;
        if one && plain {
            return Ok(());
        }
        for (model, (pks, alone)) in held {
            let texts = &self.models.get(model)?.texts;
            let sql = if alone { &texts.hold_alone } else { &texts.hold };
            rows(self.on, sql.as_str(), values![pks]).await?;
        }
        Ok(())
    }

    pub(super) async fn create(&mut self, new: &NewHead) -> Applied<i64> {
        let revision = &new.revision;
        let row = HeadRow {
            resource_id: &new.resource_id,
            rev_count: 1,
            version: 1,
            created: &revision.created,
            updated: &revision.updated,
            is_deleted: false,
            revision,
            index: &new.index,
        };
        let noted = Noted::First(ChangeKind::Created, &revision.created);
        let pk = self.insert_head(new.model, None, &row, &noted).await?;
        self.name_files(new.model, pk, revision.seq, &new.blobs).await?;
        Ok(pk)
    }

    /// Inserts a row with its list values, and tells its number.
    pub(super) async fn insert_head(
        &mut self,
        model: ModelIndex,
        pk: Option<i64>,
        head: &HeadRow<'_>,
        noted: &Noted<'_>,
    ) -> Applied<i64> {
        let model = self.models.get(model)?;
        let mut values = match noted {
            Noted::First(..) => values![self.next_entry()?, Value::BigInt(None)],
            Noted::At(position) => values![Value::BigInt(None), *position],
        };
        values.push(pk.into());
        values.extend(values![head.resource_id, head.rev_count, head.version]);
        push_stamp(&mut values, head.created);
        push_stamp(&mut values, head.updated);
        values.push(i64::from(head.is_deleted).into());
        push_revision(&mut values, head.revision);
        push_columns(&mut values, &model.layout, head.index, |_| true);
        if let Noted::First(kind, at) = noted {
            values.push(kind_number(*kind).into());
            push_stamp(&mut values, at);
        }
        let items = lists(&model.layout, head.index)
            .flat_map(|(items, field)| items.iter().map(move |item| (field, item)));
        let items: Vec<_> = items.filter(|(_, item)| **item != IndexValue::Null).collect();
        let has_items = !items.is_empty();
        if has_items {
            values.push(list_json(items.into_iter()).into());
        }
        let sql = model.texts.create(has_items, matches!(noted, Noted::First(..)));
        let found = row(self.on, sql, values).await?;
        let found = found.ok_or_else(|| StoreError::Internal("an insert gave no row".into()))?;
        let columns = Columns::of(&found)?;
        let (pk, position) = (columns.integer(0)?, columns.integer(1)?);
        if let Noted::First(_, at) = noted {
            let of = Some([model.layout.model_id, pk, head.version]);
            self.stands(Mark { position, of, at: (*at).clone() });
        }
        Ok(pk)
    }

    pub(super) async fn update(&mut self, at: usize, change: &HeadUpdate) -> Applied<()> {
        let model = self.models.get(change.of.model)?;
        let texts = &model.texts;
        if let Some(seq) = change.take {
            self.expect_row(at, &texts.delete_revision, values![change.of.pk, seq]).await?;
        }
        self.current_original(at, change).await?;
        let (gone, new) = list_changes(&model.layout, change);
        let shape = shape(change, !gone.is_empty(), !new.is_empty());
        let (sql, shape) = texts.update(&model.layout, shape);
        let mut values = values![self.next_entry()?, change.of.pk, change.of.version];
        values.extend(values![kind_number(change.kind), change.seq]);
        push_stamp(&mut values, change.at.as_ref().unwrap_or(&change.updated));
        push_stamp(&mut values, &change.updated);
        if let Some(is_deleted) = change.is_deleted {
            values.push(i64::from(is_deleted).into());
        }
        if let Some(revision) = &change.revision {
            push_revision(&mut values, revision);
        }
        if let Some(rev_count) = change.rev_count {
            values.push(rev_count.into());
        }
        push_columns(&mut values, &model.layout, &change.index_after, |index| shape.writes(index));
        for items in [gone, new] {
            if !items.is_empty() {
                values.push(list_json(items.into_iter()).into());
            }
        }
        let mark = Mark {
            position: 0,
            of: Some([model.layout.model_id, change.of.pk, change.of.version + 1]),
            at: change.at.as_ref().unwrap_or(&change.updated).clone(),
        };
        self.positioned(at, &*sql, values, mark).await?;
        self.update_blobs(change).await?;
        self.move_job(at, change).await?;
        self.update_members(change).await
    }

    /// A delete that takes others along remembers them, and a restore forgets them.
    async fn update_members(&self, change: &HeadUpdate) -> Applied<()> {
        let texts = &self.models.get(change.of.model)?.texts;
        match change.is_deleted {
            Some(true) if !change.cascade.is_empty() => {}
            Some(false) => {
                self.execute(&texts.delete_members, values![change.of.pk]).await?;
                return Ok(());
            }
            Some(true) | None => return Ok(()),
        }
        self.execute(&texts.delete_members, values![change.of.pk]).await?;
        for member in &change.cascade {
            let number = self.models.get(member.model)?.layout.model_id;
            let id = member.resource_id.as_str();
            let values = values![change.of.pk, number, member.pk, id, member.version];
            self.execute(&texts.insert_member, values).await?;
        }
        Ok(())
    }

    pub(super) async fn purge(&mut self, at: usize, removal: &Removal) -> Applied<()> {
        let version = removal.of.version + 1;
        self.log_next(at, &removal.of, ChangeKind::Purged, removal.seq, version, &removal.at).await?;
        self.remove(at, &removal.of, removal.at.time).await
    }

    pub(super) async fn prune(&mut self, at: usize, removal: &Removal, seqs: &[i64]) -> Applied<()> {
        let Existing { model, pk, version, .. } = removal.of;
        let texts = &self.models.get(model)?.texts;
        let position =
            self.log_next(at, &removal.of, ChangeKind::Pruned, removal.seq, version, &removal.at).await?;
        self.expect_row(at, &texts.set_last, values![position, pk, version]).await?;
        for seq in seqs {
            self.execute(&texts.delete_revision, values![pk, *seq]).await?;
            self.forget_originals(model, pk, *seq).await?;
            self.release(model, pk, *seq, &[], removal.at.time).await?;
        }
        Ok(())
    }

    /// The next entry of a resource that is there, before it is changed, and where it stands.
    pub(super) async fn log_next(
        &mut self,
        at: usize,
        of: &Existing,
        kind: ChangeKind,
        seq: i64,
        version: i64,
        stamp: &Stamp,
    ) -> Applied<i64> {
        let sql = self.models.get(of.model)?.texts.log_next.as_str();
        let mut values = values![self.next_entry()?, of.pk, of.version, kind_number(kind), seq, version];
        push_stamp(&mut values, stamp);
        let of = Some([self.models.get(of.model)?.layout.model_id, of.pk, version]);
        self.positioned(at, sql, values, Mark { position: 0, of, at: stamp.clone() }).await
    }

    /// The row with everything that belongs to it.
    pub(super) async fn remove(
        &self,
        at: usize,
        of: &Existing,
        now: crate::datetime::Timestamp,
    ) -> Applied<()> {
        let model = self.models.get(of.model)?;
        if self.execute(&model.texts.delete_head, values![of.pk, of.version]).await? == 0 {
            return Err(CommitError::Stale { change: at }.into());
        }
        self.execute(&model.texts.delete_revisions, values![of.pk]).await?;
        self.release_all(of.model, of.pk, now).await?;
        self.execute(&model.originals.forget_all, values![of.pk]).await?;
        self.execute(&model.texts.delete_members, values![of.pk]).await?;
        self.forget_job(of.model, of.pk).await?;
        if model.layout.has_lists() {
            self.execute(&model.texts.delete_values, values![of.pk]).await?;
        }
        Ok(())
    }
}

fn shape(change: &HeadUpdate, gone_values: bool, new_values: bool) -> Shape {
    let mut shape = Shape {
        archive: change.archive,
        is_deleted: change.is_deleted.is_some(),
        deletes: change.is_deleted == Some(true),
        revision: change.revision.is_some(),
        rev_count: change.rev_count.is_some(),
        gone_values,
        new_values,
        indexes: 0,
    };
    let (before, after) = (&change.index_before.entries, &change.index_after.entries);
    for (at, entry) in after.iter().enumerate() {
        if matches!(entry, IndexEntry::Scalar(_)) && before.get(at) != Some(entry) {
            shape.mark(at);
        }
    }
    shape
}

type Items<'a> = Vec<(i64, &'a IndexValue)>;

/// The list values that go, and those that come. A null element is not in the table.
fn list_changes<'a>(layout: &ModelLayout, change: &'a HeadUpdate) -> (Items<'a>, Items<'a>) {
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for (at, place) in layout.indexes.iter().enumerate() {
        let IndexPlace::List { field } = place else { continue };
        let (before, after) = (change.index_before.entries.get(at), change.index_after.entries.get(at));
        if before == after {
            continue;
        }
        let difference = difference(elements(before), elements(after));
        let real = |value: &&IndexValue| **value != IndexValue::Null;
        gone.extend(difference.gone.into_iter().filter(real).map(|value| (*field, value)));
        new.extend(difference.new.into_iter().filter(real).map(|value| (*field, value)));
    }
    (gone, new)
}
