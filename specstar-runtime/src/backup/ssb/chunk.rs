//! The frame of every part.

use std::io::{self, Read};

use crate::backup::fault::{ArchiveResult, Fault, truncated};

/// How a file begins: no text, so that a transfer that changes line ends is noticed at once.
pub const MAGIC: [u8; 8] = *b"SSBAK\0\x01\n";

/// Bytes before a payload.
pub(super) const HEADER: usize = 16;

/// The most bytes of a file in one chunk.
pub(super) const BLOB_PART: usize = 4 << 20;

/// The most bytes of a line of rows: a payload and what belongs to it.
pub(super) const LINE: u64 = 64 << 20;

/// Rows are written when they are this long.
pub(super) const ROWS: usize = 1 << 20;

/// The most bytes of any other part.
const SMALL: u64 = 1 << 20;

/// Flag: the payload is compressed.
const COMPRESSED: u8 = 1;

/// The largest window a compressed payload may ask for, as a power of two: 8 MiB.
const WINDOW: u32 = 23;

/// What a chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Manifest = 1,
    ModelBegin,
    Rows,
    BlobBegin,
    BlobData,
    ModelEnd,
    End,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Manifest,
        Self::ModelBegin,
        Self::Rows,
        Self::BlobBegin,
        Self::BlobData,
        Self::ModelEnd,
        Self::End,
    ];

    /// For messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Manifest => "a manifest",
            Self::ModelBegin => "the begin of a model",
            Self::Rows => "rows",
            Self::BlobBegin => "the begin of a file",
            Self::BlobData => "data of a file",
            Self::ModelEnd => "the end of a model",
            Self::End => "the end",
        }
    }

    /// The most bytes of a payload, before and after compression.
    const fn limit(self) -> u64 {
        match self {
            Self::Rows => LINE + ROWS as u64,
            Self::BlobData => BLOB_PART as u64,
            _ => SMALL,
        }
    }
}

/// The header of a chunk with this payload, compressed where that makes it shorter.
pub(super) struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
    buffer: Vec<u8>,
}

impl Packer {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { compressor: zstd::bulk::Compressor::new(3)?, buffer: Vec::new() })
    }

    /// Header and payload.
    pub(super) fn pack<'a>(
        &'a mut self,
        kind: Kind,
        payload: &'a [u8],
    ) -> io::Result<([u8; HEADER], &'a [u8])> {
        self.buffer.clear();
        self.buffer.reserve(zstd::zstd_safe::compress_bound(payload.len()));
        self.compressor.compress_to_buffer(payload, &mut self.buffer)?;
        let shorter = self.buffer.len() < payload.len();
        let (flags, stored) = if shorter { (COMPRESSED, &self.buffer[..]) } else { (0, payload) };
        let mut header = [0; HEADER];
        header[0] = kind as u8;
        header[1] = flags;
        header[4..12].copy_from_slice(&(stored.len() as u64).to_le_bytes());
        let crc = crc32c::crc32c_append(crc32c::crc32c(&header[..12]), stored);
        header[12..].copy_from_slice(&crc.to_le_bytes());
        Ok((header, stored))
    }
}

/// A chunk as it stands in the archive.
pub(super) struct Chunk {
    pub(super) at: u64,
    pub(super) kind: Kind,
    pub(super) header: [u8; HEADER],
    pub(super) stored: Vec<u8>,
    compressed: bool,
}

impl Chunk {
    /// The next chunk, whose checksum fits; `None` at the end of the input.
    pub(super) fn read(input: &mut impl Read, at: u64) -> ArchiveResult<Option<Self>> {
        let mut header = [0; HEADER];
        if !read_or_end(input, &mut header).map_err(|error| truncated(error, at))? {
            return Ok(None);
        }
        let fault = |what, value: u8| Fault::Unknown { what, value: value.into() }.at(at);
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == header[0]);
        let kind = kind.ok_or_else(|| fault("kind of chunk", header[0]))?;
        if header[1] & !COMPRESSED != 0 {
            return Err(fault("flags", header[1]));
        }
        if header[2..4] != [0, 0] {
            return Err(fault("reserved value", header[2] | header[3]));
        }
        let [.., a, b, c, d] = header;
        let length = u64::from_le_bytes(std::array::from_fn(|byte| header[4 + byte]));
        if length > kind.limit() {
            return Err(Fault::TooLong { found: length, limit: kind.limit() }.at(at));
        }
        let mut stored = Vec::new();
        // Grows with what is really there: a declared length alone takes no memory.
        input.take(length).read_to_end(&mut stored)?;
        if stored.len() as u64 != length {
            return Err(Fault::Truncated.at(at));
        }
        let crc = crc32c::crc32c_append(crc32c::crc32c(&header[..12]), &stored);
        if crc != u32::from_le_bytes([a, b, c, d]) {
            return Err(Fault::Checksum("a chunk").at(at));
        }
        Ok(Some(Self { at, kind, header, stored, compressed: header[1] & COMPRESSED != 0 }))
    }

    /// The payload, decompressed within its limit.
    pub(super) fn payload(self) -> ArchiveResult<Vec<u8>> {
        if !self.compressed {
            return Ok(self.stored);
        }
        let (at, limit) = (self.at, self.kind.limit());
        let malformed = |error: io::Error| Fault::malformed("a compressed chunk", error).at(at);
        let mut decoder = zstd::stream::read::Decoder::with_buffer(&self.stored[..]).map_err(malformed)?;
        decoder.window_log_max(WINDOW).map_err(malformed)?;
        let mut payload = Vec::new();
        decoder.by_ref().take(limit + 1).read_to_end(&mut payload).map_err(malformed)?;
        if payload.len() as u64 > limit {
            return Err(Fault::TooLong { found: payload.len() as u64, limit }.at(at));
        }
        Ok(payload)
    }
}

/// Fills the buffer; `false` when there is nothing at all.
fn read_or_end(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}
