//! The one JSON text of a value: the text that is stored, hashed and answered.

mod map;

use std::fmt::Display;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{self, Serialize};

use super::path::path_at;
use super::scan::is_plain;
use super::{DecodeError, DecodeErrorKind};
use crate::binary;
use map::SortedMap;

/// The names under which `serde_json` smuggles text through other serializers.
const RAW_VALUE: &str = "$serde_json::private::RawValue";
const BIG_NUMBER: &str = "$serde_json::private::Number";

/// Writes a value as canonical JSON: struct fields as declared, map entries sorted by key, no white
/// space, floats with a decimal point or an exponent.
///
/// Equal values give equal bytes, so their hash can stand for them. A float that JSON cannot hold is an
/// error instead of `null`.
///
/// ```
/// use std::collections::HashMap;
/// use specstar_runtime::json::to_canonical;
///
/// let stock = HashMap::from([("pear", 2.0), ("apple", 1.5)]);
/// assert_eq!(to_canonical(&stock).unwrap(), br#"{"apple":1.5,"pear":2.0}"#);
/// assert_eq!(to_canonical(&[1.0, f64::NAN]).unwrap_err().path, "$[1]");
/// ```
pub fn to_canonical<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, DecodeError> {
    let mut writer = Writer { out: Vec::with_capacity(512), blobs: None, open_blob: None };
    match value.serialize(&mut writer) {
        Ok(()) => Ok(writer.out),
        Err(error) => Err(error.locate(&writer.out)),
    }
}

/// A value as canonical JSON, and the blobs in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canonical {
    /// The text. The bytes of blobs are not part of it.
    pub text: Vec<u8>,
    /// Every blob, in the order of the text.
    pub blobs: Vec<CapturedBlob>,
}

/// A blob in a canonical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedBlob {
    /// Where its object stands in the text.
    pub range: Range<usize>,
    /// The bytes it brings.
    pub data: Option<Vec<u8>>,
}

/// [`to_canonical`] that finds the [blobs](crate::binary::Blob), however deep they are, and takes their bytes out of
/// the text.
///
/// ```
/// use specstar_runtime::binary::Blob;
/// use specstar_runtime::json::capture;
///
/// let files = [Some(Blob::from_bytes("hello", "text/plain")), None];
/// let canonical = capture(&files).unwrap();
/// assert_eq!(canonical.text, br#"[{"content_type":"text/plain"},null]"#);
/// assert_eq!(canonical.blobs[0].range, 1..30);
/// assert_eq!(canonical.blobs[0].data.as_deref(), Some(&b"hello"[..]));
/// ```
pub fn capture<T: Serialize + ?Sized>(value: &T) -> Result<Canonical, DecodeError> {
    let mut writer = Writer { out: Vec::with_capacity(512), blobs: Some(Vec::new()), open_blob: None };
    match value.serialize(&mut writer) {
        Ok(()) => Ok(Canonical { text: writer.out, blobs: writer.blobs.unwrap_or_default() }),
        Err(error) => Err(error.locate(&writer.out)),
    }
}

/// Appends text as a JSON string, quotes included.
///
/// ```
/// let mut out = Vec::new();
/// specstar_runtime::json::write_string(&mut out, "a\"b");
/// assert_eq!(out, br#""a\"b""#);
/// ```
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Writing text into a `Vec` has no way to fail.
        let _ = serde_json::to_writer(out, text);
    }
}

/// Thin, because it is the error type of every `serialize` call of every resource.
#[derive(Debug)]
struct EncodeError(Box<Message>);

#[derive(Debug)]
struct Message(String);

impl EncodeError {
    /// The text written so far leads to the value that failed.
    #[cold]
    fn locate(self, written: &[u8]) -> DecodeError {
        DecodeError { path: path_at(written, written.len()), message: self.0.0, kind: DecodeErrorKind::Data }
    }
}

impl Display for EncodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.0)
    }
}

impl std::error::Error for EncodeError {}

impl ser::Error for EncodeError {
    #[cold]
    fn custom<T: Display>(message: T) -> Self {
        Self(Box::new(Message(message.to_string())))
    }
}

impl From<serde_json::Error> for EncodeError {
    #[cold]
    fn from(error: serde_json::Error) -> Self {
        ser::Error::custom(error)
    }
}

type Done = Result<(), EncodeError>;

struct Writer {
    out: Vec<u8>,
    /// The blobs that were written, when they are looked for; their bytes are written otherwise.
    blobs: Option<Vec<CapturedBlob>>,
    /// The blob that is being written; there is none inside of another one.
    open_blob: Option<OpenBlob>,
}

/// What is known of a blob before its end.
#[derive(Default)]
struct OpenBlob {
    data: Option<Vec<u8>>,
}

impl Writer {
    fn json(&mut self) -> serde_json::Serializer<&mut Vec<u8>> {
        serde_json::Serializer::new(&mut self.out)
    }

    /// `{"variant":`, before the content of an enum variant.
    fn open_variant(&mut self, variant: &str) {
        self.out.push(b'{');
        write_string(&mut self.out, variant);
        self.out.push(b':');
    }

    fn open(&mut self, bracket: u8, end: &'static [u8]) -> Compound<'_> {
        self.out.push(bracket);
        Compound { writer: self, first: true, end, embedded: Embedded::No }
    }

    fn open_blob(&mut self) -> Compound<'_> {
        let start = self.out.len();
        self.open_blob = Some(OpenBlob::default());
        Compound { embedded: Embedded::Blob { start }, ..self.open(b'{', b"}") }
    }

    /// `1e16` and not `1e+16`: versions of `serde_json` differ, and the hash must not.
    fn drop_plus(&mut self, start: usize) {
        if let Some(at) = self.out[start..].iter().position(|byte| *byte == b'+') {
            self.out.remove(start + at);
        }
    }

    fn integer(&mut self, value: impl itoa::Integer) {
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Done {
            self.integer(value);
            Ok(())
        })*
    };
}

impl<'a> ser::Serializer for &'a mut Writer {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = SortedMap<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    integers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128);
    integers!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128);

    fn serialize_bool(self, value: bool) -> Done {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Done {
        refuse_non_finite(value.is_finite())?;
        let start = self.out.len();
        self.json().serialize_f32(value)?;
        self.drop_plus(start);
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Done {
        refuse_non_finite(value.is_finite())?;
        let start = self.out.len();
        self.json().serialize_f64(value)?;
        self.drop_plus(start);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Done {
        write_string(&mut self.out, value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Done {
        write_string(&mut self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Done {
        Ok(self.json().serialize_bytes(value)?)
    }

    fn serialize_none(self) -> Done {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Done {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Done {
        if name == binary::MEMBER && self.blobs.is_some() && self.open_blob.is_none() {
            return Err(ser::Error::custom("a blob cannot be flattened: its bytes would not be found"));
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        self.open_variant(variant);
        value.serialize(&mut *self)?;
        self.out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Compound<'a>, EncodeError> {
        Ok(self.open(b'[', b"]"))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Compound<'a>, EncodeError> {
        Ok(self.open(b'[', b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, EncodeError> {
        Ok(self.open(b'[', b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>, EncodeError> {
        self.open_variant(variant);
        Ok(self.open(b'[', b"]}"))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<SortedMap<'a>, EncodeError> {
        Ok(SortedMap::new(self))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Compound<'a>, EncodeError> {
        let embedded = match name {
            RAW_VALUE => Embedded::Json,
            BIG_NUMBER => Embedded::Number,
            binary::STRUCT if self.blobs.is_some() => return Ok(self.open_blob()),
            _ => return Ok(self.open(b'{', b"}")),
        };
        Ok(Compound { writer: self, first: true, end: b"", embedded })
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'a>, EncodeError> {
        self.open_variant(variant);
        Ok(self.open(b'{', b"}}"))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Done {
        Ok(self.json().collect_str(value)?)
    }
}

fn refuse_non_finite(finite: bool) -> Done {
    if finite { Ok(()) } else { Err(ser::Error::custom("JSON has no NaN and no infinity")) }
}

/// Whether a struct is one of `serde_json`'s wrappers of ready JSON text, or a blob.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Embedded {
    No,
    Json,
    Number,
    /// It is a blob, whose object begins here.
    Blob {
        start: usize,
    },
}

/// An open sequence or struct.
struct Compound<'a> {
    writer: &'a mut Writer,
    first: bool,
    end: &'static [u8],
    embedded: Embedded,
}

impl Compound<'_> {
    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.writer.out.push(b',');
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.comma();
        value.serialize(&mut *self.writer)
    }

    fn key(&mut self, key: &str) {
        self.comma();
        write_string(&mut self.writer.out, key);
        self.writer.out.push(b':');
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Done {
        match self.embedded {
            Embedded::No => {
                self.key(key);
                return value.serialize(&mut *self.writer);
            }
            Embedded::Blob { .. } => return self.blob_member(key, value),
            Embedded::Json | Embedded::Number => {}
        }
        let start = self.writer.out.len();
        value.serialize(&mut *self.writer)?;
        self.unwrap_text(start)
    }

    /// Replaces the text of a wrapper, written as a JSON string, by the JSON inside it in canonical form.
    #[cold]
    fn unwrap_text(&mut self, start: usize) -> Done {
        let text: String = serde_json::from_slice(&self.writer.out[start..])?;
        self.writer.out.truncate(start);
        if self.embedded == Embedded::Number {
            self.writer.out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        serde_json::from_str::<serde_json::Value>(&text)?.serialize(&mut *self.writer)
    }

    /// The bytes are taken out of the text again.
    #[cold]
    fn blob_member<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Done {
        if key != "data" {
            self.key(key);
            return value.serialize(&mut *self.writer);
        }
        let start = self.writer.out.len();
        value.serialize(&mut *self.writer)?;
        let text: &str = serde_json::from_slice(&self.writer.out[start..])?;
        let data = STANDARD.decode(text).map_err(<EncodeError as ser::Error>::custom)?;
        self.writer.out.truncate(start);
        self.writer.open_blob = Some(OpenBlob { data: Some(data) });
        Ok(())
    }

    fn close(self) {
        self.writer.out.extend_from_slice(self.end);
        if let Embedded::Blob { start } = self.embedded {
            let data = self.writer.open_blob.take().and_then(|blob| blob.data);
            let range = start..self.writer.out.len();
            self.writer.blobs.get_or_insert_default().push(CapturedBlob { range, data });
        }
    }
}

macro_rules! compound {
    ($($trait:ident $method:ident),*) => {
        $(impl ser::$trait for Compound<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
                self.element(value)
            }

            fn end(self) -> Done {
                self.close();
                Ok(())
            }
        })*
    };
}

compound!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

macro_rules! compound_struct {
    ($($trait:ident),*) => {
        $(impl ser::$trait for Compound<'_> {
            type Ok = ();
            type Error = EncodeError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Done {
                self.field(key, value)
            }

            fn end(self) -> Done {
                self.close();
                Ok(())
            }
        })*
    };
}

compound_struct!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
pub(super) mod tests;
