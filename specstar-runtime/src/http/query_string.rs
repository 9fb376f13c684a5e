//! The query of a request, checked against the parameters of its route.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::route::{Parameter, Route};
use super::settings::UnknownParameters;
use crate::error::{Error, Result};

/// Names and values in the order they were sent.
#[derive(Debug, Default)]
pub(crate) struct QueryString<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> QueryString<'a> {
    /// Decodes a query (`application/x-www-form-urlencoded`, UTF-8) as far as the route reads it. A name the
    /// route does not have is refused or left out.
    pub(crate) fn parse(raw: &'a str, route: &Route, unknown: UnknownParameters) -> Result<Self> {
        let suggest = |name: &str| route.suggest(name).map(str::to_owned);
        Self::parse_named(raw, |name| route.accepts(name), suggest, unknown)
    }

    /// The same for parameters that no table names.
    pub(crate) fn parse_named(
        raw: &'a str,
        accepts: impl Fn(&str) -> bool,
        suggest: impl Fn(&str) -> Option<String>,
        unknown: UnknownParameters,
    ) -> Result<Self> {
        let strict = unknown == UnknownParameters::Refuse;
        let mut pairs = Vec::new();
        for part in raw.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = match decode(name) {
                Ok(name) if accepts(&name) => name,
                Ok(name) if strict => {
                    let suggestion = suggest(&name);
                    return Err(Error::UnknownParameter { name: shortened(&name), suggestion });
                }
                Err(error) if strict => return Err(error),
                _ => continue,
            };
            let value = decode(value).map_err(|error| rename(error, &name))?;
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// Everything that was read, decoded.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    /// The last value, as the reference reads a scalar that is given twice.
    pub(crate) fn last(&self, parameter: &Parameter) -> Option<&str> {
        let mut found = self.pairs.iter().rev().filter(|(name, _)| name == parameter.name);
        found.next().map(|(_, value)| &**value)
    }

    /// Whether it is given, with whatever value.
    pub(crate) fn has(&self, parameter: &Parameter) -> bool {
        self.last(parameter).is_some()
    }

    /// The last value, unless it is empty.
    pub(crate) fn text(&self, parameter: &Parameter) -> Option<&str> {
        self.last(parameter).filter(|value| !value.is_empty())
    }

    /// Every value, of the alternative spelling too.
    pub(crate) fn all(&self, parameter: &Parameter) -> Vec<&str> {
        let named = |name: &str| name == parameter.name || Some(name) == parameter.alias;
        self.pairs.iter().filter(|(name, _)| named(name)).map(|(_, value)| &**value).collect()
    }

    /// A boolean in any of its spellings; 422 for anything else, an empty value included.
    pub(crate) fn boolean(&self, parameter: &Parameter, default: bool) -> Result<bool> {
        let Some(text) = self.last(parameter) else { return Ok(default) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "t" | "y" => Ok(true),
            "false" | "0" | "no" | "off" | "f" | "n" => Ok(false),
            _ => Err(invalid(parameter, "expected true or false", text)),
        }
    }

    /// An integer from `least` to `most`; 422 for anything else.
    pub(crate) fn integer(
        &self,
        parameter: &Parameter,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<u64> {
        let Some(text) = self.last(parameter) else { return Ok(default) };
        match text.trim().parse::<u64>() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => {
                let expected = format!("expected an integer from {} to {}", range.start(), range.end());
                Err(invalid(parameter, &expected, text))
            }
        }
    }
}

/// 422 for a value of a query parameter.
pub(crate) fn invalid(parameter: &Parameter, message: &str, input: &str) -> Error {
    Error::InvalidParameter {
        location: "query",
        name: parameter.name.to_owned(),
        message: message.to_owned(),
        input: shortened(input),
    }
}

/// What a message quotes of a client's text.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

fn decode(text: &str) -> Result<Cow<'_, str>> {
    if !text.contains(['+', '%']) {
        return Ok(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(Cow::Owned(decoded.into_owned())),
        Err(_) => Err(Error::InvalidParameter {
            location: "query",
            name: shortened(text),
            message: "the percent-encoded text is not UTF-8".into(),
            input: shortened(text),
        }),
    }
}

fn rename(error: Error, parameter: &str) -> Error {
    match error {
        Error::InvalidParameter { location, message, input, .. } => {
            Error::InvalidParameter { location, name: shortened(parameter), message, input }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::route::{Operation, parameters as p};

    fn list(raw: &str, unknown: UnknownParameters) -> Result<QueryString<'_>> {
        QueryString::parse(raw, Route::of(Operation::List), unknown)
    }

    #[test]
    fn values_are_decoded_and_repeated() {
        let raw = "created_bys=a%20b&created_bys=c+d&limit=2&limit=3&partial[]=/x&";
        let query = list(raw, UnknownParameters::Refuse).expect("it is fine");
        assert_eq!(query.all(&p::CREATED_BYS), ["a b", "c d"]);
        assert_eq!(query.integer(&p::LIMIT, 9, 1..=10).expect("in range"), 3);
        assert_eq!(query.all(&p::PARTIAL), ["/x"]);
        assert_eq!(query.last(&p::OFFSET), None);
    }

    #[test]
    fn impossible_values_name_the_parameter() {
        let query = list("limit=x&is_deleted=&offset=-1", UnknownParameters::Refuse).expect("it is fine");
        for error in [
            query.integer(&p::LIMIT, 1, 1..=5).expect_err("no integer"),
            query.boolean(&p::IS_DELETED, false).map(u64::from).expect_err("empty"),
            query.integer(&p::OFFSET, 0, 0..=5).expect_err("negative"),
        ] {
            assert!(matches!(error, Error::InvalidParameter { .. }));
        }
        assert!(list("limit=%FF", UnknownParameters::Ignore).is_err());
    }

    #[test]
    fn unknown_names_are_refused_with_the_nearest_one_or_left_out() {
        let refused = list("limt=3", UnknownParameters::Refuse);
        let Err(Error::UnknownParameter { suggestion, .. }) = refused else { panic!("limt is unknown") };
        assert_eq!(suggestion.as_deref(), Some("limit"));
        let ignored = list("limt=%FF&%FF=1&revision_id=x", UnknownParameters::Ignore).expect("left out");
        assert_eq!(ignored.last(&p::REVISION_ID), None);
    }
}
