//! Partial answers: the fields a client names, cut out of the JSON text.

use std::fmt;

use super::scan::{Damaged, Scanner, Text};

/// How many selectors a request may have.
const MOST_SELECTORS: usize = 64;
/// How many steps a selector may have.
const MOST_STEPS: usize = 32;

/// A part of the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The payload.
    Data,
    /// The metadata of the resource.
    Meta,
    /// The revision info.
    Info,
}

/// The selectors of a request by section; a section without selectors is answered whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections {
    /// Selectors of the payload.
    pub data: Option<Selection>,
    /// Selectors of the metadata.
    pub meta: Option<Selection>,
    /// Selectors of the revision info.
    pub info: Option<Selection>,
}

impl Sections {
    /// The selectors of one section; `None` answers it whole.
    pub fn get(&self, section: Section) -> Option<&Selection> {
        match section {
            Section::Data => self.data.as_ref(),
            Section::Meta => self.meta.as_ref(),
            Section::Info => self.info.as_ref(),
        }
    }

    fn slot(&mut self, section: Section) -> &mut Option<Selection> {
        match section {
            Section::Data => &mut self.data,
            Section::Meta => &mut self.meta,
            Section::Info => &mut self.info,
        }
    }
}

/// The selectors of one section, as a tree of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// A selector ends here, so that everything below is selected.
    whole: bool,
    steps: Vec<(Step, Selection)>,
}

/// One part of a slash path: a name in an object, and perhaps a choice of elements in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    name: String,
    elements: Elements,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Elements {
    None,
    Every,
    Index(i64),
    Slice { start: Option<i64>, end: Option<i64>, step: usize },
}

/// A selector that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// The slice part of a selector is wrong.
    #[error("`{0}` is not a slice: write `start:end` or `start:end:step` with a step of 1 or more")]
    BadSlice(String),
    /// More than 64 selectors.
    #[error("more than {MOST_SELECTORS} selectors")]
    TooMany,
    /// A selector of more than 32 steps.
    #[error("a selector of more than {MOST_STEPS} steps")]
    TooDeep,
}

impl Selection {
    /// Reads slash paths such as `/addr/city`, `tags/0`, `lines/1:3/text` or `meta/created_time`.
    ///
    /// `data/`, `meta/` and `info/` name a section, after an optional slash; other paths belong to
    /// `default_section`. An empty path is ignored. Part of a path selects by name in an object; in a list,
    /// a number is an index (negative from the end), `start:end` and `start:end:step` are slices, and `-` is
    /// every element.
    ///
    /// ```
    /// use specstar_runtime::json::{Section, Selection};
    ///
    /// let sections = Selection::parse(&["/tags/-1", "addr/city"], Section::Data)?;
    /// let mut out = Vec::new();
    /// let json = br#"{"name":"n","tags":["a","b"],"addr":{"city":"c","zip":null}}"#;
    /// sections.data.unwrap().apply(json, &mut out);
    /// assert_eq!(out, br#"{"tags":["b"],"addr":{"city":"c"}}"#);
    /// # Ok::<(), specstar_runtime::json::SelectError>(())
    /// ```
    pub fn parse<S: AsRef<str>>(paths: &[S], default_section: Section) -> Result<Sections, SelectError> {
        if paths.len() > MOST_SELECTORS {
            return Err(SelectError::TooMany);
        }
        let mut sections = Sections::default();
        for path in paths {
            let path = path.as_ref();
            let (section, path) = split_section(path.strip_prefix('/').unwrap_or(path));
            if !path.is_empty() {
                let section = section.unwrap_or(default_section);
                sections.slot(section).get_or_insert_default().add(path)?;
            }
        }
        Ok(sections)
    }

    fn add(&mut self, path: &str) -> Result<(), SelectError> {
        let mut node = self;
        for (depth, part) in path.split('/').enumerate() {
            if depth == MOST_STEPS {
                return Err(SelectError::TooDeep);
            }
            node = node.child(part)?;
        }
        node.whole = true;
        Ok(())
    }

    fn child(&mut self, part: &str) -> Result<&mut Self, SelectError> {
        let known = self.steps.iter().position(|(step, _)| step.name == part);
        if known.is_none() {
            let step = Step { name: part.to_owned(), elements: Elements::parse(part)? };
            self.steps.push((step, Self::default()));
        }
        // A new step is the last one.
        let at = known.unwrap_or(self.steps.len() - 1);
        Ok(&mut self.steps[at].1)
    }

    /// Appends the selected part of a JSON object, in the order of the object.
    ///
    /// A name that is not there selects nothing, and neither does a step into a number or text; a step
    /// into `null` keeps the `null`. Damaged JSON gives `null`.
    pub fn apply(&self, json: &[u8], out: &mut Vec<u8>) {
        let mark = out.len();
        if !matches!(write(json, &[self], out), Ok(true)) {
            out.truncate(mark);
            out.extend_from_slice(b"null");
        }
    }
}

fn split_section(path: &str) -> (Option<Section>, &str) {
    let sections = [("data/", Section::Data), ("meta/", Section::Meta), ("info/", Section::Info)];
    for (prefix, section) in sections {
        if let Some(rest) = path.strip_prefix(prefix) {
            return (Some(section), rest);
        }
    }
    (None, path)
}

/// Writes what the selectors at one place choose of the value there, and says whether that was anything.
fn write(value: &[u8], selected: &[&Selection], out: &mut Vec<u8>) -> Result<bool, Damaged> {
    let mut scanner = Scanner::new(value);
    if selected.iter().any(|selection| selection.whole) {
        out.extend_from_slice(scanner.value()?);
        return Ok(true);
    }
    match scanner.peek().ok_or(Damaged)? {
        b'{' => write_object(&mut scanner, selected, out)?,
        b'[' => write_array(value, selected, out)?,
        b'n' => out.extend_from_slice(b"null"),
        _ => return Ok(false),
    }
    Ok(true)
}

fn write_object(
    scanner: &mut Scanner<'_>,
    selected: &[&Selection],
    out: &mut Vec<u8>,
) -> Result<(), Damaged> {
    scanner.eat(b'{');
    out.push(b'{');
    let mut first = true;
    while let Some(key) = scanner.key()? {
        let value = scanner.value()?;
        let below = below(selected, |step| key.is(&step.name));
        if below.is_empty() {
            continue;
        }
        let mark = out.len();
        if !first {
            out.push(b',');
        }
        write_key(&key, out);
        if write(value, &below, out)? {
            first = false;
        } else {
            out.truncate(mark);
        }
    }
    out.push(b'}');
    Ok(())
}

fn write_key(key: &Text<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(key.quoted());
    out.push(b':');
}

fn write_array(array: &[u8], selected: &[&Selection], out: &mut Vec<u8>) -> Result<(), Damaged> {
    let elements = elements(array)?;
    out.push(b'[');
    let mut first = true;
    for (at, element) in elements.iter().enumerate() {
        let below = below(selected, |step| step.elements.contains(at, elements.len()));
        if below.is_empty() {
            continue;
        }
        let mark = out.len();
        if !first {
            out.push(b',');
        }
        if write(element, &below, out)? {
            first = false;
        } else {
            out.truncate(mark);
        }
    }
    out.push(b']');
    Ok(())
}

/// All elements first: a negative index counts from the end.
fn elements(array: &[u8]) -> Result<Vec<&[u8]>, Damaged> {
    let mut scanner = Scanner::new(array);
    let mut elements = Vec::new();
    scanner.eat(b'[');
    while scanner.element()? {
        elements.push(scanner.value()?);
    }
    Ok(elements)
}

fn below<'s>(selected: &[&'s Selection], takes: impl Fn(&Step) -> bool) -> Vec<&'s Selection> {
    let steps = selected.iter().flat_map(|selection| &selection.steps);
    steps.filter(|(step, _)| takes(step)).map(|(_, below)| below).collect()
}

impl Elements {
    fn parse(part: &str) -> Result<Self, SelectError> {
        if part == "-" {
            return Ok(Self::Every);
        }
        // A map may have keys with colons and letters; digits, signs and colons alone mean a slice.
        if !part.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':')) {
            return Ok(Self::None);
        }
        if part.contains(':') {
            return slice(part).ok_or_else(|| SelectError::BadSlice(part.to_owned()));
        }
        Ok(part.parse().map_or(Self::None, Self::Index))
    }

    fn contains(&self, at: usize, length: usize) -> bool {
        match *self {
            Self::None => false,
            Self::Every => true,
            Self::Index(index) => from_end(index, length) == Some(at),
            Self::Slice { start, end, step } => {
                let start = start.map_or(0, |start| from_end(start, length).unwrap_or(0));
                let end = end.map_or(length, |end| from_end(end, length).unwrap_or(0));
                (start..end).contains(&at) && (at - start).is_multiple_of(step)
            }
        }
    }
}

/// A position counted from the end when it is negative; `None` before the start.
fn from_end(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        return usize::try_from(index).ok();
    }
    length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
}

fn slice(part: &str) -> Option<Elements> {
    let bound = |text: &str| match text {
        "" => Some(None),
        number => number.parse().ok().map(Some),
    };
    let mut parts = part.split(':');
    let start = bound(parts.next()?)?;
    let end = bound(parts.next()?)?;
    let step = match parts.next() {
        None | Some("") => 1,
        Some(step) => step.parse().ok().filter(|step| *step > 0)?,
    };
    parts.next().is_none().then_some(Elements::Slice { start, end, step })
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "data",
            Self::Meta => "meta",
            Self::Info => "info",
        })
    }
}

#[cfg(test)]
mod tests;
