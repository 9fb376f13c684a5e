//! The resource types as one open database file knows them.

use std::sync::Arc;

use sea_query::SqliteQueryBuilder;

use crate::change::ModelIndex;
use crate::store::StoreError;
use crate::store::layout::ModelLayout;
use crate::store::sql::read::ReadTexts;
use crate::store::sql::write::WriteTexts;

/// One resource type: where it is kept, and the statements for it.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) layout: ModelLayout,
    pub(super) reads: ReadTexts,
    pub(super) writes: WriteTexts,
}

impl Model {
    /// Builds the statements of a layout.
    pub(super) fn new(layout: ModelLayout) -> Self {
        Self {
            reads: ReadTexts::new::<SqliteQueryBuilder>(&layout),
            writes: WriteTexts::new::<SqliteQueryBuilder>(&layout),
            layout,
        }
    }
}

/// Every registered type, by [`ModelIndex`].
#[derive(Clone, Debug, Default)]
pub(super) struct Models(Arc<[Model]>);

impl Models {
    /// The type at that position.
    pub(super) fn get(&self, model: ModelIndex) -> Result<&Model, StoreError> {
        self.0
            .get(model.0)
            .ok_or_else(|| StoreError::Internal(format!("resource type {} is not registered", model.0)))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<Model> for Models {
    fn from_iter<I: IntoIterator<Item = Model>>(models: I) -> Self {
        Self(models.into_iter().collect())
    }
}
