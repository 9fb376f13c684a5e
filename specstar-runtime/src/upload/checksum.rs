//! What a client says that its bytes hash to.

use std::fmt;

use sha2::Digest as _;

/// A hash that the bytes of a file must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256.
    Sha256([u8; 32]),
    /// BLAKE3.
    Blake3([u8; 32]),
}

/// Text that is not a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a checksum is `sha256:` or `blake3:` and 64 hexadecimal digits")]
pub struct ChecksumError;

impl Checksum {
    /// Reads `sha256:` or `blake3:` and 64 hexadecimal digits.
    ///
    /// ```
    /// use specstar_runtime::upload::Checksum;
    /// let text = format!("sha256:{}", "0f".repeat(32));
    /// assert_eq!(Checksum::parse(&text), Ok(Checksum::Sha256([15; 32])));
    /// assert!(Checksum::parse("md5:00").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, ChecksumError> {
        let (kind, digits) = text.split_once(':').ok_or(ChecksumError)?;
        let bytes = read_hex(digits).ok_or(ChecksumError)?;
        match kind {
            "sha256" => Ok(Self::Sha256(bytes)),
            "blake3" => Ok(Self::Blake3(bytes)),
            _ => Err(ChecksumError),
        }
    }

    /// Something to compute it with.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Sha256(_) => Digest::Sha256(sha2::Sha256::new()),
            Self::Blake3(_) => Digest::Blake3(Box::new(blake3::Hasher::new())),
        }
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, bytes) = match self {
            Self::Sha256(bytes) => ("sha256", bytes),
            Self::Blake3(bytes) => ("blake3", bytes),
        };
        write!(f, "{kind}:")?;
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A checksum that is being computed.
pub enum Digest {
    /// SHA-256.
    Sha256(sha2::Sha256),
    /// BLAKE3.
    Blake3(Box<blake3::Hasher>),
}

impl Digest {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Blake3(hasher) => {
                hasher.update(bytes);
            }
        }
    }

    /// The checksum of all of them.
    pub fn finish(self) -> Checksum {
        match self {
            Self::Sha256(hasher) => Checksum::Sha256(hasher.finalize().into()),
            Self::Blake3(hasher) => Checksum::Blake3(*hasher.finalize().as_bytes()),
        }
    }
}

fn read_hex(digits: &str) -> Option<[u8; 32]> {
    let digits = digits.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? * 16 + low?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_computed_read_and_written() {
        let known = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let checksum = Checksum::parse(known).expect("it is one");
        assert_eq!(checksum.to_string(), known);
        let mut digest = checksum.digest();
        digest.update(b"hel");
        digest.update(b"lo");
        assert_eq!(digest.finish(), checksum);
        let blake = format!("blake3:{}", blake3::hash(b"hello").to_hex());
        let mut digest = Checksum::parse(&blake).expect("it is one").digest();
        digest.update(b"hello");
        assert_eq!(digest.finish().to_string(), blake);
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        let short = format!("sha256:{}", "0".repeat(63));
        let odd = format!("sha256:{}", "g".repeat(64));
        let wide = format!("sha256:{}", "é".repeat(32));
        for text in ["", "sha256", "sha256:", &short, &odd, &wide, &format!("md5:{}", "0".repeat(64))] {
            assert_eq!(Checksum::parse(text), Err(ChecksumError), "{text}");
        }
    }
}
