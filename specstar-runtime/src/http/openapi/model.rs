//! The schemas of the resources themselves.

use serde_json::{Map, Value, json};

use super::action::{self, Action};
use super::closed::close;
use super::normalize::{is_required, normalize};
use super::sample::{Fill, sample};
use super::union::{insert, name_variants};
use super::walk::{Schemas, referred};
use super::{DocumentError, DocumentInput, shapes};
use crate::descriptor::{
    FieldDescriptor, ReferenceDescriptor, ReferenceKind, ResourceDescriptor, UnknownFields, VectorDescriptor,
};
use crate::resource::{Prepared, ResourceEntry, SchemaSink};

/// A documented resource and the name of its schema.
pub(super) struct Model {
    pub(super) entry: ResourceEntry,
    pub(super) schema: String,
    /// Clients write every field of it: it is a job in `Preset::Compat`.
    pub(super) open: bool,
    /// A field and a value for it, for the examples of patches.
    pub(super) edit: Option<(&'static str, Value)>,
}

impl Model {
    pub(super) fn descriptor(&self) -> &'static ResourceDescriptor {
        self.entry.descriptor
    }

    /// Whether another type refers to resources of this one.
    pub(super) fn is_target_of(&self, other: &Self) -> bool {
        let own = self.descriptor().id.path_hash;
        let mut references = other.descriptor().references.iter();
        references.any(|r| r.kind == ReferenceKind::ResourceId && r.target.path_hash == own)
    }

    /// The fields that only the program writes.
    fn read_only(&self) -> impl Iterator<Item = &'static FieldDescriptor> {
        let open = self.open;
        self.descriptor().fields.iter().filter(move |field| field.readonly && !open)
    }

    /// The path segment of its routes.
    pub(super) fn name(&self) -> &'static str {
        self.entry.descriptor.id.name
    }
}

/// The documented resources and actions, and the schemas of all their types.
pub(super) fn collect(input: &DocumentInput) -> Result<(Vec<Model>, Vec<Action>, Schemas), DocumentError> {
    let mut schemas = Schemas::new();
    let mut models = Vec::new();
    for entry in input.resources.iter().filter(|entry| entry.descriptor.openapi) {
        let mut sink = SchemaSink::new();
        (entry.schemas)(&mut sink);
        let missing = || DocumentError::Missing { resource: entry.descriptor.id.name.to_owned() };
        let own = sink.first().ok_or_else(missing)?.0.clone();
        for (name, schema) in sink {
            let mut schema = serde_json::to_value(schema)
                .map_err(|cause| DocumentError::Unwritable { name: name.clone(), cause })?;
            normalize(&mut schema);
            insert(&mut schemas, name, schema)?;
        }
        let open = input.clients_write_jobs && entry.descriptor.job.is_some();
        models.push(Model { entry: *entry, schema: own, open, edit: None });
    }
    let actions = action::collect(input, &mut schemas)?;
    name_variants(&mut schemas)?;
    let denying = with_policy(&models, input, UnknownFields::Deny);
    let open = with_policy(&models, input, UnknownFields::Ignore);
    close(&mut schemas, &denying, &open);
    for model in &models {
        annotate(model, &mut schemas);
    }
    for model in &mut models {
        enrich(model, &mut schemas);
        model.edit = edit(model, &schemas);
    }
    Ok((models, actions, schemas))
}

/// The models whose bodies may have unknown fields, or those whose may not.
fn with_policy<'a>(models: &'a [Model], input: &DocumentInput, policy: UnknownFields) -> Vec<&'a str> {
    let of = |model: &&Model| model.descriptor().unknown_fields.unwrap_or(input.unknown_fields) == policy;
    models.iter().filter(of).map(|model| model.schema.as_str()).collect()
}

fn annotate(model: &Model, schemas: &mut Schemas) {
    let descriptor = model.descriptor();
    let Some(Value::Object(schema)) = schemas.get_mut(&model.schema) else { return };
    if !descriptor.docs.is_empty() {
        schema.entry("description").or_insert_with(|| descriptor.docs.into());
    }
    schema.entry("description").or_insert_with(|| format!("The data of one `{}`.", model.name()).into());
    if let Some(field) = descriptor.display_name {
        schema.insert("x-display-name-field".into(), field.into());
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        annotate_properties(model, properties);
    }
}

fn annotate_properties(model: &Model, properties: &mut Map<String, Value>) {
    let descriptor = model.descriptor();
    let mut mark = |field: &str, key: &str, value: Value| {
        if let Some(Value::Object(property)) = properties.get_mut(field) {
            property.insert(key.into(), value);
        }
    };
    for field in model.read_only() {
        mark(field.name, "readOnly", true.into());
    }
    for index in descriptor.indexes {
        match (index.path, index.vector) {
            ([field], None) => mark(field, "x-indexed", true.into()),
            ([field, ..], Some(vector)) => {
                mark(field, "x-indexed", true.into());
                annotate_vector(vector, |key, value| mark(field, key, value));
            }
            _ => {}
        }
    }
    for unique in descriptor.uniques {
        let index = |position: &usize| descriptor.indexes.get(*position);
        if let [Some([field])] =
            unique.indexes.iter().map(|at| index(at).map(|i| i.path)).collect::<Vec<_>>()[..]
        {
            mark(field, "x-unique", true.into());
        }
    }
    for reference in descriptor.references {
        mark(reference.field, "x-ref-resource", reference.target.name.into());
        mark(reference.field, "x-ref-type", kind_name(reference.kind).into());
        if reference.kind == ReferenceKind::ResourceId {
            mark(reference.field, "x-ref-on-delete", reference.on_delete.as_str().into());
        }
    }
}

/// The length is also said in the words of JSON Schema, unless the vector stands inside an embedding.
fn annotate_vector(vector: VectorDescriptor, mut mark: impl FnMut(&str, Value)) {
    mark("x-vector-dim", vector.dim.into());
    if let Some(metric) = vector.metric {
        mark("x-vector-distance", metric.as_str().into());
    }
    if let Some(encoder) = vector.encoder {
        mark("x-vector-encoder-id", encoder.into());
    }
    if !vector.embedding {
        mark("minItems", vector.dim.into());
        mark("maxItems", vector.dim.into());
    }
}

const fn kind_name(kind: ReferenceKind) -> &'static str {
    match kind {
        ReferenceKind::ResourceId => "resource_id",
        ReferenceKind::RevisionId => "revision_id",
    }
}

/// Writes down the defaults of the fields and an example of the whole. Both come from the type itself: a
/// body with the required fields only is decoded, and what comes back has every default filled in.
fn enrich(model: &Model, schemas: &mut Schemas) {
    let Some(schema) = schemas.get(&model.schema) else { return };
    let minimal = sample(schema, schemas, Fill::Required).and_then(|body| prepared(model, &body));
    if let Some((value, _)) = &minimal {
        write_defaults(&model.schema, value, schemas, 4);
    }
    let Some(schema) = schemas.get(&model.schema) else { return };
    if schema.get("examples").is_some() {
        return;
    }
    let exemplary = sample(schema, schemas, Fill::Exemplary).and_then(|body| prepared(model, &body));
    let mut usable = [exemplary, minimal].into_iter().flatten().filter(|(_, valid)| *valid);
    let Some((mut example, _)) = usable.next() else { return };
    if let Value::Object(example) = &mut example {
        model.read_only().for_each(|field| drop(example.remove(field.name)));
    }
    if let Some(Value::Object(schema)) = schemas.get_mut(&model.schema) {
        schema.insert("examples".into(), json!([example]));
    }
}

/// The field that shows the resource, or the first one that can be written, with its value in the example.
fn edit(model: &Model, schemas: &Schemas) -> Option<(&'static str, Value)> {
    let example = schemas.get(&model.schema)?.get("examples")?.get(0)?;
    let descriptor = model.descriptor();
    let read_only: Vec<&str> = model.read_only().map(|field| field.name).collect();
    let names = descriptor.fields.iter().map(|field| field.name);
    let writable = names.filter(|name| !read_only.contains(name));
    let mut candidates = descriptor.display_name.into_iter().chain(writable);
    candidates.find_map(|name| Some((name, example.get(name)?.clone())))
}

/// What the type makes of a body, and whether its validator accepts it. `None` where two decodes differ: a
/// default such as the present time is no constant to document.
fn prepared(model: &Model, body: &Value) -> Option<(Value, bool)> {
    let bytes = serde_json::to_vec(body).ok()?;
    let decode = || -> Option<Prepared> { (model.entry.prepare)(&bytes).ok() };
    let (first, second) = (decode()?, decode()?);
    if first.canonical != second.canonical {
        return None;
    }
    let value = serde_json::from_slice(&first.canonical).ok()?;
    Some((value, first.invalid.is_none()))
}

fn write_defaults(name: &str, value: &Value, schemas: &mut Schemas, depth: usize) {
    let (Some(Value::Object(schema)), Value::Object(fields)) = (schemas.get_mut(name), value) else { return };
    let mut nested = Vec::new();
    let Some(Value::Object(mut properties)) = schema.remove("properties") else { return };
    for (field, property) in &mut properties {
        let Some(value) = fields.get(field) else { continue };
        if let Some(target) = referred(property).filter(|target| *target != name) {
            nested.push((target.to_owned(), value.clone()));
        }
        if let (false, Value::Object(property)) = (is_required(schema, field), property) {
            property.insert("default".into(), value.clone());
        }
    }
    schema.insert("properties".into(), properties.into());
    if depth > 0 {
        for (target, value) in &nested {
            write_defaults(target, value, schemas, depth - 1);
        }
    }
}

/// Adds what every model brings besides its own types.
pub(super) fn add_envelopes(models: &[Model], schemas: &mut Schemas) -> Result<(), DocumentError> {
    for model in models {
        insert(schemas, shapes::envelope_name(&model.schema), shapes::envelope(&model.schema))?;
        let mut patch = schemas.get(&model.schema).map_or_else(
            || json!({"type": "object"}),
            |schema| super::merge_patch::merge_patch(schema, schemas),
        );
        patch["description"] = format!(
            "A merge patch (RFC 7396) of a `{}`: what is left out stays, and `null` brings back the default.",
            model.schema
        )
        .into();
        insert(schemas, patch_name(&model.schema), patch)?;
    }
    Ok(())
}

/// The name of the merge patch of a model.
pub(super) fn patch_name(model: &str) -> String {
    format!("MergePatch_{model}_")
}

/// The value of `x-specstar-relationships`.
pub(super) fn relationships(models: &[Model]) -> Vec<Value> {
    let one = |source: &'static str, reference: &ReferenceDescriptor| {
        json!({
            "source": source, "sourceField": reference.field, "target": reference.target.name,
            "refType": kind_name(reference.kind), "onDelete": reference.on_delete.as_str(),
            "nullable": reference.nullable,
        })
    };
    let all =
        models.iter().flat_map(|model| model.descriptor().references.iter().map(|r| one(model.name(), r)));
    all.collect()
}

/// The value of `x-specstar-indexed-fields`.
pub(super) fn indexed_fields(models: &[Model]) -> Map<String, Value> {
    let keys = |model: &Model| model.descriptor().indexes.iter().map(|index| index.key.into()).collect();
    let all = models.iter().map(|model| (model.name().to_owned(), Value::Array(keys(model))));
    all.filter(|(_, keys)| keys != &json!([])).collect()
}
