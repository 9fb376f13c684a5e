//! One walk over a query: what its text depends on, and the values of its places.

use serde_json::{Value, json};

use super::access::Access;
use super::build::Way;
use super::condition::{is_listed, revision_prefix, split_revision_id, successor};
use super::rank::bytes;
use super::segment::{Bound, Segment};
use super::{BindValue, Window};
use crate::descriptor::IndexKind;
use crate::query::{
    ElementTest, Field, Leaf, Measure, MetaField, Operand, Predicate, Ranking, Shape as FieldShape, SortBy,
    SortKey, Test, Truth, ValueTest,
};
use crate::store::StoreError;
use crate::store::layout::{IndexPlace, ModelLayout};

/// The key and the values of a statement, as far as they are known.
pub(super) struct Shape<'a> {
    model: &'a ModelLayout,
    key: Vec<u8>,
    values: Vec<BindValue>,
}

/// What the embedded engine can bind; the limits of a query keep below it.
const MOST_VALUES: usize = 32_766;

impl<'a> Shape<'a> {
    pub(super) fn of_count(way: Way<'a>) -> Result<Self, StoreError> {
        let mut shape = Self::new(way.model, b'c');
        shape.access(way.access);
        shape.predicate(way.predicate)?;
        Ok(shape)
    }

    /// Of the entries a candidate leaves.
    pub(super) fn of_size(way: Way<'a>, segment: &Segment<'_>, most: u64) -> Result<Self, StoreError> {
        let mut shape = Self::new(way.model, b'n');
        shape.key.push(way.paths.rows as u8);
        way.chosen_parts().try_for_each(|part| shape.predicate(part))?;
        if let Some((by, bound)) = way.leading_bound(segment) {
            shape.key.push(b'b');
            shape.sort_key(by)?;
            shape.bound(bound);
        }
        shape.values.push(bounded(most));
        Ok(shape)
    }

    fn access(&mut self, access: Access) {
        match access {
            Access::Order => self.key.push(b'o'),
            Access::Deleted => self.key.push(b'd'),
            Access::Scan => self.key.push(b's'),
            Access::Index(candidate) => {
                self.key.push(b'i');
                self.number(candidate);
            }
        }
    }

    /// The values come in the order of the text: selected, filtered, ordered, limited.
    pub(super) fn of_page(
        way: Way<'a>,
        sorts: &[SortKey],
        segment: &Segment<'_>,
        window: Window,
    ) -> Result<Self, StoreError> {
        let mut shape = Self::new(way.model, b's');
        shape.access(way.access);
        shape.number(sorts.len());
        for sort in sorts {
            shape.sort_key(&sort.by)?;
            shape.key.push(sort.descending.into());
        }
        shape.predicate(way.predicate)?;
        shape.segment(segment)?;
        shape.window(window);
        Ok(shape)
    }

    /// What [`Condition::sort_key`](super::condition::Condition::sort_key) makes an expression of.
    fn sort_key(&mut self, by: &SortBy) -> Result<(), StoreError> {
        match by {
            SortBy::Field(field) => self.field(*field).map(|_| ()),
            SortBy::Rank(ranking) => self.ranking(ranking),
        }
    }

    fn ranking(&mut self, ranking: &Ranking) -> Result<(), StoreError> {
        match &ranking.measure {
            Measure::Similarity(query) => {
                self.key.push(b'r');
                self.text(query.as_str());
            }
            Measure::Distance(distance) => {
                self.key.extend([b'd', distance.metric as u8]);
                self.values.push(BindValue::Blob(bytes(distance)?));
            }
        }
        self.field(ranking.field).map(|_| ())
    }

    fn segment(&mut self, segment: &Segment<'_>) -> Result<(), StoreError> {
        self.number(segment.bounds.len());
        for (by, bound) in &segment.bounds {
            self.sort_key(by)?;
            self.bound(bound);
        }
        self.key.push(segment.pk.is_some().into());
        if let Some(bound) = &segment.pk {
            self.bound(bound);
        }
        Ok(())
    }

    fn bound(&mut self, bound: &Bound<'_>) {
        self.key.push(bound.tag());
        self.values.extend(bound.value());
    }

    fn new(model: &'a ModelLayout, statement: u8) -> Self {
        let mut key = Vec::with_capacity(128);
        key.push(statement);
        Self { model, key, values: Vec::with_capacity(8) }
    }

    fn window(&mut self, window: Window) {
        self.values.push(bounded(window.rows));
        self.values.push(bounded(window.offset));
    }

    pub(super) fn finish(self) -> Result<(Vec<u8>, Vec<BindValue>), StoreError> {
        if self.values.len() > MOST_VALUES {
            return Err(StoreError::Internal(format!("a search binds {} values", self.values.len())));
        }
        Ok((self.key, self.values))
    }

    fn predicate(&mut self, predicate: &Predicate) -> Result<(), StoreError> {
        match predicate {
            Predicate::And(parts) => self.group(b'&', parts),
            Predicate::Or(parts) => self.group(b'|', parts),
            Predicate::Not(inner) => {
                self.key.push(b'!');
                self.predicate(inner)
            }
            Predicate::Constant(truth) => {
                self.key.push(match truth {
                    Truth::False => b'0',
                    Truth::Unknown => b'?',
                    Truth::True => b'1',
                });
                Ok(())
            }
            Predicate::Leaf(leaf) => self.leaf(leaf),
        }
    }

    fn group(&mut self, tag: u8, parts: &[Predicate]) -> Result<(), StoreError> {
        self.key.push(tag);
        self.number(parts.len());
        parts.iter().try_for_each(|part| self.predicate(part))
    }

    fn leaf(&mut self, leaf: &Leaf) -> Result<(), StoreError> {
        self.key.push(b'L');
        let shape = self.field(leaf.field)?;
        let on_list = matches!(leaf.test, Test::Items(_) | Test::Any(_) | Test::All(_) | Test::Within(_));
        if on_list && !shape.list || shape.list && matches!(leaf.test, Test::Value(_)) {
            return Err(misfit(leaf));
        }
        match &leaf.test {
            Test::Null(null) => self.key.extend([b'n', u8::from(*null)]),
            Test::Present(answer) => self.key.extend([b'p', u8::from(*answer)]),
            Test::Value(test) => {
                self.key.push(b'v');
                self.value_test(leaf, shape.kind, test)?;
            }
            Test::Length(test) => {
                self.key.push(b'l');
                self.value_test(leaf, IndexKind::Integer, test)?;
            }
            Test::Items(lists) => {
                self.key.push(b'i');
                self.values.push(BindValue::Text(items(lists)));
            }
            Test::Fuzzy(_) if shape.kind != IndexKind::Text => return Err(misfit(leaf)),
            Test::Fuzzy(fuzzy) => {
                self.key.push(b'f');
                self.text(fuzzy.query.as_str());
                self.values.push(BindValue::Float(fuzzy.threshold.into()));
            }
            Test::Within(within) => {
                self.key.extend([b'd', within.distance.metric as u8, within.comparison as u8]);
                self.values.push(BindValue::Blob(bytes(&within.distance)?));
                self.values.push(BindValue::Float(within.bound));
            }
            Test::Any(test) => self.elements(b'a', leaf, shape.kind, test)?,
            Test::All(test) => self.elements(b'e', leaf, shape.kind, test)?,
        }
        Ok(())
    }

    fn elements(
        &mut self,
        tag: u8,
        leaf: &Leaf,
        kind: IndexKind,
        test: &ElementTest,
    ) -> Result<(), StoreError> {
        self.key.extend([tag, u8::from(test.negated)]);
        let from = self.values.len();
        self.value_test(leaf, kind, &test.test)?;
        if !self.is_listed(leaf, kind) {
            // Doubles of a document are read from its text: the operand goes the same way.
            for value in &mut self.values[from..] {
                if let BindValue::Float(float) = value {
                    *value = BindValue::Text(Value::from(*float).to_string());
                }
            }
        }
        Ok(())
    }

    fn is_listed(&self, leaf: &Leaf, kind: IndexKind) -> bool {
        let Field::Index(at) = leaf.field else { return false };
        matches!(self.model.indexes.get(at), Some(IndexPlace::List { .. })) && is_listed(&leaf.test, kind)
    }

    /// Pushes the values in the order [`condition`](super::condition) places them.
    fn value_test(&mut self, leaf: &Leaf, kind: IndexKind, test: &ValueTest) -> Result<(), StoreError> {
        match test {
            ValueTest::Compare(comparison, operand) => {
                self.key.extend([b'=', *comparison as u8]);
                self.compare(leaf, kind, operand)?;
            }
            ValueTest::In(operands) => self.one_of(leaf, kind, operands)?,
            ValueTest::Contains(needle) => {
                self.key.push(b'c');
                self.text(needle);
            }
            ValueTest::StartsWith(needle) => {
                let end = successor(needle);
                self.key.extend([b's', u8::from(end.is_some())]);
                self.text(needle);
                self.values.extend(end.map(BindValue::Text));
            }
            ValueTest::EndsWith(needle) => {
                let length = needle.len() as i64;
                self.key.push(b'e');
                self.values.push(BindValue::Integer(length));
                self.values.push(BindValue::Integer(-length));
                self.values.push(BindValue::Blob(needle.as_bytes().to_vec()));
            }
            ValueTest::Matches(pattern) => {
                self.key.push(b'm');
                self.text(pattern.as_str());
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.values.push(BindValue::Text(text.to_owned()));
    }

    fn compare(&mut self, leaf: &Leaf, kind: IndexKind, operand: &Operand) -> Result<(), StoreError> {
        if let (IndexKind::Boolean, Operand::Integer(bit)) = (kind, operand) {
            self.key.push(u8::from(*bit != 0));
            return Ok(());
        }
        let value = bind(leaf, kind, operand)?;
        match (leaf.field, &leaf.test, operand) {
            (
                Field::Meta(MetaField::CurrentRevisionId),
                Test::Value(ValueTest::Compare(crate::query::Comparison::Eq, _)),
                Operand::Text(id),
            ) => self.revision_id(id),
            _ => self.values.push(value),
        }
        Ok(())
    }

    fn revision_id(&mut self, id: &str) {
        let parts = split_revision_id(id);
        self.key.push(u8::from(parts.is_some()));
        if let Some((resource_id, seq)) = parts {
            self.values.push(BindValue::Text(resource_id.to_owned()));
            self.values.push(BindValue::Integer(seq));
        }
    }

    /// Lists are filled up to a power of two with their last value, so that few lengths have a text.
    fn one_of(&mut self, leaf: &Leaf, kind: IndexKind, operands: &[Operand]) -> Result<(), StoreError> {
        let places = operands.len().next_power_of_two();
        self.key.push(b'i');
        self.number(places);
        if leaf.field == Field::Meta(MetaField::CurrentRevisionId) && matches!(leaf.test, Test::Value(_)) {
            self.filled(operands.len(), places, |at| match &operands[at] {
                Operand::Text(id) => Ok(BindValue::Text(revision_prefix(id).to_owned())),
                _ => Err(misfit(leaf)),
            })?;
        }
        self.filled(operands.len(), places, |at| bind(leaf, kind, &operands[at]))
    }

    fn filled(
        &mut self,
        given: usize,
        places: usize,
        value: impl Fn(usize) -> Result<BindValue, StoreError>,
    ) -> Result<(), StoreError> {
        for at in 0..places {
            self.values.push(value(at.min(given.saturating_sub(1)))?);
        }
        Ok(())
    }

    /// Seven bits a byte, so that keys are short.
    fn number(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.key.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.key.push(number.to_le_bytes()[0]);
    }

    fn field(&mut self, field: Field) -> Result<FieldShape, StoreError> {
        match field {
            Field::Meta(meta) => {
                self.key.extend([b'm', meta as u8]);
                Ok(meta.shape())
            }
            Field::Index(at) => {
                self.key.push(b'x');
                self.number(at);
                let index = self.model.descriptor.indexes.get(at);
                index.map(FieldShape::of).ok_or_else(|| no_such_index(at))
            }
        }
    }
}

fn bounded(number: u64) -> BindValue {
    BindValue::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The value of an operand, which must be of the field's type: an engine would convert it, and not the way
/// a query compares.
fn bind(leaf: &Leaf, kind: IndexKind, operand: &Operand) -> Result<BindValue, StoreError> {
    match (kind, operand) {
        (IndexKind::Text, Operand::Text(text)) => Ok(BindValue::Text(text.clone())),
        (IndexKind::Float, Operand::Float(float)) => Ok(BindValue::Float(*float)),
        (IndexKind::Integer | IndexKind::Boolean | IndexKind::DateTime, Operand::Integer(integer)) => {
            Ok(BindValue::Integer(*integer))
        }
        _ => Err(misfit(leaf)),
    }
}

/// Lists as one JSON text; instants in microseconds, booleans as numbers.
fn items(lists: &[Vec<Operand>]) -> String {
    let scalar = |operand: &Operand| match operand {
        Operand::Integer(integer) => json!(integer),
        Operand::Float(float) => json!(float),
        Operand::Text(text) => json!(text),
    };
    Value::Array(lists.iter().map(|list| list.iter().map(scalar).collect()).collect()).to_string()
}

pub(super) fn misfit(leaf: &Leaf) -> StoreError {
    StoreError::Internal(format!("a condition does not fit its field: {leaf:?}"))
}

pub(super) fn no_such_index(at: usize) -> StoreError {
    StoreError::Internal(format!("there is no index {at}"))
}
