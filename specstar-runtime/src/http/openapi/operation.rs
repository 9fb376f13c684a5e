//! One operation, written from its row of the route table.

use serde_json::{Map, Value, json};

use super::blobs;
use super::failure::Failures;
use super::inputs::{self, PageSize};
use super::model::{Model, patch_name};
use super::shapes;
use super::walk::reference;
use crate::error::ErrorKind;
use crate::http::route::{Answer, AnswerHeader, COMMON_ERRORS, Parameter, RequestBody, Route, parameters};

/// The tag of what belongs to no resource.
pub(super) const META_TAG: &str = "_meta";
/// The tag of files.
pub(super) const BLOBS_TAG: &str = "Blobs";

/// Writes operations, and gathers what they share.
pub(super) struct Operations {
    /// Where everything is mounted, such as `/v1`.
    pub(super) base: String,
    /// Whether there are routes to migrate resources, where the application says.
    pub(super) migration_routes: Option<bool>,
    /// The pages of the application.
    pub(super) page: PageSize,
    /// The errors of the application.
    pub(super) failures: Failures,
    /// A file may be a body of its own.
    pub(super) raw_uploads: bool,
    /// Whether somebody can be refused for not saying who they are.
    pub(super) authenticated: bool,
    /// Imports are answered as the reference does.
    pub(super) reference_archives: bool,
    /// `components.parameters`.
    pub(super) parameters: Map<String, Value>,
    /// `components.responses`.
    pub(super) responses: Map<String, Value>,
}

impl Operations {
    /// The operation object of a route, of a resource type or of none.
    pub(super) fn write(&mut self, model: Option<&Model>, route: &Route) -> Value {
        let name = model.map_or("", Model::name);
        let mut operation = json!({
            "tags": [model.map_or(tag(route), Model::name)],
            "summary": route.summary.replace("{m}", name),
            "description": description(route, name),
            "operationId": route.operation_id(&self.base, name),
            "responses": self.answers(model, route),
        });
        if route.deprecated.is_some() {
            operation["deprecated"] = true.into();
        }
        if !route.parameters.is_empty() {
            operation["parameters"] = self.references(route.parameters).into();
        }
        if let Some(body) = request_body(route.body, model, self.raw_uploads) {
            operation["requestBody"] = body;
        }
        operation
    }

    /// References to shared parameters.
    pub(super) fn references(&mut self, parameters: &[&Parameter]) -> Vec<Value> {
        let mut references = Vec::new();
        for parameter in parameters {
            references.push(json!({"$ref": format!("#/components/parameters/{}", parameter.component)}));
            let page = self.page;
            self.parameters.entry(parameter.component).or_insert_with(|| inputs::parameter(parameter, page));
        }
        references
    }

    fn answers(&mut self, model: Option<&Model>, route: &Route) -> Value {
        let mut responses = Map::new();
        if route.answer == Answer::Nothing {
            responses.insert("204".into(), json!({"description": answer_text(route.answer, "")}));
        } else if route.answer == Answer::JobCancelled {
            responses.insert("202".into(), success(model, route, self.reference_archives));
        } else {
            responses.insert("200".into(), success(model, route, self.reference_archives));
        }
        if route.answer == Answer::JobLog {
            responses.insert("204".into(), json!({"description": "Nothing was logged."}));
        }
        if route.answer == Answer::File {
            responses.insert("206".into(), blobs::partial_content(header_references(route.headers)));
            responses.insert("304".into(), blobs::not_modified());
        }
        if reads_conditionally(route) {
            let headers = header_references(&[AnswerHeader::ETag]);
            let text = "The resource still has an entity tag of `If-None-Match`.";
            responses.insert("304".into(), json!({"description": text, "headers": headers}));
        }
        let mut errors = route.errors.to_vec();
        if route.is_repeatable() {
            errors.push(ErrorKind::KeyReused);
            tell_replays(&mut responses);
        }
        self.describe_errors(&errors, &mut responses);
        responses.into()
    }

    /// The answers for these errors, and for those that every route can send.
    pub(super) fn describe_errors(&mut self, errors: &[ErrorKind], responses: &mut Map<String, Value>) {
        let mut kinds = errors.to_vec();
        kinds.extend(COMMON_ERRORS);
        if self.authenticated {
            kinds.push(ErrorKind::Unauthenticated);
        }
        self.failures.describe(&kinds, responses, &mut self.responses);
    }
}

fn description(route: &Route, name: &str) -> String {
    let text = route.description.replace("{m}", name);
    match route.deprecated {
        Some(instead) => format!("{text}\n\nDeprecated: use {instead}."),
        None => text,
    }
}

fn reads_conditionally(route: &Route) -> bool {
    route.parameters.iter().any(|parameter| parameter.component == parameters::IF_NONE_MATCH.component)
}

fn tag(route: &Route) -> &'static str {
    if route.path.starts_with("/blobs/") { BLOBS_TAG } else { META_TAG }
}

fn request_body(body: RequestBody, model: Option<&Model>, raw: bool) -> Option<Value> {
    match body {
        RequestBody::None => None,
        RequestBody::Archive => Some(archive_body()),
        RequestBody::File => Some(blobs::file_body(raw)),
        RequestBody::Announcement => Some(blobs::announcement()),
        RequestBody::Payload | RequestBody::Patch => model.and_then(|model| model_body(body, model)),
    }
}

fn model_body(body: RequestBody, model: &Model) -> Option<Value> {
    match body {
        RequestBody::Payload => Some(json!({
            "description": format!("The data of a `{}`.", model.schema),
            "required": true,
            "content": {"application/json": {"schema": reference(&model.schema)}},
        })),
        RequestBody::Patch => Some(patch_body(model)),
        RequestBody::None | RequestBody::Archive | RequestBody::File | RequestBody::Announcement => None,
    }
}

fn archive_body() -> Value {
    json!({
        "description": "The archive.",
        "required": true,
        "content": {
            "application/octet-stream": {"schema": octets()},
            "multipart/form-data": {"schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"description": "The archive.", "allOf": [octets()]}},
            }},
        },
    })
}

/// Bytes that are no text.
fn octets() -> Value {
    json!({"type": "string", "contentMediaType": "application/octet-stream"})
}

fn patch_body(model: &Model) -> Value {
    let merge = reference(&patch_name(&model.schema));
    let either = json!({
        "description": "An array is a JSON Patch, an object a merge patch.",
        "anyOf": [shapes::json_patch(), merge],
    });
    let operations = model.edit.as_ref().map(|(field, value)| {
        let pointer = format!("/{}", field.replace('~', "~0").replace('/', "~1"));
        json!({
            "summary": "A JSON Patch.",
            "value": [{"op": "replace", "path": pointer, "value": value}],
        })
    });
    let fields = model
        .edit
        .as_ref()
        .map(|(field, value)| json!({"summary": "A merge patch.", "value": {*field: value}}));
    json!({
        "description": "What to change: a JSON Patch (RFC 6902) or a merge patch (RFC 7396).",
        "required": true,
        "content": {
            "application/json": media(&either, &[("jsonPatch", &operations), ("mergePatch", &fields)]),
            "application/json-patch+json": media(&shapes::json_patch(), &[("jsonPatch", &operations)]),
            "application/merge-patch+json": media(&merge, &[("mergePatch", &fields)]),
        },
    })
}

/// A media type with those examples that there are.
fn media(schema: &Value, examples: &[(&str, &Option<Value>)]) -> Value {
    let named = examples.iter().filter_map(|(name, example)| Some(((*name).to_owned(), (*example).clone()?)));
    let named: Map<String, Value> = named.collect();
    if named.is_empty() { json!({"schema": schema}) } else { json!({"schema": schema, "examples": named}) }
}

fn success(model: Option<&Model>, route: &Route, reference_format: bool) -> Value {
    let (name, schema) = model.map_or(("", ""), |model| (model.name(), &*model.schema));
    let mut headers = header_references(route.headers);
    if route.deprecated.is_some() {
        headers.insert("Deprecation".into(), json!({"$ref": "#/components/headers/Deprecation"}));
    }
    let narrowed =
        route.parameters.iter().any(|parameter| parameter.component == parameters::PARTIAL.component);
    if route.answer == Answer::File {
        return blobs::file(&answer_text(route.answer, name), &headers);
    }
    let media_type =
        if route.answer == Answer::Archive { "application/octet-stream" } else { "application/json" };
    let mut response = json!({
        "description": answer_text(route.answer, name),
        "content": {media_type: {"schema": answer_schema(route.answer, schema, narrowed, reference_format)}},
    });
    if route.answer == Answer::Changes {
        response["content"]["text/event-stream"] = json!({"schema": {
            "type": "string",
            "description": "Events `change`, each with a `Change` as its data and the position as its id. An event \
                `error` says why a stream ends.",
        }});
    }
    if route.answer == Answer::JobLog {
        response["content"] = json!({"text/plain": {"schema": {
            "type": "string",
            "description": "A line for each entry: the time, how important it is, and the text.",
        }}});
    }
    if route.answer == Answer::MigrateLines {
        // A schema of the text would be taken for one of the value of a single line.
        response["content"] = json!({"application/jsonl+json": {"schema": {
            "description": "A line for each revision, a `MigrateProgress` with a `timestamp`, and a last one, a \
                `MigrateResult` with a `timestamp`; an error in its place says why it ends early.",
        }}});
    }
    if !headers.is_empty() {
        response["headers"] = headers.into();
    }
    response
}

fn answer_text(answer: Answer, name: &str) -> String {
    match answer {
        Answer::Envelope => format!("The sections of the `{name}` that were asked for."),
        Answer::Data => format!("The data of the `{name}`."),
        Answer::Meta => format!("The metadata of the `{name}`."),
        Answer::RevisionInfo => format!("The revision of the `{name}`."),
        Answer::RevisionList => format!("The metadata of the `{name}` and one page of its revisions."),
        Answer::Count => format!("How many `{name}` resources match."),
        Answer::Envelopes => format!("One page of `{name}` resources, each with the sections asked for."),
        Answer::DataList => format!("The data of one page of `{name}` resources."),
        Answer::Metas => format!("The metadata of `{name}` resources."),
        Answer::RevisionInfos => format!("The current revisions of one page of `{name}` resources."),
        Answer::MigrateProgress => format!("What became of the `{name}`."),
        Answer::MigrateLines => format!("What became of the `{name}` resources, line by line."),
        Answer::Diff => "The operations that make one revision out of the other.".to_owned(),
        Answer::Referrers => format!("One page of what refers to the `{name}`, by field."),
        Answer::Relationships => "The declared references.".to_owned(),
        Answer::Changes => "One page of changes, or a stream of them.".to_owned(),
        Answer::JobProgress => format!("How far the `{name}` is."),
        Answer::JobCancelled => format!("The `{name}` is cancelled, or its worker was asked to stop."),
        Answer::JobLog => "The log.".to_owned(),
        Answer::JobQueues => "How many jobs there are, by queue, type and state.".to_owned(),
        Answer::JobHealth => "Whether jobs are worked on.".to_owned(),
        Answer::File => "The bytes of the file.".to_owned(),
        Answer::Binary => "What a field of a resource says of the file.".to_owned(),
        Answer::UploadSession => "The upload session.".to_owned(),
        Answer::Nothing => "It is done.".to_owned(),
        Answer::Archive => "The archive.".to_owned(),
        Answer::Imported | Answer::ImportedAll => "What was imported, or would be.".to_owned(),
    }
}

fn answer_schema(answer: Answer, model: &str, narrowed: bool, reference_format: bool) -> Value {
    let section = |name: &str| if narrowed { shapes::selected(&reference(name)) } else { reference(name) };
    let list = |items: Value| json!({"type": "array", "items": items});
    match answer {
        // The sections inside are narrowed, not the envelope.
        Answer::Envelope => reference(&shapes::envelope_name(model)),
        Answer::Envelopes => list(reference(&shapes::envelope_name(model))),
        Answer::Data => section(model),
        Answer::DataList => list(section(model)),
        Answer::Meta => section("ResourceMeta"),
        Answer::Metas => list(section("ResourceMeta")),
        Answer::RevisionInfo => section("RevisionInfo"),
        Answer::RevisionInfos => list(section("RevisionInfo")),
        Answer::RevisionList => reference("RevisionListResponse"),
        Answer::MigrateProgress | Answer::MigrateLines => reference("MigrateProgress"),
        Answer::Diff => shapes::json_patch(),
        Answer::Referrers => list(reference("Referrers")),
        Answer::Relationships => list(reference("Relationship")),
        Answer::Changes => list(reference("Change")),
        Answer::JobProgress | Answer::JobCancelled => reference("JobProgress"),
        Answer::JobQueues => list(reference("JobCount")),
        Answer::JobHealth => reference("JobHealth"),
        Answer::Archive => octets(),
        Answer::Imported if reference_format => reference("ImportCounts"),
        Answer::ImportedAll if reference_format => {
            json!({"type": "object", "additionalProperties": reference("ImportCounts")})
        }
        Answer::Imported | Answer::ImportedAll => reference("ImportReport"),
        Answer::Binary => reference(blobs::BINARY),
        Answer::UploadSession => reference(blobs::UPLOAD_SESSION),
        Answer::File | Answer::Nothing | Answer::JobLog => json!({}),
        Answer::Count => json!({"type": "integer", "format": "int64", "minimum": 0}),
    }
}

/// A success may be one of before.
pub(super) fn tell_replays(responses: &mut Map<String, Value>) {
    for (status, response) in responses {
        if status.starts_with('2') {
            for (name, header) in header_references(&[AnswerHeader::Replayed]) {
                response["headers"][name] = header;
            }
        }
    }
}

fn header_references(headers: &[AnswerHeader]) -> Map<String, Value> {
    let one = |header: &AnswerHeader| {
        let component = match header {
            AnswerHeader::FileTag => "FileETag".to_owned(),
            _ => header.name().replace('-', ""),
        };
        (header.name().to_owned(), json!({"$ref": format!("#/components/headers/{component}")}))
    };
    headers.iter().map(one).collect()
}

/// `components.headers`; those that nothing refers to are dropped later.
pub(super) fn headers() -> Value {
    let mut headers = blobs::headers();
    let own = json!({
        "ETag": {
            "description": "The entity tag of the state: the revision id, the hash of its data and a count of \
                changes.",
            "required": true,
            "schema": {"type": "string"},
            "example": shapes::ENTITY_TAG,
        },
        "IdempotentReplayed": {
            "description": "The request was answered before, under the same `Idempotency-Key`: nothing was done again.",
            "schema": {"type": "string", "enum": ["true"]},
        },
        "XHasMore": {
            "description": "Whether there is at least one resource behind this page.",
            "required": true,
            "schema": {"type": "boolean"},
        },
        "XNextCursor": {
            "description": "While there is more: the `cursor` of the next page. Left out where a sort key is a \
                text of kilobytes.",
            "schema": {"type": "string"},
        },
        "XTotalCount": {
            "description": "With `with_total`: how many resources match, whatever the page.",
            "schema": {"type": "integer", "format": "int64", "minimum": 0},
        },
        "XNextSince": {
            "description": "The `since` of the next page.",
            "required": true,
            "schema": {"type": "integer", "format": "int64", "minimum": 0},
        },
        "Deprecation": {
            "description": "Since when this route is deprecated (RFC 9745): `@` and seconds since 1970.",
            "required": true,
            "schema": {"type": "string", "pattern": "^@-?[0-9]+$"},
            "example": crate::http::route::DEPRECATION,
        },
        "WWWAuthenticate": {
            "description": "How to say who one is (RFC 6750).",
            "schema": {"type": "string"},
            "example": "Bearer error=\"invalid_token\"",
        },
        "RetryAfter": {
            "description": "Seconds until a new attempt makes sense.",
            "schema": {"type": "integer", "minimum": 0},
        },
    });
    if let Value::Object(own) = own {
        headers.extend(own);
    }
    headers.into()
}
