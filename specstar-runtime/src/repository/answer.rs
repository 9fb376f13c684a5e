//! Answers that are committed with what their requests change, so that a request that comes again changes nothing.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::commit::Plan;
use super::service::store_error;
use super::write::Written;
use super::{Caller, Model, Service};
use crate::change::{Answer, RequestKey, Response};
use crate::datetime::Timestamp;
use crate::error::Result;
use crate::meta::Head;

/// How many answers are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: usize = 500;

/// What an operation comes to, once it is committed.
pub(crate) enum Outcome<'a> {
    /// New content.
    Written(&'a Written),
    /// New content, of which no entity tag is told.
    Rerun(&'a Written),
    /// Another state of the one resource that is there.
    One(&'a Head),
    /// Another state of several.
    Many(&'a [Head]),
}

/// How an outcome is answered.
pub(crate) type Render = fn(&Model, &Outcome<'_>) -> Response;

/// A request that may come again.
pub(crate) struct Repeatable {
    request: RequestKey,
    /// By the clock of the program: it is forgotten by that, whatever time the request is recorded with.
    at: Timestamp,
    render: Render,
    kept: AtomicBool,
}

impl Repeatable {
    /// Of this request, which came then and is answered so.
    pub(crate) fn new(request: RequestKey, at: Timestamp, render: Render) -> Self {
        Self { request, at, render, kept: AtomicBool::new(false) }
    }

    /// By what it is known.
    pub(crate) fn request(&self) -> &RequestKey {
        &self.request
    }

    /// Its answer is committed.
    pub(super) fn note(&self) {
        self.kept.store(true, Ordering::Release);
    }

    /// Whether its answer is committed.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Repeatable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repeatable").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Caller {
    /// The answer that belongs into the commit of an operation, where one is kept.
    pub(super) fn answer(&self, model: &Model, outcome: &Outcome<'_>) -> Option<Box<Answer>> {
        let request = self.request()?;
        let response = (request.render)(model, outcome);
        Some(Box::new(Answer { request: request.request.clone(), response, at: request.at }))
    }

    /// The same where the answer is known before there is an outcome.
    pub(super) fn known_answer(&self, response: Response) -> Option<Box<Answer>> {
        let request = self.request()?;
        Some(Box::new(Answer { request: request.request.clone(), response, at: request.at }))
    }
}

impl Service {
    /// The answer to a request that came before.
    pub(crate) async fn answer_to(&self, request: &RequestKey) -> Result<Option<Answer>> {
        self.store.answer(&request.key).await.map_err(store_error)
    }

    /// Keeps the answer of the caller's request apart from what it changes: that is done already, or nothing, or done
    /// once the answer is kept.
    pub(crate) async fn keep_answer(&self, response: Response, caller: &Caller) -> Result<()> {
        let Some(answer) = caller.known_answer(response) else { return Ok(()) };
        self.commit(Plan { answer: Some(answer), ..Plan::default() }, caller).await.map(|_| ())
    }

    /// Forgets the answers that are older than this, and tells how many.
    pub(crate) async fn forget_answers(&self, now: Timestamp, age: Duration) -> Result<usize> {
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp(now.0.saturating_sub(age));
        let mut forgotten = 0;
        loop {
            let some = self.store.forget_answers(before, FORGOTTEN_AT_ONCE).await.map_err(store_error)?;
            forgotten += some;
            if some < FORGOTTEN_AT_ONCE {
                return Ok(forgotten);
            }
        }
    }
}
