//! The statements of `search` and `count`.
//!
//! Building a text takes microseconds, so texts are kept by the *shape* of what was asked: fields,
//! operators and lengths of lists, but no operands. One walk over the predicate writes the shape and
//! collects the operands in the order of their places in the text ([`shape`]); only when no text of that
//! shape is known is one built ([`build`]).
//!
//! Every operand is bound. A text has nothing from a request in it, not even a field name: names were
//! resolved against the descriptor, and columns come from the layout. Booleans are the one exception, as
//! `0` and `1`, because a planner uses the partial index over live rows only when it reads
//! `is_deleted = 0`.

mod access;
mod build;
mod cache;
mod condition;
mod document;
#[cfg(feature = "sqlite")]
pub(crate) mod functions;
mod part;
mod rank;
mod segment;
mod shape;
#[cfg(all(test, feature = "sqlite"))]
pub(crate) mod tests;

use std::sync::Arc;

pub(crate) use access::{Access, Paths};
pub(crate) use cache::TextCache;
pub(crate) use segment::{Segment, segments};

use crate::descriptor::ResourceDescriptor;
use crate::query::Predicate;
use crate::store::layout::ModelLayout;
use crate::store::{Search, StoreError};
use build::Way;
use shape::Shape;

/// A text and the values of its places, in order.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// The text.
    pub(crate) sql: Arc<str>,
    /// One per place.
    pub(crate) values: Vec<BindValue>,
}

/// A value to bind, free of any engine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BindValue {
    /// An integer, a boolean as 0 or 1, an instant in microseconds.
    Integer(i64),
    /// A double.
    Float(f64),
    /// Text.
    Text(String),
    /// The bytes of a text, where an engine has to compare bytes.
    Blob(Vec<u8>),
}

impl BindValue {
    /// Appends bytes that tell it from every other value.
    fn write(&self, out: &mut Vec<u8>) {
        let (tag, bytes): (u8, &[u8]) = match self {
            Self::Integer(number) => (0, &number.to_le_bytes()),
            Self::Float(number) => (1, &number.to_bits().to_le_bytes()),
            Self::Text(text) => (2, text.as_bytes()),
            Self::Blob(bytes) => (3, bytes),
        };
        out.push(tag);
        out.extend(bytes.len().to_le_bytes());
        out.extend(bytes);
    }
}

/// Which rows of a statement are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// At most this many.
    pub(crate) rows: u64,
    /// After skipping this many.
    pub(crate) offset: u64,
}

/// The heads in one segment of a search: the columns of
/// [`HEAD_COLUMNS`](crate::store::layout::HEAD_COLUMNS), then what each sort key compares.
pub(crate) fn page_sql(
    model: &ModelLayout,
    search: &Search,
    segment: &Segment<'_>,
    (paths, access): (&Paths, Access),
    window: Window,
) -> Result<Statement, StoreError> {
    let way = Way { model, predicate: &search.predicate, paths, access };
    let shape = Shape::of_page(way, &search.sorts, segment, window)?;
    statement(model, shape, || build::page(way, &search.sorts, segment))
}

/// The number of heads that match, as the one column of one row.
pub(crate) fn count_sql(
    model: &ModelLayout,
    predicate: &Predicate,
    (paths, access): (&Paths, Access),
) -> Result<Statement, StoreError> {
    let way = Way { model, predicate, paths, access };
    statement(model, Shape::of_count(way)?, || build::count(way))
}

/// What a count depends on: equal keys ask the same of the same rows.
pub(crate) fn count_key(model: &ModelLayout, predicate: &Predicate) -> Result<Vec<u8>, StoreError> {
    let paths = &Paths::of_count(model, predicate);
    let way = Way { model, predicate, paths, access: Access::Scan };
    let (mut key, values) = Shape::of_count(way)?.finish()?;
    key.extend(model.model_id.to_le_bytes());
    for value in &values {
        value.write(&mut key);
    }
    Ok(key)
}

/// How many entries a candidate leaves in its index, but at most so many, and the last row number among
/// them: the two columns of one row.
pub(crate) fn size_sql(
    model: &ModelLayout,
    predicate: &Predicate,
    segment: &Segment<'_>,
    (paths, candidate): (&Paths, usize),
    most: u64,
) -> Result<Statement, StoreError> {
    let way = Way { model, predicate, paths, access: Access::Index(candidate) };
    statement(model, Shape::of_size(way, segment, most)?, || build::size(way, segment))
}

fn statement(
    model: &ModelLayout,
    shape: Shape<'_>,
    build: impl FnOnce() -> Result<(String, usize), StoreError>,
) -> Result<Statement, StoreError> {
    let (key, values) = shape.finish()?;
    if let Some(sql) = model.texts.get(&key) {
        return Ok(Statement { sql, values });
    }
    let (text, places) = build()?;
    if places != values.len() {
        let problem = format!("a search text has {places} places for {} values", values.len());
        return Err(StoreError::Internal(problem));
    }
    Ok(Statement { sql: model.texts.insert(key, text.into()), values })
}

/// The texts of searches on one resource type, without a database: for benchmarks.
#[doc(hidden)]
#[derive(Debug)]
pub struct SearchTexts(ModelLayout);

impl SearchTexts {
    /// Of a type, none built yet.
    pub fn new(descriptor: &'static ResourceDescriptor) -> Self {
        let place = |key: &str| descriptor.indexes.iter().position(|index| index.key == key);
        Self(ModelLayout::new(descriptor, 1, |key| place(key).unwrap_or_default() as i64))
    }

    /// Builds, or finds, the text of each way a first page may be read, and binds its values; gives the bytes
    /// of all.
    pub fn page(&self, search: &Search) -> Result<usize, StoreError> {
        let (model, mut bytes) = (&self.0, 0);
        let window = Window { rows: search.limit.saturating_add(1), offset: search.offset };
        for segment in &segments(model, search)? {
            let paths = Paths::of_page(model, &search.predicate, &search.sorts, segment);
            let candidates = (0..paths.candidates()).map(Access::Index);
            let ways = match paths.only() {
                Some(only) => vec![only],
                None => candidates.chain(paths.has_order().then_some(Access::Order)).collect(),
            };
            for access in ways {
                let text = page_sql(model, search, segment, (&paths, access), window)?;
                bytes += text.sql.len() + text.values.len();
            }
        }
        Ok(bytes)
    }
}
