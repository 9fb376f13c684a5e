//! Writing what an archive brings: one commit, or several batches.

use super::{Importer, Part, Report, count};
use crate::backup::survey::{self, Filling, Survey};
use crate::change::{Checkpoint, ModelIndex};
use crate::error::{Error, Result};
use crate::repository::{Arrival, Fate, Parts};

impl Importer<'_> {
    pub(super) fn apply(&self, survey: &mut Survey, done: u64) -> Result<()> {
        let mut report = std::mem::take(&mut survey.report);
        let survey_ref = &*survey;
        let atomic = survey.is_atomic();
        if !atomic {
            self.apply_purges(survey_ref, done, &mut report)?;
        }
        let mut batch = Batch { done, stored: done, ..Batch::default() };
        let walked = self.walk(done, |index, part| {
            batch.done += 1;
            let (arrival, weight) = match part {
                Part::Resource { resource, exact } => {
                    let weight = resource.weight();
                    let arriving = self.arriving(index, *resource, exact, survey_ref, None)?;
                    (Arrival::Resource(Box::new(arriving)), weight)
                }
                Part::Purged(_) if !atomic => return Ok(()),
                Part::Purged(resource_id) => (Arrival::Purged { model: index, resource_id }, 0),
            };
            batch.arrivals.push(arrival);
            if !atomic && batch.filling.add(weight) {
                self.commit(&mut batch, Step::Part, survey_ref, &mut report)?;
            }
            Ok(())
        });
        let step = if atomic { Step::Whole } else { Step::Last };
        let ended = walked.and_then(|()| self.commit(&mut batch, step, survey_ref, &mut report));
        survey.report = report;
        match ended {
            Err(cause) if batch.stored > 0 => {
                let (stored, total) = (batch.stored, survey.total);
                Err(Error::ImportStopped { cause: Box::new(cause), stored, total })
            }
            ended => ended,
        }
    }

    /// Of an import in batches the purges come first: what they remove may have unique values of what comes.
    fn apply_purges(&self, survey: &Survey, done: u64, report: &mut Report) -> Result<()> {
        let mut batch = Batch::default();
        self.walk(done, |model, part| {
            let Part::Purged(resource_id) = part else { return Ok(()) };
            batch.arrivals.push(Arrival::Purged { model, resource_id });
            if batch.filling.add(0) {
                self.commit(&mut batch, Step::Purges, survey, report)?;
            }
            Ok(())
        })?;
        self.commit(&mut batch, Step::Purges, survey, report)
    }

    fn commit(&self, batch: &mut Batch, step: Step, survey: &Survey, report: &mut Report) -> Result<()> {
        let Batch { arrivals, done, stored, .. } = std::mem::take(batch);
        (batch.done, batch.stored) = (done, stored);
        let whole = step == Step::Whole;
        // One commit leaves nothing to come back to, and purges can be made again.
        let done = match step {
            Step::Whole | Step::Purges => None,
            Step::Part => Some(Some(done)),
            Step::Last => Some(None),
        };
        let checkpoint = done.map(|done| Checkpoint { archive: self.archive(survey), done });
        // In one commit everything is there at its end.
        let parts: Option<&dyn Parts> = if whole { None } else { Some(survey) };
        let rule = self.duplicates();
        let imported = self.service.import(&arrivals, rule, parts, checkpoint.as_ref(), self.caller);
        let fates = self.handle.block_on(imported)?;
        batch.stored = batch.done;
        for (arrival, fate) in arrivals.iter().zip(fates) {
            match arrival {
                Arrival::Resource(arriving) => {
                    let counts = report.entry(self.model(arriving.model).name().to_owned()).or_default();
                    counts.resources.total += 1;
                    count(counts, fate, arriving.older.len() as u64 + 1);
                }
                Arrival::Purged { model, .. } => {
                    let counts = report.entry(self.model(*model).name().to_owned()).or_default();
                    counts.purged += u64::from(fate == Fate::Overwritten);
                }
            }
        }
        Ok(())
    }
}

impl Parts for Survey {
    fn bring(&self, model: ModelIndex, resource_id: &str) -> bool {
        self.is_live(model, resource_id) == Some(true) && self.change(model, resource_id)
    }

    fn change(&self, model: ModelIndex, resource_id: &str) -> bool {
        self.is_live(model, resource_id).is_some() && !self.skipped.contains(&survey::key(model, resource_id))
    }
}

#[derive(Default)]
struct Batch {
    arrivals: Vec<Arrival>,
    filling: Filling,
    /// How many resources of the archive are stored with it.
    done: u64,
    /// How many are stored by those before it.
    stored: u64,
}

/// What a commit is of an import.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Whole,
    Purges,
    Part,
    Last,
}
