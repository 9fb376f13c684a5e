//! What is looked at before anything is opened.

use std::env;

use super::SpecStarBuilder;
use crate::access::Security;
use crate::http::openapi::{self, DocumentInput};
use crate::http::route::parameters as p;
use crate::registry;

impl SpecStarBuilder {
    /// `SPECSTAR_DEFAULT_QUERY_LIMIT`, and its older name, set the page size and raise its maximum.
    pub(super) fn read_environment(&mut self) {
        let value = env::var("SPECSTAR_DEFAULT_QUERY_LIMIT")
            .or_else(|_| env::var("AUTOCRUD_DEFAULT_QUERY_LIMIT"))
            .unwrap_or_default();
        if value.trim().is_empty() {
            return;
        }
        if let Ok(limit @ 1..) = value.trim().parse::<u64>() {
            self.wire.page_size = limit;
            self.wire.max_page_size = self.wire.max_page_size.max(limit);
        } else {
            tracing::warn!(value, "SPECSTAR_DEFAULT_QUERY_LIMIT is not a positive integer: ignored");
        }
    }

    pub(super) fn check(&mut self) {
        let wire = &self.wire;
        if wire.page_size == 0 || wire.page_size > wire.max_page_size {
            self.problems.push(format!(
                "the page size is {}, it must be from 1 to the maximum of {}",
                wire.page_size, wire.max_page_size
            ));
        }
        self.check_encoders();
        self.check_actions();
        self.check_jobs();
        // `resources!` finds these at compile time; two lists registered one after the other are only seen here.
        for (at, entry) in self.entries.iter().enumerate() {
            let id = entry.descriptor.id;
            if let Some(other) = self.entries[..at].iter().find(|e| e.descriptor.id.name_hash == id.name_hash)
            {
                self.problems.push(format!(
                    "duplicate resource name `{}`: used by `{}` and `{}`",
                    id.name, other.descriptor.id.path, id.path
                ));
            }
            for reference in entry.descriptor.references {
                let target = reference.target;
                if !self.entries.iter().any(|e| e.descriptor.id.path_hash == target.path_hash) {
                    self.problems.push(format!(
                        "`{}.{}` refers to `{}`, which is not registered",
                        id.name, reference.field, target.path
                    ));
                }
            }
        }
    }

    /// `resources!` finds these at compile time, as far as it names the actions.
    pub(super) fn check_actions(&mut self) {
        let problems = (0..self.actions.len())
            .filter_map(|at| registry::action::problem(&self.entries, &self.actions, at))
            .map(|text| text.as_str().to_owned());
        self.problems.extend(problems);
        // Only the type that is read knows its names.
        let expected = p::EXPECTED_REVISION_ID.name;
        let updates = self.actions.iter().filter(|action| !action.kind.creates());
        let taken = updates
            .filter(|action| action.inputs().query.iter().any(|parameter| parameter.name == expected))
            .map(|action| {
                format!(
                    "action `{}` on `{}` reads `{expected}` from the query, which every update action has: take it \
                     from `Existing::revision_id`, or name the parameter differently",
                    action.name, action.resource.name
                )
            });
        self.problems.extend(taken);
    }

    /// A name stands for one way to encode: vectors of another one cannot be compared with those stored.
    pub(super) fn check_encoders(&mut self) {
        for (name, own) in self.encoders.names().filter(|(name, own)| name != own) {
            self.problems.push(format!("the encoder registered as `{name}` has the id `{own}`"));
        }
        for descriptor in self.entries.iter().map(|entry| entry.descriptor) {
            for index in descriptor.indexes {
                if let Some(encoder) = index.vector.and_then(|vector| vector.encoder)
                    && self.encoders.get(encoder).is_none()
                {
                    self.problems.push(format!(
                        "`{}.{}` needs the encoder `{encoder}`: register it with vector_encoder(\"{encoder}\", …)",
                        descriptor.id.name, index.key
                    ));
                }
            }
        }
    }

    /// Writes the document; what does not fit together in it is a problem of the application.
    pub(super) fn document(&mut self, security: Security) -> Option<String> {
        let mut input = DocumentInput::new("", "");
        input.info = self.info.to_info();
        input.base_path.clone_from(&self.base_path);
        input.resources.clone_from(&self.entries);
        input.actions.clone_from(&self.actions);
        input.default_page_size = self.wire.page_size;
        input.maximum_page_size = self.wire.max_page_size;
        input.migration_routes = self.wire.migration_routes;
        input.unknown_fields = self.rules.unknown_fields;
        input.structured_errors = self.wire.structured_errors;
        input.raw_uploads = self.wire.raw_uploads;
        input.reference_archives = self.wire.archive_format == crate::backup::ArchiveFormat::Acbak;
        input.clients_write_jobs = self.rules.clients_write_jobs;
        input.security = security;
        match openapi::document(&input) {
            Ok(document) => Some(document.to_json()),
            Err(error) => {
                self.problems.push(format!("the OpenAPI document: {error}"));
                None
            }
        }
    }
}
