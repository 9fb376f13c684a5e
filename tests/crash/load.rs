//! Writers that remember what they were told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::common::User;
use crate::common::talk::Ask;

/// What a writer knows about one of its resources.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The content of each revision, by its number.
    pub(crate) revisions: BTreeMap<u64, Value>,
    /// The number of the current one.
    pub(crate) current: u64,
    pub(crate) deleted: bool,
}

/// A write that nobody answered: it happened whole, or not at all.
#[derive(Clone, Debug)]
pub(crate) struct Unanswered {
    pub(crate) id: String,
    pub(crate) write: Write,
}

#[derive(Clone, Debug)]
pub(crate) enum Write {
    Create(Value),
    Replace(Value),
    Switch(u64),
    Delete,
    Restore,
    Purge,
}

/// One client with resources of its own.
pub(crate) struct Writer {
    name: usize,
    next: usize,
    random: fastrand::Rng,
    pub(crate) known: BTreeMap<String, Known>,
    pub(crate) unanswered: Option<Unanswered>,
}

impl Writer {
    pub(crate) fn new(name: usize, seed: u64) -> Self {
        Self {
            name,
            next: 0,
            random: fastrand::Rng::with_seed(seed),
            known: BTreeMap::new(),
            unanswered: None,
        }
    }

    /// Writes and remembers, until the server is gone.
    pub(crate) async fn write_until_it_dies(
        self,
        user: User,
        written: Arc<AtomicUsize>,
        round: usize,
    ) -> Self {
        self.write_until(user, written, Arc::default(), round).await
    }

    /// Writes until nobody answers, or until it is over: a cut connection may be made up for without a word.
    pub(crate) async fn write_until(
        mut self,
        user: User,
        written: Arc<AtomicUsize>,
        over: Arc<AtomicBool>,
        round: usize,
    ) -> Self {
        assert!(self.unanswered.is_none(), "it was cleared up after the last crash");
        while !over.load(Ordering::Relaxed) {
            let (id, write) = self.decide(round);
            let Ok(answer) = ask(&user, &id, &write).try_send().await else {
                self.unanswered = Some(Unanswered { id, write });
                return self;
            };
            match answer.status() {
                200 => {
                    self.remember(&id, write);
                    written.fetch_add(1, Ordering::Relaxed);
                }
                // Another writer has the code: nothing was written.
                409 => {}
                // The database is away, and may have gone with the answer to a commit.
                503 if crate::common::database::is_postgres() => {
                    self.unanswered = Some(Unanswered { id, write });
                    return self;
                }
                _ => panic!("\n{answer}\n"),
            }
        }
        self
    }

    fn decide(&mut self, round: usize) -> (String, Write) {
        let some = self.random.usize(0..self.known.len().max(1));
        let known = self.known.iter().nth(some).map(|(id, known)| (id.clone(), known.clone()));
        let content = self.content(round);
        let Some((id, known)) = known.filter(|_| self.random.u8(0..4) > 0) else {
            self.next += 1;
            return (format!("parcel-{}-{}", self.name, self.next), Write::Create(content));
        };
        if known.deleted {
            return (id, if self.random.u8(0..8) == 0 { Write::Purge } else { Write::Restore });
        }
        let write = match self.random.u8(0..10) {
            0 => Write::Delete,
            1 | 2 => {
                let numbers: Vec<u64> = known.revisions.keys().copied().collect();
                Write::Switch(numbers[self.random.usize(0..numbers.len())])
            }
            _ => Write::Replace(content),
        };
        (id, write)
    }

    /// Codes are few, so that writers meet; contents differ in size, so that pages are split.
    fn content(&mut self, round: usize) -> Value {
        let code = self.random.bool().then(|| format!("code-{}", self.random.u32(0..200)));
        let marks: Vec<String> = (0..self.random.u8(0..4)).map(|mark| format!("m{mark}")).collect();
        let content = "x".repeat(self.random.usize(0..5_000));
        json!({"code": code, "weight": self.random.i64(..), "marks": marks, "content": format!("{round} {content}")})
    }

    pub(crate) fn remember(&mut self, id: &str, write: Write) {
        if matches!(write, Write::Purge) {
            self.known.remove(id);
            return;
        }
        let known = self.known.entry(id.to_owned()).or_default();
        match write {
            Write::Create(content) | Write::Replace(content) => {
                let last = known.revisions.keys().last().copied().unwrap_or(0);
                known.current = last + 1;
                known.revisions.insert(known.current, content);
            }
            Write::Switch(number) => known.current = number,
            Write::Delete => known.deleted = true,
            Write::Restore => known.deleted = false,
            Write::Purge => {}
        }
    }
}

fn ask(user: &User, id: &str, write: &Write) -> Ask {
    let path = format!("/parcel/{id}");
    match write {
        Write::Create(content) => user.put(&path, content.clone()).if_none_match("*"),
        Write::Replace(content) => user.put(&path, content.clone()),
        Write::Switch(number) => user.ask("POST", &format!("{path}/switch/{number}")),
        Write::Delete => user.delete(&path),
        Write::Restore => user.ask("POST", &format!("{path}/restore")),
        Write::Purge => user.delete(&format!("{path}/permanently")),
    }
}
