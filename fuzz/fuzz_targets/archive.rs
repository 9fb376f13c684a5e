//! Whatever bytes come as an archive: each reader says what is wrong with them, or reads them to their end.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use specstar::backup::{ArchiveReader, acbak, ssb};

/// A resource of an archive of this size is never longer.
const LIMIT: u64 = 1 << 20;

fn drain(mut reader: impl ArchiveReader) {
    let mut before = reader.position();
    while let Ok(Some(_)) = reader.next() {
        // It never goes back, and every part is somewhere in the archive.
        assert!(reader.position() >= before);
        before = reader.position();
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(reader) = acbak::Reader::new(Cursor::new(bytes), LIMIT) {
        drain(reader);
    }
    if let Ok(reader) = ssb::Reader::new(Cursor::new(bytes), LIMIT) {
        drain(reader);
    }
    // Past the checksum of each chunk, which nobody guesses.
    if let Ok(reader) = ssb::Reader::new(Cursor::new(sealed(bytes)), LIMIT) {
        drain(reader);
    }
});

/// An archive with a valid manifest, and chunks with valid checksums: of each, the first byte of a part is the kind,
/// the second one the length.
fn sealed(mut bytes: &[u8]) -> Vec<u8> {
    let manifest = br#"{"format":1,"tool":"","created":"","models":[{"name":"a","schema_version":null}],"token":"","blobs":true,"filtered":false}"#;
    let mut archive = ssb::MAGIC.to_vec();
    chunk(&mut archive, 1, manifest);
    while let [kind, length, rest @ ..] = bytes {
        let (payload, behind) = rest.split_at(rest.len().min(usize::from(*length)));
        chunk(&mut archive, kind % 8, payload);
        bytes = behind;
    }
    archive
}

fn chunk(archive: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    let mut header = [0; 12];
    header[0] = kind;
    header[4..].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&header), payload);
    archive.extend(header);
    archive.extend(crc.to_le_bytes());
    archive.extend(payload);
}
