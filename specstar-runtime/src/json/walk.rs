//! A body beside its canonical form: what was written against what was understood.

use super::DecodeError;
use super::path::{push_index, push_key};
use super::scan::{Damaged, Scanner, Text};
use crate::descriptor::{FieldDescriptor, ResourceDescriptor};

/// Names further away than this, or by more than half of their letters, are not what somebody meant.
const NEAR: usize = 2;
/// Comparing names costs the product of their lengths, and the client chooses one of them.
const LONGEST_NAME: usize = 64;
/// From this size on, members are found by binary search: the client chooses how many there are.
const MANY: usize = 16;
/// Each doubt costs a decoding of the body.
const MOST_MISTAKEN: usize = 16;
/// A value that no field takes, or takes without a trace.
const STRANGE: &[u8] = br#"{"\u0001":[[{}]]}"#;

/// A field of a request body that the type does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown field `{name}`{} - at `{path}`", self.hint())]
pub struct Unknown {
    /// Where, as a JSON path such as `$.addr.citty`.
    pub path: String,
    /// The name as it was sent.
    pub name: String,
    /// The known name nearest to it.
    pub suggestion: Option<String>,
}

impl Unknown {
    fn hint(&self) -> String {
        match &self.suggestion {
            Some(name) => format!(", did you mean `{name}`?"),
            None => String::new(),
        }
    }
}

impl From<Unknown> for DecodeError {
    fn from(unknown: Unknown) -> Self {
        let message = format!("unknown field `{}`{}", unknown.name, unknown.hint());
        Self::data(unknown.path, message)
    }
}

/// The first field of a body that the type does not know, in the order of the body.
///
/// At the top level the names and aliases of the descriptor count. Deeper, a name counts as known when
/// the canonical JSON has it at the same place, or when its value is empty (`null`, `false`, `0`, `""`,
/// `[]`, `{}`), since a field may be left out of the canonical JSON at its default. So a nested field with
/// an alias, or one that is skipped at another default than an empty one, counts as unknown; see
/// [`unknown_fields_confirmed`].
///
/// The body must have been decoded before; one that is not JSON gives `None`.
pub fn unknown_fields(body: &[u8], canonical: &[u8], descriptor: &ResourceDescriptor) -> Option<Unknown> {
    find_unknown(body, canonical, descriptor, None)
}

/// [`unknown_fields`], which asks the type itself before it calls a nested field unknown.
///
/// `prepare` decodes a body and gives its canonical JSON. The value in doubt is replaced by one that no
/// field is likely to take: only a field that nobody reads leaves the canonical JSON as it is. After 16
/// doubts that were unfounded the rest of the body is trusted, so that a hostile one cannot cost more.
pub fn unknown_fields_confirmed(
    body: &[u8],
    canonical: &[u8],
    descriptor: &ResourceDescriptor,
    prepare: &dyn Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<Unknown> {
    find_unknown(body, canonical, descriptor, Some(prepare))
}

type Prepare<'a> = &'a dyn Fn(&[u8]) -> Option<Vec<u8>>;

fn find_unknown(
    body: &[u8],
    canonical: &[u8],
    descriptor: &ResourceDescriptor,
    prepare: Option<Prepare<'_>>,
) -> Option<Unknown> {
    let judge = Judge { body, canonical, prepare, mistaken: 0 };
    let mut walk = Walk { path: Vec::new(), unknown: Some(judge), found: None };
    // Damage means that the body was never decoded, and then nobody may rely on this answer.
    let _ = walk.top_level(&mut Scanner::new(body), canonical, descriptor);
    match walk.found {
        Some(Finding::Unknown(unknown)) => Some(unknown),
        _ => None,
    }
}

/// Decides whether a nested field that the canonical form lacks is one that nobody reads.
struct Judge<'a> {
    body: &'a [u8],
    canonical: &'a [u8],
    prepare: Option<Prepare<'a>>,
    mistaken: usize,
}

impl Judge<'_> {
    /// About the value the scanner stands before.
    fn is_unknown(&mut self, scanner: &Scanner<'_>) -> Result<bool, Damaged> {
        let mut behind = scanner.clone();
        let value = behind.value()?;
        if is_empty(value) {
            return Ok(false);
        }
        let Some(prepare) = self.prepare else { return Ok(true) };
        if self.mistaken == MOST_MISTAKEN {
            return Ok(false);
        }
        let start = behind.position() - value.len();
        let changed = [&self.body[..start], STRANGE, &self.body[behind.position()..]].concat();
        let unknown = prepare(&changed).is_some_and(|canonical| canonical == self.canonical);
        self.mistaken += usize::from(!unknown);
        Ok(unknown)
    }
}

/// Refuses the second forms serde accepts and no schema describes: an array of the fields for a struct, and
/// an object with one member for the name of a unit variant. The canonical JSON shows what is meant: an object
/// in the first case, text in the second.
pub fn refuse_other_forms(body: &[u8], canonical: &[u8]) -> Result<(), DecodeError> {
    let inner = body.iter().position(|byte| *byte == b'{').map_or(body, |start| &body[start + 1..]);
    if !inner.iter().any(|byte| matches!(byte, b'[' | b'{')) {
        return Ok(());
    }
    let mut walk = Walk { path: Vec::new(), unknown: None, found: None };
    // The body was decoded, so that there is no damage to report.
    let _ = walk.value(&mut Scanner::new(body), canonical);
    match walk.found {
        Some(Finding::Sequence(path)) => Err(DecodeError::data(path, "expected an object, found an array")),
        Some(Finding::Variant(path)) => Err(DecodeError::data(path, "expected a string, found an object")),
        _ => Ok(()),
    }
}

enum Finding {
    Unknown(Unknown),
    Sequence(String),
    Variant(String),
}

/// A step of a path, rendered only when there is something to report.
#[derive(Clone, Copy)]
enum Step<'b> {
    Key(Text<'b>),
    Index(usize),
}

struct Walk<'b> {
    path: Vec<Step<'b>>,
    /// Looks for unknown fields; without it, for values of another form than the canonical one.
    unknown: Option<Judge<'b>>,
    found: Option<Finding>,
}

impl<'b> Walk<'b> {
    fn top_level(
        &mut self,
        body: &mut Scanner<'b>,
        canonical: &[u8],
        descriptor: &ResourceDescriptor,
    ) -> Result<(), Damaged> {
        let members = Members::read(canonical)?;
        if !body.eat(b'{') {
            return Err(Damaged);
        }
        while let Some(key) = body.key()? {
            let fields = descriptor.fields;
            let known = |f: &&FieldDescriptor| key.is(f.name) || f.aliases.iter().any(|name| key.is(name));
            let Some(field) = fields.iter().find(known) else {
                let names =
                    fields.iter().flat_map(|f| std::iter::once(f.name).chain(f.aliases.iter().copied()));
                return self.report(&key, names);
            };
            self.member(key, members.named(field.name), body)?;
            if self.found.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Steps over a value of the body, comparing it with its canonical form.
    fn value(&mut self, body: &mut Scanner<'b>, canonical: &[u8]) -> Result<(), Damaged> {
        match (body.peek(), canonical.first()) {
            (Some(b'{'), Some(b'{')) => self.object(body, canonical),
            // For unknown fields, a list without an object inside has nothing to compare.
            (Some(b'['), Some(b'[')) if self.unknown.is_none() || canonical.contains(&b'{') => {
                self.array(body, canonical)
            }
            (Some(b'['), Some(b'{')) if self.unknown.is_none() => {
                self.found = Some(Finding::Sequence(self.rendered_path()));
                Ok(())
            }
            (Some(b'{'), Some(b'"')) if self.unknown.is_none() => {
                self.found = Some(Finding::Variant(self.rendered_path()));
                Ok(())
            }
            _ => body.value().map(drop),
        }
    }

    fn object(&mut self, body: &mut Scanner<'b>, canonical: &[u8]) -> Result<(), Damaged> {
        let members = Members::read(canonical)?;
        body.eat(b'{');
        while let Some(key) = body.key()? {
            let member = members.get(&key);
            if member.is_none()
                && let Some(judge) = &mut self.unknown
                && judge.is_unknown(body)?
            {
                return self.report_nested(&key, &members);
            }
            self.member(key, member, body)?;
            if self.found.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn member(
        &mut self,
        key: Text<'b>,
        canonical: Option<&[u8]>,
        body: &mut Scanner<'b>,
    ) -> Result<(), Damaged> {
        let Some(canonical) = canonical else {
            return body.value().map(drop);
        };
        self.path.push(Step::Key(key));
        self.value(body, canonical)?;
        self.path.pop();
        Ok(())
    }

    /// Element by element, as long as they can be paired: a set has fewer elements than its body.
    fn array(&mut self, body: &mut Scanner<'b>, canonical: &[u8]) -> Result<(), Damaged> {
        let canonical = elements(canonical)?;
        if elements(body.clone().value()?)?.len() != canonical.len() {
            return body.value().map(drop);
        }
        body.eat(b'[');
        for (at, element) in canonical.into_iter().enumerate() {
            if !body.element()? {
                return Err(Damaged);
            }
            self.path.push(Step::Index(at));
            self.value(body, element)?;
            self.path.pop();
            if self.found.is_some() {
                return Ok(());
            }
        }
        body.element().map(drop)
    }

    #[cold]
    fn report<'n>(&mut self, key: &Text<'_>, known: impl Iterator<Item = &'n str>) -> Result<(), Damaged> {
        let name = key.decode()?.into_owned();
        let mut path = self.rendered_path();
        push_key(&mut path, &name);
        let suggestion = nearest(&name, known).map(str::to_owned);
        self.found = Some(Finding::Unknown(Unknown { path, name, suggestion }));
        Ok(())
    }

    #[cold]
    fn report_nested(&mut self, key: &Text<'_>, members: &Members<'_>) -> Result<(), Damaged> {
        let names = members.entries.iter().map(|(key, _)| key.decode());
        let names = names.collect::<Result<Vec<_>, _>>()?;
        self.report(key, names.iter().map(AsRef::as_ref))
    }

    fn rendered_path(&self) -> String {
        let mut path = "$".to_owned();
        for step in &self.path {
            match step {
                Step::Key(key) => push_key(&mut path, &key.decode().unwrap_or_default()),
                Step::Index(index) => push_index(&mut path, *index),
            }
        }
        path
    }
}

/// The members of a canonical object.
struct Members<'a> {
    entries: Vec<(Text<'a>, &'a [u8])>,
}

impl<'a> Members<'a> {
    fn read(object: &'a [u8]) -> Result<Self, Damaged> {
        let mut scanner = Scanner::new(object);
        if !scanner.eat(b'{') {
            return Err(Damaged);
        }
        let mut entries = Vec::with_capacity(MANY);
        while let Some(key) = scanner.key()? {
            entries.push((key, scanner.value()?));
        }
        if entries.len() > MANY {
            entries.sort_by(|(a, _), (b, _)| a.compare(b));
        }
        Ok(Self { entries })
    }

    fn get(&self, key: &Text<'_>) -> Option<&'a [u8]> {
        let compare = |entry: &(Text<'a>, _)| entry.0.compare(key);
        if self.entries.len() > MANY {
            let at = self.entries.binary_search_by(compare).ok()?;
            return Some(self.entries[at].1);
        }
        self.entries.iter().find(|entry| compare(entry).is_eq()).map(|entry| entry.1)
    }

    /// For the names of a descriptor, which are few.
    fn named(&self, name: &str) -> Option<&'a [u8]> {
        self.entries.iter().find(|(key, _)| key.is(name)).map(|entry| entry.1)
    }
}

fn elements(array: &[u8]) -> Result<Vec<&[u8]>, Damaged> {
    let mut scanner = Scanner::new(array);
    let mut elements = Vec::new();
    scanner.eat(b'[');
    while scanner.element()? {
        elements.push(scanner.value()?);
    }
    Ok(elements)
}

/// Whether a value may be missing in the canonical form because it is a default.
fn is_empty(value: &[u8]) -> bool {
    match value {
        b"null" | b"false" | b"\"\"" => true,
        [b'[' | b'{', inner @ .., _] => inner.iter().all(u8::is_ascii_whitespace),
        [b'0'..=b'9' | b'-', ..] => is_zero(value),
        _ => false,
    }
}

fn is_zero(number: &[u8]) -> bool {
    let digits = number.iter().take_while(|byte| !matches!(byte, b'e' | b'E'));
    digits.filter(|byte| byte.is_ascii_digit()).all(|digit| *digit == b'0')
}

fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let distances = known
        .filter(|known| known.len().abs_diff(name.len()) <= NEAR * 4)
        .map(|known| (strsim::osa_distance(name, known), known));
    let (_, nearest) = distances
        .filter(|(distance, known)| *distance <= NEAR && *distance * 2 <= known.chars().count())
        .min_by_key(|(distance, _)| *distance)?;
    Some(nearest)
}

#[cfg(test)]
mod tests;
