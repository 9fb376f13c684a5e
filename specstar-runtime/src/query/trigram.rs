//! Word similarity by trigrams, with the values `pg_trgm` of `PostgreSQL` gives.
//!
//! A word is a maximal run of letters and digits, in lower case, with two blanks before it and one after;
//! the trigrams of a text are those of its words, in order. The word similarity of a query and a text is
//! found by reading the text once and keeping the extent that ends at the present trigram and resembles the
//! query most: the trigrams both have, in parts of those either has. Like the original, an extent is only
//! made shorter at its beginning, never longer; so a phrase that is interrupted by the same long text twice
//! can count for less than a search of all extents would find.
//!
//! A text of `n` trigrams, against a query of `q`, takes time in the order of `n`, and of up to `q` more
//! steps for each trigram of the text that the query has too.

mod extent;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use extent::Extent;

/// How similar a text is to the words of a query: from 0, nothing in common, to 1, all of it in one place.
///
/// ```
/// use specstar_runtime::query::word_similarity;
/// assert_eq!(word_similarity("word", "two words"), 0.8);
/// ```
pub fn word_similarity(query: &str, text: &str) -> f32 {
    TrigramSet::of(query).word_similarity([text])
}

/// The different trigrams of a query. Equal when the texts are.
#[derive(Clone, Debug)]
pub struct TrigramSet {
    text: String,
    numbers: HashMap<u64, usize>,
}

impl TrigramSet {
    /// The trigrams of a text.
    pub fn of(text: &str) -> Self {
        let mut numbers = HashMap::new();
        for trigram in trigrams(text) {
            let next = numbers.len();
            if let Entry::Vacant(entry) = numbers.entry(trigram) {
                entry.insert(next);
            }
        }
        Self { text: text.to_owned(), numbers }
    }

    /// The text itself, for an engine that takes it apart again.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The word similarity to some texts that stand one after another, such as the elements of a list.
    pub fn word_similarity<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> f32 {
        let mut extent = Extent::new(self.numbers.len());
        let mut greatest = 0.0_f32;
        for trigram in texts.into_iter().flat_map(trigrams) {
            match self.numbers.get(&trigram) {
                Some(&number) => greatest = greatest.max(extent.shared(number)),
                None => extent.stranger(trigram),
            }
            if greatest >= 1.0 {
                break;
            }
        }
        greatest
    }
}

impl PartialEq for TrigramSet {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// The trigrams of a text, each as one number: a scalar value has 21 bits.
fn trigrams(text: &str) -> impl Iterator<Item = u64> {
    const LETTER: u32 = 21;
    const THREE: u64 = (1 << (3 * LETTER)) - 1;
    let before = (u64::from(' ') << LETTER) | u64::from(' ');
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.flat_map(move |word| {
        let letters = word.chars().flat_map(char::to_lowercase).chain([' ']);
        letters.scan(before, |last, letter| {
            *last = ((*last << LETTER) | u64::from(letter)) & THREE;
            Some(*last)
        })
    })
}
