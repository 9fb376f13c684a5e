//! The OpenAPI schemas of a resource type, collected from `utoipa`.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, ObjectBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};

use super::SchemaSink;

/// What a resource type must be for the document to describe it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` must also derive `utoipa::ToSchema` (or set `openapi = false`)",
    label = "no schema",
    note = "the OpenAPI document describes every resource"
)]
pub trait ApiSchema {
    /// Adds the schema of the type, then those of the types inside it.
    fn collect(sink: &mut SchemaSink);
}

#[diagnostic::do_not_recommend]
impl<T: ToSchema> ApiSchema for T {
    fn collect(sink: &mut SchemaSink) {
        sink.push((T::name().into_owned(), T::schema()));
        T::schemas(sink);
    }
}

/// Adds the schemas of `T`, its own first.
pub fn schemas<T: ApiSchema>(sink: &mut SchemaSink) {
    let before = sink.len();
    T::collect(sink);
    inline_scalars(sink, before);
}

/// For `openapi = false`.
pub fn no_schemas(_: &mut SchemaSink) {}

/// Marks a schema that is to stand in the place of its use. `utoipa` makes a component of every generic
/// type, so without it each target would leave a component `Ref_Team` that says no more than "text".
const INLINE: &str = "x-specstar-inline";
const COMPONENTS: &str = "#/components/schemas/";

/// The schema of a scalar of ours, which `utoipa` would make a component of.
pub(crate) fn inline_scalar(scalar: ObjectBuilder) -> RefOr<Schema> {
    let mark = ExtensionsBuilder::new().add(INLINE, true).build();
    scalar.extensions(Some(mark)).build().into()
}

/// Puts the marked components from `start` on where they are used, and drops them from the list.
fn inline_scalars(sink: &mut SchemaSink, start: usize) {
    let scalars: BTreeMap<String, Schema> = sink[start..]
        .iter()
        .filter_map(|(name, schema)| Some((format!("{COMPONENTS}{name}"), unmarked(schema)?)))
        .collect();
    let mut kept = sink.split_off(start);
    kept.retain(|(_, schema)| unmarked(schema).is_none());
    for (_, schema) in &mut kept {
        inline(schema, &scalars);
    }
    sink.append(&mut kept);
}

/// A marked schema without its mark.
fn unmarked(schema: &RefOr<Schema>) -> Option<Schema> {
    let RefOr::T(Schema::Object(object)) = schema else { return None };
    object.extensions.as_ref()?.get(INLINE)?;
    let mut object = object.clone();
    object.extensions = None;
    Some(Schema::Object(object))
}

fn inline(schema: &mut RefOr<Schema>, scalars: &BTreeMap<String, Schema>) {
    if let Some(scalar) = unmarked(schema) {
        *schema = RefOr::T(scalar);
    }
    match schema {
        RefOr::Ref(reference) => {
            if let Some(scalar) = scalars.get(&reference.ref_location) {
                *schema = RefOr::T(described(scalar.clone(), reference));
            }
        }
        RefOr::T(schema) => inline_parts(schema, scalars),
    }
}

/// What the reference said beside its location stays with the schema.
fn described(mut scalar: Schema, reference: &Ref) -> Schema {
    if let Schema::Object(object) = &mut scalar {
        let description = Some(reference.description.clone()).filter(|text| !text.is_empty());
        object.description = description.or(object.description.take());
        object.read_only = reference.read_only;
        object.write_only = reference.write_only;
        object.default.clone_from(&reference.default);
        object.title.clone_from(&reference.title);
    }
    scalar
}

fn inline_parts(schema: &mut Schema, scalars: &BTreeMap<String, Schema>) {
    match schema {
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                inline(items, scalars);
            }
            array.prefix_items.iter_mut().for_each(|item| inline_parts(item, scalars));
        }
        Schema::Object(object) => {
            object.properties.values_mut().for_each(|property| inline(property, scalars));
            if let Some(AdditionalProperties::RefOr(values)) = object.additional_properties.as_deref_mut() {
                inline(values, scalars);
            }
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(|item| inline(item, scalars)),
        Schema::AllOf(all) => all.items.iter_mut().for_each(|item| inline(item, scalars)),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(|item| inline(item, scalars)),
        _ => {}
    }
}
