//! Which sections of a resource an answer has: the `returns` parameter.

use crate::error::{Error, Result};

/// The sections of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // each is one name of the parameter
pub(crate) struct Sections {
    pub(crate) data: bool,
    pub(crate) revision_info: bool,
    pub(crate) meta: bool,
    /// One section, not wrapped in an object.
    pub(crate) bare: bool,
}

impl Sections {
    pub(crate) const NONE: Self = Self { data: false, revision_info: false, meta: false, bare: false };
    pub(crate) const ALL: Self = Self { data: true, revision_info: true, meta: true, bare: false };
    pub(crate) const DATA: Self = Self { data: true, bare: true, ..Self::NONE };
    pub(crate) const META: Self = Self { meta: true, bare: true, ..Self::NONE };
    pub(crate) const REVISION_INFO: Self = Self { revision_info: true, bare: true, ..Self::NONE };

    /// A comma list of section names, or a single `only-…` name.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if let Some(name) = text.trim().strip_prefix("only-") {
            return Self::NONE.with(name).map(|one| Self { bare: true, ..one }).ok_or_else(|| refused(text));
        }
        text.split(',').map(str::trim).try_fold(Self::NONE, Self::with).ok_or_else(|| refused(text))
    }

    fn with(self, name: &str) -> Option<Self> {
        Some(match name {
            "data" => Self { data: true, ..self },
            "meta" => Self { meta: true, ..self },
            "revision_info" | "revision-info" => Self { revision_info: true, ..self },
            _ => return None,
        })
    }
}

fn refused(text: &str) -> Error {
    Error::Validation(
        format!(
            "returns: '{}' is not a comma list of data, revision_info, meta, nor a single only-data, \
             only-revision_info or only-meta",
            text.chars().take(40).collect::<String>()
        )
        .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_single_sections_are_read() {
        assert_eq!(Sections::parse("data,revision_info,meta").expect("all three"), Sections::ALL);
        assert_eq!(
            Sections::parse("data, meta").expect("blanks are fine"),
            Sections { data: true, meta: true, ..Sections::NONE }
        );
        assert_eq!(Sections::parse("only-revision-info").expect("one"), Sections::REVISION_INFO);
    }

    #[test]
    fn mixtures_and_unknown_names_are_refused() {
        for bad in ["only-data,meta", "only-zzz", "zzz", "data,zzz", ""] {
            assert!(Sections::parse(bad).is_err(), "{bad}");
        }
    }
}
