//! What errors about references name.

use std::fmt::Write;

/// A reference that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingTarget {
    /// The field.
    pub field: String,
    /// The id in it.
    pub resource_id: String,
}

/// A resource that refers to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// Its type.
    pub model: String,
    /// The field that refers.
    pub field: String,
    /// Its id.
    pub resource_id: String,
}

pub(super) fn targets(missing: &[MissingTarget]) -> String {
    let texts: Vec<String> =
        missing.iter().map(|target| format!("{}='{}'", target.field, target.resource_id)).collect();
    texts.join(", ")
}

pub(super) fn blocked_by(referrers: &[Referrer], more: u64) -> String {
    let texts: Vec<String> = referrers
        .iter()
        .map(|r| format!("{}.{}=<-{} (on_delete=RESTRICT)", r.model, r.field, r.resource_id))
        .collect();
    let mut text = if texts.is_empty() { "other resources".to_owned() } else { texts.join(", ") };
    if more > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, " (+{more} more)");
    }
    text
}
