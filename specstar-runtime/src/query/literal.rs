//! Values as a request writes them, before they are checked against a field.

use crate::datetime::Timestamp;
use crate::json::IndexValue;

/// A value of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`, or `None`.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A double.
    Float(f64),
    /// A string.
    Text(String),
    /// An instant, or a date as its midnight in UTC. JSON has no such literal: there it is a string.
    DateTime(Timestamp),
    /// A list.
    List(Vec<Literal>),
    /// A JSON object: equal to no indexed value. What it holds is therefore not kept.
    Object,
}

impl Literal {
    /// The literal of a JSON value; `None` for an integer beyond 64 bits.
    pub fn from_json(value: serde_json::Value) -> Option<Self> {
        use serde_json::Value;
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(bit) => Self::Bool(bit),
            Value::Number(number) if number.is_u64() || number.is_i64() => Self::Integer(number.as_i64()?),
            Value::Number(number) => Self::Float(number.as_f64()?),
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from_json).collect::<Option<_>>()?),
            Value::Object(_) => Self::Object,
        })
    }

    /// The value as an index keeps it; null for what no scalar index holds.
    pub(crate) fn into_index_value(self) -> IndexValue {
        match self {
            Self::Null | Self::List(_) | Self::Object => IndexValue::Null,
            Self::Bool(bit) => IndexValue::Integer(bit.into()),
            Self::Integer(number) => IndexValue::Integer(number),
            Self::Float(number) => IndexValue::Float(number),
            Self::Text(text) => IndexValue::Text(text),
            Self::DateTime(Timestamp(micros)) => IndexValue::Integer(micros),
        }
    }

    /// Its name in messages, with an article where it takes one.
    pub const fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a string",
            Self::DateTime(_) => "a date-time",
            Self::List(_) => "a list",
            Self::Object => "an object",
        }
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Literal {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Literal {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Literal {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Literal {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Timestamp> for Literal {
    fn from(value: Timestamp) -> Self {
        Self::DateTime(value)
    }
}

impl<T: Into<Literal>> From<Vec<T>> for Literal {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
