//! The resource types as one database knows them, and the statements for each.

use std::collections::HashMap;
use std::sync::Arc;

use sea_query::PostgresQueryBuilder;

use super::ddl::shortened;
use super::text::{HeadTexts, LogTexts};
use crate::change::ModelIndex;
use crate::store::StoreError;
use crate::store::layout::ModelLayout;
#[allow(unused_imports)] // of the documentation
use crate::store::layout::stored::StoredLayout;
use crate::store::sql::answer::AnswerTexts;
use crate::store::sql::blob::BlobTexts;
use crate::store::sql::import::ImportTexts;
use crate::store::sql::job::JobTexts;
use crate::store::sql::original::OriginalTexts;
use crate::store::sql::upload::UploadTexts;

/// One resource type: where it is kept, and the statements for it.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) layout: ModelLayout,
    pub(super) texts: HeadTexts,
    pub(super) originals: OriginalTexts,
    /// What rows are marked with that were written for these indexes.
    pub(super) mark: i32,
}

impl Model {
    /// Builds the statements of a layout, for rows with that [mark](StoredLayout::mark).
    pub(super) fn new(layout: ModelLayout, mark: i32) -> Self {
        let layout = shortened(layout);
        Self {
            texts: HeadTexts::new(&layout, mark),
            originals: OriginalTexts::new::<PostgresQueryBuilder>(&layout),
            layout,
            mark,
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

    /// The statements of jobs.
    pub(super) fn job(&self) -> &JobTexts {
        &self.0.job
    }

    /// The statements of upload sessions.
    pub(super) fn upload(&self) -> &UploadTexts {
        &self.0.upload
    }

    /// The statements of checkpoints.
    pub(super) fn imports(&self) -> &ImportTexts {
        &self.0.imports
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
        Self(Arc::new(Registered {
            models,
            numbers,
            log: LogTexts::new(),
            imports: ImportTexts::new::<PostgresQueryBuilder>(),
            answer: AnswerTexts::new::<PostgresQueryBuilder>(),
            blob: BlobTexts::new::<PostgresQueryBuilder>(),
            upload: UploadTexts::new::<PostgresQueryBuilder>(),
            job: JobTexts::numbered(),
        }))
    }
}
