//! An archive on its way out.

use std::io::{self, Write};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::backup::Export;

/// Bytes that are sent at once.
const PART: usize = 64 << 10;

/// Parts that wait for the client.
const WAITING: usize = 4;

/// A body that is written while it is sent. When the archive cannot be finished, the body ends with an error, so that
/// the connection is cut and nobody takes what was sent for all of it.
pub(super) fn body(export: Export, idle: Duration, permit: OwnedSemaphorePermit) -> Body {
    let (sender, receiver) = mpsc::channel(WAITING);
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let sink = Sink { sender: sender.clone(), part: BytesMut::new(), handle: handle.clone(), idle };
        if let Err(error) = export.write_here(sink, &handle) {
            tracing::warn!(%error, "an export ended early");
            let _ = sender.blocking_send(Err(io::Error::other("the export ended early")));
        }
    });
    Body::from_stream(futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|part| (part, receiver))
    }))
}

struct Sink {
    sender: mpsc::Sender<io::Result<Bytes>>,
    part: BytesMut,
    handle: Handle,
    /// A client that takes nothing for so long holds a snapshot for nothing.
    idle: Duration,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.part.extend_from_slice(bytes);
        if self.part.len() >= PART {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = self.part.split().freeze();
        let sent = async { tokio::time::timeout(self.idle, self.sender.send(Ok(part))).await };
        match self.handle.block_on(sent) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::other("the client is gone")),
            Err(_) => Err(io::Error::other("the client takes nothing")),
        }
    }
}
