//! Schema versions: content that was written at another version than the declared one.
//!
//! A row keeps the version it was written at. Where it leaves the store it is converted, by the steps that the type
//! declares; what is stored stays as it is, and so do its index values, until the resource is written or migrated.

pub mod lock;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::blob::BlobIds;
use crate::blob::identify::identify;
use crate::descriptor::ResourceDescriptor;
use crate::error::{Error, Result};
use crate::json::{Canonical, IndexRow, fitting_index_row, index_row};
use crate::meta::{Head, HeadRef, MadeFile, Outdated, OutdatedRef, Problem, Revision, RevisionRef};
use crate::resource::{Prepared, ResourceEntry};

/// Whether content of this version is as the type is now.
pub(crate) fn is_current(descriptor: &ResourceDescriptor, version: Option<&str>) -> bool {
    version == descriptor.schema_version
}

/// What becomes of content of another version.
pub(crate) fn convert(
    entry: &ResourceEntry,
    version: Option<&str>,
    data: &[u8],
) -> Result<Prepared, Problem> {
    let descriptor = entry.descriptor;
    let position = descriptor.older_versions.iter().position(|older| *older == version);
    let Some(migration) = position.and_then(|at| entry.migrations.get(at)) else {
        return Err(Problem::NoPath(no_path(descriptor, version)));
    };
    // A step is code of the program: should it panic, this row has a problem and the server goes on.
    match catch_unwind(AssertUnwindSafe(|| migration(data))) {
        Ok(Ok(prepared)) => Ok(prepared),
        Ok(Err(error)) => Err(Problem::Failed(error.to_string())),
        Err(panic) => Err(Problem::Failed(format!("a migration step panicked: {}", panic_text(&*panic)))),
    }
}

fn no_path(descriptor: &ResourceDescriptor, version: Option<&str>) -> String {
    format!("No migration path from version {} to {}", shown(version), shown(descriptor.schema_version))
}

/// A version in a message.
pub(crate) fn shown(version: Option<&str>) -> String {
    version.map_or_else(|| "none".to_owned(), |version| format!("'{version}'"))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}

/// What stands for the content when there is none.
const NOTHING: &[u8] = b"null";

/// A revision as it was read, with its content as the type is now.
///
/// Bytes that a step makes are named in it by their id (`ids` says how), as they are when they are stored.
pub(crate) fn converted(entry: &ResourceEntry, ids: Option<BlobIds>, mut revision: Revision) -> Revision {
    if is_current(entry.descriptor, revision.schema_version.as_deref()) {
        return revision;
    }
    let Outcome { data, problem, files } = outcome(entry, ids, &revision.as_ref());
    let stored = std::mem::replace(&mut revision.data, data);
    revision.outdated = Some(Box::new(Outdated { data: stored, problem, files }));
    revision
}

/// The same for a row of a search.
pub(crate) fn with_converted<T>(
    entry: &ResourceEntry,
    ids: Option<BlobIds>,
    head: &HeadRef<'_>,
    visit: impl FnOnce(HeadRef<'_>) -> T,
) -> T {
    let stored = head.revision;
    if is_current(entry.descriptor, stored.schema_version) {
        return visit(*head);
    }
    let Outcome { data, problem, files } = outcome(entry, ids, &stored);
    let outdated = Some(OutdatedRef { data: stored.data, problem: problem.as_ref(), files: &files });
    visit(HeadRef { revision: RevisionRef { data: &data, outdated, ..stored }, ..*head })
}

struct Outcome {
    data: Vec<u8>,
    problem: Option<Problem>,
    files: Vec<MadeFile>,
}

fn outcome(entry: &ResourceEntry, ids: Option<BlobIds>, revision: &RevisionRef<'_>) -> Outcome {
    let made = convert(entry, revision.schema_version, revision.data).and_then(|prepared| {
        let mut canonical = Canonical { text: prepared.canonical, blobs: prepared.blobs };
        match identify(ids, &mut canonical, None) {
            Ok((_, files)) => Ok((canonical.text, files)),
            Err(error) => Err(Problem::Failed(error.to_string())),
        }
    });
    match made {
        Ok((data, files)) => Outcome { data, problem: None, files },
        Err(problem) => Outcome { data: NOTHING.to_vec(), problem: Some(problem), files: Vec::new() },
    }
}

/// Fails with 422 when there is no content of the type.
pub(crate) fn readable(head: &Head) -> Result<()> {
    readable_revision(&head.resource_id, &head.revision.as_ref())
}

/// The same of any revision.
pub(crate) fn readable_revision(resource_id: &str, revision: &RevisionRef<'_>) -> Result<()> {
    match revision.problem() {
        None => Ok(()),
        Some(problem) => Err(undecodable(resource_id, revision, problem)),
    }
}

/// What a client is told of content that cannot be read.
pub(crate) fn undecodable(resource_id: &str, revision: &RevisionRef<'_>, problem: &Problem) -> Error {
    Error::Undecodable {
        revision_id: crate::id::revision_id(resource_id, revision.seq),
        version: shown(revision.schema_version),
        reason: problem.text().to_owned(),
    }
}

/// The index values of a revision as the store has them: those of its stored content, whatever can be made of it.
pub(crate) fn index_as_stored(
    descriptor: &ResourceDescriptor,
    revision: &RevisionRef<'_>,
) -> Result<IndexRow> {
    if is_current(descriptor, revision.schema_version) {
        return index_row(descriptor, revision.data).map_err(Error::Decode);
    }
    Ok(fitting_index_row(descriptor, revision.stored_data()))
}
