//! The format of the reference, `.acbak` version 2: frames of `MessagePack` without checksums.
//!
//! A frame is a big-endian `u32` length and that many bytes: a map whose key `t` names the record. The order is
//! `HeaderRecord (ModelStartRecord (MetaRecord RevisionRecord*)* BlobRecord* ModelEndRecord)* EofRecord`.
//! Nothing in it says whether it is whole, so what can be checked is: an archive that ends before its
//! `EofRecord`, with a model open, or goes on behind it is refused, and so is a revision whose hash does not fit
//! its data where the reference keeps it right.

mod pack;
mod read;
mod record;
#[cfg(test)]
mod tests;
mod write;

pub use read::Reader;
pub use write::Writer;

/// How a file begins: the length of the first frame, and its map up to the name of the record.
pub(super) const START: [u8; 8] = [0, 0, 0, 25, 0x82, 0xa1, b't', 0xac];

/// The version that is read and written.
pub(super) const VERSION: u64 = 2;

/// The most bytes of a frame that is kept as a whole: all but those of files.
pub(super) const FRAME: u64 = 64 << 20;
