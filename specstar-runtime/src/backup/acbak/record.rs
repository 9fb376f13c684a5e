//! What stands in frames, decoded.

use std::fmt;
use std::io::Cursor;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::datetime::{Timestamp, parse_iso_micros};

/// How deep values may be nested: as deep as JSON.
const DEPTH: usize = 128;

/// A record of any kind: each has some of these.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    pub(super) t: String,
    #[serde(default)]
    pub(super) version: Option<u64>,
    #[serde(default)]
    pub(super) model_name: Option<String>,
    #[serde(default)]
    pub(super) data: Option<Bytes>,
    #[serde(default)]
    pub(super) file_id: Option<String>,
    #[serde(default)]
    pub(super) blob_data: Option<Bytes>,
    #[serde(default)]
    pub(super) size: Option<u64>,
    #[serde(default)]
    pub(super) content_type: Option<String>,
}

/// The metadata of a resource; what is computed from its current revision is left out.
#[derive(Debug, Deserialize)]
pub(super) struct Meta {
    pub(super) current_revision_id: String,
    pub(super) resource_id: String,
    pub(super) total_revision_count: i64,
    pub(super) created_time: Instant,
    pub(super) updated_time: Instant,
    pub(super) created_by: String,
    pub(super) updated_by: String,
    #[serde(default)]
    pub(super) is_deleted: bool,
}

/// A revision and its payload as the store of the reference has it.
#[derive(Debug, Deserialize)]
pub(super) struct RawResource {
    pub(super) info: Info,
    pub(super) raw_data: Bytes,
}

#[derive(Debug, Deserialize)]
pub(super) struct Info {
    pub(super) uid: String,
    pub(super) resource_id: String,
    pub(super) revision_id: String,
    #[serde(default)]
    pub(super) parent_revision_id: Option<String>,
    #[serde(default)]
    pub(super) parent_schema_version: Option<String>,
    #[serde(default)]
    pub(super) schema_version: Option<String>,
    #[serde(default)]
    pub(super) data_hash: Option<String>,
    pub(super) status: String,
    pub(super) created_time: Instant,
    pub(super) updated_time: Instant,
    pub(super) created_by: String,
    pub(super) updated_by: String,
}

/// Decodes one value that is all of the bytes.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut decoder = rmp_serde::Deserializer::new(Cursor::new(bytes));
    decoder.set_max_depth(DEPTH);
    let value = T::deserialize(&mut decoder).map_err(|error| error.to_string())?;
    let rest = bytes.len() as u64 - decoder.position();
    if rest == 0 { Ok(value) } else { Err(format!("{rest} bytes stand behind the value")) }
}

/// Bytes.
#[derive(Debug, Default)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl Visitor<'_> for Wanted {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Wanted)
    }
}

/// An instant: a timestamp extension, or ISO 8601 text where it has no time zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instant(pub(super) Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl<'de> Visitor<'de> for Wanted {
            type Value = Instant;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a timestamp")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Instant, E> {
                let time = Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}Z")));
                time.or_else(|| parse_iso_micros(text).map(Timestamp))
                    .map(Instant)
                    .ok_or_else(|| E::custom(format!("`{text}` is no timestamp")))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, extension: D) -> Result<Instant, D::Error> {
                let (kind, bytes) = <(i8, Bytes)>::deserialize(extension)?;
                instant(kind, &bytes.0)
                    .map(Instant)
                    .ok_or_else(|| de::Error::custom("no valid timestamp extension"))
            }
        }
        deserializer.deserialize_any(Wanted)
    }
}

/// The timestamp extension; fractions of a microsecond are dropped.
fn instant(kind: i8, bytes: &[u8]) -> Option<Timestamp> {
    if kind != -1 {
        return None;
    }
    let (seconds, nanos) = match bytes.len() {
        4 => (i64::from(u32::from_be_bytes(bytes.try_into().ok()?)), 0),
        8 => {
            let both = u64::from_be_bytes(bytes.try_into().ok()?);
            (i64::try_from(both & ((1 << 34) - 1)).ok()?, u32::try_from(both >> 34).ok()?)
        }
        12 => {
            let (nanos, seconds) = bytes.split_at(4);
            (i64::from_be_bytes(seconds.try_into().ok()?), u32::from_be_bytes(nanos.try_into().ok()?))
        }
        _ => return None,
    };
    if nanos >= 1_000_000_000 {
        return None;
    }
    let micros = seconds.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))?;
    // What cannot be written as RFC 3339 later is no time.
    Timestamp::WRITABLE.contains(&micros).then_some(Timestamp(micros))
}

/// A payload in `MessagePack`, as JSON has it: bytes in base64, instants as text.
pub(super) struct Payload(pub(super) Value);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Payload)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f32<E: de::Error>(self, value: f32) -> Result<Value, E> {
        self.visit_f64(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("JSON has no such number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        use base64::Engine;
        Ok(Value::String(base64::engine::general_purpose::STANDARD.encode(value)))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, extension: D) -> Result<Value, D::Error> {
        let (kind, bytes) = <(i8, Bytes)>::deserialize(extension)?;
        let time = instant(kind, &bytes.0).ok_or_else(|| de::Error::custom("an unknown extension"))?;
        Ok(Value::String(time.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Payload(value)) = values.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Payload(value))) = members.next_entry::<String, _>()? {
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
