//! Files and upload sessions.

use serde_json::{Map, Value, json};
use utoipa::PartialSchema;

use super::operation::BLOBS_TAG;
use super::walk::Schemas;
use super::{DocumentError, shapes, union};
use crate::binary::Blob;
use crate::upload::rules::MOST_PARTS;
use crate::upload::{UploadMethod, UploadState};

/// The name of the schema of what a field says of a file.
pub(super) const BINARY: &str = "Binary";
/// The name of the schema of an upload session.
pub(super) const UPLOAD_SESSION: &str = "UploadSession";

const UPLOAD_ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
const CHECKSUM: &str = "^(sha256|blake3):[0-9A-Fa-f]{64}$";

/// The tag of files.
pub(super) fn tag() -> Value {
    json!({"name": BLOBS_TAG, "description": "Files, which fields of resources name."})
}

/// Adds the schemas; those that nothing refers to are dropped later. Resources that have files brought that of a file.
pub(super) fn add_schemas(schemas: &mut Schemas) -> Result<(), DocumentError> {
    if !schemas.contains_key(BINARY) {
        let binary = serde_json::to_value(Blob::schema());
        let name = BINARY.to_owned();
        let binary = binary.map_err(|cause| DocumentError::Unwritable { name: name.clone(), cause })?;
        union::insert(schemas, name, binary)?;
    }
    union::insert(schemas, UPLOAD_SESSION.into(), upload_session())
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn size(description: &str) -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 0, "description": description})
}

fn or_null(mut schema: Value) -> Value {
    let description = schema.as_object_mut().and_then(|object| object.remove("description"));
    json!({"anyOf": [schema, {"type": "null"}], "description": description})
}

fn upload_session() -> Value {
    let parts = json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": MOST_PARTS});
    let mut total = parts.clone();
    total["description"] = "How many parts were announced.".into();
    let expires = json!({"type": "string", "format": "date-time", "description": "When it is given up."});
    json!({
        "type": "object", "description": "A file that is being uploaded.",
        "required": [
            "upload_id", "file_id", "status", "upload_method", "upload_url", "size", "uploaded_size",
            "total_parts", "parts_received", "expires_at",
        ],
        "properties": {
            "upload_id": text("What it is called by."),
            "file_id": text("The file, once it is there; empty until then."),
            "status": {
                "type": "string", "description": "How far it is.",
                "enum": UploadState::ALL.map(UploadState::as_str),
            },
            "upload_method": method("How the bytes come."),
            "upload_url": text("Where to put them: with `single_put` an address of the storage, empty when \
                nothing can be put there any more."),
            "content_type": text("The media type of the file, where it was announced."),
            "size": or_null(size("How many bytes were announced.")),
            "uploaded_size": size("How many bytes were received."),
            "total_parts": or_null(total),
            "parts_received": {
                "type": "array", "description": "The numbers of the parts that were received, ascending.",
                "items": parts,
            },
            "checksum": {
                "type": "string", "pattern": CHECKSUM, "description": "The hash that was announced, if one was.",
            },
            "expires_at": or_null(expires),
        },
        "example": {
            "upload_id": UPLOAD_ID, "file_id": "", "status": "uploading", "upload_method": "proxy",
            "upload_url": format!("/blobs/upload-sessions/{UPLOAD_ID}/content"), "content_type": "video/mp4",
            "size": 20_971_520, "uploaded_size": 10_485_760, "total_parts": 2, "parts_received": [1],
            "expires_at": "2024-05-02T12:00:00Z",
        },
    })
}

fn method(description: &str) -> Value {
    let methods = [UploadMethod::Proxy, UploadMethod::SinglePut].map(UploadMethod::as_str);
    json!({"type": "string", "enum": methods, "description": description})
}

fn announced() -> Value {
    let total = json!({
        "type": "integer", "format": "int32", "minimum": 1, "maximum": MOST_PARTS,
        "description": "In how many parts it comes.",
    });
    let checksum = json!({
        "type": "string", "pattern": CHECKSUM, "description": "What its bytes hash to: SHA-256 or BLAKE3.",
    });
    json!({
        "type": "object", "description": "What is said of a file before it comes.",
        "properties": {
            "content_type": or_null(text("Its media type.")),
            "size": or_null(size("How many bytes it has.")),
            "total_parts": or_null(total),
            "checksum": or_null(checksum),
            "upload_method": or_null(method("How it comes; without it as the application prefers. `single_put` \
                only where the storage can sign addresses, else 400.")),
        },
        "example": {"content_type": "video/mp4", "size": 20_971_520, "total_parts": 2},
    })
}

/// The body with what is said of a file. It is no reference, because form generators guess from those what a resource
/// type is, and what stands in front of its path.
pub(super) fn announcement() -> Value {
    json!({
        "description": "What is known of the file; an empty object is fine.", "required": true,
        "content": {"application/json": {"schema": announced()}},
    })
}

/// The body with a file.
pub(super) fn file_body(raw: bool) -> Value {
    let form = json!({
        "schema": {
            "type": "object", "required": ["file"],
            "properties": {"file": {"type": "string", "format": "binary", "description": "The file."}},
        },
        "encoding": {"file": {"contentType": "*/*"}},
    });
    let mut body = json!({
        "description": "A form with one part `file`.", "required": true, "content": {"multipart/form-data": form},
    });
    if raw {
        body["description"] = "A form with one part `file`, or the file itself under its media type.".into();
        body["content"]["application/octet-stream"] = bytes();
    }
    body
}

fn bytes() -> Value {
    json!({"schema": {"type": "string", "format": "binary"}})
}

/// Bytes under the media type of the file. Generators of clients pass over an answer that has no name for it.
fn any_bytes() -> Value {
    json!({"*/*": bytes(), "application/octet-stream": bytes()})
}

/// An answer with a file.
pub(super) fn file(description: &str, headers: &Map<String, Value>) -> Value {
    json!({"description": description, "headers": headers, "content": any_bytes()})
}

/// An answer with parts of a file.
pub(super) fn partial_content(mut headers: Map<String, Value>) -> Value {
    headers.insert("Content-Range".into(), json!({"$ref": "#/components/headers/ContentRange"}));
    let text = "The bytes of one range, or each of several ranges as a part of `multipart/byteranges`.";
    let mut content = any_bytes();
    content["multipart/byteranges"] = bytes();
    json!({"description": text, "headers": headers, "content": content})
}

/// An answer without the file that the client has.
pub(super) fn not_modified() -> Value {
    let headers = json!({
        "ETag": {"$ref": "#/components/headers/FileETag"},
        "Cache-Control": {"$ref": "#/components/headers/CacheControl"},
    });
    json!({"description": "The client has the file.", "headers": headers})
}

/// `components.headers`; those that nothing refers to are dropped later.
pub(super) fn headers() -> Map<String, Value> {
    let header = |description: &str, required: bool, example: &str| {
        json!({
            "description": description, "required": required, "schema": {"type": "string"}, "example": example,
        })
    };
    let text = [
        ("FileETag", header("The entity tag of the file: its id.", true, &shapes::file_tag())),
        ("AcceptRanges", header("Ranges of bytes can be asked for.", true, "bytes")),
        (
            "CacheControl",
            header("What an id stands for never changes.", true, crate::http::route::FILE_CACHING),
        ),
        (
            "ContentDisposition",
            header(
                "A file that a browser must not show as a page of this site is saved.",
                false,
                "attachment",
            ),
        ),
        ("ContentRange", header("Which bytes these are; not with several ranges.", false, "bytes 0-9/1024")),
    ];
    text.into_iter().map(|(name, header)| (name.to_owned(), header)).collect()
}
