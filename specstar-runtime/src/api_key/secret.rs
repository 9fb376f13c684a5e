//! The text of a key: `spk_PREFIX_SECRET`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{Error, Result};

/// So that scanners of published code can tell a key from other text.
const MARK: &str = "spk_";

/// A new key.
pub(super) struct Made {
    /// The whole text, for the client.
    pub(super) text: String,
    /// What it is found by.
    pub(super) prefix: String,
    /// What is stored of its secret.
    pub(super) hash: String,
}

/// Makes a key from the randomness of the machine.
pub(super) fn make() -> Result<Made> {
    let mut random = [0; 8 + 32];
    getrandom::fill(&mut random).map_err(Error::internal)?;
    let (prefix, secret) = random.split_at(8);
    let (prefix, secret) = (hex(prefix), URL_SAFE_NO_PAD.encode(secret));
    let hash = hash(&secret);
    Ok(Made { text: format!("{MARK}{prefix}_{secret}"), prefix, hash })
}

/// Prefix and secret of a key; `None` for other text.
pub(super) fn parse(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(MARK)?
        .split_once('_')
        .filter(|(prefix, secret)| prefix.len() == 16 && secret.len() == 43)
}

/// Whether the secret is the one of this hash. It takes as long for every wrong secret.
pub(super) fn is(secret: &str, stored: &str) -> bool {
    hash(secret).as_bytes().ct_eq(stored.as_bytes()).into()
}

fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_prefix_and_known_by_its_secret() {
        let (made, other) = (make().expect("random"), make().expect("random"));
        let (prefix, secret) = parse(&made.text).expect("a key");
        assert_eq!(prefix, made.prefix);
        assert!(is(secret, &made.hash));
        assert!(!is(secret, &other.hash) && !is("", &made.hash) && !is(secret, ""));
        assert!(!made.text.contains(&made.hash));
        for wrong in ["", "spk_", "spk__", "spk_a_b", &made.text[1..], &made.text[..made.text.len() - 1]] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_hash_is_sha_256() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash("abc"), abc);
    }
}
