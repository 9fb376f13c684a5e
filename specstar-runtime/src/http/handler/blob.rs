//! Files: upload, download, upload sessions.

mod content;
mod ranges;
