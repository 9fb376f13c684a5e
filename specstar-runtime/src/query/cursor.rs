//! Positions as text, to be handed to a client and taken back.
//!
//! A cursor is a position and the fingerprint of the query it belongs to, in base64url without padding:
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | version |
//! | 8 | fingerprint |
//! | 8 | row number |
//! | the rest | values: a tag each, then nothing, 8 bytes, or a length in 4 bytes and text |
//!
//! Numbers are little-endian. It is not secret and not signed: whoever changes one gets another page of what
//! may be listed anyway. What comes back is checked against the query with [`Position::fits`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::sort::Position;
use crate::json::IndexValue;

const VERSION: u8 = 1;

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const FLOAT: u8 = 2;
const TEXT: u8 = 3;

/// Why a text is not a cursor of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// Nothing this program has written.
    #[error("it is not a cursor")]
    Malformed,
    /// Written by a program with another form of cursors.
    #[error("it is a cursor of another version of the server")]
    Version,
    /// Written for a query with other conditions or another order.
    #[error("it is a cursor of another query")]
    Query,
}

/// Writes a position in the results of the query with that fingerprint.
///
/// ```
/// use specstar_runtime::query::{Position, cursor};
///
/// let position = Position { values: vec![], pk: 7 };
/// let text = cursor::encode(&position, 42);
/// assert_eq!(cursor::decode(&text, 42), Ok(position));
/// assert_eq!(cursor::decode(&text, 43), Err(cursor::CursorError::Query));
/// ```
pub fn encode(position: &Position, fingerprint: u64) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(fingerprint.to_le_bytes());
    bytes.extend(position.pk.to_le_bytes());
    for value in &position.values {
        push(&mut bytes, value);
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

fn push(bytes: &mut Vec<u8>, value: &IndexValue) {
    match value {
        IndexValue::Null => bytes.push(NULL),
        IndexValue::Integer(number) => {
            bytes.push(INTEGER);
            bytes.extend(number.to_le_bytes());
        }
        IndexValue::Float(number) => {
            bytes.push(FLOAT);
            bytes.extend(number.to_le_bytes());
        }
        IndexValue::Text(text) => {
            bytes.push(TEXT);
            // A payload is megabytes at most.
            bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
    }
}

/// Reads what [`encode`] wrote for a query with that fingerprint.
pub fn decode(text: &str, fingerprint: u64) -> Result<Position, CursorError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError::Malformed)?;
    let (&version, rest) = bytes.split_first().ok_or(CursorError::Malformed)?;
    if version != VERSION {
        return Err(CursorError::Version);
    }
    let mut rest = Rest(rest);
    let (of, position) = rest.position().ok_or(CursorError::Malformed)?;
    if of == fingerprint { Ok(position) } else { Err(CursorError::Query) }
}

/// What is not read yet. Nothing is allocated for a length before that many bytes are there.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn position(&mut self) -> Option<(u64, Position)> {
        let fingerprint = u64::from_le_bytes(self.array()?);
        let pk = i64::from_le_bytes(self.array()?);
        let mut values = Vec::new();
        while !self.0.is_empty() {
            values.push(self.value()?);
        }
        Some((fingerprint, Position { values, pk }))
    }

    fn value(&mut self) -> Option<IndexValue> {
        let [tag] = self.array()?;
        match tag {
            NULL => Some(IndexValue::Null),
            INTEGER => Some(IndexValue::Integer(i64::from_le_bytes(self.array()?))),
            FLOAT => {
                let number = f64::from_le_bytes(self.array()?);
                number.is_finite().then_some(IndexValue::Float(number))
            }
            TEXT => {
                let length = u32::from_le_bytes(self.array()?);
                let bytes = self.take(usize::try_from(length).ok()?)?;
                Some(IndexValue::Text(std::str::from_utf8(bytes).ok()?.to_owned()))
            }
            _ => None,
        }
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> Vec<IndexValue> {
        vec![
            IndexValue::Null,
            IndexValue::Integer(i64::MIN),
            IndexValue::Float(-0.5),
            IndexValue::Text("é\0x".into()),
            IndexValue::Text(String::new()),
        ]
    }

    fn of_bytes(bytes: &[u8]) -> Result<Position, CursorError> {
        decode(&URL_SAFE_NO_PAD.encode(bytes), 9)
    }

    /// A version, a fingerprint, a row number and then this.
    fn with_values(values: &[u8]) -> Result<Position, CursorError> {
        of_bytes(&[&[VERSION, 9, 0, 0, 0, 0, 0, 0, 0][..], &[0; 8], values].concat())
    }

    #[test]
    fn a_position_comes_back() {
        for pk in [i64::MIN, 0, i64::MAX] {
            let position = Position { values: values(), pk };
            let text = encode(&position, u64::MAX);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            assert_eq!(decode(&text, u64::MAX), Ok(position));
        }
    }

    #[test]
    fn another_query_and_another_version_are_told_apart() {
        let position = Position { values: values(), pk: 1 };
        assert_eq!(decode(&encode(&position, 1), 2), Err(CursorError::Query));
        assert_eq!(of_bytes(&[VERSION + 1, 0, 0]), Err(CursorError::Version));
    }

    #[test]
    fn no_beginning_of_a_cursor_is_another_position_with_all_values() {
        let position = Position { values: values(), pk: 1 };
        let bytes = URL_SAFE_NO_PAD.decode(encode(&position, 9)).unwrap();
        for length in 0..bytes.len() {
            match of_bytes(&bytes[..length]) {
                Ok(found) => assert!(found.values.len() < position.values.len()),
                Err(error) => assert_eq!(error, CursorError::Malformed),
            }
        }
    }

    #[test]
    fn what_is_not_a_cursor_is_malformed() {
        for text in ["", "A", "!!", "AQ==", "A Q", "é", "AR", &"A".repeat(5)] {
            assert!(decode(text, 9).is_err(), "{text}");
        }
        assert_eq!(decode("A", 9), Err(CursorError::Malformed));
        assert_eq!(with_values(&[TEXT, 255, 255, 255, 255]), Err(CursorError::Malformed));
        assert_eq!(with_values(&[TEXT, 2, 0, 0, 0, b'x']), Err(CursorError::Malformed));
        assert_eq!(with_values(&[TEXT, 1, 0, 0, 0, 255]), Err(CursorError::Malformed), "not UTF-8");
        assert_eq!(with_values(&[TEXT, 1, 0, 0, 0, b'x', 9]), Err(CursorError::Malformed), "trailing bytes");
        assert_eq!(with_values(&[INTEGER, 0]), Err(CursorError::Malformed));
        let not_finite = [&[FLOAT][..], &f64::NAN.to_le_bytes()].concat();
        assert_eq!(with_values(&not_finite), Err(CursorError::Malformed));
        assert!(with_values(&[NULL, NULL]).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "[A-Za-z0-9_-]{0,80}") {
            if let Ok(position) = decode(&text, 0) {
                prop_assert_eq!(encode(&position, 0), text);
            }
        }
    }
}
