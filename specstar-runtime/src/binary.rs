//! The type of a field that is a file: what is known of it, and its bytes on their way in.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::{self, Deserializer, Visitor};
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};

/// The name under which a blob is known to the serializer of this crate.
pub(crate) const STRUCT: &str = "$specstar::Blob";
/// The name of a member that only a blob has.
pub(crate) const MEMBER: &str = "$specstar::BlobMember";

/// The longest media type of a file, in bytes.
const LONGEST_TYPE: usize = 255;

/// Whether a text is a media type, and one that is short enough to be sent with every answer.
pub(crate) fn is_media_type(text: &str) -> bool {
    text.len() <= LONGEST_TYPE && text.is_ascii() && text.parse::<mime::Mime>().is_ok()
}

/// A file beside the resource: bytes that are kept once however many resources name them.
///
/// A write brings the bytes themselves ([`from_bytes`](Self::from_bytes); `data` in JSON, as base64), or the id of a
/// file that is stored already ([`stored`](Self::stored); `file_id`). What is stored and read is the id, the size
/// and the media type; the bytes are read from [`Blobs`](crate::blob::Blobs), or by clients through the routes of
/// blobs.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use specstar_runtime::binary::Blob;
///
/// #[derive(Serialize, Deserialize)]
/// struct Page { title: String, picture: Option<Blob> }
///
/// let page: Page = serde_json::from_str(r#"{"title": "t", "picture": {"data": "aGVsbG8="}}"#)?;
/// assert_eq!(page.picture.as_ref().and_then(Blob::data).map(|data| &data[..]), Some(&b"hello"[..]));
///
/// let page = Page { title: "t".into(), picture: Some(Blob::from_bytes("hello", "text/plain")) };
/// assert_eq!(
///     serde_json::to_string(&page)?,
///     r#"{"title":"t","picture":{"content_type":"text/plain","data":"aGVsbG8="}}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Blob {
    file_id: Option<String>,
    size: Option<u64>,
    content_type: Option<String>,
    data: Option<Bytes>,
}

impl Blob {
    /// Bytes to be stored with the resource, and their media type (`None` where it is not known).
    pub fn from_bytes<'a>(bytes: impl Into<Bytes>, content_type: impl Into<Option<&'a str>>) -> Self {
        let content_type = content_type.into().map(str::to_owned);
        Self { data: Some(bytes.into()), content_type, ..Self::default() }
    }

    /// A file that is stored already; its size and media type are filled in when the resource is written.
    pub fn stored(file_id: impl Into<String>) -> Self {
        Self { file_id: Some(file_id.into()), ..Self::default() }
    }

    /// The id of the file, once it is stored.
    pub fn file_id(&self) -> Option<&str> {
        self.file_id.as_deref()
    }

    /// How many bytes it has, where that is said.
    pub const fn size(&self) -> Option<u64> {
        self.size
    }

    /// The media type, where that is said.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The bytes of a blob that is to be stored; one that was read has none.
    pub const fn data(&self) -> Option<&Bytes> {
        self.data.as_ref()
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members =
            [self.file_id.is_some(), self.size.is_some(), self.content_type.is_some(), self.data.is_some()];
        let mut blob =
            serializer.serialize_struct(STRUCT, members.into_iter().filter(|given| *given).count())?;
        match &self.file_id {
            Some(file_id) => blob.serialize_field("file_id", &Member(file_id))?,
            None => blob.skip_field("file_id")?,
        }
        match &self.size {
            Some(size) => blob.serialize_field("size", size)?,
            None => blob.skip_field("size")?,
        }
        match &self.content_type {
            Some(content_type) => blob.serialize_field("content_type", content_type)?,
            None => blob.skip_field("content_type")?,
        }
        match &self.data {
            Some(data) => blob.serialize_field("data", &Member(&STANDARD.encode(data)))?,
            None => blob.skip_field("data")?,
        }
        blob.end()
    }
}

/// Text that names itself as part of a blob: where it is met outside of one, the blob was flattened into another
/// struct, and nobody would find its bytes.
struct Member<'a>(&'a str);

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(MEMBER, self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Blob")]
        struct Members {
            #[serde(default)]
            file_id: Option<String>,
            #[serde(default)]
            size: Option<u64>,
            #[serde(default)]
            content_type: Option<String>,
            #[serde(default)]
            data: Option<Base64>,
        }

        let Members { file_id, size, content_type, data } = Members::deserialize(deserializer)?;
        Ok(Self { file_id, size, content_type, data: data.map(|data| data.0) })
    }
}

struct Base64(Bytes);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Base64;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("base64")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Base64, E> {
                match STANDARD.decode(text) {
                    Ok(bytes) => Ok(Base64(bytes.into())),
                    Err(error) => Err(E::custom(format_args!("invalid base64: {error}"))),
                }
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl utoipa::PartialSchema for Blob {
    fn schema() -> RefOr<Schema> {
        let text =
            |description: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(description));
        let size = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
            .description(Some("How many bytes it has."));
        let data =
            text("The bytes, in a request that brings them.").content_encoding("base64").write_only(true);
        ObjectBuilder::new()
            .description(Some(
                "A file: in a request its bytes, or the id of one that is stored; in an answer its id, size and \
                 media type.",
            ))
            .property("file_id", text("The id of the file."))
            .property("size", size)
            .property("content_type", text("The media type."))
            .property("data", data)
            .into()
    }
}

impl utoipa::ToSchema for Blob {
    /// As the reference implementation calls it.
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Binary")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_may_be_left_out_or_null_and_unknown_ones_are_passed_over() {
        for (json, blob) in [
            ("{}", Blob::default()),
            (r#"{"file_id": "f", "size": null, "x": [1]}"#, Blob::stored("f")),
            (r#"{"data": ""}"#, Blob::from_bytes("", None)),
            (r#"{"content_type": "a/b", "data": "AAE="}"#, Blob::from_bytes(vec![0, 1], "a/b")),
        ] {
            assert_eq!(serde_json::from_str::<Blob>(json).unwrap(), blob, "{json}");
        }
    }

    #[test]
    fn only_padded_base64_of_the_standard_alphabet_is_taken() {
        for (data, problem) in
            [("!!!", "invalid base64"), ("AAE", "invalid base64"), ("_-8=", "invalid base64")]
        {
            let error = serde_json::from_str::<Blob>(&format!(r#"{{"data": "{data}"}}"#)).unwrap_err();
            assert!(error.to_string().starts_with(problem), "{error}");
        }
        let error = serde_json::from_str::<Blob>(r#"{"data": 5}"#).unwrap_err();
        assert!(error.to_string().contains("expected base64"), "{error}");
    }
}
