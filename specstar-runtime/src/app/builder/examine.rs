//! Looking at an application without starting it.

use std::path::Path;

use super::{Database, SpecStarBuilder};
use crate::blob::CollectOptions;
use crate::error::{Error, Result};
use crate::repository::store_error;
use crate::schema::lock::{self, Lock};
use crate::store::StoreError;
use crate::store::inspect::LayoutPlan;

/// What the rules of an application say of one type as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Openness {
    /// A rule speaks of it.
    Ruled,
    /// Everything is allowed to everybody, and the program says so.
    Meant,
    /// Everything is allowed to everybody, because nobody said anything.
    Unsaid,
    /// Nothing is allowed to anybody, because nobody said anything.
    Closed,
}

impl SpecStarBuilder {
    /// Without what works on its own beside the requests: a command does what it was asked to do, and subscribers are
    /// told by the server. It reads most of the file once, and mapped, that much memory would be its own.
    pub(crate) fn for_maintenance(mut self) -> Self {
        self.subscribers.clear();
        self.blobs.every = None;
        self.jobs.idle = true;
        #[cfg(feature = "sqlite")]
        if let Database::Sqlite(options) = &mut self.database {
            options.mapped_bytes = 0;
        }
        self
    }

    /// The OpenAPI document of the application that would be built, without a database.
    pub fn describe(mut self) -> Result<String> {
        self.prepare();
        let security = self.principals().security();
        match self.document(security) {
            Some(document) if self.problems.is_empty() => Ok(document),
            _ => Err(Error::CannotStart { problems: self.problems }),
        }
    }

    /// Fails with every problem that can be seen without a database.
    pub(crate) fn examine(&mut self) -> Result<()> {
        self.prepare();
        if self.problems.is_empty() {
            return Ok(());
        }
        Err(Error::CannotStart { problems: self.problems.clone() })
    }

    /// The shapes of the types of the program.
    pub(crate) fn shapes(&self) -> Lock {
        lock::shapes(&self.entries)
    }

    /// When its collections remove what.
    pub(crate) fn collect_options(&self) -> CollectOptions {
        self.blobs.options
    }

    /// The file of the database, where it is one that is named.
    pub(crate) fn database_file(&self) -> Option<&Path> {
        match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(options) => Some(&options.path),
            #[cfg(feature = "sqlite")]
            Database::SqliteTemporary => None,
            #[cfg(feature = "postgres")]
            Database::Postgres(_) => None,
            Database::None | Database::Given(_) => None,
        }
    }

    /// What a start would do to the tables.
    pub(crate) async fn plan_layout(&mut self) -> Result<LayoutPlan, StoreError> {
        let descriptors: Vec<_> = self.entries.iter().map(|entry| entry.descriptor).collect();
        let given = matches!(self.database, Database::Given(_));
        let Some((store, _)) = self.open() else {
            return Err(StoreError::Unavailable(std::mem::take(&mut self.problems).join("; ")));
        };
        let plan = store.plan_layout(&descriptors).await;
        // One that was opened for this only is closed; the program's own is still needed.
        if !given {
            store.close().await?;
        }
        plan
    }

    /// Fails unless a start leaves the database as it is: what says that it writes nothing must not adapt the tables,
    /// nor note a schema version that the program that serves them does not know. `advice` says what to do instead.
    pub(crate) async fn leave_as_it_is(&mut self, advice: &str) -> Result<()> {
        self.examine()?;
        if let Some(path) = self.database_file().filter(|path| !path.exists()) {
            return Err(Error::CannotStart { problems: vec![format!("{} does not exist", path.display())] });
        }
        let plan = self.plan_layout().await.map_err(store_error)?;
        if plan.is_empty() {
            return Ok(());
        }
        let mut problems = plan.problems;
        problems.extend(plan.versions.iter().map(ToString::to_string));
        problems.extend(plan.report.models.iter().map(|change| {
            let what =
                if change.created { "has no tables yet" } else { "is declared otherwise than it is stored" };
            format!("`{}` {what}", change.model)
        }));
        problems.push(format!("this command writes nothing, and would have to adapt the database: {advice}"));
        Err(Error::CannotStart { problems })
    }

    /// What the rules say of each type.
    pub(crate) fn openness(&self) -> Vec<(&'static str, Openness)> {
        let policies = self.policies();
        let of = |entry: &crate::resource::ResourceEntry| {
            let model = entry.descriptor;
            let openness = match (policies.is_open(model), self.access.open) {
                (true, true) => Openness::Meant,
                (true, false) => Openness::Unsaid,
                (false, _) if policies.has_rules(model) => Openness::Ruled,
                (false, _) => Openness::Closed,
            };
            (model.id.name, openness)
        };
        self.entries.iter().map(of).collect()
    }
}
