//! What an action reads, for its documentation.

use utoipa::openapi::path::Parameter;

use crate::resource::SchemaSink;

/// What an action reads.
#[derive(Default)]
pub struct ActionInputs {
    /// The schemas of the body, its own first; `None` when it reads no body.
    pub body: Option<SchemaSink>,
    /// The schemas of what is read of the path, its own first: an object with the parameters as properties, a tuple of
    /// them, or the one parameter.
    pub path: Option<SchemaSink>,
    /// The parameters of the query.
    pub query: Vec<Parameter>,
}

impl std::fmt::Debug for ActionInputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let query: Vec<_> = self.query.iter().map(|parameter| &parameter.name).collect();
        f.debug_struct("ActionInputs")
            .field("body", &self.body.is_some())
            .field("path", &self.path.is_some())
            .field("query", &query)
            .finish()
    }
}
