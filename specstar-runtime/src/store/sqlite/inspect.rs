//! Comparing index values with documents. It reads one consistent state, on a connection and a thread of its own,
//! and may take as long as it needs.

mod mend;
#[cfg(test)]
mod tests;

use futures_util::future::BoxFuture;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, params};

pub(super) use mend::{mend, rebuild};

use super::SqliteStore;
use super::apply::Bound;
use super::connection::{Reader, store_error};
use super::model::Model;
use super::pool::Lease;
use super::writer::Message;
use crate::change::ModelIndex;
use crate::descriptor::ResourceDescriptor;
use crate::json::{IndexEntry, IndexRow, IndexValue, fitting_index_row};
use crate::store::inspect::{IndexReport, Inspect, LayoutPlan, Told, Unmended, WrongRow};
use crate::store::layout::IndexPlace;
use crate::store::values::{folded, scalar};
use crate::store::{StoreError, layout::ModelLayout};

/// Rows between two words to whoever waits.
const TELL_EVERY: u64 = 1000;

impl Inspect for SqliteStore {
    fn plan_layout<'a>(
        &'a self,
        models: &'a [&'static ResourceDescriptor],
    ) -> BoxFuture<'a, Result<LayoutPlan, StoreError>> {
        let models = models.to_vec();
        Box::pin(async move { self.ask(|reply| Message::Plan { models, reply }).await? })
    }

    fn check_file(&self) -> BoxFuture<'_, Result<Vec<String>, StoreError>> {
        Box::pin(async move { self.apart(|_, reader| check_file(&reader.connection)).await })
    }

    fn check_indexes(
        &self,
        model: ModelIndex,
        at_most: usize,
        mut progress: Told,
    ) -> BoxFuture<'_, Result<IndexReport, StoreError>> {
        Box::pin(async move {
            self.apart(move |lease, reader| {
                let model = lease.models().get(model)?;
                in_one_state(&reader.connection, |connection| {
                    Comparison::new(connection, model, at_most)?.run(&mut progress)
                })
            })
            .await
        })
    }

    fn mend_indexes(
        &self,
        model: ModelIndex,
        rows: Vec<WrongRow>,
    ) -> BoxFuture<'_, Result<Vec<Unmended>, StoreError>> {
        Box::pin(async move { self.ask(|reply| Message::Mend { model, rows, reply }).await? })
    }

    fn rebuild_indexes(&self, model: ModelIndex) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.ask(|reply| Message::Rebuild { model, reply }).await? })
    }
}

impl SqliteStore {
    /// Runs a long read on a thread and a connection of its own, without a time limit.
    pub(super) async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce(Lease, Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // The lease says which types the file has; its connection goes on serving others meanwhile.
        let lease = self.lease().await?;
        let options = self.shared.options.clone();
        let run = move || work(lease, Reader::open(&options)?);
        tokio::task::spawn_blocking(run)
            .await
            .map_err(|error| StoreError::Internal(format!("a check ended badly: {error}")))?
    }
}

fn check_file(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare("PRAGMA integrity_check(100)").map_err(store_error)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(store_error)?;
    let mut faults = rows.collect::<Result<Vec<_>, _>>().map_err(store_error)?;
    faults.retain(|fault| fault != "ok");
    Ok(faults)
}

fn in_one_state<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute_batch("BEGIN").map_err(store_error)?;
    let result = work(connection);
    // It only read: there is nothing that the end could lose.
    let _ = connection.execute_batch("ROLLBACK");
    result
}

/// One look at every row of a type.
struct Comparison<'c> {
    connection: &'c Connection,
    model: &'c Model,
    probe: Option<CachedStatement<'c>>,
    at_most: usize,
    report: IndexReport,
    /// List values that the documents have.
    found: u64,
}

impl<'c> Comparison<'c> {
    fn new(connection: &'c Connection, model: &'c Model, at_most: usize) -> Result<Self, StoreError> {
        let probe = model.layout.has_lists().then(|| probe_text(&model.layout));
        let probe = probe.map(|sql| connection.prepare_cached(&sql).map_err(store_error)).transpose()?;
        Ok(Self { connection, model, probe, at_most, report: IndexReport::default(), found: 0 })
    }

    fn run(mut self, progress: &mut Told) -> Result<IndexReport, StoreError> {
        let mut statement = self.connection.prepare(&heads_text(&self.model.layout)).map_err(store_error)?;
        let mut rows = statement.query([]).map_err(store_error)?;
        while let Some(row) = rows.next().map_err(store_error)? {
            self.row(row)?;
            self.report.rows += 1;
            if self.report.rows.is_multiple_of(TELL_EVERY) {
                progress(self.report.rows);
            }
        }
        if self.probe.is_some() && self.values()? != self.found {
            self.find_extra()?;
        }
        progress(self.report.rows);
        Ok(self.report)
    }

    fn row(&mut self, row: &rusqlite::Row<'_>) -> Result<(), StoreError> {
        let pk: i64 = row.get(0).map_err(store_error)?;
        let data = row.get_ref(2).and_then(|value| Ok(value.as_bytes()?)).map_err(store_error)?;
        // A value that does not fit its index is not in it.
        let index = fitting_index_row(self.model.layout.descriptor, data);
        let mut keys = Vec::new();
        let mut at_column = 3;
        let model = self.model;
        for (at, place) in model.layout.indexes.iter().enumerate() {
            let key = model.layout.descriptor.indexes[at].key;
            match place {
                IndexPlace::Column { folded: copy, .. } => {
                    let value = scalar(&index, at);
                    let mut same = equal(row.get_ref(at_column).map_err(store_error)?, value);
                    at_column += 1;
                    if copy.is_some() {
                        let wanted = folded(value).map_or(IndexValue::Null, IndexValue::Text);
                        same &= equal(row.get_ref(at_column).map_err(store_error)?, &wanted);
                        at_column += 1;
                    }
                    if !same {
                        keys.push(key.to_owned());
                    }
                }
                IndexPlace::List { field } => {
                    if !self.has_values(*field, &index, at, pk)? {
                        keys.push(key.to_owned());
                    }
                }
                IndexPlace::Document => {}
            }
        }
        if !keys.is_empty() {
            let resource_id = Some(row.get(1).map_err(store_error)?);
            self.note(WrongRow { pk, resource_id, keys, extra: Vec::new() });
        }
        Ok(())
    }

    /// Whether the list table has every value of the document.
    fn has_values(&mut self, field: i64, index: &IndexRow, at: usize, pk: i64) -> Result<bool, StoreError> {
        let (Some(probe), Some(IndexEntry::List(Some(values)))) = (&mut self.probe, index.entries.get(at))
        else {
            return Ok(true);
        };
        let mut whole = true;
        for value in values.iter().filter(|value| **value != IndexValue::Null) {
            if probe.exists(params![field, Bound(value), pk]).map_err(store_error)? {
                self.found += 1;
            } else {
                whole = false;
            }
        }
        Ok(whole)
    }

    /// How many values the list table has.
    fn values(&self) -> Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}", quoted(&self.model.layout.list_table));
        self.connection.query_row(&sql, [], |row| row.get(0)).map(i64::unsigned_abs).map_err(store_error)
    }

    /// Only when there are more values than documents have: each is looked up in its document.
    fn find_extra(&mut self) -> Result<(), StoreError> {
        let layout = &self.model.layout;
        let sql = format!("SELECT field, value, pk FROM {} ORDER BY pk", quoted(&layout.list_table));
        let mut statement = self.connection.prepare(&sql).map_err(store_error)?;
        let mut rows = statement.query([]).map_err(store_error)?;
        let mut current: Option<(i64, Option<String>, IndexRow)> = None;
        while let Some(row) = rows.next().map_err(store_error)? {
            let (field, pk) = (row.get(0).map_err(store_error)?, row.get(2).map_err(store_error)?);
            let value = value_of(row.get_ref(1).map_err(store_error)?);
            if current.as_ref().is_none_or(|(of, ..)| *of != pk) {
                let (resource_id, index) = self.document(pk)?;
                current = Some((pk, resource_id, index));
            }
            let Some((_, resource_id, index)) = &current else { continue };
            if !has_value(layout, index, field, &value) {
                let (resource_id, key) = (resource_id.clone(), key_of(layout, field));
                self.note(WrongRow { pk, resource_id, keys: vec![key], extra: vec![(field, value)] });
            }
        }
        Ok(())
    }

    fn document(&self, pk: i64) -> Result<(Option<String>, IndexRow), StoreError> {
        let layout = &self.model.layout;
        let sql = format!("SELECT resource_id, data FROM {} WHERE pk = ?", quoted(&layout.head_table));
        let mut statement = self.connection.prepare_cached(&sql).map_err(store_error)?;
        let mut rows = statement.query([pk]).map_err(store_error)?;
        let Some(row) = rows.next().map_err(store_error)? else { return Ok((None, IndexRow::default())) };
        let data = row.get_ref(1).and_then(|value| Ok(value.as_bytes()?)).map_err(store_error)?;
        let index = fitting_index_row(layout.descriptor, data);
        Ok((row.get(0).map_err(store_error)?, index))
    }

    /// What is found of one row in two steps is one entry.
    fn note(&mut self, wrong: WrongRow) {
        if let Some(known) = self.report.wrong.iter_mut().rev().find(|known| known.pk == wrong.pk) {
            known
                .keys
                .extend(wrong.keys.into_iter().filter(|key| !known.keys.contains(key)).collect::<Vec<_>>());
            known.extra.extend(wrong.extra);
            return;
        }
        self.report.differing += 1;
        if self.report.wrong.len() < self.at_most {
            self.report.wrong.push(wrong);
        }
    }
}

/// `pk`, `resource_id`, `data`, then the index columns, of every row.
fn heads_text(layout: &ModelLayout) -> String {
    let mut columns = vec!["\"pk\"".to_owned(), "\"resource_id\"".to_owned(), "\"data\"".to_owned()];
    for place in &layout.indexes {
        if let IndexPlace::Column { name, folded } = place {
            columns.push(quoted(name));
            columns.extend(folded.iter().map(|name| quoted(name)));
        }
    }
    format!("SELECT {} FROM {} ORDER BY \"pk\"", columns.join(", "), quoted(&layout.head_table))
}

fn probe_text(layout: &ModelLayout) -> String {
    format!("SELECT 1 FROM {} WHERE field = ? AND value = ? AND pk = ?", quoted(&layout.list_table))
}

/// A name as it stands in a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn key_of(layout: &ModelLayout, field: i64) -> String {
    let at = layout
        .indexes
        .iter()
        .position(|place| matches!(place, IndexPlace::List { field: of } if *of == field));
    at.map_or_else(
        || format!("index {field} of an older layout"),
        |at| layout.descriptor.indexes[at].key.to_owned(),
    )
}

fn has_value(layout: &ModelLayout, index: &IndexRow, field: i64, value: &IndexValue) -> bool {
    layout.indexes.iter().zip(&index.entries).any(|(place, entry)| match (place, entry) {
        (IndexPlace::List { field: of }, IndexEntry::List(Some(values))) if *of == field => {
            values.contains(value)
        }
        _ => false,
    })
}

fn value_of(value: ValueRef<'_>) -> IndexValue {
    match value {
        ValueRef::Null => IndexValue::Null,
        ValueRef::Integer(number) => IndexValue::Integer(number),
        ValueRef::Real(number) => IndexValue::Float(number),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            IndexValue::Text(String::from_utf8_lossy(text).into_owned())
        }
    }
}

/// Whether a column holds this value. The engine stores a whole float as an integer where that is shorter, and
/// gives it back as a float.
fn equal(stored: ValueRef<'_>, wanted: &IndexValue) -> bool {
    match (stored, wanted) {
        (ValueRef::Null, IndexValue::Null) => true,
        (ValueRef::Integer(a), IndexValue::Integer(b)) => a == *b,
        (ValueRef::Real(a), IndexValue::Float(b)) => (a + 0.0).to_bits() == (b + 0.0).to_bits(),
        (ValueRef::Text(a), IndexValue::Text(b)) => a == b.as_bytes(),
        _ => false,
    }
}
