//! Regular expressions in linear time, and the matching forms that are written as one.

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{self, Ast};

use super::limit;

/// A valid pattern and its compiled form. Equal when the texts are.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
}

/// Where a literal text has to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Anywhere,
    Start,
    End,
}

impl Pattern {
    /// Compiles a pattern of a request; the reason it is refused is a short phrase.
    ///
    /// ```
    /// use specstar_runtime::query::Pattern;
    /// assert!(Pattern::parse(r"^CODE-\d{3}$")?.is_match("CODE-001"));
    /// assert_eq!(Pattern::parse("(").unwrap_err(), "unclosed group");
    /// # Ok::<(), String>(())
    /// ```
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.chars().count() > limit::PATTERN_CHARACTERS {
            return Err("pattern too large".to_owned());
        }
        check_dialect(pattern)?;
        let regex = RegexBuilder::new(pattern).size_limit(limit::PATTERN_PROGRAM).build();
        regex.map(|regex| Self { regex }).map_err(|error| reason(&error))
    }

    /// A literal text, case-insensitive under simple case folding.
    pub(super) fn folded(text: &str, anchor: Anchor) -> Result<Self, String> {
        Self::derived(&anchored(&format!("(?i:{})", regex::escape(text)), anchor))
    }

    /// A literal text.
    pub(super) fn literal(text: &str, anchor: Anchor) -> Result<Self, String> {
        Self::derived(&anchored(&regex::escape(text), anchor))
    }

    /// `%` is any run of characters, `_` is one, everything else is itself.
    pub(super) fn like(pattern: &str) -> Result<Self, String> {
        let mut source = String::from("(?s)^");
        let mut buffer = [0; 4];
        for character in pattern.chars() {
            match character {
                '%' => source.push_str(".*"),
                '_' => source.push('.'),
                other => source.push_str(&regex::escape(other.encode_utf8(&mut buffer))),
            }
        }
        source.push('$');
        Self::derived(&source)
    }

    /// Only white space.
    pub(super) fn blank() -> Result<Self, String> {
        Self::derived(r"^\s*$")
    }

    /// Written here and not by a client, so only the size of the program can be wrong.
    fn derived(source: &str) -> Result<Self, String> {
        Regex::new(source).map(|regex| Self { regex }).map_err(|error| reason(&error))
    }

    /// The pattern itself, for an engine that compiles it again.
    pub fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether it is found anywhere in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// What the engine reads in another sense than other dialects: `a++` is possessive elsewhere and a repeated
/// repetition here, and flags beyond `i m s u x` mean something else in each.
fn check_dialect(pattern: &str) -> Result<(), String> {
    // What is no pattern at all is reported by the engine.
    let Ok(ast) = Parser::new().parse(pattern) else { return Ok(()) };
    ast::visit(&ast, Dialect)
}

struct Dialect;

impl ast::Visitor for Dialect {
    type Output = ();
    type Err = String;

    fn finish(self) -> Result<(), String> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), String> {
        match ast {
            Ast::Repetition(outer) if matches!(*outer.ast, Ast::Repetition(_)) => {
                Err("a repetition of a repetition needs a group, and possessive ones are not supported"
                    .into())
            }
            Ast::Flags(set) => known_flags(&set.flags),
            Ast::Group(group) => group.flags().map_or(Ok(()), known_flags),
            _ => Ok(()),
        }
    }
}

fn known_flags(flags: &ast::Flags) -> Result<(), String> {
    let foreign = |item: &ast::FlagsItem| {
        matches!(item.kind, ast::FlagsItemKind::Flag(ast::Flag::SwapGreed | ast::Flag::CRLF))
    };
    if flags.items.iter().any(foreign) {
        Err("only the flags i, m, s, u and x are known".into())
    } else {
        Ok(())
    }
}

fn anchored(source: &str, anchor: Anchor) -> String {
    match anchor {
        Anchor::Anywhere => source.to_owned(),
        Anchor::Start => format!("^{source}"),
        Anchor::End => format!("{source}$"),
    }
}

/// The engine reports over several lines with a picture of the pattern; the phrase is in the last one.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "pattern too large".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Anchor, Pattern};

    #[test]
    fn refusals_are_short_phrases() {
        assert_eq!(Pattern::parse("[").unwrap_err(), "unclosed character class");
        assert_eq!(Pattern::parse("*a").unwrap_err(), "repetition operator missing expression");
        assert!(Pattern::parse(r"(a)\1").unwrap_err().contains("backreferences"));
        assert!(Pattern::parse("(?=A)").unwrap_err().contains("look-around"));
        for foreign in ["a++", "a*+", "a?+", "a{2}+", "a**", "(?x)a+ +", "(?R)a", "(?U:a)"] {
            assert!(Pattern::parse(foreign).is_err(), "{foreign}");
        }
        for usual in ["a+?", "(a+)+", "(?i)a", "(?ms-x:a)", "(?u)a", "a{2,3}?"] {
            assert!(Pattern::parse(usual).is_ok(), "{usual}");
        }
        assert_eq!(Pattern::parse(&"a".repeat(1001)).unwrap_err(), "pattern too large");
        assert_eq!(Pattern::parse(r"(\w{200}){200}").unwrap_err(), "pattern too large");
    }

    #[test]
    fn the_end_is_the_very_end() {
        let pattern = Pattern::parse("b$").expect("valid");
        assert!(pattern.is_match("a\nb"));
        assert!(!pattern.is_match("b\n"));
        assert!(!Pattern::parse("a.b").expect("valid").is_match("a\nb"));
    }

    #[test]
    fn literals_have_no_metacharacters() {
        let folded = Pattern::folded("A.B*", Anchor::Anywhere).expect("valid");
        assert!(folded.is_match("xa.b*y") && !folded.is_match("aab"));
        let start = Pattern::literal("3.", Anchor::Start).expect("valid");
        assert!(start.is_match("3.5") && !start.is_match("13.5") && !start.is_match("30"));
        let end = Pattern::folded("É", Anchor::End).expect("valid");
        assert!(end.is_match("caf\u{e9}") && !end.is_match("\u{e9}a"));
    }

    #[test]
    fn like_covers_the_whole_value() {
        let like = Pattern::like("a_%c.").expect("valid");
        assert!(like.is_match("ab\nc.") && like.is_match("abc."));
        assert!(!like.is_match("ac.") && !like.is_match("abcx") && !like.is_match("xabc."));
    }

    #[test]
    fn the_longest_strings_make_a_pattern() {
        assert!(Pattern::like(&"_%".repeat(2048)).is_ok());
        assert!(Pattern::folded(&"k".repeat(4096), Anchor::Anywhere).is_ok());
    }
}
