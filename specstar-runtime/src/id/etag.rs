//! Entity tags: `{revision id}@{data hash}`, on reads followed by `+{version}`.

use std::fmt::Write as _;

use super::revision_id;
use crate::meta::DataHash;

/// What the tag of a resource is made of.
#[derive(Clone, Copy, Debug)]
pub struct CurrentTag<'a> {
    /// The resource.
    pub resource_id: &'a str,
    /// Number of its current revision.
    pub seq: i64,
    /// Hash of its payload.
    pub data_hash: DataHash,
    /// Counts every change of the head.
    pub version: i64,
}

impl CurrentTag<'_> {
    /// `{revision id}@{data hash}`, without quotes: the tag of a write.
    ///
    /// ```
    /// use specstar_runtime::{id::CurrentTag, meta::DataHash};
    ///
    /// let tag = CurrentTag { resource_id: "user:ann", seq: 2, data_hash: DataHash(255), version: 7 };
    /// assert_eq!(tag.of_data(), "user:ann:2@xxh3_128:000000000000000000000000000000ff");
    /// assert_eq!(tag.of_head(), "user:ann:2@xxh3_128:000000000000000000000000000000ff+7");
    /// ```
    pub fn of_data(&self) -> String {
        let mut tag = escape(revision_id(self.resource_id, self.seq));
        tag.reserve(64);
        // Writing to a `String` has no way to fail.
        let _ = write!(tag, "@{}", self.data_hash);
        tag
    }

    /// `{revision id}@{data hash}+{version}`, without quotes: the tag of a read. It changes with the
    /// metadata too, so that an answer of 304 is never stale.
    pub fn of_head(&self) -> String {
        let mut tag = self.of_data();
        let _ = write!(tag, "+{}", self.version);
        tag
    }
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Precondition {
    /// `*`: whatever exists.
    Any,
    /// One of these tags.
    Tags(Vec<EntityTag>),
}

/// A tag as a client sent it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EntityTag {
    /// `W/` stood before it.
    pub weak: bool,
    /// What stood between the quotes, escapes resolved: a tag of ours, or a bare revision id.
    pub text: String,
}

impl Precondition {
    /// Reads a list of tags (RFC 9110, sections 8.8.3 and 13.1). The quotes may be missing, for clients
    /// that strip them; a tag without quotes ends at a comma.
    ///
    /// ```
    /// use specstar_runtime::id::Precondition;
    ///
    /// assert_eq!(Precondition::parse(b" * "), Precondition::Any);
    /// let Precondition::Tags(tags) = Precondition::parse(br#"W/"a,b", c"#) else { panic!() };
    /// assert_eq!((tags[0].weak, tags[0].text.as_str()), (true, "a,b"));
    /// assert_eq!((tags[1].weak, tags[1].text.as_str()), (false, "c"));
    /// ```
    pub fn parse(header: &[u8]) -> Self {
        let text = String::from_utf8_lossy(header);
        let mut rest = text.trim();
        if rest == "*" {
            return Self::Any;
        }
        let mut tags = Vec::new();
        while !rest.is_empty() {
            rest = match rest.strip_prefix(',') {
                Some(rest) => rest.trim_start(),
                None => take_tag(rest, &mut tags),
            };
        }
        Self::Tags(tags)
    }

    /// For `If-Match`: whether the state the client knows is the current one.
    ///
    /// A revision id, the tag of the data and the tag of the head all count; a weak tag never does.
    pub fn matches(&self, current: &CurrentTag<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| !tag.weak && tag.matches(current)),
        }
    }

    /// For `If-None-Match` of a read: whether the client already has what would be sent. Only the tag of
    /// the head says that; weak or strong makes no difference.
    pub fn is_fresh(&self, current: &CurrentTag<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => {
                let head = current.of_head();
                tags.iter().any(|tag| tag.text == unescape(&head))
            }
        }
    }
}

impl EntityTag {
    /// A strong tag, as the query parameter `expected_revision_id` gives it.
    pub fn strong(text: &str) -> Self {
        Self { weak: false, text: unescape(text) }
    }

    /// Whether it names the current state: as revision id, data tag or head tag.
    pub fn matches(&self, current: &CurrentTag<'_>) -> bool {
        if self.text == revision_id(current.resource_id, current.seq) {
            return true;
        }
        let data = unescape(&current.of_data());
        match self.text.strip_prefix(data.as_str()) {
            Some("") => true,
            Some(version) => version.strip_prefix('+') == Some(&*current.version.to_string()),
            None => false,
        }
    }
}

/// Takes the tag at the front and returns what follows it.
fn take_tag<'h>(header: &'h str, tags: &mut Vec<EntityTag>) -> &'h str {
    let (weak, tag) = match header.strip_prefix("W/").filter(|tag| tag.starts_with('"')) {
        Some(tag) => (true, tag),
        None => (false, header),
    };
    let (text, rest) = match tag.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
        None => tag.split_at(tag.find(',').unwrap_or(tag.len())),
    };
    tags.push(EntityTag { weak, text: unescape(text.trim_end()) });
    rest.trim_start()
}

/// A resource id may contain what a tag may not: quotes, blanks, and letters outside ASCII. They are
/// percent-encoded, which is unambiguous because an id never contains `%`.
fn escape(id: String) -> String {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
    if id.bytes().all(allowed) {
        return id;
    }
    let mut tag = String::with_capacity(id.len() * 2);
    for byte in id.bytes() {
        if allowed(byte) {
            tag.push(char::from(byte));
        } else {
            let _ = write!(tag, "%{byte:02X}");
        }
    }
    tag
}

fn unescape(tag: &str) -> String {
    percent_encoding::percent_decode_str(tag).decode_utf8_lossy().into_owned()
}
