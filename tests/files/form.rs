//! Forms with a file.

use crate::common::User;
use crate::common::talk::Ask;

pub(crate) const FORM: &str = "multipart/form-data; boundary=B";

/// A form with one part.
pub(crate) fn form(name: &str, content_type: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"f\"\r\nContent-Type: {content_type}\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n--B--\r\n"].concat()
}

/// Uploads a file in a form.
pub(crate) fn upload(user: &User, content_type: &str, bytes: &[u8]) -> Ask {
    user.ask("POST", "/blobs/upload").body(FORM, form("file", content_type, bytes))
}

/// Sends a part of a session in a form.
pub(crate) fn part(user: &User, session: &str, number: u32, bytes: &[u8]) -> Ask {
    let path = format!("/blobs/upload-sessions/{session}/content?part_number={number}");
    user.ask("PUT", &path).body(FORM, form("file", "application/octet-stream", bytes))
}

/// Bytes that are nowhere alike.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

/// What a file with these bytes is called.
pub(crate) fn file_id(bytes: &[u8]) -> String {
    format!("b3-{}", blake3::hash(bytes).to_hex())
}
