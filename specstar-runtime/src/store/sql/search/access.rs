//! Which ways lead to the rows of a query.
//!
//! A text names the index it is answered by. So a plan depends neither on statistics, which age, nor on the
//! planner's guesses about values it does not see because they are bound. What remains to be chosen is the
//! index, and the reader chooses it by counting entries.

use std::collections::HashSet;

use super::condition::is_listed;
use super::segment::Segment;
use crate::descriptor::IndexKind;
use crate::query::{Comparison, Field, Leaf, MetaField, Predicate, SortBy, SortKey, Test, ValueTest};
use crate::store::layout::{IndexPlace, ModelLayout};
use crate::store::sql::ddl;

/// How a text finds its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// By walking the order of the result.
    Order,
    /// Through the index of the candidate with this number.
    Index(usize),
    /// Through the index of deleted rows.
    Deleted,
    /// As the planner likes: no index answers a condition.
    Scan,
}

/// Which rows the deletion filter leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    Live,
    Deleted,
    All,
}

/// Conditions that one index answers together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    /// Positions in the conjunction.
    pub(super) parts: Vec<usize>,
    pub(super) index: IndexUse,
    /// It leaves one value, so that its rows come in the order of creation.
    single: bool,
}

/// The index of a candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum IndexUse {
    /// On a column.
    Column(Field),
    /// Of list values.
    Members,
    /// Several, one per branch of a disjunction.
    Branches,
}

/// The ways to the rows of one statement.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub(super) rows: Rows,
    pub(super) candidates: Vec<Candidate>,
    pub(super) order: Ordering,
}

/// What gives the order of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ordering {
    /// The row number.
    Creation,
    /// An index on the first sort key.
    Column(Field),
    /// Nothing: all rows have to be sorted.
    Unindexed,
}

/// The parts of a conjunction.
pub(super) fn parts(predicate: &Predicate) -> &[Predicate] {
    match predicate {
        Predicate::And(parts) => parts,
        other => std::slice::from_ref(other),
    }
}

impl Paths {
    /// Of a page.
    pub(crate) fn of_page(
        model: &ModelLayout,
        predicate: &Predicate,
        sorts: &[SortKey],
        segment: &Segment<'_>,
    ) -> Self {
        let mut paths = Self::of_count(model, predicate);
        paths.order = match sorts.first().map(|sort| &sort.by) {
            None => Ordering::Creation,
            Some(SortBy::Field(field)) if is_indexed(model, *field, paths.rows) => Ordering::Column(*field),
            Some(SortBy::Field(_) | SortBy::Rank(_)) => Ordering::Unindexed,
        };
        // Where a page goes on in the middle of an order, that is a range of its index.
        if let (Ordering::Column(field), false) = (paths.order, segment.bounds.is_empty()) {
            let index = IndexUse::Column(field);
            if paths.rows != Rows::Deleted && !paths.candidates.iter().any(|known| known.index == index) {
                paths.candidates.push(Candidate { parts: Vec::new(), index, single: false });
            }
        }
        paths
    }

    /// Of a count, whose order is nothing to care for.
    pub(crate) fn of_count(model: &ModelLayout, predicate: &Predicate) -> Self {
        let parts = parts(predicate);
        let has = |deleted| parts.contains(&Predicate::is_deleted(deleted));
        let rows = match (has(false), has(true)) {
            (true, _) => Rows::Live,
            (false, true) => Rows::Deleted,
            (false, false) => Rows::All,
        };
        let mut paths = Self { rows, candidates: Vec::new(), order: Ordering::Unindexed };
        for (at, part) in parts.iter().enumerate() {
            paths.add(model, at, part);
        }
        if rows == Rows::Deleted {
            // Deleted rows are few, and an index of their own has them: only an id is better.
            let id = IndexUse::Column(MetaField::ResourceId.into());
            paths.candidates.retain(|candidate| candidate.index == id && candidate.single);
        }
        paths
    }

    fn add(&mut self, model: &ModelLayout, at: usize, part: &Predicate) {
        let Some((index, single)) = answers(model, part, self.rows) else { return };
        let same = |known: &&mut Candidate| known.index == index && matches!(index, IndexUse::Column(_));
        match self.candidates.iter_mut().find(same) {
            Some(known) => {
                known.parts.push(at);
                known.single |= single;
            }
            None => self.candidates.push(Candidate { parts: vec![at], index, single }),
        }
    }

    /// How many indexes there are to choose from.
    pub(crate) fn candidates(&self) -> usize {
        self.candidates.len()
    }

    /// The only way there is.
    pub(crate) fn only(&self) -> Option<Access> {
        match (self.rows, &self.candidates[..], self.order) {
            (Rows::Deleted, [], _) => Some(Access::Deleted),
            (_, [], Ordering::Unindexed) => Some(Access::Scan),
            (_, [], _) => Some(Access::Order),
            (Rows::Deleted, ..) | (_, [_], Ordering::Unindexed) => Some(Access::Index(0)),
            (_, [_], _) if self.gives_order(0) => Some(Access::Index(0)),
            _ => None,
        }
    }

    /// Whether the rows of a candidate come in the order of the page, so that reading stops with the page.
    pub(crate) fn gives_order(&self, candidate: usize) -> bool {
        let Candidate { index, single, .. } = self.candidates[candidate];
        match self.order {
            Ordering::Creation => single,
            Ordering::Column(field) => index == IndexUse::Column(field),
            Ordering::Unindexed => false,
        }
    }

    /// Whether the rows of a candidate come in the order of their numbers, which is how they lie in the file.
    pub(crate) fn reads_along(&self, candidate: usize) -> bool {
        self.candidates[candidate].single
    }

    /// Whether a page can be read in its order at all.
    pub(crate) fn has_order(&self) -> bool {
        self.order != Ordering::Unindexed
    }

    /// The candidate that is chosen.
    pub(super) fn chosen(&self, access: Access) -> Option<&Candidate> {
        match access {
            Access::Index(at) => self.candidates.get(at),
            _ => None,
        }
    }

    /// The part that drives a join from the list values, when a single value is chosen.
    pub(super) fn driver(&self, access: Access) -> Option<usize> {
        let candidate = self.chosen(access).filter(|candidate| candidate.single)?;
        (candidate.index == IndexUse::Members).then(|| candidate.parts[0])
    }

    /// What the text says about the index to use.
    pub(super) fn hint(&self, model: &ModelLayout, access: Access) -> Hint {
        let field = match access {
            Access::Scan => return Hint::None,
            Access::Deleted => return Hint::Index(ddl::deleted_index_name(model)),
            Access::Order => match self.order {
                Ordering::Column(field) => field,
                Ordering::Creation | Ordering::Unindexed => return Hint::RowNumber,
            },
            Access::Index(at) => match self.candidates[at].index {
                IndexUse::Column(field) => field,
                IndexUse::Members => return Hint::RowNumber,
                IndexUse::Branches => return Hint::None,
            },
        };
        index_name(model, field).map_or(Hint::None, Hint::Index)
    }

    /// Whether the index of a candidate only has live rows.
    pub(super) fn is_partial(&self, candidate: usize) -> bool {
        matches!(self.candidates[candidate].index, IndexUse::Column(Field::Index(_)))
    }
}

/// What a text says about the index to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing: several indexes are used, or none.
    None,
    /// None but the row number.
    RowNumber,
    /// This one.
    Index(String),
}

fn index_name(model: &ModelLayout, field: Field) -> Option<String> {
    match field {
        Field::Meta(MetaField::CreatedTime) => Some(ddl::time_index_name(model, "created")),
        Field::Meta(MetaField::UpdatedTime) => Some(ddl::time_index_name(model, "updated")),
        Field::Meta(MetaField::ResourceId) => Some(ddl::id_index_name(model)),
        Field::Meta(_) => None,
        Field::Index(at) => match model.indexes.get(at) {
            Some(IndexPlace::Column { name, .. }) => Some(ddl::value_index_name(model, name)),
            _ => None,
        },
    }
}

impl Paths {
    /// Whether one index has every value a count has to look at, so that reading it through is less than
    /// reading the rows.
    pub(super) fn is_covered(&self, predicate: &Predicate) -> bool {
        let mut fields = HashSet::new();
        collect_fields(predicate, &mut fields);
        fields.remove(&Field::Meta(MetaField::IsDeleted));
        self.order == Ordering::Unindexed
            && fields.len() == 1
            && matches!(fields.iter().next(), Some(Field::Index(_)))
    }
}

fn collect_fields(predicate: &Predicate, fields: &mut HashSet<Field>) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => {
            for part in parts {
                collect_fields(part, fields);
            }
        }
        Predicate::Not(inner) => collect_fields(inner, fields),
        Predicate::Leaf(leaf) => {
            fields.insert(leaf.field);
        }
        Predicate::Constant(_) => {}
    }
}

/// The index that answers a condition, and whether it leaves one value.
fn answers(model: &ModelLayout, part: &Predicate, rows: Rows) -> Option<(IndexUse, bool)> {
    match part {
        Predicate::Leaf(leaf) => leaf_index(model, leaf, rows),
        Predicate::Or(branches) if !branches.is_empty() => {
            let answered = |branch| parts(branch).iter().any(|part| answers(model, part, rows).is_some());
            branches.iter().all(answered).then_some((IndexUse::Branches, false))
        }
        _ => None,
    }
}

fn leaf_index(model: &ModelLayout, leaf: &Leaf, rows: Rows) -> Option<(IndexUse, bool)> {
    if let Some(kind) = member_kind(model, leaf) {
        return is_listed(&leaf.test, kind).then(|| (IndexUse::Members, single_member(&leaf.test)));
    }
    // A revision id is found by its parts, and one part is the id of the resource.
    if leaf.field == Field::Meta(MetaField::CurrentRevisionId) {
        let single = match leaf.test {
            Test::Value(ValueTest::Compare(Comparison::Eq, _)) => true,
            Test::Value(ValueTest::In(_)) => false,
            _ => return None,
        };
        return Some((IndexUse::Column(MetaField::ResourceId.into()), single));
    }
    let single = match &leaf.test {
        Test::Null(true) | Test::Value(ValueTest::Compare(Comparison::Eq, _)) => true,
        Test::Value(ValueTest::In(operands)) => operands.len() == 1,
        Test::Null(false) | Test::Value(ValueTest::Compare(..)) => false,
        Test::Value(ValueTest::StartsWith(_)) if text_kind(model, leaf.field) => false,
        _ => return None,
    };
    is_indexed(model, leaf.field, rows).then_some((IndexUse::Column(leaf.field), single))
}

/// The kind of the elements of a list field whose values stand in the list table.
pub(super) fn member_kind(model: &ModelLayout, leaf: &Leaf) -> Option<IndexKind> {
    let Field::Index(at) = leaf.field else { return None };
    let is_listed = matches!(model.indexes.get(at), Some(IndexPlace::List { .. }));
    model.descriptor.indexes.get(at).filter(|_| is_listed).map(|index| index.kind)
}

fn single_member(test: &Test) -> bool {
    let Test::Any(test) = test else { return false };
    match &test.test {
        ValueTest::Compare(Comparison::Eq, _) => true,
        ValueTest::In(operands) => operands.len() == 1,
        _ => false,
    }
}

fn text_kind(model: &ModelLayout, field: Field) -> bool {
    match field {
        Field::Meta(meta) => meta.shape().kind == IndexKind::Text,
        Field::Index(at) => {
            model.descriptor.indexes.get(at).is_some_and(|index| index.kind == IndexKind::Text)
        }
    }
}

/// Whether there is an index on a column; those on data fields only have the live rows.
fn is_indexed(model: &ModelLayout, field: Field, rows: Rows) -> bool {
    match field {
        Field::Meta(meta) => {
            matches!(meta, MetaField::CreatedTime | MetaField::UpdatedTime | MetaField::ResourceId)
        }
        Field::Index(at) => {
            rows == Rows::Live && model.descriptor.indexes.get(at).is_some_and(|index| !index.list)
        }
    }
}
