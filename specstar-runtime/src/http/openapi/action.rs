//! Custom actions: their operations, and the lists form generators make buttons of.

use serde_json::{Map, Value, json};

use super::model::Model;
use super::normalize::normalize;
use super::operation::{Operations, tell_replays};
use super::shapes::ENTITY_TAG;
use super::union::insert;
use super::walk::{Schemas, reference};
use super::{DocumentError, DocumentInput};
use crate::action::{ActionEntry, ActionKind, ActionRuns};
use crate::error::ErrorKind;
use crate::http::route::{AnswerHeader, Method, Parameter, operation_id, parameters as p};
use crate::repository::Mode;
use crate::resource::SchemaSink;

/// An action of a documented resource.
pub(super) struct Action {
    entry: ActionEntry,
    /// The schema of the body.
    body: Option<Value>,
    /// The component it is, where it is one with fields.
    component: Option<String>,
    path: Vec<Value>,
    query: Vec<Value>,
}

/// The actions of documented resources; what they read is added to the schemas.
pub(super) fn collect(input: &DocumentInput, schemas: &mut Schemas) -> Result<Vec<Action>, DocumentError> {
    let mut actions = Vec::new();
    for entry in &input.actions {
        let mut models = input.resources.iter().map(|resource| resource.descriptor);
        if models.any(|model| model.id.path_hash == entry.resource.path_hash && model.openapi) {
            actions.push(Action::of(*entry, schemas)?);
        }
    }
    Ok(actions)
}

impl Action {
    fn of(entry: ActionEntry, schemas: &mut Schemas) -> Result<Self, DocumentError> {
        let inputs = entry.inputs();
        let (mut body, mut component) = (None, None);
        if let Some(sink) = inputs.body {
            let (name, schema) = own(sink, schemas)?;
            if is_component(&schema) {
                body = Some(reference(&name));
                component = schema.get("properties").map(|_| name.clone());
                insert(schemas, name, schema)?;
            } else {
                body = Some(schema);
            }
        }
        let path = match inputs.path {
            Some(sink) => path_parameters(entry.path, &own(sink, schemas)?.1),
            None => Vec::new(),
        };
        let query = inputs.query.iter().map(query_parameter).collect::<Result<_, _>>()?;
        Ok(Self { entry, body, component, path, query })
    }

    pub(super) fn belongs_to(&self, model: &Model) -> bool {
        self.entry.resource.path_hash == model.descriptor().id.path_hash
    }

    /// Its path below that of the application.
    pub(super) fn path(&self) -> String {
        format!("/{}{}", self.entry.resource.name, self.entry.route())
    }

    /// The operation object.
    pub(super) fn operation(&self, operations: &mut Operations, model: &Model) -> Value {
        let entry = &self.entry;
        let path = format!("{}{}", operations.base, self.path());
        let mut responses = Map::from_iter([match entry.runs {
            ActionRuns::InRequest => ("200".to_owned(), self.success(model)),
            _ => ("202".to_owned(), self.accepted()),
        }]);
        tell_replays(&mut responses);
        operations.describe_errors(&self.errors(), &mut responses);
        let mut parameters = Vec::new();
        if !entry.kind.creates() {
            parameters.extend(operations.references(&[&p::RESOURCE_ID]));
        }
        parameters.extend(self.path.iter().chain(&self.query).cloned());
        if !entry.kind.creates() {
            const EXPECTED: [&Parameter; 2] = [&p::EXPECTED_REVISION_ID, &p::IF_MATCH];
            parameters.extend(operations.references(&EXPECTED));
        }
        parameters.extend(operations.references(&[&p::IDEMPOTENCY_KEY]));
        let mut operation = json!({
            "parameters": parameters,
            "tags": [model.name()],
            "summary": entry.label,
            "description": self.description(model),
            "operationId": operation_id(entry.name, &path, Method::Post),
            "responses": responses,
        });
        if let Some(body) = &self.body {
            operation["requestBody"] = json!({
                "description": format!("What `{}` works on.", entry.label),
                "required": true,
                "content": {"application/json": {"schema": body}},
            });
        }
        let mut mark = json!({"resource": model.name(), "label": entry.label});
        if let Some(mode) = self.mode() {
            mark["mode"] = mode.into();
        }
        operation
            [if entry.kind.creates() { "x-specstar-create-action" } else { "x-specstar-update-action" }] =
            mark;
        operation
    }

    fn description(&self, model: &Model) -> String {
        let what = match self.entry.kind {
            ActionKind::Create => format!("Makes a new `{}`.", model.name()),
            ActionKind::Update(Mode::Update) => format!("Makes a new revision of one `{}`.", model.name()),
            ActionKind::Update(Mode::Modify) => {
                format!("Rewrites the current revision of one `{}` in place, if it is a draft.", model.name())
            }
        };
        let docs = self.entry.docs.trim();
        if docs.is_empty() { what } else { format!("{docs}\n\n{what}") }
    }

    fn success(&self, model: &Model) -> Value {
        let info = reference("RevisionInfo");
        let name = model.name();
        let etag = AnswerHeader::ETag.name();
        if self.entry.optional {
            // The shared one is required.
            let header = json!({
                "description": "The entity tag of the state; left out when nothing was to be written.",
                "schema": {"type": "string"},
                "example": ENTITY_TAG,
            });
            let schema = json!({"anyOf": [info, {"type": "null"}]});
            return json!({
                "description": format!("The revision of the `{name}`; null when nothing was to be written."),
                "headers": {etag: header},
                "content": {"application/json": {"schema": schema}},
            });
        }
        json!({
            "description": format!("The revision of the `{name}`."),
            "headers": {etag: {"$ref": "#/components/headers/ETag"}},
            "content": {"application/json": {"schema": info}},
        })
    }

    fn accepted(&self) -> Value {
        let (text, schema) = match self.entry.runs {
            ActionRuns::AsJob(_) => ("The job that runs the action.", "JobRedirectInfo"),
            _ => ("The action runs behind this answer.", "BackgroundTaskAccepted"),
        };
        json!({"description": text, "content": {"application/json": {"schema": reference(schema)}}})
    }

    /// What the framework answers around the function. The function itself can give any error of the table; those a
    /// function has reason to give are among them.
    fn errors(&self) -> Vec<ErrorKind> {
        use ErrorKind as E;
        let mut errors = vec![
            E::BadRequest,
            E::PermissionDenied,
            E::NotFound,
            E::Deleted,
            E::UniqueConflict,
            E::Duplicate,
        ];
        if let ActionKind::Update(mode) = self.entry.kind {
            errors.push(E::PreconditionFailed);
            if mode == Mode::Modify {
                errors.push(E::CannotModify);
            }
        }
        if self.body.is_some() {
            errors.extend([E::PayloadTooLarge, E::UnsupportedMediaType]);
        }
        errors.extend([E::Validation, E::KeyReused, E::Parameter]);
        errors
    }

    fn mode(&self) -> Option<&'static str> {
        match self.entry.kind {
            ActionKind::Create => None,
            ActionKind::Update(Mode::Update) => Some("update"),
            ActionKind::Update(Mode::Modify) => Some("modify"),
        }
    }

    /// What a form generator reads.
    fn listed(&self) -> Value {
        let mut listed =
            json!({"path": self.path(), "label": self.entry.label, "operationId": self.entry.name});
        if let Some(component) = &self.component {
            listed["bodySchema"] = component.as_str().into();
        }
        for (key, parameters) in [("pathParams", &self.path), ("queryParams", &self.query)] {
            let plain = |parameter: &Value| {
                json!({
                    "name": parameter["name"], "required": parameter["required"], "schema": parameter["schema"],
                })
            };
            if !parameters.is_empty() {
                listed[key] = parameters.iter().map(plain).collect();
            }
        }
        if let Some(mode) = self.mode() {
            listed["mode"] = mode.into();
        }
        match self.entry.runs {
            ActionRuns::InRequest => {}
            ActionRuns::InBackground => listed["asyncMode"] = "background".into(),
            ActionRuns::AsJob(job) => {
                listed["asyncMode"] = "job".into();
                listed["jobResourceName"] = job.descriptor.id.name.into();
            }
        }
        listed
    }
}

/// The values of the top-level keys about actions.
pub(super) fn lists(models: &[Model], actions: &[Action]) -> [(&'static str, Map<String, Value>); 4] {
    let of = |creates: bool| {
        let own = |model: &Model| -> Vec<Value> {
            let own = actions.iter().filter(|action| action.belongs_to(model));
            own.filter(|action| action.entry.kind.creates() == creates).map(Action::listed).collect()
        };
        let all = models.iter().map(|model| (model.name().to_owned(), own(model)));
        all.filter(|(_, own)| !own.is_empty()).map(|(name, own)| (name, own.into())).collect()
    };
    // The type of a job, and the type it works for.
    let jobs = |creates: bool| -> Map<String, Value> {
        let own = actions.iter().filter(|action| action.entry.kind.creates() == creates);
        own.filter_map(|action| match action.entry.runs {
            ActionRuns::AsJob(job) => {
                Some((job.descriptor.id.name.to_owned(), action.entry.resource.name.into()))
            }
            _ => None,
        })
        .collect()
    };
    [
        ("x-specstar-custom-create-actions", of(true)),
        ("x-specstar-custom-update-actions", of(false)),
        ("x-specstar-async-create-jobs", jobs(true)),
        ("x-specstar-async-update-jobs", jobs(false)),
    ]
}

/// The schema of a type, after those inside it were added. A scalar of ours has none of its own: it is text.
fn own(sink: SchemaSink, schemas: &mut Schemas) -> Result<(String, Value), DocumentError> {
    let mut own = None;
    for (name, schema) in sink {
        let schema = json(&name, &schema)?;
        match own {
            None => own = Some((name, schema)),
            Some(_) => insert(schemas, name, schema)?,
        }
    }
    Ok(own.unwrap_or_else(|| (String::new(), json!({"type": "string"}))))
}

fn json(name: &str, schema: &impl serde::Serialize) -> Result<Value, DocumentError> {
    let unwritable = |cause| DocumentError::Unwritable { name: name.to_owned(), cause };
    let mut schema = serde_json::to_value(schema).map_err(unwritable)?;
    normalize(&mut schema);
    Ok(schema)
}

/// A type somebody declared, in contrast to a list or a number.
fn is_component(schema: &Value) -> bool {
    ["properties", "oneOf", "anyOf", "allOf", "enum"].iter().any(|key| schema.get(key).is_some())
}

/// The names in the path, each with its part of the schema of all of them.
fn path_parameters(path: &str, schema: &Value) -> Vec<Value> {
    let names = path.split(['{', '}']).skip(1).step_by(2);
    let one = |(at, name): (usize, &str)| {
        let property = schema.get("properties").and_then(|properties| properties.get(name));
        let element = schema.get("prefixItems").and_then(|elements| elements.get(at));
        let mut schema = property.or(element).unwrap_or(schema).clone();
        let text = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        json!({
            "name": name, "in": "path", "required": true, "schema": schema,
            "description": text.unwrap_or_else(|| describe(name)),
        })
    };
    names.enumerate().map(one).collect()
}

fn query_parameter(parameter: &utoipa::openapi::path::Parameter) -> Result<Value, DocumentError> {
    let name = &parameter.name;
    let unwritable = |cause| DocumentError::Unwritable { name: name.clone(), cause };
    let mut value = serde_json::to_value(parameter).map_err(unwritable)?;
    value["in"] = "query".into();
    if let Some(schema) = value.get_mut("schema") {
        normalize(schema);
    }
    if let Value::Object(map) = &mut value {
        map.entry("schema").or_insert_with(|| json!({"type": "string"}));
        map.entry("description").or_insert_with(|| describe(name));
        map.entry("required").or_insert(false.into());
    }
    Ok(value)
}

fn describe(name: &str) -> Value {
    format!("The `{name}` of the action.").into()
}
