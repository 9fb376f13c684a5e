//! Hashes of content, and the ids that are made of them.

use uuid::Uuid;
use xxhash_rust::xxh3::Xxh3;

/// How files are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlobIds {
    /// `b3-` and the BLAKE3 hash in hex: nobody can make other bytes that have the same id.
    #[default]
    Blake3,
    /// The XXH3-128 hash in hex, as the reference implementation calls them. It is no cryptographic hash: choose it
    /// only where clients depend on these ids.
    Xxh3,
}

impl BlobIds {
    /// The id of this content.
    ///
    /// ```
    /// use specstar_runtime::blob::{BlobIds, Digest};
    /// let digest = Digest::of(b"hello");
    /// assert_eq!(BlobIds::Xxh3.id(&digest), "b5e9c1ad071b3e7fc779cfaa5e523818");
    /// assert!(BlobIds::Blake3.id(&digest).starts_with("b3-ea8f163db38682925e4491c5e58d4bb3"));
    /// ```
    pub fn id(self, digest: &Digest) -> String {
        match self {
            Self::Blake3 => format!("b3-{}", digest.blake3.to_hex()),
            Self::Xxh3 => format!("{:032x}", digest.xxh3),
        }
    }
}

/// Whether this can be a random UUID without hyphens, as the reference calls files that were not uploaded through it.
/// Their bytes say nothing of the id; one of 64 XXH3 hashes looks like that too.
pub(crate) fn is_random(file_id: &str) -> bool {
    Uuid::try_parse(file_id)
        .is_ok_and(|uuid| uuid.get_version_num() == 4 && uuid.get_variant() == uuid::Variant::RFC4122)
}

/// What there is to know of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// How many bytes.
    pub size: u64,
    /// BLAKE3.
    pub blake3: blake3::Hash,
    /// XXH3-128, seed 0.
    pub xxh3: u128,
}

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }
}

/// Makes a [`Digest`] of content that comes in parts.
#[derive(Clone, Default)]
pub struct Hasher {
    size: u64,
    blake3: blake3::Hasher,
    xxh3: Xxh3,
}

impl Hasher {
    /// The next part.
    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.blake3.update(bytes);
        self.xxh3.update(bytes);
    }

    /// How many bytes there were so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Of all parts.
    pub fn finish(&self) -> Digest {
        Digest { size: self.size, blake3: self.blake3.finalize(), xxh3: self.xxh3.digest128() }
    }
}
