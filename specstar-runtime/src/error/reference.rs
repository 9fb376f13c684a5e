//! What errors about references name.

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

/// How many ids a message names: a body can hold a hundred thousand.
pub(super) const MOST_NAMED: usize = 20;

pub(super) fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        more => format!(" (+{more} more)"),
    }
}

pub(super) fn blocked_by(referrers: &[Referrer], more: u64) -> String {
    let texts: Vec<String> = referrers
        .iter()
        .map(|r| format!("{}.{}=<-{} (on_delete=RESTRICT)", r.model, r.field, r.resource_id))
        .collect();
    let mut text = if texts.is_empty() { "other resources".to_owned() } else { texts.join(", ") };
    text.push_str(&and_more(usize::try_from(more).unwrap_or(usize::MAX)));
    text
}
