//! What an expression can be worth while it is read, and the tree it becomes.

use proc_macro2::{Ident, TokenStream};

use super::place::Place;

/// A value and where it stands.
pub(super) struct Item {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// The kinds of value.
pub(super) enum Value {
    Constant(Constant),
    /// A path, or what stands in braces.
    Rust(TokenStream),
    List(Vec<Item>),
    Utc,
    Field(Box<Field>),
    Condition(Box<Query>),
    /// `F.any()` and `F.all()`: the field has that form.
    Quantifier(Box<Field>),
    /// `F.similarity(…)` and distances: the field has that form.
    Ranking(Box<Field>),
    Sort(SortKey),
}

/// What is known while compiling.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Constant {
    None,
    Bool(bool),
    /// Wider than the language, so that the smallest integer can be written with its sign.
    Integer(i128),
    Float(f64),
    Text(String),
    /// A date is the midnight it begins with, in UTC.
    Moment {
        base: Base,
        /// Microseconds from the base.
        micros: i64,
        date: bool,
    },
    /// Microseconds.
    Duration(i64),
}

/// What a moment is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Epoch,
    /// The moment the query is made.
    Now,
    /// The midnight before it.
    Today,
}

/// `QB["age"]`, perhaps its length, and what was said about order and page.
#[derive(Clone)]
pub(super) struct Field {
    /// The field of the columns struct, at the place of the name.
    pub(super) column: Ident,
    /// It is metadata.
    pub(super) meta: bool,
    /// `length`, `any` or `all`; a ranking.
    pub(super) form: Option<Form>,
    pub(super) steps: Vec<Step>,
}

/// A method that leads from a field to something else that can be asked.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) method: Ident,
    pub(super) arguments: Vec<TokenStream>,
}

/// A condition with its order and page.
pub(super) struct Query {
    pub(super) condition: Condition,
    pub(super) steps: Vec<Step>,
}

pub(super) enum Condition {
    All,
    /// `column.method(arguments)`.
    Test {
        field: Field,
        method: Ident,
        arguments: Vec<TokenStream>,
    },
    /// A Rust value that has to be one.
    Rust(TokenStream),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

/// `.order_by(…)`, `.limit(…)` and so on.
#[derive(Clone)]
pub(super) enum Step {
    Order(SortKey),
    Call { method: Ident, arguments: Vec<TokenStream> },
}

/// `F.asc()` or `F.desc()`; the method stands where the direction was written.
#[derive(Clone)]
pub(super) struct SortKey {
    pub(super) field: Field,
    pub(super) method: Ident,
}

impl Value {
    /// Its name in messages, with an article where it takes one.
    pub(super) const fn describe(&self) -> &'static str {
        match self {
            Self::Constant(constant) => constant.describe(),
            Self::Rust(_) => "a Rust value",
            Self::List(_) => "a list",
            Self::Utc => "a time zone",
            Self::Field(_) => "a field",
            Self::Condition(_) => "a condition",
            Self::Quantifier(_) => "a quantifier",
            Self::Ranking(_) => "a ranking",
            Self::Sort(_) => "a sort key",
        }
    }
}

impl Constant {
    const fn describe(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a string",
            Self::Moment { .. } => "a date-time",
            Self::Duration(_) => "a duration",
        }
    }
}

impl Item {
    pub(super) fn constant(constant: Constant, place: Place) -> Self {
        Self { value: Value::Constant(constant), place }
    }

    pub(super) fn condition(condition: Condition, place: Place) -> Self {
        Self { value: Value::Condition(Box::new(Query::new(condition))), place }
    }

    pub(super) fn is_all(&self) -> bool {
        matches!(&self.value, Value::Condition(query) if matches!(query.condition, Condition::All))
    }

    /// As a condition with its order and page; what is none is named in the error.
    pub(super) fn into_query(self, refuse: impl FnOnce(&str) -> String) -> syn::Result<Query> {
        match self.value {
            Value::Field(field) if field.form.is_none() => {
                let (steps, method) = (field.steps.clone(), Ident::new("is_truthy", field.column.span()));
                let condition = Condition::Test { field: *field, method, arguments: Vec::new() };
                Ok(Query { condition, steps })
            }
            Value::Field(_) => Err(self.place.error("a length is no condition; compare it with a number")),
            Value::Condition(query) => Ok(*query),
            Value::Rust(tokens) => Ok(Query::new(Condition::Rust(tokens))),
            other => Err(self.place.error(refuse(other.describe()))),
        }
    }
}

impl Field {
    /// The field under one of its methods.
    pub(super) fn under(self, method: Ident, arguments: Vec<TokenStream>) -> Self {
        Self { form: Some(Form { method, arguments }), ..self }
    }

    /// Whether that method is this one.
    pub(super) fn is_under(&self, method: &str) -> bool {
        self.form.as_ref().is_some_and(|form| form.method == method)
    }
}

impl Query {
    pub(super) fn new(condition: Condition) -> Self {
        Self { condition, steps: Vec::new() }
    }
}

impl Condition {
    /// What is met by every row is left out.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, other) | (other, Self::All) => other,
            (left, right) => Self::And(Box::new(left), Box::new(right)),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, other) | (other, Self::All) => other,
            (left, right) => Self::Or(Box::new(left), Box::new(right)),
        }
    }

    pub(super) fn negated(self, place: Place) -> syn::Result<Self> {
        match self {
            Self::All => {
                let problem = "'~' of a condition that holds for everything matches nothing; leave it out";
                Err(place.error(problem))
            }
            other => Ok(Self::Not(Box::new(other))),
        }
    }
}
