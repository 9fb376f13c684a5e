//! How much one query may hold. All of it is checked before anything is read.

/// Conditions, after shorthands are written out.
pub const CONDITIONS: usize = 256;
/// Elements of one list.
pub const LIST_ELEMENTS: usize = 1000;
/// Values of all lists together. An engine binds at most 32,766, and a list element can take four of them:
/// lists are filled up to a power of two, and a revision id is looked up by two columns.
pub const VALUES: usize = 7_500;
/// Conditions that are matched by a compiled pattern, by trigrams or by a vector: each can take megabytes while it runs.
pub const PATTERNS: usize = 64;
/// Regular expressions of the client, each of which takes milliseconds to compile.
pub const REGULAR_EXPRESSIONS: usize = 16;
/// Characters of a regular expression.
pub const PATTERN_CHARACTERS: usize = 1000;
/// Bytes of a compiled regular expression.
pub const PATTERN_PROGRAM: usize = 1 << 20;
/// Sort keys.
pub const SORT_KEYS: usize = 16;
/// Bytes of one structured parameter.
pub const JSON_BYTES: usize = 64 * 1024;
/// Characters of a QB expression.
pub const EXPRESSION_CHARACTERS: usize = 8192;
/// Nesting of brackets, unary operators and arguments in a QB expression.
pub const NESTING: usize = 64;
/// Tokens of a QB expression.
pub const TOKENS: usize = 4096;
/// Characters of one string of a QB expression.
pub const TEXT_CHARACTERS: usize = 4096;
