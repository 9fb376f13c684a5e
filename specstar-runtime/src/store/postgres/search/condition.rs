//! Predicates as SQL conditions, as far as the engine decides them exactly as this program does.
//!
//! What it cannot decide is left to the evaluation of the rows that are found: a condition then finds more rows than it
//! should, and says so. Below a negation that would be rows too few, so that only what is exact, with NULL for unknown,
//! stands there.

use super::super::db::{Values, quoted};
use super::super::value::{Kind, LONGEST, column_text, is_exact};
use crate::descriptor::IndexKind;
use crate::query::{
    Comparison, ElementTest, Field, Leaf, MetaField, Operand, Predicate, Test, Truth, ValueTest,
};
use crate::store::layout::{IndexPlace, ModelLayout};

/// A text of at least so many bytes in a column of an index may stand for a longer one.
const MAYBE_CUT: usize = LONGEST - 64 - 3;

/// What is asked of the engine, and the values of its places.
#[derive(Debug)]
pub(in super::super) struct Condition<'a> {
    layout: &'a ModelLayout,
    pub(in super::super) sql: String,
    pub(in super::super) values: Values,
    /// Every row that is found is one that was looked for.
    pub(in super::super) is_exact: bool,
}

/// A column, or what it is composed of.
pub(in super::super) struct Scalar {
    pub(in super::super) sql: String,
    pub(in super::super) kind: IndexKind,
    /// Long texts are cut.
    cut: bool,
    pub(in super::super) nullable: bool,
}

impl Scalar {
    /// Whether long texts are cut in it.
    pub(in super::super) const fn is_cut(&self) -> bool {
        self.cut
    }
}

/// A condition that holds on all the rows that are looked for, and whether it holds on no others.
struct Found {
    sql: String,
    exact: bool,
}

impl Found {
    #[allow(clippy::unnecessary_wraps)] // what is not exact is often nothing
    fn exact(sql: impl Into<String>) -> Option<Self> {
        Some(Self { sql: sql.into(), exact: true })
    }
}

impl<'a> Condition<'a> {
    /// Of a predicate.
    pub(in super::super) fn of(layout: &'a ModelLayout, predicate: &Predicate) -> Self {
        let mut condition = Self { layout, sql: String::new(), values: Vec::new(), is_exact: true };
        let found = condition.holds(predicate);
        condition.is_exact = found.as_ref().is_some_and(|found| found.exact);
        condition.sql = found.map_or_else(|| "TRUE".to_owned(), |found| found.sql);
        condition
    }

    /// The next place, for this value.
    pub(in super::super) fn place(&mut self, value: impl Into<sea_orm::Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn holds(&mut self, predicate: &Predicate) -> Option<Found> {
        let before = self.values.len();
        let found = match predicate {
            Predicate::And(parts) => {
                let mut all = Vec::with_capacity(parts.len());
                let mut exact = true;
                for part in parts {
                    match self.holds(part) {
                        Some(found) => {
                            exact &= found.exact;
                            all.push(found.sql);
                        }
                        None => exact = false,
                    }
                }
                let sql = if all.is_empty() { "TRUE".to_owned() } else { joined(&all, " AND ") };
                Some(Found { sql, exact })
            }
            Predicate::Or(parts) => {
                let all: Option<Vec<Found>> = parts.iter().map(|part| self.holds(part)).collect();
                all.map(|all| {
                    let exact = all.iter().all(|found| found.exact);
                    let all: Vec<String> = all.into_iter().map(|found| found.sql).collect();
                    let sql = if all.is_empty() { "FALSE".to_owned() } else { joined(&all, " OR ") };
                    Found { sql, exact }
                })
            }
            Predicate::Not(_) => self.truth(predicate).and_then(Found::exact),
            Predicate::Constant(truth) => Found::exact(if *truth == Truth::True { "TRUE" } else { "FALSE" }),
            Predicate::Leaf(leaf) => self.leaf(leaf),
        };
        if found.is_none() {
            self.values.truncate(before);
        }
        found
    }

    /// The truth of a predicate, with NULL for unknown; `None` when the engine cannot say it exactly.
    fn truth(&mut self, predicate: &Predicate) -> Option<String> {
        match predicate {
            Predicate::And(parts) | Predicate::Or(parts) => {
                let all: Option<Vec<String>> = parts.iter().map(|part| self.truth(part)).collect();
                let (word, empty) = match predicate {
                    Predicate::And(_) => (" AND ", "TRUE"),
                    _ => (" OR ", "FALSE"),
                };
                all.map(|all| if all.is_empty() { empty.to_owned() } else { joined(&all, word) })
            }
            Predicate::Not(inner) => self.truth(inner).map(|inner| format!("(NOT {inner})")),
            Predicate::Constant(truth) => Some(
                match truth {
                    Truth::True => "TRUE",
                    Truth::False => "FALSE",
                    Truth::Unknown => "NULL::boolean",
                }
                .to_owned(),
            ),
            Predicate::Leaf(leaf) => {
                let scalar = self.scalar(leaf.field)?;
                self.scalar_test(&leaf.test, &scalar, leaf.field, true)
                    .filter(|found| found.exact)
                    .map(|found| found.sql)
            }
        }
    }

    fn leaf(&mut self, leaf: &Leaf) -> Option<Found> {
        match self.scalar(leaf.field) {
            Some(scalar) => self.scalar_test(&leaf.test, &scalar, leaf.field, false),
            None => self.list_test(leaf),
        }
    }

    /// Whether a list has a value. Everything else about lists is in the document.
    fn list_test(&mut self, leaf: &Leaf) -> Option<Found> {
        let Field::Index(at) = leaf.field else { return None };
        let IndexPlace::List { field } = self.layout.indexes.get(at)? else { return None };
        let Test::Any(ElementTest { test, negated: false }) = &leaf.test else { return None };
        let kind = self.layout.descriptor.indexes.get(at)?.kind;
        let column = Kind::from(kind).list_column();
        let element = Scalar { sql: format!("w.{column}"), kind, cut: true, nullable: true };
        let wanted = match test {
            ValueTest::Compare(Comparison::Eq, _) | ValueTest::In(_) | ValueTest::StartsWith(_) => {
                self.value_test(test, &element, false)?
            }
            _ => return None,
        };
        let list = quoted(&self.layout.list_table);
        let sql = format!(
            "h.pk IN (SELECT w.pk FROM {list} w WHERE w.field = {field} AND {} AND w.{column} IS NOT NULL)",
            wanted.sql
        );
        Some(Found { sql, exact: wanted.exact })
    }

    /// `strict`: NULL for unknown.
    fn scalar_test(&mut self, test: &Test, scalar: &Scalar, field: Field, strict: bool) -> Option<Found> {
        let column = &scalar.sql;
        match test {
            Test::Null(true) => Found::exact(format!("({column} IS NULL)")),
            Test::Present(answer) if strict => Found::exact(constant(column, *answer)),
            Test::Null(false) | Test::Present(true) => Found::exact(format!("({column} IS NOT NULL)")),
            Test::Present(false) => Found::exact("FALSE"),
            Test::Value(test) if field == Field::Meta(MetaField::CurrentRevisionId) => {
                self.revision_id(test).or_else(|| self.value_test(test, scalar, strict))
            }
            Test::Value(test) => self.value_test(test, scalar, strict),
            Test::Length(test) if scalar.kind == IndexKind::Text => {
                let length = Scalar {
                    sql: format!("char_length({column})::bigint"),
                    kind: IndexKind::Integer,
                    cut: false,
                    nullable: true,
                };
                let found = self.value_test(test, &length, strict)?;
                Some(unless_cut(found, scalar))
            }
            Test::Length(_)
            | Test::Items(_)
            | Test::Any(_)
            | Test::All(_)
            | Test::Fuzzy(_)
            | Test::Within(_) => None,
        }
    }

    /// A test of a value; NULL where the value is.
    fn value_test(&mut self, test: &ValueTest, scalar: &Scalar, strict: bool) -> Option<Found> {
        let column = &scalar.sql;
        match test {
            ValueTest::Compare(comparison, operand) => {
                self.compare(*comparison, operand, scalar).and_then(Found::exact)
            }
            ValueTest::In(operands) => self.one_of(operands, scalar, strict).and_then(Found::exact),
            ValueTest::Contains(needle) => {
                let shown = shown(scalar)?;
                let needle = self.text(needle)?;
                let found = Found { sql: format!("(strpos({shown}, {needle}) > 0)"), exact: true };
                Some(unless_cut(found, scalar))
            }
            ValueTest::StartsWith(needle) if scalar.kind == IndexKind::Text => {
                if needle.contains('\0') || scalar.cut && !is_exact(needle) {
                    return None;
                }
                let from = self.place(needle.as_str());
                // The texts that begin with the needle are those from it to its successor.
                Found::exact(match successor(needle) {
                    Some(end) => {
                        let end = self.place(end);
                        format!("({column} >= {from} AND {column} < {end})")
                    }
                    None => format!("({column} >= {from})"),
                })
            }
            ValueTest::EndsWith(needle) => {
                let shown = shown(scalar)?;
                let length = needle.chars().count();
                let needle = self.text(needle)?;
                let found = Found { sql: format!("(right({shown}, {length}) = {needle})"), exact: true };
                Some(unless_cut(found, scalar))
            }
            ValueTest::StartsWith(_) | ValueTest::Matches(_) => None,
        }
    }

    /// A text that the engine can hold.
    fn text(&mut self, text: &str) -> Option<String> {
        (!text.contains('\0')).then(|| self.place(text))
    }

    fn compare(&mut self, comparison: Comparison, operand: &Operand, scalar: &Scalar) -> Option<String> {
        let word = match comparison {
            Comparison::Eq => "=",
            Comparison::Lt => "<",
            Comparison::Lte => "<=",
            Comparison::Gt => ">",
            Comparison::Gte => ">=",
        };
        let column = &scalar.sql;
        // A planner uses the index over live rows only when it reads which they are.
        if let (IndexKind::Boolean, Operand::Integer(bit)) = (scalar.kind, operand) {
            return Some(format!("({column} {word} {bit})"));
        }
        let place = match (scalar.kind, operand) {
            (IndexKind::Text, Operand::Text(text)) if text.contains('\0') => return None,
            (IndexKind::Text, Operand::Text(text)) if !scalar.cut => self.place(text.as_str()),
            (IndexKind::Text, Operand::Text(text)) if comparison == Comparison::Eq || is_exact(text) => {
                self.place(column_text(text).into_owned())
            }
            (IndexKind::Float, Operand::Float(number)) => self.place(*number),
            (IndexKind::Integer | IndexKind::DateTime, Operand::Integer(number)) => self.place(*number),
            _ => return None,
        };
        Some(format!("({column} {word} {place})"))
    }

    fn one_of(&mut self, operands: &[Operand], scalar: &Scalar, strict: bool) -> Option<String> {
        let column = &scalar.sql;
        if operands.is_empty() {
            return Some(if strict { constant(column, false) } else { "FALSE".to_owned() });
        }
        let place = match scalar.kind {
            IndexKind::Text => {
                let text = |operand: &Operand| match operand {
                    Operand::Text(text) if text.contains('\0') => None,
                    Operand::Text(text) if scalar.cut => Some(column_text(text).into_owned()),
                    Operand::Text(text) => Some(text.clone()),
                    _ => None,
                };
                self.place(operands.iter().map(text).collect::<Option<Vec<String>>>()?)
            }
            IndexKind::Float => {
                let number = |operand: &Operand| match operand {
                    Operand::Float(number) => Some(*number),
                    _ => None,
                };
                self.place(operands.iter().map(number).collect::<Option<Vec<f64>>>()?)
            }
            IndexKind::Integer | IndexKind::Boolean | IndexKind::DateTime => {
                let number = |operand: &Operand| match operand {
                    Operand::Integer(number) => Some(*number),
                    _ => None,
                };
                self.place(operands.iter().map(number).collect::<Option<Vec<i64>>>()?)
            }
        };
        Some(format!("({column} = ANY({place}))"))
    }

    /// The index on resource ids answers these, which the composed text could not.
    fn revision_id(&mut self, test: &ValueTest) -> Option<Found> {
        let one = |condition: &mut Self, id: &str| match split_revision_id(id) {
            Some((resource_id, _)) if resource_id.contains('\0') => "FALSE".to_owned(),
            Some((resource_id, seq)) => {
                let (resource_id, seq) = (condition.place(resource_id), condition.place(seq));
                format!("(h.resource_id = {resource_id} AND h.rev_seq = {seq})")
            }
            None => "FALSE".to_owned(),
        };
        match test {
            ValueTest::Compare(Comparison::Eq, Operand::Text(id)) => Found::exact(one(self, id)),
            ValueTest::In(operands) => {
                let ids = operands.iter().map(|operand| match operand {
                    Operand::Text(id) => Some(one(self, id)),
                    _ => None,
                });
                let ids = ids.collect::<Option<Vec<_>>>()?;
                Found::exact(if ids.is_empty() { "FALSE".to_owned() } else { joined(&ids, " OR ") })
            }
            _ => None,
        }
    }

    /// The column of a scalar field; none for a list.
    pub(in super::super) fn scalar(&self, field: Field) -> Option<Scalar> {
        scalar(self.layout, field)
    }
}

/// The column of a scalar field; none for a list.
pub(in super::super) fn scalar(layout: &ModelLayout, field: Field) -> Option<Scalar> {
    match field {
        Field::Meta(meta) => {
            let shape = meta.shape();
            Some(Scalar {
                sql: meta_column(meta).to_owned(),
                kind: shape.kind,
                cut: false,
                nullable: shape.nullable,
            })
        }
        Field::Index(at) => match layout.indexes.get(at)? {
            IndexPlace::Column { name, .. } => {
                let kind = layout.descriptor.indexes.get(at)?.kind;
                Some(Scalar { sql: format!("h.{}", quoted(name)), kind, cut: true, nullable: true })
            }
            IndexPlace::List { .. } | IndexPlace::Document => None,
        },
    }
}

/// What was decided of a column that may have been cut is decided again.
fn unless_cut(found: Found, scalar: &Scalar) -> Found {
    if !scalar.cut || scalar.kind != IndexKind::Text {
        return found;
    }
    let sql = format!("({} OR octet_length({}) >= {MAYBE_CUT})", found.sql, scalar.sql);
    Found { sql, exact: false }
}

/// The text that the text operators see. Doubles have one of our own.
fn shown(scalar: &Scalar) -> Option<String> {
    match scalar.kind {
        IndexKind::Text => Some(scalar.sql.clone()),
        IndexKind::Integer | IndexKind::Boolean | IndexKind::DateTime => {
            Some(format!("({})::text", scalar.sql))
        }
        IndexKind::Float => None,
    }
}

/// The same for every value, and NULL for none.
fn constant(column: &str, answer: bool) -> String {
    let answer = if answer { "TRUE" } else { "FALSE" };
    format!("(CASE WHEN {column} IS NOT NULL THEN {answer} END)")
}

fn joined(parts: &[String], word: &str) -> String {
    format!("({})", parts.join(word))
}

const fn meta_column(field: MetaField) -> &'static str {
    match field {
        MetaField::ResourceId => "h.resource_id",
        MetaField::CurrentRevisionId => "(h.resource_id || ':' || h.rev_seq::text)",
        MetaField::SchemaVersion => "h.schema_version",
        MetaField::TotalRevisionCount => "h.rev_count",
        MetaField::CreatedTime => "h.created_at",
        MetaField::UpdatedTime => "h.updated_at",
        MetaField::CreatedBy => "h.created_by",
        MetaField::UpdatedBy => "h.updated_by",
        MetaField::IsDeleted => "h.is_deleted",
        MetaField::RevStatus => "h.rev_status",
        MetaField::RevCreatedBy => "h.rev_created_by",
        MetaField::RevUpdatedBy => "h.rev_updated_by",
        MetaField::RevCreatedTime => "h.rev_created_at",
        MetaField::RevUpdatedTime => "h.rev_updated_at",
    }
}

/// The resource and the number of a revision id that can exist.
fn split_revision_id(id: &str) -> Option<(&str, i64)> {
    let (resource_id, text) = id.rsplit_once(':')?;
    let seq: i64 = text.parse().ok()?;
    // One number has one text: `+1` and `01` are in no id.
    (seq.to_string() == text).then_some((resource_id, seq))
}

/// The smallest text greater than every text with this beginning; `None` when there is none.
fn successor(prefix: &str) -> Option<String> {
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
