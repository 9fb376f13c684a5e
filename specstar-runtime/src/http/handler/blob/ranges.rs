//! Which bytes of a file a request wants (RFC 9110, sections 13 and 14).

use std::ops::RangeInclusive;

use axum::http::{HeaderMap, header};
use http_range_header::{RangeUnsatisfiableError, parse_range_header_with_max_ranges};

use crate::id::Precondition;

/// More ranges than this in one request are a way to make the server work, and are answered with the whole file.
const MOST_RANGES: std::num::NonZeroUsize = std::num::NonZeroUsize::MIN.saturating_add(15);

/// What to send of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing: the client has it.
    NotModified,
    /// All of it.
    Whole,
    /// One part.
    Part(RangeInclusive<u64>),
    /// Several parts, at least two.
    Parts(Vec<RangeInclusive<u64>>),
    /// What lies behind its end.
    Unsatisfiable,
}

/// Reads the headers of a request for a file with this tag and size.
pub(super) fn wanted(headers: &HeaderMap, tag: &str, size: u64) -> Wanted {
    if is_known(headers, tag) {
        return Wanted::NotModified;
    }
    if !is_same(headers, tag) {
        return Wanted::Whole;
    }
    let mut lines = headers.get_all(header::RANGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return Wanted::Whole };
    // What cannot be read as ranges is to be ignored.
    let Ok(text) = line.to_str() else { return Wanted::Whole };
    let Ok(ranges) = parse_range_header_with_max_ranges(text.trim_end(), MOST_RANGES) else {
        return Wanted::Whole;
    };
    match ranges.validate(size) {
        Ok(mut ranges) if ranges.len() == 1 => ranges.pop().map_or(Wanted::Whole, Wanted::Part),
        // The last bytes of nothing: there is nothing to cut.
        Ok(ranges) if ranges.is_empty() => Wanted::Whole,
        Ok(ranges) => Wanted::Parts(ranges),
        Err(RangeUnsatisfiableError::Rejected(_)) => Wanted::Whole,
        Err(_) => Wanted::Unsatisfiable,
    }
}

/// `If-None-Match`: weak or strong makes no difference.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    match crate::http::call::entity_tags(headers, &header::IF_NONE_MATCH) {
        None => false,
        Some(Precondition::Any) => true,
        Some(Precondition::Tags(tags)) => tags.iter().any(|known| known.text == tag),
    }
}

/// `If-Range`: only a strong tag counts, since nothing here has a date.
fn is_same(headers: &HeaderMap, tag: &str) -> bool {
    let Some(condition) = headers.get(header::IF_RANGE) else { return true };
    condition.to_str().ok().and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"')) == Some(tag)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn asked(headers: &[(HeaderName, &str)], size: u64) -> Wanted {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().expect("a header value"));
        }
        wanted(&map, "b3-1", size)
    }

    fn range(text: &str, size: u64) -> Wanted {
        asked(&[(header::RANGE, text)], size)
    }

    #[test]
    fn one_range_is_cut_to_the_file() {
        for (text, expected) in [
            ("bytes=0-0", 0..=0),
            ("bytes=2-5", 2..=5),
            ("bytes=2-", 2..=9),
            ("bytes=-3", 7..=9),
            ("bytes=-30", 0..=9),
            ("bytes=5-99", 5..=9),
            ("BYTES=5-99", 5..=9),
            ("bytes=5-5,", 5..=5),
            ("bytes=0-1,20-30", 0..=1),
        ] {
            assert_eq!(range(text, 10), Wanted::Part(expected), "{text}");
        }
    }

    #[test]
    fn several_ranges_are_kept_in_their_order() {
        assert_eq!(range("bytes=8-9, 0-1", 10), Wanted::Parts(vec![8..=9, 0..=1]));
    }

    #[test]
    fn ranges_behind_the_end_cannot_be_satisfied() {
        for text in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(range(text, 10), Wanted::Unsatisfiable, "{text}");
        }
        for text in ["bytes=0-", "bytes=0-0"] {
            assert_eq!(range(text, 0), Wanted::Unsatisfiable, "{text} of nothing");
        }
        assert_eq!(range("bytes=-1", 0), Wanted::Whole);
    }

    #[test]
    fn what_is_no_range_and_what_is_an_attack_is_ignored() {
        let many: Vec<String> = (0..50).map(|at| format!("{}-{}", at * 2, at * 2)).collect();
        let many = format!("bytes={}", many.join(","));
        for text in ["", "bytes", "bytes=", "bytes=a-b", "bytes=5-2", "bytes=1-2-3", "lines=1-2", &many] {
            assert_eq!(range(text, 1_000), Wanted::Whole, "{text}");
        }
        assert_eq!(range("bytes=0-,0-,0-", 1_000), Wanted::Whole, "overlapping");
        let twice = [(header::RANGE, "bytes=0-1"), (header::RANGE, "bytes=2-3")];
        assert_eq!(asked(&twice, 10), Wanted::Whole);
    }

    #[test]
    fn a_client_that_has_the_file_gets_nothing() {
        for tag in ["\"b3-1\"", "W/\"b3-1\"", "\"x\", \"b3-1\"", "*"] {
            assert_eq!(asked(&[(header::IF_NONE_MATCH, tag)], 10), Wanted::NotModified, "{tag}");
        }
        let other = [(header::IF_NONE_MATCH, "\"b3-2\""), (header::RANGE, "bytes=1-2")];
        assert_eq!(asked(&other, 10), Wanted::Part(1..=2));
    }

    #[test]
    fn a_part_is_only_sent_of_the_file_the_client_knows() {
        for (condition, expected) in [
            ("\"b3-1\"", Wanted::Part(1..=2)),
            ("\"b3-2\"", Wanted::Whole),
            ("W/\"b3-1\"", Wanted::Whole),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Wanted::Whole),
        ] {
            let headers = [(header::IF_RANGE, condition), (header::RANGE, "bytes=1-2")];
            assert_eq!(asked(&headers, 10), expected, "{condition}");
        }
    }
}
