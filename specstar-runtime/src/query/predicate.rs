//! Checked conditions: every field exists, every operand has the type of its field.

use std::cmp::Ordering;

use super::distance::Within;
use super::field::{Field, MetaField};
use super::pattern::Pattern;
use super::trigram::TrigramSet;

/// The outcome of a condition on one row; only rows that are `True` are found.
///
/// The order makes conjunction the minimum and disjunction the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It does not hold.
    False,
    /// The value is null or missing.
    Unknown,
    /// It holds.
    True,
}

impl std::ops::Not for Truth {
    type Output = Self;

    /// Unknown stays unknown.
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// A checked condition tree.
///
/// ```
/// use specstar_runtime::query::{MetaField, Operand, Predicate};
///
/// let mine = Predicate::equals(MetaField::CreatedBy, Operand::Text("ann".into()));
/// let live = Predicate::is_deleted(false);
/// let both = mine.clone() & live.clone();
/// assert_eq!(both, Predicate::And(vec![mine.clone(), live]));
/// assert_eq!(!!mine.clone(), mine);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// Every part is true; the empty conjunction matches everything.
    And(Vec<Predicate>),
    /// Some part is true; the empty disjunction matches nothing.
    Or(Vec<Predicate>),
    /// Three-valued negation: unknown stays unknown.
    Not(Box<Predicate>),
    /// The same on every row: a condition on a field no row has, or on one that is never null.
    Constant(Truth),
    /// One condition.
    Leaf(Leaf),
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// What it looks at.
    pub field: Field,
    /// What it asks of it. Made for the field's type, and only meaningful there.
    pub test: Test,
}

/// What a leaf asks of the value of its field.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Whether it is null, or whether it is not. Never unknown; every other test is, on null.
    Null(bool),
    /// The same answer for every present value.
    Present(bool),
    /// A test of a scalar.
    Value(ValueTest),
    /// A test of the number of code points of a text, or of elements of a list.
    Length(ValueTest),
    /// The list equals one of these, element by element and in order.
    Items(Vec<Vec<Operand>>),
    /// Some element passes.
    Any(ElementTest),
    /// Every element passes.
    All(ElementTest),
    /// A text, or the elements of a list of texts together, resembles a query.
    Fuzzy(Fuzzy),
    /// A vector lies within, or beyond, a distance.
    Within(Within),
}

impl Test {
    fn size(&self) -> Size {
        let one = Size { conditions: 1, patterns: 0, values: 1 };
        match self {
            // Each holds what takes as much space and time as a pattern.
            Self::Fuzzy(_) | Self::Within(_) => Size { patterns: 1, ..one },
            Self::Value(test)
            | Self::Length(test)
            | Self::Any(ElementTest { test, .. })
            | Self::All(ElementTest { test, .. }) => match test {
                ValueTest::In(operands) => Size { values: operands.len(), ..one },
                ValueTest::Matches(_) => Size { patterns: 1, ..one },
                _ => one,
            },
            // Bound as one text, but each list is compared with the document of each row.
            Self::Items(lists) => Size { values: lists.iter().map(|list| list.len().max(1)).sum(), ..one },
            Self::Null(_) | Self::Present(_) => one,
        }
    }
}

/// A test of the elements of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementTest {
    /// What an element must pass.
    pub test: ValueTest,
    /// It must fail instead.
    pub negated: bool,
}

/// At least so similar, see [`TrigramSet::word_similarity`].
#[derive(Clone, Debug, PartialEq)]
pub struct Fuzzy {
    /// The query.
    pub query: TrigramSet,
    /// The least word similarity that passes.
    pub threshold: f32,
}

impl Fuzzy {
    /// The threshold where none is given.
    pub const THRESHOLD: f32 = 0.6;
}

/// A test of one present scalar. Number text (`30`, `88.5`) stands in for a number in the text tests.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueTest {
    /// How it stands to an operand.
    Compare(Comparison, Operand),
    /// It equals one of these.
    In(Vec<Operand>),
    /// It has this text inside.
    Contains(String),
    /// It begins with this text.
    StartsWith(String),
    /// It ends with this text.
    EndsWith(String),
    /// The pattern is found in it.
    Matches(Pattern),
}

/// The comparisons that are not the negation of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
}

impl Comparison {
    /// The name of its operator.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Gt => "gt",
            Self::Gte => "gte",
        }
    }

    /// Whether a value that stands so to the operand passes.
    pub fn holds(self, value_to_operand: Ordering) -> bool {
        match self {
            Self::Eq => value_to_operand.is_eq(),
            Self::Lt => value_to_operand.is_lt(),
            Self::Lte => value_to_operand.is_le(),
            Self::Gt => value_to_operand.is_gt(),
            Self::Gte => value_to_operand.is_ge(),
        }
    }
}

/// A value of the type of its field, as an index holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// An integer, a boolean as 0 or 1, or an instant as microseconds since 1970 in UTC.
    Integer(i64),
    /// A finite double.
    Float(f64),
    /// Text.
    Text(String),
}

impl Predicate {
    /// Matches every row.
    pub const fn everything() -> Self {
        Self::And(Vec::new())
    }

    /// One condition that is known to fit its field.
    pub fn leaf(field: impl Into<Field>, test: Test) -> Self {
        Self::Leaf(Leaf { field: field.into(), test })
    }

    /// A scalar field equals a value of its type.
    pub fn equals(field: impl Into<Field>, operand: Operand) -> Self {
        Self::leaf(field, Test::Value(ValueTest::Compare(Comparison::Eq, operand)))
    }

    /// A list field has an element of its type.
    pub fn has_element(field: impl Into<Field>, operand: Operand) -> Self {
        let test = ValueTest::Compare(Comparison::Eq, operand);
        Self::leaf(field, Test::Any(ElementTest { test, negated: false }))
    }

    /// Only live rows, or only deleted ones.
    pub fn is_deleted(deleted: bool) -> Self {
        Self::equals(MetaField::IsDeleted, Operand::Integer(deleted.into()))
    }

    /// The conjunction; parts that are conjunctions themselves are merged into it, so that trees stay flat.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::And(inner) => flat.extend(inner),
                Self::Constant(Truth::True) => {}
                other => flat.push(other),
            }
        }
        one_or(flat, Self::And)
    }

    /// The disjunction; parts that are disjunctions themselves are merged into it, so that trees stay flat.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Or(inner) => flat.extend(inner),
                Self::Constant(Truth::False) => {}
                other => flat.push(other),
            }
        }
        one_or(flat, Self::Or)
    }

    /// Whether it is the conjunction of nothing.
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::And(parts) if parts.is_empty())
    }

    /// Its conditions, in no order.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        let mut rest = vec![self];
        std::iter::from_fn(move || {
            loop {
                match rest.pop()? {
                    Self::And(parts) | Self::Or(parts) => rest.extend(parts),
                    Self::Not(inner) => rest.push(inner),
                    Self::Leaf(leaf) => return Some(leaf),
                    Self::Constant(_) => {}
                }
            }
        })
    }

    /// The same, to change them.
    pub(super) fn leaves_mut(&mut self) -> impl Iterator<Item = &mut Leaf> {
        let mut rest = vec![self];
        std::iter::from_fn(move || {
            loop {
                match rest.pop()? {
                    Self::And(parts) | Self::Or(parts) => rest.extend(parts),
                    Self::Not(inner) => rest.push(inner),
                    Self::Leaf(leaf) => return Some(leaf),
                    Self::Constant(_) => {}
                }
            }
        })
    }

    /// How much it holds.
    pub fn size(&self) -> Size {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().map(Self::size).fold(Size::default(), Size::plus)
            }
            Self::Not(inner) => inner.size(),
            Self::Constant(_) => Size { conditions: 1, ..Size::default() },
            Self::Leaf(leaf) => leaf.test.size(),
        }
    }
}

/// How much a predicate holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Leaves.
    pub conditions: usize,
    /// Leaves that are matched by a pattern.
    pub patterns: usize,
    /// Operands.
    pub values: usize,
}

impl Size {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            conditions: self.conditions + other.conditions,
            patterns: self.patterns + other.patterns,
            values: self.values + other.values,
        }
    }
}

/// A group of one is that one.
fn one_or(mut parts: Vec<Predicate>, group: fn(Vec<Predicate>) -> Predicate) -> Predicate {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            group(parts)
        }
        None => group(parts),
    }
}

impl std::ops::BitAnd for Predicate {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self::all([self, other])
    }
}

impl std::ops::BitOr for Predicate {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self::any([self, other])
    }
}

impl std::ops::Not for Predicate {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::Constant(truth) => Self::Constant(!truth),
            other => Self::Not(Box::new(other)),
        }
    }
}

impl From<MetaField> for Field {
    fn from(field: MetaField) -> Self {
        Self::Meta(field)
    }
}
