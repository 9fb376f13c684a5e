//! The bytes of a body, one piece at a time, and only so many of them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::Stream;

/// Why there are no more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::http::handler) enum Fault {
    /// The connection, or the framing of the body.
    #[error("the body is not complete")]
    Broken,
    /// More came than may come here.
    #[error("the body is too long here")]
    TooMuch,
}

/// Says how many bytes may come from now on.
#[derive(Clone, Debug)]
pub(in crate::http::handler) struct Pace(Arc<Allowance>);

#[derive(Debug)]
struct Allowance {
    left: AtomicU64,
    generous: AtomicBool,
}

impl Pace {
    /// This many, from now on.
    pub(in crate::http::handler) fn allow(&self, bytes: u64) {
        self.0.generous.store(bytes > super::AROUND, Ordering::Relaxed);
        self.0.left.store(bytes, Ordering::Relaxed);
    }

    /// Whether the last allowance was one for a file.
    pub(in crate::http::handler) fn was_generous(&self) -> bool {
        self.0.generous.load(Ordering::Relaxed)
    }
}

/// The data of a body. The reader of forms takes all it can get at once and keeps what stands before a part until it
/// has found the part, so it gets one piece whenever it looks, and a limited number of bytes.
pub(in crate::http::handler) fn paced(body: Body, bytes: u64) -> (Paced, Pace) {
    let pace = Pace(Arc::new(Allowance { left: AtomicU64::new(0), generous: AtomicBool::new(false) }));
    pace.allow(bytes);
    let data = body.into_data_stream();
    (Paced { data, rest: Bytes::new(), pace: pace.clone(), paused: false }, pace)
}

/// Bytes that are given at once: what stands around a file fits into few of them, so that a file that comes with it
/// is not counted as more of that.
const SMALL: usize = 8 << 10;
const LARGE: usize = 64 << 10;

/// See [`paced`].
pub(in crate::http::handler) struct Paced {
    data: BodyDataStream,
    /// What has come and was not given yet.
    rest: Bytes,
    pace: Pace,
    /// A piece was given: the next look gets nothing.
    paused: bool,
}

impl Stream for Paced {
    type Item = Result<Bytes, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.paused) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            let Poll::Ready(next) = Pin::new(&mut self.data).poll_next(cx) else { return Poll::Pending };
            let Some(piece) = next else { return Poll::Ready(None) };
            let Ok(piece) = piece else { return Poll::Ready(Some(Err(Fault::Broken))) };
            self.rest = piece;
        }
        let most = if self.pace.was_generous() { LARGE } else { SMALL };
        let length = self.rest.len().min(most);
        let piece = self.rest.split_to(length);
        let left = &self.pace.0.left;
        let Some(rest) = left.load(Ordering::Relaxed).checked_sub(length as u64) else {
            return Poll::Ready(Some(Err(Fault::TooMuch)));
        };
        left.store(rest, Ordering::Relaxed);
        self.paused = true;
        Poll::Ready(Some(Ok(piece)))
    }
}
