//! The operators of conditions.

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal; unknown on null.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Substring of a text, element of a list.
    Contains,
    /// Beginning of a text.
    StartsWith,
    /// End of a text.
    EndsWith,
    /// Equal to one of a list.
    In,
    /// Equal to none of a list; unknown on null.
    NotIn,
    /// A list that shares an element with the operand.
    ContainsAny,
    /// Null, or not.
    IsNull,
    /// Indexed, or not.
    Exists,
    /// Missing or null, or neither.
    IsNa,
    /// A regular expression is found.
    Regex,
    /// [`Operator::Contains`] of a text, ignoring case.
    IContains,
    /// [`Operator::StartsWith`], ignoring case.
    IStartsWith,
    /// [`Operator::EndsWith`], ignoring case.
    IEndsWith,
    /// `%` and `_` as wildcards over the whole text.
    Like,
}

/// What an operand has to be, whatever the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Any,
    Order,
    List,
    Flag,
    Text,
}

impl Operator {
    /// The operators of structured conditions, in the order messages name them.
    pub const STRUCTURED: [Self; 16] = [
        Self::Eq,
        Self::Ne,
        Self::Gt,
        Self::Gte,
        Self::Lt,
        Self::Lte,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::In,
        Self::NotIn,
        Self::ContainsAny,
        Self::IsNull,
        Self::Exists,
        Self::IsNa,
        Self::Regex,
    ];

    /// The operator of a structured condition; names are lower case.
    pub fn parse_structured(name: &str) -> Option<Self> {
        Self::STRUCTURED.into_iter().find(|operator| operator.as_str() == name)
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Contains => "contains",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::ContainsAny => "contains_any",
            Self::IsNull => "is_null",
            Self::Exists => "exists",
            Self::IsNa => "isna",
            Self::Regex => "regex",
            Self::IContains => "icontains",
            Self::IStartsWith => "istarts_with",
            Self::IEndsWith => "iends_with",
            Self::Like => "like",
        }
    }

    pub(super) const fn form(self) -> Form {
        match self {
            Self::In | Self::NotIn => Form::List,
            Self::IsNull | Self::Exists | Self::IsNa => Form::Flag,
            Self::Regex | Self::IContains | Self::IStartsWith | Self::IEndsWith | Self::Like => Form::Text,
            Self::Gt | Self::Gte | Self::Lt | Self::Lte => Form::Order,
            Self::Eq | Self::Ne | Self::Contains | Self::StartsWith | Self::EndsWith | Self::ContainsAny => {
                Form::Any
            }
        }
    }

    /// Whether a quantifier takes it.
    pub(super) const fn is_for_elements(self) -> bool {
        matches!(
            self,
            Self::Eq
                | Self::Ne
                | Self::Contains
                | Self::StartsWith
                | Self::EndsWith
                | Self::Regex
                | Self::IContains
                | Self::IStartsWith
                | Self::IEndsWith
        )
    }
}

/// How many elements of a list have to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// At least one; false for the empty list.
    Any,
    /// Every one; true for the empty list.
    All,
}

impl Quantifier {
    /// Its name in messages.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any()",
            Self::All => "all()",
        }
    }
}
