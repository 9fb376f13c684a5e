//! The extent of a text that resembles a query most, among those that end where the text was read to.

use std::collections::HashMap;

/// An extent, as far as it matters: the order in which its trigrams occurred *last*.
///
/// An extent that begins somewhat later lacks those trigrams whose last occurrence lies before, and the
/// only good places to begin are the trigrams of the query. So these form a list in order of their last
/// occurrence, and of the others, the strangers, it is enough to know how many follow each of them.
pub(super) struct Extent {
    /// One per trigram of the query, and the head of the list.
    links: Vec<Link>,
    /// Trigrams of the query in the extent.
    held: usize,
    /// Other trigrams in the extent.
    strangers: usize,
    /// One per occurrence of a trigram of the query: the strangers after it.
    runs: Vec<Run>,
    /// The run of each stranger's last occurrence, as it was then.
    last_run: HashMap<u64, u32>,
}

/// A trigram of the query, between its neighbours by last occurrence. Small, because the list is walked
/// for each of them that is read.
#[derive(Clone)]
struct Link {
    before: u32,
    after: u32,
    /// How many strangers occurred last between this and the next link.
    strangers: u32,
    /// Their run; [`OUTSIDE`] while the trigram is not in the extent.
    run: u32,
}

const OUTSIDE: u32 = u32::MAX;

/// Strangers that occurred last in one place.
struct Run {
    /// The run this one has become a part of; itself while it is whole.
    part_of: u32,
    /// The link it follows. It has left the extent when that link has another run.
    link: u32,
}

impl Extent {
    /// Nothing read, for a query of so many trigrams.
    pub(super) fn new(asked: usize) -> Self {
        let head = number(asked);
        let mut links = vec![Link { before: head, after: head, strangers: 0, run: OUTSIDE }; asked + 1];
        links[asked].run = 0;
        let run = Run { part_of: 0, link: head };
        Self { links, held: 0, strangers: 0, runs: vec![run], last_run: HashMap::new() }
    }

    /// The next trigram is the one of the query with this number. Gives the similarity of the best extent
    /// that ends here.
    pub(super) fn shared(&mut self, number: usize) -> f32 {
        if self.links[number].run == OUTSIDE {
            self.held += 1;
        } else {
            self.unlink(number);
        }
        self.append(number);
        self.shorten()
    }

    /// The next trigram is not one of the query.
    pub(super) fn stranger(&mut self, trigram: u64) {
        if self.held == 0 {
            return;
        }
        let last = self.links[self.head()].before as usize;
        let run = self.links[last].run;
        self.links[last].strangers += 1;
        self.strangers += 1;
        if let Some(earlier) = self.last_run.insert(trigram, run)
            && let Some(link) = self.follows(earlier)
        {
            self.links[link].strangers -= 1;
            self.strangers -= 1;
        }
        if self.links[last].strangers as usize > self.longest_gap() {
            *self = Self::new(self.head());
        }
    }

    /// Across more strangers than this, the next trigram of the query is better off alone: it makes
    /// `1 / asked`, and together with all that is held at most `(held + 1) / (asked + strangers)`.
    fn longest_gap(&self) -> usize {
        2 * self.held * self.head()
    }

    const fn head(&self) -> usize {
        self.links.len() - 1
    }

    /// The link a run follows by now; `None` when it has left the extent. Paths are halved on the way, so
    /// that they stay short.
    fn follows(&mut self, run: u32) -> Option<usize> {
        let mut at = run as usize;
        while self.runs[at].part_of as usize != at {
            let whole = self.runs[at].part_of as usize;
            self.runs[at].part_of = self.runs[whole].part_of;
            at = whole;
        }
        let link = self.runs[at].link as usize;
        (self.links[link].run as usize == at).then_some(link)
    }

    /// Its strangers follow the link before it from now on.
    fn unlink(&mut self, number: usize) {
        let Link { before, after, strangers, run } = self.links[number];
        self.links[after as usize].before = before;
        let previous = &mut self.links[before as usize];
        previous.after = after;
        previous.strangers += strangers;
        self.runs[run as usize].part_of = previous.run;
    }

    fn append(&mut self, link: usize) {
        let head = self.head();
        let last = self.links[head].before;
        self.links[last as usize].after = number(link);
        self.links[head].before = number(link);
        let run = self.new_run(link);
        self.links[link] = Link { before: last, after: number(head), strangers: 0, run };
    }

    fn new_run(&mut self, link: usize) -> u32 {
        let run = number(self.runs.len());
        self.runs.push(Run { part_of: run, link: number(link) });
        run
    }

    /// Begins where the similarity is greatest, as early as possible.
    fn shorten(&mut self) -> f32 {
        let asked = self.head();
        let (mut held, mut strangers) = (self.held, self.strangers);
        let mut best = Share { held, all: asked + strangers };
        let mut begin = None;
        let mut link = asked;
        // The rest cannot be better once it would not be without any stranger.
        while strangers > 0 && (Share { held, all: asked }).exceeds(best) {
            let Link { strangers: left, after, .. } = self.links[link];
            strangers -= left as usize;
            link = after as usize;
            let share = Share { held, all: asked + strangers };
            if share.exceeds(best) {
                best = share;
                begin = Some(link);
            }
            held -= 1;
        }
        if let Some(begin) = begin {
            self.begin_with(begin);
        }
        best.similarity()
    }

    fn begin_with(&mut self, begin: usize) {
        let head = self.head();
        let mut link = head;
        while link != begin {
            self.strangers -= self.links[link].strangers as usize;
            self.held -= usize::from(link != head);
            self.links[link].run = OUTSIDE;
            link = self.links[link].after as usize;
        }
        self.links[begin].before = number(head);
        let run = self.new_run(head);
        self.links[head] = Link { before: self.links[head].before, after: number(begin), strangers: 0, run };
    }
}

/// Trigrams in common, of all.
#[derive(Clone, Copy)]
struct Share {
    held: usize,
    all: usize,
}

impl Share {
    /// Compared without a division: this is asked for each link that is walked over.
    const fn exceeds(self, other: Self) -> bool {
        self.held as u64 * other.all as u64 > other.held as u64 * self.all as u64
    }

    #[allow(clippy::cast_precision_loss)]
    const fn similarity(self) -> f32 {
        self.held as f32 / self.all as f32
    }
}

/// Links and runs are counted by the trigrams of one text, which the engine keeps below a gigabyte.
#[allow(clippy::cast_possible_truncation)]
const fn number(at: usize) -> u32 {
    at as u32
}
