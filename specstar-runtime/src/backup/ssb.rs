//! Our own format, `SSB1`: chunks with checksums, and hashes over everything.
//!
//! ```text
//! archive = magic chunk*
//! magic   = "SSBAK" 00 01 0A
//! chunk   = kind u8 | flags u8 | reserved u16 = 0 | length u64 LE | crc32c u32 LE | payload
//! ```
//!
//! The checksum is of the twelve bytes before it and of the payload as it stands. Flag 1: the payload is one
//! zstd frame. A valid archive is
//! `Manifest (ModelBegin (Rows | BlobBegin BlobData*)* ModelEnd)* End` and nothing behind it.
//!
//! | kind | payload |
//! | --- | --- |
//! | 1 Manifest | JSON [`Manifest`] |
//! | 2 ModelBegin | JSON `{name}` |
//! | 3 Rows | JSON lines: a resource, then each of its revisions; a purge. A job also has when it is due |
//! | 4 BlobBegin | JSON `{file_id, size, content_type}` |
//! | 5 BlobData | at most 4 MiB of the file |
//! | 6 ModelEnd | JSON: counts, and BLAKE3 of every byte since the ModelBegin |
//! | 7 End | JSON: counts, and BLAKE3 of every byte before |

mod chunk;
mod json;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use chunk::MAGIC;
pub(super) use json::parse_hash;
pub use json::{Manifest, ManifestModel};
pub(super) use read::FileHash;
pub use read::Reader;
pub use write::Writer;
