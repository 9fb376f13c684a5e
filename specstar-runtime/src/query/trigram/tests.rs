//! The values are those of `pg_trgm` in `PostgreSQL` 15.

use super::{TrigramSet, word_similarity};

const FACTS: [(&str, &str, f32); 28] = [
    ("word", "two words", 0.8),
    ("words", "word", 0.666_666_7),
    ("alic", "Alice Cooper", 0.8),
    ("bobb", "Bobby", 0.8),
    ("bobb", "bob", 0.6),
    ("molec", "molecule molar", 0.833_333_3),
    ("deja", "déjà vu deja", 1.0),
    ("Déjà", "déjà vu", 1.0),
    ("ÀÉ", "àé", 1.0),
    ("a", "a", 1.0),
    ("a", "b", 0.0),
    ("ab", "ba ab", 1.0),
    ("the quick", "quick the", 1.0),
    ("quick brown", "the quick-brown_fox", 1.0),
    ("foo bar baz", "foo the quick brown fox bar the quick brown fox baz", 0.5),
    ("x1", "X1", 1.0),
    ("", "abc", 0.0),
    ("...", "abc", 0.0),
    ("abc", "", 0.0),
    ("abc abc", "abc", 1.0),
    ("aaaa", "aaaaaaaa", 1.0),
    ("abcd", "abxcd", 0.4),
    ("日本", "日本語", 0.666_666_7),
    ("Straße", "STRASSE", 0.571_428_6),
    ("hello wrld", "say hello, world!", 0.642_857_13),
    ("postgres", "PostgreSQL 15", 0.888_888_9),
    ("aab baa", "abab aabb baab", 0.7),
    ("12.5", "12 5 125", 1.0),
];

#[test]
fn values_are_those_of_the_original() {
    for (query, text, expected) in FACTS {
        assert_eq!(word_similarity(query, text).to_bits(), expected.to_bits(), "{query:?} in {text:?}");
    }
}

#[test]
fn elements_are_separate_words() {
    let set = TrigramSet::of("quick fox");
    assert_eq!(set.word_similarity(["quick", "fox"]).to_bits(), 1.0_f32.to_bits());
    assert!(set.word_similarity(["quickfox"]) < 1.0);
    assert_eq!(set.word_similarity([]).to_bits(), 0.0_f32.to_bits());
}

/// The same rule written down plainly: every extent is tried from where the last one began.
#[allow(clippy::cast_precision_loss)]
fn plainly(query: &str, text: &str) -> f32 {
    let asked: Vec<u64> = TrigramSet::of(query).numbers.into_keys().collect();
    let given: Vec<u64> = super::trigrams(text).collect();
    let (mut greatest, mut begin) = (0.0, None);
    for end in 0..given.len() {
        if !asked.contains(&given[end]) {
            continue;
        }
        let mut best = 0.0;
        let mut best_begin = end;
        for from in begin.unwrap_or(end)..=end {
            let mut distinct = given[from..=end].to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            let shared = distinct.iter().filter(|trigram| asked.contains(trigram)).count();
            let all = asked.len() + distinct.len() - shared;
            let similarity = shared as f32 / all as f32;
            if similarity > best {
                (best, best_begin) = (similarity, from);
            }
        }
        begin = Some(best_begin);
        greatest = f32::max(greatest, best);
    }
    greatest
}

proptest::proptest! {
    #[test]
    fn it_does_what_the_rule_says(query in "[ab]{0,5}( [abc]{1,4}){0,3}", text in "([abcd]{1,5} ){0,25}") {
        proptest::prop_assert_eq!(word_similarity(&query, &text).to_bits(), plainly(&query, &text).to_bits());
    }
}

#[test]
fn long_texts_take_little_more_than_reading_them() {
    let repeated = "ab cd ".repeat(300_000);
    assert_eq!(word_similarity("ab cd", &repeated).to_bits(), 1.0_f32.to_bits());
    assert!(word_similarity("abx cdx", &repeated) < 1.0);
    let numbers: String = (0..300_000).flat_map(|number| [number.to_string(), " ".to_owned()]).collect();
    assert!(word_similarity("123456 hello 654321", &numbers) > 0.3);
}
