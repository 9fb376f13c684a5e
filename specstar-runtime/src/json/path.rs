//! JSON paths such as `$.tags[1]`, built only when something went wrong.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::scan::Text;

/// Appends `.name`, or `["na me"]` where a dot would mislead.
pub(super) fn push_key(path: &mut String, key: &str) {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().all(plain) {
        path.push('.');
        path.push_str(key);
    } else {
        let quoted = serde_json::Value::from(key);
        let _ = write!(path, "[{quoted}]");
    }
}

/// Appends `[1]`.
pub(super) fn push_index(path: &mut String, index: usize) {
    let _ = write!(path, "[{index}]");
}

/// An open container on the way to an offset.
enum Frame<'a> {
    /// With the key whose value is being read.
    Object(Option<Text<'a>>),
    Array(usize),
}

/// The path of the value that is being read at an offset, or was read when the offset is behind it.
///
/// The text may be cut off or broken: it is only read as far as the offset.
pub(crate) fn path_at(text: &[u8], offset: usize) -> String {
    let mut path = "$".to_owned();
    for frame in &frames_at(text, offset) {
        match frame {
            Frame::Object(Some(key)) => push_key(&mut path, &lossy(key)),
            Frame::Object(None) => {}
            Frame::Array(index) => push_index(&mut path, *index),
        }
    }
    path
}

/// The JSON pointers (RFC 6901) of several values of a text, which is read once.
pub(crate) struct Pointers<'a> {
    text: &'a [u8],
    frames: Vec<Frame<'a>>,
    at: usize,
}

impl<'a> Pointers<'a> {
    /// Those of a text.
    pub(crate) const fn of(text: &'a [u8]) -> Self {
        Self { text, frames: Vec::new(), at: 0 }
    }

    /// That of the value at an offset, which is not before those that were asked for.
    pub(crate) fn at(&mut self, offset: usize) -> String {
        while self.at < offset.min(self.text.len()) {
            self.at = step(&mut self.frames, self.text, self.at);
        }
        let mut pointer = String::new();
        for frame in &self.frames {
            match frame {
                Frame::Object(Some(key)) => {
                    pointer.push('/');
                    pointer.push_str(&lossy(key).replace('~', "~0").replace('/', "~1"));
                }
                Frame::Object(None) => {}
                Frame::Array(index) => {
                    let _ = write!(pointer, "/{index}");
                }
            }
        }
        pointer
    }
}

fn frames_at(text: &[u8], offset: usize) -> Vec<Frame<'_>> {
    let mut frames = Vec::new();
    let mut at = 0;
    while at < offset.min(text.len()) {
        at = step(&mut frames, text, at);
    }
    frames
}

/// Reads one token and returns the position behind it.
fn step<'a>(frames: &mut Vec<Frame<'a>>, text: &'a [u8], at: usize) -> usize {
    match text[at] {
        b'{' => frames.push(Frame::Object(None)),
        b'[' => frames.push(Frame::Array(0)),
        // Behind its end, a container is the value that was read.
        b'}' | b']' => {
            frames.pop();
        }
        b',' => match frames.last_mut() {
            Some(Frame::Array(index)) => *index += 1,
            Some(Frame::Object(key)) => *key = None,
            None => {}
        },
        b'"' => {
            let end = string_end(text, at);
            if let Some(Frame::Object(key @ None)) = frames.last_mut() {
                *key = Some(Text::of(&text[at..end]));
            }
            return end;
        }
        _ => {}
    }
    at + 1
}

fn string_end(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

fn lossy<'a>(key: &Text<'a>) -> Cow<'a, str> {
    key.decode().unwrap_or_else(|_| String::from_utf8_lossy(key.raw()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_the_offset() {
        let text = br#"{"a": [1, {"b c": "x"}], "d": tru"#;
        let at = |part: &str| {
            let text = std::str::from_utf8(text).unwrap();
            text.find(part).unwrap() + part.len()
        };
        assert_eq!(path_at(text, 0), "$");
        assert_eq!(path_at(text, at("[1")), "$.a[0]");
        assert_eq!(path_at(text, at("\"x\"")), r#"$.a[1]["b c"]"#);
        assert_eq!(path_at(text, at("\"x\"}")), "$.a[1]");
        assert_eq!(path_at(text, at("]")), "$.a");
        assert_eq!(path_at(text, text.len()), "$.d");
        assert_eq!(path_at(text, usize::MAX), "$.d");
    }

    #[test]
    fn broken_text_has_a_path_too() {
        assert_eq!(path_at(b"}}]],,::\"", 99), "$");
        assert_eq!(path_at(br#"{"a\"#, 99), "$.a");
        assert_eq!(path_at(b"{\"\xff\":", 99), "$[\"\u{fffd}\"]");
    }
}
