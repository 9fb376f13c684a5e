//! Work on connections of a pool that somebody may give up.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::pool::Losses;

pin_project! {
    /// When it is dropped before it is done, the connection that it gives back is in the middle of something, and perhaps
    /// nobody is there to end it: the pool must not wait for that without a limit. It is told before it gets it.
    pub(super) struct Watched<'a, F> {
        #[pin]
        work: F,
        losses: &'a Losses,
        is_done: bool,
    }

    impl<F> PinnedDrop for Watched<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            if !this.is_done {
                this.losses.suspect();
            }
        }
    }
}

impl<'a, F> Watched<'a, F> {
    pub(super) const fn new(losses: &'a Losses, work: F) -> Self {
        Self { work, losses, is_done: false }
    }
}

impl<F: Future> Future for Watched<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = this.work.poll(context);
        *this.is_done |= polled.is_ready();
        polled
    }
}
