//! Connections whose other side takes nothing any more: what is sent waits in them, and holds what it is read from.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

/// Accepts connections that are given up when they stall.
pub(super) struct Guarded {
    listener: TcpListener,
    limit: Duration,
}

impl Guarded {
    /// After this time in which nothing could be sent.
    pub(super) fn new(listener: TcpListener, limit: Duration) -> Self {
        Self { listener, limit }
    }
}

impl Listener for Guarded {
    type Io = Connection<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // That of axum waits a moment when the process has no more files.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Answers are written whole, so waiting for more bytes to fill a packet only adds delay.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        (Connection { stream, limit: self.limit, stalled: None }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection with a limit on how long a write waits.
pub(super) struct Connection<S> {
    stream: S,
    limit: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncWrite + Unpin> Connection<S> {
    fn guarded<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let done = write(Pin::new(&mut self.stream), cx);
        if done.is_ready() {
            self.stalled = None;
            return done;
        }
        let limit = self.limit;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.guarded(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.guarded(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.guarded(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.guarded(cx, AsyncWrite::poll_shutdown)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    fn connection(limit: Duration) -> (Connection<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (stream, other) = duplex(1024);
        (Connection { stream, limit, stalled: None }, other)
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_nobody_takes_fails() {
        let (mut connection, _other) = connection(Duration::from_millis(50));
        let failed = connection.write_all(&[0; 4096]).await.expect_err("nobody reads");
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_waited_for() {
        let (mut connection, mut other) = connection(Duration::from_millis(400));
        let reading = tokio::spawn(async move {
            let mut bytes = [0; 1024];
            for _ in 0..8 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                other.read_exact(&mut bytes).await.expect("it is sent");
            }
        });
        connection.write_all(&[0; 8192]).await.expect("it goes on");
        reading.await.expect("all is read");
    }
}
