//! Counts that are still true.
//!
//! Counting takes as long as there are matches. A reader keeps what it has counted for as long as nobody
//! commits anything, be it this program or another one: the engine tells, by a number that changes with each
//! commit of another connection, in the same transaction that counts. So an answer from here is the one that
//! counting again would give.

use std::collections::HashMap;

/// Counts of one reader.
#[derive(Debug, Default)]
pub(super) struct Counts {
    version: i64,
    known: HashMap<Box<[u8]>, u64>,
}

/// Counts that are kept; more begin anew.
const MOST: usize = 1024;

/// Longer keys are not kept.
const LONGEST_KEY: usize = 1024;

impl Counts {
    /// What was counted under this key in this version of the data.
    pub(super) fn get(&mut self, version: i64, key: &[u8]) -> Option<u64> {
        if self.version != version {
            self.known.clear();
            self.version = version;
        }
        self.known.get(key).copied()
    }

    /// Keeps a count of the version that was asked for last.
    pub(super) fn insert(&mut self, key: Vec<u8>, count: u64) {
        if key.len() > LONGEST_KEY {
            return;
        }
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(key.into(), count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_known_in_its_version_only() {
        let mut counts = Counts::default();
        assert_eq!(counts.get(1, b"a"), None);
        counts.insert(b"a".to_vec(), 7);
        assert_eq!((counts.get(1, b"a"), counts.get(1, b"b")), (Some(7), None));
        assert_eq!(counts.get(2, b"a"), None);
        assert_eq!(counts.get(1, b"a"), None, "it is not kept for an earlier version");
    }

    #[test]
    fn it_does_not_grow() {
        let mut counts = Counts::default();
        counts.insert(vec![0; LONGEST_KEY + 1], 1);
        assert!(counts.known.is_empty());
        for key in 0..10 * MOST {
            counts.insert(key.to_le_bytes().to_vec(), 1);
            assert!(counts.known.len() <= MOST);
        }
    }
}
