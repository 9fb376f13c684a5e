//! Tokens of a state, as text.

use crate::store::LogMark;

/// The token of a place in the log.
pub(super) fn write(mark: LogMark) -> String {
    format!("{}-{:016x}", mark.position, mark.fingerprint)
}

/// The place a token stands for.
pub(super) fn read(text: &str) -> Option<LogMark> {
    let (position, fingerprint) = text.split_once('-')?;
    let position = position.parse().ok().filter(|position| *position >= 0)?;
    let fingerprint = u64::from_str_radix(fingerprint, 16).ok()?;
    Some(LogMark { position, fingerprint })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written_and_nothing_else_is_one() {
        let mark = LogMark { position: 42, fingerprint: 7 };
        assert_eq!(read(&write(mark)), Some(mark));
        for text in ["", "42", "-7", "a-b", "-1-0000000000000007"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
