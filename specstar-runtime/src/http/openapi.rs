//! The OpenAPI 3.1 document, written from the route table, the error table and the schemas of the resources.
//!
//! Everything is put together as JSON, because the document carries extensions and forms that a typed model
//! of OpenAPI does not know. It is written once, when the application is built; what cannot be described
//! without a lie (two types of one name, a reference that leads nowhere) is an error there.

mod action;
mod blobs;
mod closed;
mod failure;
mod inputs;
mod jobs;
mod merge_patch;
mod model;
mod normalize;
mod operation;
mod order;
mod relations;
mod sample;
mod shapes;
mod union;
mod walk;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use utoipa::openapi::{Info, Server};

use self::action::Action;
use self::failure::Failures;
use self::inputs::PageSize;
use self::model::Model;
use self::operation::Operations;
use self::order::{KeyOrder, Ordered};
use crate::access::Security;
use crate::action::ActionEntry;
use crate::descriptor::UnknownFields;
use crate::http::route::{GLOBAL_ROUTES, Method, Operation, ROUTES, Route};
use crate::resource::ResourceEntry;

/// What the document says besides what the tables and the types say.
#[derive(Clone)]
#[allow(clippy::struct_excessive_bools)] // Each is a question of its own.
pub struct DocumentInput {
    /// Title, version, description, license and contact of the application.
    pub info: Info,
    /// Where it is reachable; empty stands for `/`.
    pub servers: Vec<Server>,
    /// What stands in front of every path, such as `/v1`; empty for none.
    pub base_path: String,
    /// The resources, in the order of the documentation.
    pub resources: Vec<ResourceEntry>,
    /// The custom actions on them.
    pub actions: Vec<ActionEntry>,
    /// `limit` when a list is asked for without one.
    pub default_page_size: u64,
    /// The largest `limit`.
    pub maximum_page_size: u64,
    /// Whether there are routes to migrate resources; where it does not say, for the types that declare a schema
    /// version.
    pub migration_routes: Option<bool>,
    /// What happens to unknown fields of a body, where the resource does not say.
    pub unknown_fields: UnknownFields,
    /// Errors are objects with `message` and `code`.
    pub structured_errors: bool,
    /// The body of an upload may be the file itself.
    pub raw_uploads: bool,
    /// Imports are answered as the reference does.
    pub reference_archives: bool,
    /// Clients write every field of a job.
    pub clients_write_jobs: bool,
    /// Ways to authenticate; any one of them is enough. None: everybody is anonymous.
    pub security: Security,
}

impl DocumentInput {
    /// The product defaults: 50 rows a page, at most 1,000, unknown fields denied, nobody has to log in.
    pub fn new(title: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            info: Info::new(title.into(), version.into()),
            servers: Vec::new(),
            base_path: String::new(),
            resources: Vec::new(),
            actions: Vec::new(),
            default_page_size: 50,
            maximum_page_size: 1_000,
            migration_routes: None,
            unknown_fields: UnknownFields::Deny,
            structured_errors: false,
            raw_uploads: true,
            reference_archives: false,
            clients_write_jobs: false,
            security: Security::none(),
        }
    }
}

/// Why there can be no truthful document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// Two types have the same schema name and different contents.
    #[error(
        "two different schemas are named `{name}`: rename one of the types, or give it another name with \
         `#[schema(as = …)]`"
    )]
    Conflict {
        /// The name.
        name: String,
    },
    /// A schema refers to one that nobody gives.
    #[error("`{target}` is referred to and described nowhere")]
    Unresolved {
        /// The reference.
        target: String,
    },
    /// A resource gives no schema.
    #[error("resource `{resource}` has no schema")]
    Missing {
        /// Its name.
        resource: String,
    },
    /// A schema that is not JSON.
    #[error("schema `{name}` cannot be written as JSON: {cause}")]
    Unwritable {
        /// Its name.
        name: String,
        /// Why.
        cause: serde_json::Error,
    },
    /// Two operations would have the same id.
    #[error("two operations have the id `{id}`: rename one of the resources")]
    Duplicate {
        /// The id.
        id: String,
    },
}

/// The document, ready to be served.
#[derive(Clone, Debug)]
pub struct Document {
    value: Value,
    order: KeyOrder,
}

impl Document {
    /// The document as JSON.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The text that is served: well-known keys first, paths as mounted, fields as declared.
    pub fn to_json(&self) -> String {
        // Only text and numbers are written, into memory: that cannot fail.
        serde_json::to_string(&Ordered::document(&self.value, &self.order)).unwrap_or_default()
    }

    /// The same on many lines.
    pub fn to_json_pretty(&self) -> String {
        serde_json::to_string_pretty(&Ordered::document(&self.value, &self.order)).unwrap_or_default()
    }
}

/// Writes the document.
///
/// ```
/// use specstar_runtime::http::openapi::{DocumentInput, document};
///
/// let document = document(&DocumentInput::new("Shop", "1.0.0"))?;
/// assert_eq!(document.value()["openapi"], "3.1.0");
/// # Ok::<(), specstar_runtime::http::openapi::DocumentError>(())
/// ```
pub fn document(input: &DocumentInput) -> Result<Document, DocumentError> {
    let (models, actions, mut schemas) = model::collect(input)?;
    let failures = Failures { structured: input.structured_errors };
    let own = shapes::schemas().into_iter().chain(relations::schemas()).chain(jobs::schemas());
    for (name, schema) in own.chain(failures.schemas()) {
        union::insert(&mut schemas, name, schema)?;
    }
    blobs::add_schemas(&mut schemas)?;
    model::add_envelopes(&models, &mut schemas)?;
    let mut operations = Operations {
        base: base_path(input),
        migration_routes: input.migration_routes,
        page: PageSize { default: input.default_page_size, maximum: input.maximum_page_size },
        failures,
        raw_uploads: input.raw_uploads,
        authenticated: !input.security.schemes.is_empty(),
        reference_archives: input.reference_archives,
        parameters: Map::new(),
        responses: Map::new(),
    };
    let mut order = KeyOrder::default();
    let paths = paths(&models, &actions, &mut operations, &mut order)?;
    let mut value = head(input, &models, &actions);
    value["paths"] = paths.into();
    value["components"] = json!({
        "schemas": schemas, "parameters": operations.parameters, "responses": operations.responses,
        "headers": operation::headers(),
    });
    prune(&mut value)?;
    if !input.security.schemes.is_empty() {
        value["components"]["securitySchemes"] = security_schemes(input)?;
    }
    for model in &models {
        let fields = model.descriptor().fields.iter().map(|field| field.name).collect();
        order.fields.insert(model::patch_name(&model.schema), Vec::clone(&fields));
        order.fields.insert(model.schema.clone(), fields);
    }
    Ok(Document { value, order })
}

fn base_path(input: &DocumentInput) -> String {
    let trimmed = input.base_path.trim_matches('/');
    if trimmed.is_empty() { String::new() } else { format!("/{trimmed}") }
}

fn head(input: &DocumentInput, models: &[Model], actions: &[Action]) -> Value {
    let mut security: Vec<Value> =
        input.security.schemes.iter().map(|(name, _)| json!({ name: [] })).collect();
    if input.security.optional && !security.is_empty() {
        security.push(json!({}));
    }
    let servers = if input.servers.is_empty() { json!([{"url": "/"}]) } else { json!(input.servers) };
    let tag = |model: &Model| {
        let docs = model.descriptor().docs.trim();
        let text =
            if docs.is_empty() { format!("Resources of the type `{}`.", model.schema) } else { docs.into() };
        json!({"name": model.name(), "description": text})
    };
    let mut head = json!({
        "openapi": "3.1.0",
        "info": input.info,
        "servers": servers,
        "security": security,
        "tags": models.iter().map(tag).chain([meta_tag(), blobs::tag()]).collect::<Vec<_>>(),
    });
    let relationships = model::relationships(models);
    if !relationships.is_empty() {
        head["x-specstar-relationships"] = relationships.into();
    }
    let indexed = model::indexed_fields(models);
    if !indexed.is_empty() {
        head["x-specstar-indexed-fields"] = indexed.into();
    }
    for (key, list) in action::lists(models, actions) {
        if !list.is_empty() {
            head[key] = list.into();
        }
    }
    head
}

/// The tag of what belongs to no resource.
fn meta_tag() -> Value {
    json!({"name": operation::META_TAG, "description": "What concerns all resources."})
}

fn paths(
    models: &[Model],
    actions: &[Action],
    operations: &mut Operations,
    order: &mut KeyOrder,
) -> Result<Map<String, Value>, DocumentError> {
    let mut written = Written { paths: Map::new(), ids: BTreeSet::new(), order };
    for model in models {
        let referred = models.iter().any(|other| model.is_target_of(other));
        let migrated = operations.migration_routes.unwrap_or(model.descriptor().schema_version.is_some());
        let mounted = |route: &&Route| {
            (referred || route.operation != Operation::Referrers)
                && (migrated || !route.operation.is_migration())
                && (model.descriptor().job.is_some() || !route.operation.is_job())
        };
        for route in ROUTES.iter().filter(mounted) {
            let path = format!("{}/{}{}", operations.base, model.name(), route.path);
            written.add(path, route.method, operations.write(Some(model), route))?;
        }
        for action in actions.iter().filter(|action| action.belongs_to(model)) {
            let path = format!("{}{}", operations.base, action.path());
            written.add(path, Method::Post, action.operation(operations, model))?;
        }
    }
    let works = models.iter().any(|model| model.descriptor().job.is_some());
    for route in GLOBAL_ROUTES.iter().filter(|route| works || !route.operation.is_job()) {
        let path = format!("{}{}", operations.base, route.path);
        written.add(path, route.method, operations.write(None, route))?;
    }
    Ok(written.paths)
}

/// The paths so far.
struct Written<'a> {
    paths: Map<String, Value>,
    ids: BTreeSet<String>,
    order: &'a mut KeyOrder,
}

impl Written<'_> {
    fn add(&mut self, path: String, method: Method, operation: Value) -> Result<(), DocumentError> {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        if !self.ids.insert(id.clone()) {
            return Err(DocumentError::Duplicate { id });
        }
        if !self.order.paths.contains(&path) {
            self.order.paths.push(path.clone());
        }
        let methods = self.paths.entry(path).or_insert_with(|| json!({}));
        methods[method.as_str().to_lowercase()] = operation;
        Ok(())
    }
}

fn security_schemes(input: &DocumentInput) -> Result<Value, DocumentError> {
    let mut schemes = Map::new();
    for (name, scheme) in &input.security.schemes {
        let unwritable = |cause| DocumentError::Unwritable { name: name.clone(), cause };
        schemes.insert(name.clone(), serde_json::to_value(scheme).map_err(unwritable)?);
    }
    Ok(schemes.into())
}

/// Drops every component that no path leads to, and reports a reference that leads nowhere.
fn prune(document: &mut Value) -> Result<(), DocumentError> {
    let mut open = BTreeSet::new();
    walk::references(&document["paths"], &mut open);
    let mut used = BTreeSet::new();
    while let Some(target) = open.pop_first() {
        let unresolved = || DocumentError::Unresolved { target: target.clone() };
        let mut further = BTreeSet::new();
        let found = walk::lookup(document, &target).ok_or_else(unresolved)?;
        walk::references(found, &mut further);
        used.insert(target);
        open.extend(further.into_iter().filter(|target| !used.contains(target)));
    }
    if let Some(Value::Object(groups)) = document.get_mut("components") {
        for (group, components) in groups.iter_mut() {
            if let Value::Object(components) = components {
                components.retain(|name, _| used.contains(&format!("#/components/{group}/{name}")));
            }
        }
        groups.retain(|_, components| components != &json!({}));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
