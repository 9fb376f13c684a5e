//! From the names and values of a query or a path to a type.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor,
};

use crate::error::Error;

/// Why parameters are not the value of a type.
#[derive(Debug)]
pub struct ValueError {
    name: Option<String>,
    message: String,
    input: String,
}

impl ValueError {
    fn new(message: impl Into<String>, input: &str) -> Self {
        Self { name: None, message: message.into(), input: input.chars().take(40).collect() }
    }

    fn of(self, name: &str) -> Self {
        Self { name: self.name.or_else(|| Some(name.to_owned())), ..self }
    }

    /// The error a client sees.
    pub(super) fn located(self, location: &'static str) -> Error {
        let name = self.name.unwrap_or_else(|| location.to_owned());
        Error::InvalidParameter { location, name, message: self.message, input: self.input }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ValueError {}

impl de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string(), "")
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("it is required", "").of(field)
    }
}

/// A struct by names, a tuple by order, or the only value.
pub(super) fn from_pairs<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, ValueError> {
    T::deserialize(Pairs(pairs))
}

struct Pairs<'a>(&'a [(String, String)]);

impl<'a> Pairs<'a> {
    fn values(&self) -> Vec<&'a str> {
        self.0.iter().map(|(_, value)| value.as_str()).collect()
    }

    fn only(self) -> Result<Values<'a>, ValueError> {
        match self.0 {
            [(_, value)] => Ok(Values(vec![value])),
            several => Err(ValueError::new(format!("expected one value, there are {}", several.len()), "")),
        }
    }
}

macro_rules! only {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            let name = self.0.first().map_or("", |(name, _)| name.as_str());
            self.only()?.$method(visitor).map_err(|error| error.of(name))
        }
    )*};
}

impl<'de> Deserializer<'de> for Pairs<'_> {
    type Error = ValueError;

    only! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        MapAccessDeserializer::new(Members::of(self.0)).deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        Values(self.values()).deserialize_seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 bytes byte_buf option unit unit_struct map struct identifier ignored_any
    }
}

/// Each name once, with all its values.
struct Members<'a> {
    rest: std::vec::IntoIter<(&'a str, Vec<&'a str>)>,
    current: Option<(&'a str, Vec<&'a str>)>,
}

impl<'a> Members<'a> {
    fn of(pairs: &'a [(String, String)]) -> Self {
        let mut members: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, value) in pairs {
            match members.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => members.push((name, vec![value])),
            }
        }
        Self { rest: members.into_iter(), current: None }
    }
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        self.current = self.rest.next();
        let Some((name, _)) = &self.current else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ValueError> {
        let Some((name, values)) = self.current.take() else {
            return Err(de::Error::custom("a value without a name"));
        };
        seed.deserialize(Values(values)).map_err(|error| error.of(name))
    }
}

/// The values under one name: the last one where one is wanted.
struct Values<'a>(Vec<&'a str>);

impl<'a> Values<'a> {
    fn last(&self) -> &'a str {
        self.0.last().copied().unwrap_or("")
    }
}

impl IntoDeserializer<'_, ValueError> for Values<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $expected:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            let text = self.last();
            let value = text.trim().parse().map_err(|_| ValueError::new($expected, text))?;
            visitor.$visit(value)
        }
    )*};
}

/// JSON has no other numbers, and the document says `number`.
macro_rules! finite {
    ($($method:ident $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            let text = self.last();
            let number = text.trim().parse().ok().filter(|number| f64::from(*number).is_finite());
            visitor.$visit(number.ok_or_else(|| ValueError::new("expected a number", text))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Values<'_> {
    type Error = ValueError;

    parsed! {
        deserialize_i8 visit_i8 "expected an integer from -128 to 127";
        deserialize_i16 visit_i16 "expected an integer of 16 bits";
        deserialize_i32 visit_i32 "expected an integer of 32 bits";
        deserialize_i64 visit_i64 "expected an integer of 64 bits";
        deserialize_u8 visit_u8 "expected an integer from 0 to 255";
        deserialize_u16 visit_u16 "expected an integer from 0 to 65535";
        deserialize_u32 visit_u32 "expected an integer from 0 to 4294967295";
        deserialize_u64 visit_u64 "expected an integer of at least 0";
    }

    finite! {
        deserialize_f32 visit_f32;
        deserialize_f64 visit_f64;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_str(self.last())
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let text = self.last();
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "t" | "y" => visitor.visit_bool(true),
            "false" | "0" | "no" | "off" | "f" | "n" => visitor.visit_bool(false),
            _ => Err(ValueError::new("expected true or false", text)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        let mut values = SeqDeserializer::new(self.0.into_iter().map(|value| Values(vec![value])));
        let value = visitor.visit_seq(&mut values)?;
        values.end()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ValueError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        let text = self.last();
        let variant: StrDeserializer<'_, ValueError> = StrDeserializer::new(text);
        visitor
            .visit_enum(variant)
            .map_err(|error| ValueError { input: ValueError::new("", text).input, ..error })
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Side {
        Left,
        Right,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct All {
        count: u8,
        #[serde(default)]
        tags: Vec<i64>,
        side: Option<Side>,
        flag: Option<bool>,
        text: String,
    }

    fn pairs(text: &str) -> Vec<(String, String)> {
        let split = text.split('&').filter_map(|pair| pair.split_once('='));
        split.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_struct_is_read_by_names() {
        let read: All =
            from_pairs(&pairs("tags=1&count=3&tags=-2&text=5&side=left&flag=yes")).expect("it fits");
        let all =
            All { count: 3, tags: vec![1, -2], side: Some(Side::Left), flag: Some(true), text: "5".into() };
        assert_eq!(read, all);
        let read: All = from_pairs(&pairs("count=3&count=4&text=")).expect("it fits");
        assert_eq!(read, All { count: 4, tags: vec![], side: None, flag: None, text: String::new() });
    }

    #[test]
    fn a_path_is_the_only_value_a_tuple_or_a_struct() {
        assert_eq!(from_pairs::<u32>(&pairs("level=7")).expect("it fits"), 7);
        assert_eq!(from_pairs::<String>(&pairs("skill=x")).expect("it fits"), "x");
        assert_eq!(from_pairs::<Side>(&pairs("side=right")).expect("it fits"), Side::Right);
        assert_eq!(from_pairs::<(String, i8)>(&pairs("a=x&b=-1")).expect("it fits"), ("x".to_owned(), -1));
        assert!(from_pairs::<(String, i8)>(&pairs("a=x&b=-1&c=3")).is_err());
        assert!(from_pairs::<u32>(&pairs("a=1&b=2")).is_err());
    }

    #[test]
    fn numbers_are_those_of_json() {
        for (text, number) in [("2.5", 2.5), ("-0.5", -0.5), (" 1", 1.0), ("1e3", 1000.0)] {
            let read = from_pairs::<f64>(&[("by".to_owned(), text.to_owned())]).expect("it fits");
            assert!((read - number).abs() < f64::EPSILON, "{text}");
        }
        for text in ["nan", "inf", "-infinity", "1e999", "", "x"] {
            let pairs = [("by".to_owned(), text.to_owned())];
            assert!(from_pairs::<f64>(&pairs).is_err() && from_pairs::<f32>(&pairs).is_err(), "{text}");
        }
        assert!(from_pairs::<f32>(&pairs("by=1e39")).is_err(), "a double, and no single");
    }

    #[test]
    fn what_does_not_fit_names_the_parameter() {
        let refused =
            |text: &str| match from_pairs::<All>(&pairs(text)).expect_err("refused").located("query") {
                Error::InvalidParameter { name, message, input, .. } => (name, message, input),
                other => panic!("{other}"),
            };
        let said =
            |name: &str, message: &str, input: &str| (name.to_owned(), message.to_owned(), input.to_owned());
        assert_eq!(refused("count=300&text=a"), said("count", "expected an integer from 0 to 255", "300"));
        assert_eq!(refused("count=3"), said("text", "it is required", ""));
        assert_eq!(refused("count=3&text=a&flag=maybe"), said("flag", "expected true or false", "maybe"));
        let (name, message, input) = refused("count=3&text=a&side=up");
        assert_eq!((name.as_str(), input.as_str()), ("side", "up"));
        assert!(message.contains("`left`"), "{message}");
    }
}
