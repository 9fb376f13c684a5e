//! One look at every row of a type.

use std::collections::HashMap;

use sea_orm::{DatabaseTransaction, QueryResult};

use super::super::db::{quoted, rows, store_error, values};
use super::super::model::Model;
use super::super::row::Columns;
use super::super::search::Cursor;
use super::super::value::{Kind, column_text};
use crate::descriptor::IndexKind;
use crate::json::{IndexEntry, IndexRow, IndexValue, fitting_index_row};
use crate::store::StoreError;
use crate::store::inspect::{IndexReport, Told, WrongRow};
use crate::store::layout::{IndexPlace, ModelLayout};
use crate::store::values::{folded, scalar};

/// List values of one row: the number of the index, and the value as it stands in its column.
type Items = Vec<(i64, IndexValue)>;

pub(super) struct Comparison<'a> {
    on: &'a DatabaseTransaction,
    model: &'a Model,
    at_most: usize,
    report: IndexReport,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(on: &'a DatabaseTransaction, model: &'a Model, at_most: usize) -> Self {
        Self { on, model, at_most, report: IndexReport::default() }
    }

    pub(super) async fn run(mut self, progress: &mut Told) -> Result<IndexReport, StoreError> {
        let mut cursor = Cursor::open(
            self.on,
            &self.model.layout.head_table,
            &heads_text(&self.model.layout),
            Vec::new(),
            None,
        )
        .await?;
        cursor.most = 1024;
        while let Some(batch) = cursor.next().await? {
            let mut items = self.items(&batch).await?;
            for found in &batch {
                self.row(Columns::of(found)?, &mut items)?;
            }
            self.report.rows += batch.len() as u64;
            progress(self.report.rows);
        }
        cursor.close().await?;
        self.orphans().await?;
        progress(self.report.rows);
        Ok(self.report)
    }

    /// The list values of these rows, by row.
    async fn items(&self, batch: &[QueryResult]) -> Result<HashMap<i64, Items>, StoreError> {
        let mut items: HashMap<i64, Items> = HashMap::new();
        if !self.model.layout.has_lists() {
            return Ok(items);
        }
        let pks = batch.iter().map(|row| Columns::of(row)?.integer(0)).collect::<Result<Vec<_>, _>>()?;
        let table = quoted(&self.model.layout.list_table);
        let sql = format!("SELECT pk, field, t, i, f FROM {table} WHERE pk = ANY($1)");
        for found in rows(self.on, sql, values![pks]).await.map_err(store_error)? {
            let (pk, field, value) = item(Columns::of(&found)?)?;
            items.entry(pk).or_default().push((field, value));
        }
        Ok(items)
    }

    fn row(&mut self, columns: Columns<'_>, items: &mut HashMap<i64, Items>) -> Result<(), StoreError> {
        let layout = &self.model.layout;
        let pk = columns.integer(0)?;
        // A value that does not fit its index is not in it.
        let index = fitting_index_row(layout.descriptor, columns.text(2)?.as_bytes());
        let mut keys = Vec::new();
        let mut at_column = 3;
        for (at, place) in layout.indexes.iter().enumerate() {
            let declared = &layout.descriptor.indexes[at];
            let IndexPlace::Column { folded: copy, .. } = place else { continue };
            let value = scalar(&index, at);
            let mut same = equal(&columns.index_value(at_column, declared.kind)?, value);
            at_column += 1;
            if copy.is_some() {
                let wanted = folded(value).map_or(IndexValue::Null, IndexValue::Text);
                same &= equal(&columns.index_value(at_column, IndexKind::Text)?, &wanted);
                at_column += 1;
            }
            if !same {
                keys.push(declared.key.to_owned());
            }
        }
        let stored = items.remove(&pk).unwrap_or_default();
        let wanted = wanted(layout, &index);
        let missing = wanted.iter().filter(|(field, value)| !has(&stored, *field, value));
        for (field, _) in missing {
            note_key(&mut keys, key_of(layout, *field));
        }
        let mut extra = Vec::new();
        for (field, value) in stored {
            if !has(&wanted, field, &value) {
                note_key(&mut keys, key_of(layout, field));
                extra.push((field, value));
            }
        }
        if !keys.is_empty() {
            let resource_id = Some(columns.get(1)?);
            self.note(WrongRow { pk, resource_id, keys, extra });
        }
        Ok(())
    }

    /// List values of no resource.
    async fn orphans(&mut self) -> Result<(), StoreError> {
        let layout = &self.model.layout;
        if !layout.has_lists() {
            return Ok(());
        }
        let (head, list) = (quoted(&layout.head_table), quoted(&layout.list_table));
        let sql = format!(
            "SELECT pk, field, t, i, f FROM {list} w \
             WHERE NOT EXISTS (SELECT 1 FROM {head} h WHERE h.pk = w.pk) ORDER BY pk"
        );
        let mut cursor = Cursor::open(self.on, "values", &sql, Vec::new(), None).await?;
        while let Some(batch) = cursor.next().await? {
            for found in &batch {
                let (pk, field, value) = item(Columns::of(found)?)?;
                let key = key_of(layout, field);
                match self
                    .report
                    .wrong
                    .last_mut()
                    .filter(|known| known.pk == pk && known.resource_id.is_none())
                {
                    Some(known) => {
                        note_key(&mut known.keys, key);
                        known.extra.push((field, value));
                    }
                    None => self.note(WrongRow {
                        pk,
                        resource_id: None,
                        keys: vec![key],
                        extra: vec![(field, value)],
                    }),
                }
            }
        }
        cursor.close().await
    }

    fn note(&mut self, wrong: WrongRow) {
        self.report.differing += 1;
        if self.report.wrong.len() < self.at_most {
            self.report.wrong.push(wrong);
        }
    }
}

fn note_key(keys: &mut Vec<String>, key: String) {
    if !keys.contains(&key) {
        keys.push(key);
    }
}

/// `pk`, `resource_id`, `data`, then the index columns, of every row.
fn heads_text(layout: &ModelLayout) -> String {
    let mut columns = vec!["pk".to_owned(), "resource_id".to_owned(), "data".to_owned()];
    for place in &layout.indexes {
        if let IndexPlace::Column { name, folded } = place {
            columns.push(quoted(name));
            columns.extend(folded.iter().map(|name| quoted(name)));
        }
    }
    format!("SELECT {} FROM {} ORDER BY pk", columns.join(", "), quoted(&layout.head_table))
}

fn item(columns: Columns<'_>) -> Result<(i64, i64, IndexValue), StoreError> {
    let value = match (columns.get::<Option<String>>(2)?, columns.get::<Option<i64>>(3)?) {
        (Some(text), _) => IndexValue::Text(text),
        (None, Some(number)) => IndexValue::Integer(number),
        (None, None) => columns.get::<Option<f64>>(4)?.map_or(IndexValue::Null, IndexValue::Float),
    };
    Ok((columns.integer(0)?, columns.integer(1)?, value))
}

/// The list values that a document has.
fn wanted(layout: &ModelLayout, index: &IndexRow) -> Items {
    let mut wanted = Vec::new();
    for (place, entry) in layout.indexes.iter().zip(&index.entries) {
        if let (IndexPlace::List { field }, IndexEntry::List(Some(values))) = (place, entry) {
            let values = values.iter().filter(|value| **value != IndexValue::Null);
            wanted.extend(values.map(|value| (*field, value.clone())));
        }
    }
    wanted
}

pub(super) fn has(items: &[(i64, IndexValue)], field: i64, value: &IndexValue) -> bool {
    items.iter().any(|(of, item)| *of == field && (equal(item, value) || equal(value, item)))
}

pub(super) fn has_value(layout: &ModelLayout, index: &IndexRow, field: i64, value: &IndexValue) -> bool {
    has(&wanted(layout, index), field, value)
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

/// Whether a column holds this value.
fn equal(stored: &IndexValue, wanted: &IndexValue) -> bool {
    match (stored, wanted) {
        (IndexValue::Float(a), IndexValue::Float(b)) => (a + 0.0).to_bits() == (b + 0.0).to_bits(),
        (IndexValue::Text(a), IndexValue::Text(b)) => **a == *column_text(b),
        (a, b) => a == b,
    }
}

/// What the column of a list value is called, and holds.
pub(super) fn list_kind(value: &IndexValue) -> Option<Kind> {
    match value {
        IndexValue::Null => None,
        IndexValue::Text(_) => Some(Kind::Text),
        IndexValue::Integer(_) => Some(Kind::Integer),
        IndexValue::Float(_) => Some(Kind::Float),
    }
}
