//! The resource types as one open database file knows them.

use std::collections::HashMap;
use std::sync::Arc;

use sea_query::SqliteQueryBuilder;

use crate::change::ModelIndex;
use crate::store::StoreError;
use crate::store::layout::ModelLayout;
use crate::store::sql::answer::AnswerTexts;
use crate::store::sql::blob::BlobTexts;
use crate::store::sql::import::ImportTexts;
use crate::store::sql::job::JobTexts;
use crate::store::sql::log::LogTexts;
use crate::store::sql::original::OriginalTexts;
use crate::store::sql::read::ReadTexts;
use crate::store::sql::upload::UploadTexts;
use crate::store::sql::write::WriteTexts;

/// One resource type: where it is kept, and the statements for it.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) layout: ModelLayout,
    pub(super) reads: ReadTexts,
    pub(super) writes: WriteTexts,
    pub(super) originals: OriginalTexts,
}

impl Model {
    /// Builds the statements of a layout.
    pub(super) fn new(layout: ModelLayout) -> Self {
        Self {
            reads: ReadTexts::new::<SqliteQueryBuilder>(&layout),
            writes: WriteTexts::new::<SqliteQueryBuilder>(&layout),
            originals: OriginalTexts::new::<SqliteQueryBuilder>(&layout),
            layout,
        }
    }
}

/// Every registered type, by [`ModelIndex`].
#[derive(Clone, Debug)]
pub(super) struct Models(Arc<Registered>);

#[derive(Debug)]
struct Registered {
    models: Vec<Model>,
    /// By their numbers in the shared tables.
    numbers: HashMap<i64, ModelIndex>,
    log: LogTexts,
    imports: ImportTexts,
    answer: AnswerTexts,
    blob: BlobTexts,
    upload: UploadTexts,
    job: JobTexts,
}

impl Models {
    /// The type at that position.
    pub(super) fn get(&self, model: ModelIndex) -> Result<&Model, StoreError> {
        self.0
            .models
            .get(model.0)
            .ok_or_else(|| StoreError::Internal(format!("resource type {} is not registered", model.0)))
    }

    /// The numbers of all types, each between commas.
    pub(super) fn listed(&self) -> String {
        self.0.numbers.keys().fold(",".to_owned(), |text, number| format!("{text}{number},"))
    }

    /// The type that has this number in the shared tables, unless it is not registered any more.
    pub(super) fn numbered(&self, model_id: i64) -> Option<ModelIndex> {
        self.0.numbers.get(&model_id).copied()
    }

    /// The statements of the log.
    pub(super) fn log(&self) -> &LogTexts {
        &self.0.log
    }

    /// The statements of answers.
    pub(super) fn answer(&self) -> &AnswerTexts {
        &self.0.answer
    }

    /// The statements of blobs.
    pub(super) fn blob(&self) -> &BlobTexts {
        &self.0.blob
    }

    /// The statements of upload sessions.
    pub(super) fn upload(&self) -> &UploadTexts {
        &self.0.upload
    }

    /// The statements of jobs.
    pub(super) fn job(&self) -> &JobTexts {
        &self.0.job
    }

    /// The statements of checkpoints.
    pub(super) fn imports(&self) -> &ImportTexts {
        &self.0.imports
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.models.len()
    }
}

impl Default for Models {
    fn default() -> Self {
        Self::from_iter([])
    }
}

impl FromIterator<Model> for Models {
    fn from_iter<I: IntoIterator<Item = Model>>(models: I) -> Self {
        let models: Vec<Model> = models.into_iter().collect();
        let numbers = models.iter().map(|model| model.layout.model_id).zip((0..).map(ModelIndex));
        let numbers = numbers.collect();
        let log = LogTexts::new::<SqliteQueryBuilder>();
        let imports = ImportTexts::new::<SqliteQueryBuilder>();
        let answer = AnswerTexts::new::<SqliteQueryBuilder>();
        let blob = BlobTexts::new::<SqliteQueryBuilder>();
        let upload = UploadTexts::new::<SqliteQueryBuilder>();
        let job = JobTexts::new();
        Self(Arc::new(Registered { models, numbers, log, imports, answer, blob, upload, job }))
    }
}
