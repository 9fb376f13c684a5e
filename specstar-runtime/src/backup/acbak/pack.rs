//! Writing `MessagePack`, in the shortest form of each value as the reference does.

use serde_json::Value;

use crate::datetime::Timestamp;

/// A map of so many entries follows.
pub(super) fn map(out: &mut Vec<u8>, entries: usize) {
    length(out, entries, &[(15, 0x80), (0xffff, 0xde), (u32::MAX as usize, 0xdf)]);
}

/// Text.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    length(out, text.len(), &[(31, 0xa0), (0xff, 0xd9), (0xffff, 0xda), (u32::MAX as usize, 0xdb)]);
    out.extend_from_slice(text.as_bytes());
}

/// So many bytes follow.
pub(super) fn bytes(out: &mut Vec<u8>, bytes: usize) {
    length(out, bytes, &[(0xff, 0xc4), (0xffff, 0xc5), (u32::MAX as usize, 0xc6)]);
}

fn array(out: &mut Vec<u8>, entries: usize) {
    length(out, entries, &[(15, 0x90), (0xffff, 0xdc), (u32::MAX as usize, 0xdd)]);
}

/// A length in the first form that is long enough: the short forms have it in the marker.
fn length(out: &mut Vec<u8>, length: usize, forms: &[(usize, u8)]) {
    let fits = forms.iter().find(|(most, _)| length <= *most);
    let Some(&(most, marker)) = fits.or(forms.last()) else { return };
    let bytes = (length as u64).to_be_bytes();
    match most {
        0..=31 => out.push(marker | bytes[7]),
        0xff => out.extend([marker, bytes[7]]),
        0xffff => out.extend([marker, bytes[6], bytes[7]]),
        _ => out.extend([marker, bytes[4], bytes[5], bytes[6], bytes[7]]),
    }
}

/// Text or nothing.
pub(super) fn optional(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        Some(value) => text(out, value),
        None => out.push(0xc0),
    }
}

/// Yes or no.
pub(super) fn boolean(out: &mut Vec<u8>, value: bool) {
    out.push(if value { 0xc3 } else { 0xc2 });
}

/// A number that is not negative.
pub(super) fn unsigned(out: &mut Vec<u8>, number: u64) {
    let bytes = number.to_be_bytes();
    match number {
        0..=0x7f => out.push(bytes[7]),
        0x80..=0xff => out.extend([0xcc, bytes[7]]),
        0x100..=0xffff => out.extend([0xcd, bytes[6], bytes[7]]),
        0x1_0000..=0xffff_ffff => out.extend([0xce, bytes[4], bytes[5], bytes[6], bytes[7]]),
        _ => {
            out.push(0xcf);
            out.extend(bytes);
        }
    }
}

fn signed(out: &mut Vec<u8>, number: i64) {
    let bytes = number.to_be_bytes();
    match number {
        0.. => unsigned(out, number.unsigned_abs()),
        -32..=-1 => out.push(bytes[7]),
        -0x80..=-33 => out.extend([0xd0, bytes[7]]),
        -0x8000..=-0x81 => out.extend([0xd1, bytes[6], bytes[7]]),
        -0x8000_0000..=-0x8001 => out.extend([0xd2, bytes[4], bytes[5], bytes[6], bytes[7]]),
        _ => {
            out.push(0xd3);
            out.extend(bytes);
        }
    }
}

/// An instant as the timestamp extension: four bytes of seconds, or nanoseconds with them in eight or twelve.
pub(super) fn instant(out: &mut Vec<u8>, time: Timestamp) {
    let (seconds, micros) = (time.0.div_euclid(1_000_000), time.0.rem_euclid(1_000_000));
    let nanos = micros.unsigned_abs() * 1000;
    match u64::try_from(seconds) {
        Ok(seconds) if nanos == 0 && seconds <= u32::MAX.into() => {
            out.extend([0xd6, 0xff]);
            out.extend_from_slice(&seconds.to_be_bytes()[4..]);
        }
        Ok(seconds) if seconds < 1 << 34 => {
            out.extend([0xd7, 0xff]);
            out.extend((nanos << 34 | seconds).to_be_bytes());
        }
        _ => {
            out.extend([0xc7, 12, 0xff]);
            out.extend_from_slice(&nanos.to_be_bytes()[4..]);
            out.extend(seconds.to_be_bytes());
        }
    }
}

/// A JSON value.
pub(super) fn json(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(value) => boolean(out, *value),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => unsigned(out, number),
            (None, Some(number)) => signed(out, number),
            (None, None) => {
                out.push(0xcb);
                out.extend(number.as_f64().unwrap_or_default().to_be_bytes());
            }
        },
        Value::String(value) => text(out, value),
        Value::Array(values) => {
            array(out, values.len());
            for value in values {
                json(out, value);
            }
        }
        Value::Object(members) => {
            map(out, members.len());
            for (key, value) in members {
                text(out, key);
                json(out, value);
            }
        }
    }
}
