//! Subscribers: code of the program that is told of every change, in the order of the commits, whatever becomes of
//! the process in between.
//!
//! The log of changes is the outbox: a change and its entry commit together, so what is told has happened and what
//! has happened is told. A subscriber has a name, under which the database remembers how far it has come. It gets
//! one entry after the other; one that fails is given again, with growing pauses, and nothing behind it before it
//! succeeds. After a crash the last entries may be given once more (*at least once*), so that a handler should
//! recognise what it has done already: [`Event::position`] is the same each time and given only once.
//!
//! Of several processes on one database one at a time gives a subscriber its entries; another one goes on when it ends,
//! at most ten seconds after it said something last.
//!
//! When the application ends, a subscriber has five seconds for the entry it works on. If it does not end by then, it
//! is dropped, and gets the entry again at the next start.

mod dispatcher;
#[cfg(feature = "nats")]
mod nats;

use futures_util::future::BoxFuture;

pub(crate) use dispatcher::Dispatcher;
#[cfg(feature = "nats")]
pub use nats::NatsPublisher;

use crate::change::ChangeKind;
use crate::datetime::Timestamp;
use crate::error::Result;
use crate::resource::Resource;

/// Something that was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where it stands in the log: later commits have higher positions, and no position is given twice.
    pub position: i64,
    /// When.
    pub time: Timestamp,
    /// In whose name.
    pub by: String,
    /// What.
    pub what: What,
}

/// What was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A change of a resource.
    Change {
        /// Its type, as in its path.
        model: &'static str,
        /// Its id.
        resource_id: String,
        /// What happened to it.
        kind: ChangeKind,
        /// The current revision after it.
        revision_id: String,
        /// The version of the resource after it.
        version: i64,
    },
    /// A message that a [before-hook](crate::hook::HookContext::emit) sent with a change.
    Message {
        /// What kind of message, in the words of the program.
        name: String,
        /// JSON.
        body: Vec<u8>,
    },
}

impl Event {
    /// The id of the resource that changed, when it is one of this type.
    pub fn resource_id_of<R: Resource>(&self) -> Option<&str> {
        match &self.what {
            What::Change { model, resource_id, .. } if *model == R::ID.name => Some(resource_id),
            _ => None,
        }
    }
}

/// Code that is told of every change. Register it with
/// [`SpecStarBuilder::subscribe`](crate::app::SpecStarBuilder::subscribe).
pub trait Subscriber: Send + Sync + 'static {
    /// Handles one entry. An `Err` has it given again.
    fn handle<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<()>>;
}

/// A subscriber from a function.
///
/// ```
/// use specstar_runtime::event::{What, subscriber_fn};
/// let mailer = subscriber_fn(|event| {
///     let created = matches!(&event.what, What::Change { model: "user", .. });
///     async move {
///         if created { /* send a mail */ }
///         Ok(())
///     }
/// });
/// # let _ = mailer;
/// ```
pub fn subscriber_fn<F, A>(handle: F) -> impl Subscriber
where
    F: Fn(&Event) -> A + Send + Sync + 'static,
    A: Future<Output = Result<()>> + Send + 'static,
{
    FnSubscriber(handle)
}

struct FnSubscriber<F>(F);

impl<F, A> Subscriber for FnSubscriber<F>
where
    F: Fn(&Event) -> A + Send + Sync + 'static,
    A: Future<Output = Result<()>> + Send + 'static,
{
    fn handle<'a>(&'a self, event: &'a Event) -> BoxFuture<'a, Result<()>> {
        Box::pin((self.0)(event))
    }
}
