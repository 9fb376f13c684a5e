//! Predicates as SQL conditions.
//!
//! Two forms of each leaf. Where only true rows are kept, false and unknown are the same, and a membership
//! is the plain `pk IN (…)` an index answers. Below a negation a leaf must say NULL for unknown, so that
//! `NOT` keeps it unknown; there a list asks its document whether it is null.

use sea_query::{BinOper, CaseStatement, Expr, ExprTrait, Func, Query, Value};

use super::document::Document;
use super::segment::Bound;
use super::shape::{misfit, no_such_index};
use crate::descriptor::IndexKind;
use crate::query::{
    Comparison, ElementTest, Field, Leaf, MetaField, Operand, Predicate, SortBy, Test, Truth, ValueTest,
};
use crate::store::StoreError;
use crate::store::layout::{IndexPlace, ModelLayout};
use crate::store::sql::{column, name};

/// Builds the condition of one statement, numbering its places from 0.
pub(super) struct Condition<'a> {
    pub(super) model: &'a ModelLayout,
    places: u64,
    source: Source,
}

/// Where a text has its row numbers from.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Source {
    /// The table of heads.
    Heads,
    /// Heads that a list value leads to, by a join.
    Join,
    /// The list values alone.
    Members,
}

/// What unknown may become.
#[derive(Clone, Copy, PartialEq)]
enum Unknown {
    /// False will do.
    Dropped,
    /// NULL.
    Kept,
}

/// A list field.
pub(super) struct List {
    kind: IndexKind,
    /// Its number in the list table, if its values are there.
    field: Option<i64>,
    pub(super) document: Document,
}

impl<'a> Condition<'a> {
    pub(super) const fn new(model: &'a ModelLayout, source: Source) -> Self {
        Self { model, places: 0, source }
    }

    /// A membership, whose values stand in the list table: their kind and number there, and the test.
    pub(super) fn listed<'l>(&self, leaf: &'l Leaf) -> Result<(IndexKind, i64, &'l ElementTest), StoreError> {
        match (self.list(leaf.field)?, &leaf.test) {
            (Some(List { kind, field: Some(field), .. }), Test::Any(test)) => Ok((kind, field, test)),
            _ => Err(misfit(leaf)),
        }
    }

    /// The row number.
    pub(super) fn pk(&self) -> Expr {
        match self.source {
            Source::Heads => Expr::col((name(&self.model.head_table), name("pk"))),
            Source::Join => column("member"),
            Source::Members => Expr::col((name(&self.model.list_table), name("pk"))),
        }
    }

    /// The condition that is true on the rows where the predicate is.
    pub(super) fn of(&mut self, predicate: &Predicate) -> Result<Expr, StoreError> {
        self.predicate(predicate, Unknown::Dropped)
    }

    /// The number of the next place.
    pub(super) const fn next_place(&mut self) -> u64 {
        let place = self.places;
        self.places += 1;
        place
    }

    pub(super) fn place(&mut self) -> Expr {
        Expr::val(self.next_place() as i64)
    }

    fn predicate(&mut self, predicate: &Predicate, unknown: Unknown) -> Result<Expr, StoreError> {
        match predicate {
            Predicate::And(parts) => self.group(parts, unknown, true, Expr::and),
            Predicate::Or(parts) => self.group(parts, unknown, false, Expr::or),
            Predicate::Not(inner) => Ok(self.predicate(inner, Unknown::Kept)?.not()),
            Predicate::Constant(Truth::True) => Ok(truth(true)),
            Predicate::Constant(Truth::Unknown) if unknown == Unknown::Kept => Ok(null()),
            Predicate::Constant(_) => Ok(truth(false)),
            Predicate::Leaf(leaf) => self.leaf(leaf, unknown),
        }
    }

    fn group(
        &mut self,
        parts: &[Predicate],
        unknown: Unknown,
        empty: bool,
        join: fn(Expr, Expr) -> Expr,
    ) -> Result<Expr, StoreError> {
        let mut joined = None;
        for part in parts {
            let part = self.predicate(part, unknown)?;
            joined = Some(match joined {
                Some(joined) => join(joined, part),
                None => part,
            });
        }
        Ok(joined.unwrap_or_else(|| truth(empty)))
    }

    fn leaf(&mut self, leaf: &Leaf, unknown: Unknown) -> Result<Expr, StoreError> {
        if let Some(list) = self.list(leaf.field)? {
            return self.list_leaf(leaf, &list, unknown);
        }
        let value = self.scalar(leaf.field)?;
        let kind = self.kind(leaf.field)?;
        match &leaf.test {
            Test::Null(true) => Ok(value.is_null()),
            Test::Null(false) => Ok(value.is_not_null()),
            Test::Present(answer) => Ok(present(value, *answer, unknown)),
            Test::Value(test) => match revision_id(leaf, test) {
                Some(test) => Ok(self.revision_id(test, value)),
                None => Ok(self.value_test(value, kind, test)),
            },
            Test::Length(test) => Ok(self.value_test(call("ss_length", [value]), IndexKind::Integer, test)),
            Test::Fuzzy(_) => Ok(self.similarity(value).gte(self.place())),
            Test::Items(_) | Test::Any(_) | Test::All(_) | Test::Within(_) => Err(misfit(leaf)),
        }
    }

    fn list_leaf(&mut self, leaf: &Leaf, list: &List, unknown: Unknown) -> Result<Expr, StoreError> {
        let &List { kind, field, ref document } = list;
        Ok(match &leaf.test {
            Test::Null(null) => document.is_null(*null),
            Test::Present(true) if unknown == Unknown::Dropped => document.is_list(),
            Test::Present(false) if unknown == Unknown::Dropped => truth(false),
            Test::Present(answer) => document.when_list(truth(*answer)),
            Test::Value(_) => return Err(misfit(leaf)),
            Test::Length(test) => {
                self.value_test(document.when_list(document.length()), IndexKind::Integer, test)
            }
            Test::Items(_) => document.when_list(document.equals_one_of(self.place(), kind)),
            Test::Fuzzy(_) => self.list_similarity(document).gte(self.place()),
            Test::Within(within) => self.within(within, document),
            Test::Any(test) => {
                if let Some(field) = field.filter(|_| is_listed(&leaf.test, kind)) {
                    let member = self.member(kind, field, &test.test);
                    return Ok(if unknown == Unknown::Kept { document.when_list(member) } else { member });
                }
                let passes = self.element_test(kind, test);
                document.when_list(document.some_element(passes))
            }
            Test::All(test) => {
                // An element that is null passes neither a test nor its negation.
                let passes = self.element_test(kind, test);
                let fails = passes.binary(BinOper::IsNot, truth(true));
                document.when_list(document.some_element(fails).not())
            }
        })
    }

    /// Found through the index of list values.
    fn member(&mut self, kind: IndexKind, field: i64, test: &ValueTest) -> Expr {
        let mut rows = Query::select();
        rows.column(name("pk")).from(name(&self.model.list_table)).and_where(self.values(kind, field, test));
        column("pk").in_subquery(rows)
    }

    pub(super) fn values(&mut self, kind: IndexKind, field: i64, test: &ValueTest) -> Expr {
        column("field").eq(integer(field)).and(self.value_test(column("value"), kind, test))
    }

    pub(super) fn element_test(&mut self, kind: IndexKind, test: &ElementTest) -> Expr {
        let element = Document::element(kind);
        let passes = match &test.test {
            ValueTest::Compare(comparison, _) if kind == IndexKind::Float => {
                compare(element, *comparison, real(self.place()))
            }
            ValueTest::In(operands) if kind == IndexKind::Float => {
                element.is_in(self.list_places(operands.len()).into_iter().map(real))
            }
            test => self.value_test(element, kind, test),
        };
        if test.negated { passes.not() } else { passes }
    }

    /// A test of a value of this kind. Places are taken in the order of the text.
    pub(super) fn value_test(&mut self, value: Expr, kind: IndexKind, test: &ValueTest) -> Expr {
        match test {
            ValueTest::Compare(comparison, operand) => {
                let operand = match (kind, operand) {
                    (IndexKind::Boolean, Operand::Integer(bit)) => integer(i64::from(*bit != 0)),
                    _ => self.place(),
                };
                compare(value, *comparison, operand)
            }
            ValueTest::In(operands) => value.is_in(self.list_places(operands.len())),
            ValueTest::Contains(_) => call("instr", [text(value, kind), self.place()]).gt(integer(0)),
            ValueTest::StartsWith(needle) => {
                let value = text(value, kind);
                let from = value.clone().gte(self.place());
                // The texts that begin with the needle are those from it to its successor.
                if successor(needle).is_some() { from.and(value.lt(self.place())) } else { from }
            }
            ValueTest::EndsWith(_) => {
                // As bytes, because `substr` of a text from its end stops at a U+0000. The length stands
                // before it, because `substr` of no bytes is NULL.
                let long_enough = call("octet_length", [value.clone()]).gte(self.place());
                let bytes = Func::cast_as(value, name("BLOB")).into();
                let end = call("substr", [bytes, self.place()]);
                long_enough.and(end.eq(self.place()))
            }
            ValueTest::Matches(_) => call("ss_regex", [self.place(), value]),
        }
    }

    fn list_places(&mut self, length: usize) -> Vec<Expr> {
        (0..length.next_power_of_two()).map(|_| self.place()).collect()
    }

    /// The index on resource ids answers these, which the composed text could not.
    fn revision_id(&mut self, test: &ValueTest, value: Expr) -> Expr {
        let resource_id = column("resource_id");
        match test {
            ValueTest::In(operands) => {
                let resources = resource_id.is_in(self.list_places(operands.len()));
                resources.and(value.is_in(self.list_places(operands.len())))
            }
            ValueTest::Compare(_, Operand::Text(id)) if split_revision_id(id).is_some() => {
                let resource = resource_id.eq(self.place());
                resource.and(column("rev_seq").eq(self.place()))
            }
            _ => truth(false),
        }
    }

    /// What a sort key compares: selected, bounded and ordered by.
    pub(super) fn sort_key(&mut self, by: &SortBy) -> Result<Expr, StoreError> {
        match by {
            SortBy::Field(field) => self.scalar(*field),
            SortBy::Rank(ranking) => self.rank(ranking),
        }
    }

    /// The condition of one bound of a segment.
    pub(super) fn bound(&mut self, value: Expr, bound: &Bound<'_>) -> Expr {
        match bound {
            Bound::Equal(_) => value.eq(self.place()),
            Bound::Above(_) => value.gt(self.place()),
            Bound::Below(_) => value.lt(self.place()),
            Bound::Null => value.is_null(),
            Bound::NotNull => value.is_not_null(),
        }
    }

    /// The column of a scalar field, or what it is composed of.
    pub(super) fn scalar(&self, field: Field) -> Result<Expr, StoreError> {
        let text = match field {
            Field::Meta(MetaField::CurrentRevisionId) => return Ok(current_revision_id()),
            Field::Meta(meta) => meta_column(meta),
            Field::Index(at) => match self.model.indexes.get(at) {
                Some(IndexPlace::Column { name, .. }) => name,
                Some(IndexPlace::List { .. } | IndexPlace::Document) => {
                    return Err(StoreError::Internal(format!("index {at} is a list")));
                }
                None => return Err(no_such_index(at)),
            },
        };
        Ok(column(text))
    }

    fn kind(&self, field: Field) -> Result<IndexKind, StoreError> {
        match field {
            Field::Meta(meta) => Ok(meta.shape().kind),
            Field::Index(at) => {
                let index = self.model.descriptor.indexes.get(at);
                index.map(|index| index.kind).ok_or_else(|| no_such_index(at))
            }
        }
    }

    /// Where a field is a list.
    pub(super) fn list(&self, field: Field) -> Result<Option<List>, StoreError> {
        let Field::Index(at) = field else { return Ok(None) };
        let (Some(place), Some(index)) = (self.model.indexes.get(at), self.model.descriptor.indexes.get(at))
        else {
            return Err(no_such_index(at));
        };
        let field = match place {
            IndexPlace::Column { .. } => return Ok(None),
            IndexPlace::List { field } => Some(*field),
            IndexPlace::Document => None,
        };
        Ok(Some(List { kind: index.kind, field, document: Document::at(index.path) }))
    }
}

/// Whether an index of list values finds the lists. What it does not narrow, the documents answer without
/// a scan of all values.
pub(super) fn is_listed(test: &Test, kind: IndexKind) -> bool {
    let Test::Any(ElementTest { test, negated: false }) = test else { return false };
    match test {
        ValueTest::Compare(Comparison::Eq, _) | ValueTest::In(_) => true,
        ValueTest::StartsWith(_) => kind == IndexKind::Text,
        _ => false,
    }
}

/// The tests of a revision id that are answered by its parts.
fn revision_id<'t>(leaf: &Leaf, test: &'t ValueTest) -> Option<&'t ValueTest> {
    let by_parts = matches!(test, ValueTest::Compare(Comparison::Eq, _) | ValueTest::In(_));
    (leaf.field == Field::Meta(MetaField::CurrentRevisionId) && by_parts).then_some(test)
}

/// The resource and the number of a revision id that can exist.
pub(super) fn split_revision_id(id: &str) -> Option<(&str, i64)> {
    let (resource_id, text) = id.rsplit_once(':')?;
    let seq: i64 = text.parse().ok()?;
    // One number has one text: `+1` and `01` are in no id.
    (seq.to_string() == text).then_some((resource_id, seq))
}

/// The resource part of a revision id; of any other text, a part that makes no difference.
pub(super) fn revision_prefix(id: &str) -> &str {
    id.rsplit_once(':').map_or(id, |(resource_id, _)| resource_id)
}

/// The smallest text greater than every text with this beginning; `None` when there is none.
pub(super) fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // Ranges of `char` step over the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

const fn meta_column(field: MetaField) -> &'static str {
    match field {
        MetaField::ResourceId | MetaField::CurrentRevisionId => "resource_id",
        MetaField::SchemaVersion => "schema_version",
        MetaField::TotalRevisionCount => "rev_count",
        MetaField::CreatedTime => "created_at",
        MetaField::UpdatedTime => "updated_at",
        MetaField::CreatedBy => "created_by",
        MetaField::UpdatedBy => "updated_by",
        MetaField::IsDeleted => "is_deleted",
        MetaField::RevStatus => "rev_status",
        MetaField::RevCreatedBy => "rev_created_by",
        MetaField::RevUpdatedBy => "rev_updated_by",
        MetaField::RevCreatedTime => "rev_created_at",
        MetaField::RevUpdatedTime => "rev_updated_at",
    }
}

fn current_revision_id() -> Expr {
    let concat = || BinOper::Custom("||");
    let seq = Func::cast_as(column("rev_seq"), name("TEXT"));
    let colon = Expr::Constant(":".into());
    column("resource_id").binary(concat(), colon.binary(concat(), Expr::from(seq)))
}

pub(super) fn compare(value: Expr, comparison: Comparison, operand: Expr) -> Expr {
    match comparison {
        Comparison::Eq => value.eq(operand),
        Comparison::Lt => value.lt(operand),
        Comparison::Lte => value.lte(operand),
        Comparison::Gt => value.gt(operand),
        Comparison::Gte => value.gte(operand),
    }
}

/// The text of a text or an integer. Doubles are tested with patterns only.
fn text(value: Expr, kind: IndexKind) -> Expr {
    if kind == IndexKind::Text { value } else { Func::cast_as(value, name("TEXT")).into() }
}

fn present(value: Expr, answer: bool, unknown: Unknown) -> Expr {
    match (answer, unknown) {
        (true, Unknown::Dropped) => value.is_not_null(),
        (false, Unknown::Dropped) => truth(false),
        (true, Unknown::Kept) => value.is_not_null().or(null()),
        (false, Unknown::Kept) => value.is_null().and(null()),
    }
}

/// A double from its JSON text, read by the engine the way it reads those of a document.
fn real(text: Expr) -> Expr {
    Func::cast_as(text, name("REAL")).into()
}

/// A function of this program or of the engine.
pub(super) fn call<const N: usize>(function: &'static str, arguments: [Expr; N]) -> Expr {
    Func::cust(name(function)).args(arguments).into()
}

/// `TRUE` or `FALSE`, in the text.
pub(super) fn truth(value: bool) -> Expr {
    Expr::Constant(Value::Bool(Some(value)))
}

/// An integer of the layout, in the text.
pub(super) fn integer(value: i64) -> Expr {
    Expr::Constant(Value::BigInt(Some(value)))
}

pub(super) fn no_list(field: Field) -> StoreError {
    StoreError::Internal(format!("{field:?} is no list"))
}

fn null() -> Expr {
    Expr::null()
}

/// `CASE WHEN … THEN … END`: NULL in every other case.
pub(super) fn only_when(condition: Expr, then: Expr) -> Expr {
    CaseStatement::new().case(condition, then).into()
}
