//! Looking at everything an archive brings, before anything is written.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_128;

use super::{Importer, Part, count};
use crate::backup::entry::Archived;
use crate::backup::survey::{self, Survey};
use crate::change::ModelIndex;
use crate::error::{Error, Result};
use crate::json::IndexValue;
use crate::repository::{Arriving, Duplicates, Fate, Findings};

impl Importer<'_> {
    /// Looks at each resource without writing anything.
    pub(super) fn look(&self, survey: &mut Survey, done: u64) -> Result<()> {
        let mut report = std::mem::take(&mut survey.report);
        let mut uniques = HashSet::new();
        let mut kept = HashSet::new();
        let mut skipped = HashSet::new();
        let survey_ref = &*survey;
        self.walk(done, |index, part| {
            let name = self.model(index).name();
            let counts = report.entry(name.to_owned()).or_default();
            let (resource, exact) = match part {
                Part::Resource { resource, exact } => (resource, exact),
                Part::Purged(resource_id) => {
                    match self.look_at_purge(index, &resource_id, survey_ref) {
                        Ok(fate) => counts.purged += u64::from(fate == Fate::Overwritten),
                        Err(error) if self.options.dry_run && is_of_resource(&error) => {
                            counts.fail(&resource_id, &error);
                        }
                        Err(error) => return Err(error),
                    }
                    return Ok(());
                }
            };
            counts.resources.total += 1;
            let resource_id = resource.resource_id.clone();
            let revisions = resource.revisions.len() as u64;
            match self.look_at(index, *resource, exact, survey_ref, &mut uniques, &mut kept) {
                Ok(fate) => {
                    if fate == Fate::Skipped {
                        skipped.insert(survey::key(index, &resource_id));
                    }
                    count(counts, fate, revisions);
                    Ok(())
                }
                Err(error) if self.options.dry_run && is_of_resource(&error) => {
                    counts.fail(&resource_id, &error);
                    Ok(())
                }
                Err(error) => Err(error),
            }
        })?;
        (survey.report, survey.kept, survey.skipped) = (report, kept, skipped);
        Ok(())
    }

    fn look_at(
        &self,
        index: ModelIndex,
        resource: Archived,
        exact: bool,
        survey: &Survey,
        uniques: &mut HashSet<u128>,
        kept: &mut HashSet<u128>,
    ) -> Result<Fate> {
        let arriving = self.arriving(index, resource, exact, survey, Some(kept))?;
        let examined = self.service.examine(&arriving, self.duplicates(), self.caller);
        let Findings { fate, uniques: values, targets, deletes } = self.handle.block_on(examined)?;
        if deletes {
            self.check_referrers(index, &arriving.head.resource_id, false, survey)?;
        }
        for (constraint, values, holder) in values {
            self.check_unique(&arriving, constraint, &values, holder, survey, uniques)?;
        }
        let mut missing = Vec::new();
        for (field, target, resource_id) in targets {
            if !self.will_be_live(target, &resource_id, survey)? {
                missing.push(crate::error::MissingTarget { field: field.to_owned(), resource_id });
            }
        }
        if missing.is_empty() { Ok(fate) } else { Err(Error::targets_missing(missing)) }
    }

    fn look_at_purge(&self, model: ModelIndex, resource_id: &str, survey: &Survey) -> Result<Fate> {
        let fate = self.handle.block_on(self.service.examine_purge(model, resource_id, self.caller))?;
        if fate == Fate::Overwritten {
            self.check_referrers(model, resource_id, true, survey)?;
        }
        Ok(fate)
    }

    /// Fails when something that the archive leaves as it is refers to what goes. What comes with the archive is
    /// looked at itself.
    fn check_referrers(
        &self,
        model: ModelIndex,
        resource_id: &str,
        is_purge: bool,
        survey: &Survey,
    ) -> Result<()> {
        let referrers = self.service.referrers_of(model, resource_id, is_purge);
        let stays = |(model, id): &(ModelIndex, String)| survey.is_live(*model, id).is_none();
        if !self.handle.block_on(referrers)?.iter().any(stays) {
            return Ok(());
        }
        let name = self.model(model).name();
        Err(Error::Conflict(format!(
            "`{name}/{resource_id}` is deleted in the archive, and a resource that is not in the archive refers to it"
        )))
    }

    /// Whether a resource is live once everything is imported.
    fn will_be_live(&self, model: ModelIndex, resource_id: &str, survey: &Survey) -> Result<bool> {
        let arrives = survey.is_live(model, resource_id);
        match (arrives, self.duplicates()) {
            (Some(live), Duplicates::Overwrite | Duplicates::Refuse) => Ok(live),
            // It only comes when it is not there.
            (Some(true), Duplicates::Skip)
                if self.handle.block_on(self.service.is_live_now(model, resource_id))?.is_none() =>
            {
                Ok(true)
            }
            _ => self.handle.block_on(self.service.is_live(model, resource_id, self.caller)),
        }
    }

    fn check_unique(
        &self,
        arriving: &Arriving,
        constraint: usize,
        values: &[IndexValue],
        holder: Option<String>,
        survey: &Survey,
        seen: &mut HashSet<u128>,
    ) -> Result<()> {
        let model = self.model(arriving.model);
        let unique = &model.descriptor().uniques[constraint];
        // One that the archive replaces gives its value up.
        let replaced = |holder: &String| {
            self.duplicates() == Duplicates::Overwrite && survey.is_live(arriving.model, holder).is_some()
        };
        let own = &arriving.head.resource_id;
        if let Some(holder) = holder.as_ref().filter(|holder| replaced(holder))
            && survey.is_before(arriving.model, own, holder)
        {
            let name = model.name();
            return Err(Error::Conflict(format!(
                "`{name}/{own}` has a unique value in the archive that `{name}/{holder}` has now, which is replaced \
                 later: the archive is too large for one commit, so change the value of one of them before"
            )));
        }
        let holder = holder.filter(|holder| !replaced(holder));
        let key = unique_key(arriving.model, constraint, values, unique.case_insensitive);
        if holder.is_none() && seen.insert(key) {
            return Ok(());
        }
        let keys: Vec<&str> = unique.indexes.iter().map(|at| model.descriptor().indexes[*at].key).collect();
        let shown: Vec<String> = values.iter().map(shown).collect();
        let known = holder.map(|holder| {
            let exists = self.service.knows(model, &holder, self.caller);
            self.handle.block_on(exists).map(|known| known.then_some(holder))
        });
        Err(Error::UniqueConflict {
            field: keys.join(", "),
            value: shown.join(", "),
            conflicting_resource_id: known.transpose()?.flatten(),
        })
    }
}

/// Whether an error is about one resource, so that others can still be looked at.
fn is_of_resource(error: &Error) -> bool {
    !matches!(
        error,
        Error::Unavailable { .. }
            | Error::Internal { .. }
            | Error::PermissionDenied { .. }
            | Error::WrittenByAction { .. }
    )
}

fn unique_key(model: ModelIndex, constraint: usize, values: &[IndexValue], folded: bool) -> u128 {
    let mut bytes = [model.0.to_le_bytes(), constraint.to_le_bytes()].concat();
    for value in values {
        match value {
            IndexValue::Null => bytes.push(0),
            IndexValue::Integer(number) => {
                bytes.push(1);
                bytes.extend(number.to_le_bytes());
            }
            IndexValue::Float(number) => {
                bytes.push(2);
                bytes.extend(number.to_bits().to_le_bytes());
            }
            IndexValue::Text(text) => {
                let text = if folded { unicase::UniCase::new(text).to_folded_case() } else { text.clone() };
                bytes.push(3);
                bytes.extend(text.len().to_le_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    xxh3_128(&bytes)
}

fn shown(value: &IndexValue) -> String {
    match value {
        IndexValue::Null => "null".to_owned(),
        IndexValue::Text(text) => text.clone(),
        IndexValue::Integer(number) => number.to_string(),
        IndexValue::Float(number) => number.to_string(),
    }
}
