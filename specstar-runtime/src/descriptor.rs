//! What a derived resource is, as constants: the derive writes them, everything else reads them.

mod job;
mod vector;

pub use job::{Backoff, JobDescriptor};
pub use vector::{Metric, VectorDescriptor};

use crate::index_key::{IndexField, IndexKey, ManyValued, Reliable, TrigramField, UniqueField};
use crate::meta::RevisionStatus;
use crate::reference::{Named, ReferenceField, RevisionField, SameTarget};
use crate::resource::Resource;
use crate::vector::VectorField;

/// The name of a resource, apart from its descriptor so that two resources can refer to each other
/// (two descriptors that name one another would be a const cycle).
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// The path segment of its routes, such as `user`.
    pub name: &'static str,
    /// Module path and type name, such as `shop::User`.
    pub path: &'static str,
    /// The type's own name, such as `User`.
    pub type_name: &'static str,
    /// [`hash_name`] of the lower-case `name`: table names ignore case.
    pub name_hash: u64,
    /// [`hash_name`] of `path`.
    pub path_hash: u64,
}

impl Identity {
    /// Names and their hashes.
    pub const fn new(name: &'static str, path: &'static str, type_name: &'static str) -> Self {
        Self { name, path, type_name, name_hash: hash_name(name), path_hash: hash_name(path) }
    }

    /// Stands for a struct whose derive failed; the checks of `resources!` pass over it.
    #[doc(hidden)]
    pub const REJECTED: Self = Self { name: "", path: "", type_name: "", name_hash: 0, path_hash: 0 };

    /// Whether the derive failed.
    pub(crate) const fn is_rejected(&self) -> bool {
        self.name.is_empty()
    }
}

/// Everything the runtime knows about one resource type.
#[derive(Debug)]
pub struct ResourceDescriptor {
    /// Its names.
    pub id: Identity,
    /// The doc comment of the struct, empty when it has none.
    pub docs: &'static str,
    /// `schema = "…"`; `None` for an unversioned resource.
    pub schema_version: Option<&'static str>,
    /// The older versions that `migrate(…)` names, in declared order; `None` stands for content from before the
    /// type had a version.
    pub older_versions: &'static [Option<&'static str>],
    /// `default_status = "…"`; `None` leaves it to the application (stable).
    pub default_status: Option<RevisionStatus>,
    /// `id = …`; `None` leaves it to the application.
    pub id_generator: Option<IdGenerator>,
    /// `unknown_fields = "…"`; `None` leaves it to the application.
    pub unknown_fields: Option<UnknownFields>,
    /// `on_decode_error = "…"`; `None` leaves it to the application.
    pub on_decode_error: Option<OnDecodeError>,
    /// `openapi = false` turns this off.
    pub openapi: bool,
    /// Every stored top-level field, as declared.
    pub fields: &'static [FieldDescriptor],
    /// Every index, in declared order; unique and resource-id reference fields are included.
    pub indexes: &'static [IndexDescriptor],
    /// Every unique constraint, in declared order, composites last.
    pub uniques: &'static [UniqueDescriptor],
    /// Every reference, in declared order.
    pub references: &'static [ReferenceDescriptor],
    /// Wire name of the field that shows a resource to people.
    pub display_name: Option<&'static str>,
    /// `#[job(…)]`: its resources are work to be done.
    pub job: Option<&'static JobDescriptor>,
}

impl ResourceDescriptor {
    /// A resource of that name with nothing said about it: what the derive fills in.
    pub const fn named(id: Identity) -> Self {
        Self {
            id,
            docs: "",
            schema_version: None,
            older_versions: &[],
            default_status: None,
            id_generator: None,
            unknown_fields: None,
            on_decode_error: None,
            openapi: true,
            fields: &[],
            indexes: &[],
            uniques: &[],
            references: &[],
            display_name: None,
            job: None,
        }
    }
}

/// A stored top-level field.
#[derive(Clone, Copy, Debug)]
pub struct FieldDescriptor {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its type as it is written; empty for a type of the framework itself.
    pub type_name: &'static str,
    /// Other names accepted in a body (`#[serde(alias)]`).
    pub aliases: &'static [&'static str],
    /// `#[readonly]`: set by the program only.
    pub readonly: bool,
}

impl FieldDescriptor {
    /// A field that clients write, under this name only.
    pub const fn new(name: &'static str) -> Self {
        Self::typed(name, "")
    }

    /// The same with its type as it is written.
    pub const fn typed(name: &'static str, type_name: &'static str) -> Self {
        Self { name, type_name, aliases: &[], readonly: false }
    }
}

/// One indexed value.
#[derive(Clone, Copy, Debug)]
pub struct IndexDescriptor {
    /// The name queries use: the dotted wire path, or the `key` of a path index.
    pub key: &'static str,
    /// Where the value stands in the stored JSON.
    pub path: &'static [&'static str],
    /// What kind of scalar it is (of each element, for a list).
    pub kind: IndexKind,
    /// A list of scalars rather than one scalar.
    pub list: bool,
    /// `null` or an absent path is possible.
    pub nullable: bool,
    /// `#[trigram]`: its texts are looked through for similar ones.
    pub trigram: bool,
    /// `#[vector(…)]`: the list is one value, which is compared as a whole.
    pub vector: Option<VectorDescriptor>,
}

impl IndexDescriptor {
    /// The index of a scalar that is never null.
    pub const fn new(key: &'static str, path: &'static [&'static str], kind: IndexKind) -> Self {
        Self { key, path, kind, list: false, nullable: false, trigram: false, vector: None }
    }

    /// The index of a field.
    pub const fn of<T: IndexField>(key: &'static str, path: &'static [&'static str]) -> Self {
        let kind = <T::Scalar as IndexKey>::KIND;
        Self { list: T::LIST, nullable: T::NULLABLE, ..Self::new(key, path, kind) }
    }

    /// The index of a `#[trigram]` field.
    pub const fn trigram<T: TrigramField>(key: &'static str, path: &'static [&'static str]) -> Self {
        Self::of::<T>(key, path).with_trigram()
    }

    /// The index of a `#[vector(…)]` field, at the one path or, in an embedding, at the other.
    pub const fn vector<T: VectorField>(
        key: &'static str,
        path: &'static [&'static str],
        embedded: &'static [&'static str],
        declared: VectorDescriptor,
    ) -> Self {
        let path = if T::EMBEDDING { embedded } else { path };
        let vector = VectorDescriptor { embedding: T::EMBEDDING, array: T::ARRAY, ..declared };
        Self {
            list: true,
            nullable: T::NULLABLE,
            vector: Some(vector),
            ..Self::new(key, path, IndexKind::Float)
        }
    }

    /// The index of a `#[unique]` field.
    pub const fn unique<T: UniqueField>(key: &'static str, path: &'static [&'static str]) -> Self
    where
        T::Equality: Reliable<T::Value> + ManyValued<T::Value>,
    {
        Self::unique_part::<T>(key, path)
    }

    /// The index of a field that is one part of a composite, or of a unique `bool` that is meant.
    pub const fn unique_part<T: UniqueField>(key: &'static str, path: &'static [&'static str]) -> Self
    where
        T::Equality: Reliable<T::Value>,
    {
        Self { nullable: T::NULLABLE, ..Self::new(key, path, <T::Value as IndexKey>::KIND) }
    }

    /// The index of a reference field. It asks nothing of the type again, so that a wrong type is
    /// reported once.
    pub const fn reference(
        key: &'static str,
        path: &'static [&'static str],
        reference: &ReferenceDescriptor,
    ) -> Self {
        let ReferenceDescriptor { list, nullable, .. } = *reference;
        Self { list, nullable, ..Self::new(key, path, IndexKind::Text) }
    }

    /// The same index, of a field that is `#[trigram]` besides.
    #[must_use]
    pub const fn with_trigram(mut self) -> Self {
        self.trigram = true;
        self
    }

    /// The same index where serde may leave the value out.
    #[must_use]
    pub const fn or_absent(mut self) -> Self {
        self.nullable = true;
        self
    }
}

/// The families of values a query tells apart (`qb.md` section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexKind {
    /// Text: strings, string enums, ids.
    Text,
    /// 64-bit signed integers.
    Integer,
    /// IEEE doubles.
    Float,
    /// `false` and `true`, which compare as 0 and 1.
    Boolean,
    /// An instant; microseconds since 1970 in UTC in the index, RFC 3339 text in JSON.
    DateTime,
}

/// A unique constraint over live resources.
#[derive(Clone, Copy, Debug)]
pub struct UniqueDescriptor {
    /// Positions in [`ResourceDescriptor::indexes`]; more than one for a composite.
    pub indexes: &'static [usize],
    /// Compare text after Unicode case folding.
    pub case_insensitive: bool,
    /// Two nulls conflict. Off by default: a null never conflicts.
    pub nulls_equal: bool,
}

impl UniqueDescriptor {
    /// Exact text, and nulls that never conflict.
    pub const fn new(indexes: &'static [usize]) -> Self {
        Self { indexes, case_insensitive: false, nulls_equal: false }
    }

    /// Text is compared after Unicode case folding.
    #[must_use]
    pub const fn ignoring_case(mut self) -> Self {
        self.case_insensitive = true;
        self
    }

    /// Two nulls conflict.
    #[must_use]
    pub const fn with_equal_nulls(mut self) -> Self {
        self.nulls_equal = true;
        self
    }
}

/// A reference from a field to another resource.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceDescriptor {
    /// Wire name of the field.
    pub field: &'static str,
    /// Position in [`ResourceDescriptor::indexes`]; `None` for a revision reference, which has no index.
    pub index: Option<usize>,
    /// The resource it points to.
    pub target: &'static Identity,
    /// Whether it holds a resource id or a revision id.
    pub kind: ReferenceKind,
    /// What a delete of the target does.
    pub on_delete: OnDelete,
    /// A list of references.
    pub list: bool,
    /// `Option<…>`.
    pub nullable: bool,
    /// A write is refused when its target is missing or deleted, where the application validates references.
    pub validate: bool,
}

impl ReferenceDescriptor {
    /// The same reference, whose targets nobody looks for: `validate = false`.
    #[must_use]
    pub const fn unvalidated(mut self) -> Self {
        self.validate = false;
        self
    }

    /// A field that holds resource ids; its type names the target.
    pub const fn of<T: ReferenceField>(field: &'static str, index: usize, on_delete: OnDelete) -> Self
    where
        T::Link: Named<Target: Resource>,
    {
        Self::resource_id::<T>(field, index, on_delete, target_of::<T::Link>())
    }

    /// A field that holds resource ids; the attribute names the target.
    pub const fn to<Target: Resource, T: ReferenceField>(
        field: &'static str,
        index: usize,
        on_delete: OnDelete,
    ) -> Self
    where
        T::Link: SameTarget<Target, T::Own>,
    {
        Self::resource_id::<T>(field, index, on_delete, const { &Target::ID })
    }

    /// A field that holds revision ids; its type names the target.
    pub const fn revision_of<T: RevisionField>(field: &'static str) -> Self
    where
        T::Link: Named<Target: Resource>,
    {
        Self::revision_id::<T>(field, target_of::<T::Link>())
    }

    /// A field that holds revision ids; the attribute names the target.
    pub const fn revision_to<Target: Resource, T: RevisionField>(field: &'static str) -> Self
    where
        T::Link: SameTarget<Target, T::Own>,
    {
        Self::revision_id::<T>(field, const { &Target::ID })
    }

    const fn resource_id<T: ReferenceField>(
        field: &'static str,
        index: usize,
        on_delete: OnDelete,
        target: &'static Identity,
    ) -> Self {
        Self {
            field,
            index: Some(index),
            target,
            kind: ReferenceKind::ResourceId,
            on_delete,
            list: T::LIST,
            nullable: T::NULLABLE,
            validate: true,
        }
    }

    const fn revision_id<T: RevisionField>(field: &'static str, target: &'static Identity) -> Self {
        Self {
            field,
            index: None,
            target,
            kind: ReferenceKind::RevisionId,
            on_delete: OnDelete::Dangling,
            list: T::LIST,
            nullable: T::NULLABLE,
            validate: true,
        }
    }
}

const fn target_of<L: Named<Target: Resource>>() -> &'static Identity {
    const { &<L::Target as Resource>::ID }
}

/// What a reference holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// The id of a resource.
    ResourceId,
    /// The id of a revision, or of a resource for its latest revision.
    RevisionId,
}

/// What happens to a referrer when its target is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// Nothing.
    Dangling,
    /// The reference becomes null, or leaves its list.
    SetNull,
    /// The referrer is deleted too.
    Cascade,
    /// The delete is refused.
    Restrict,
}

impl OnDelete {
    /// The name on the wire and in attributes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dangling => "dangling",
            Self::SetNull => "set_null",
            Self::Cascade => "cascade",
            Self::Restrict => "restrict",
        }
    }
}

/// How the ids of new resources are made; each is `{name}:` and a random part, except [`IdGenerator::Custom`].
#[derive(Clone, Copy, Debug)]
pub enum IdGenerator {
    /// UUID version 7 (RFC 9562): ordered by time, so inserts stay at the end of the index.
    UuidV7,
    /// UUID version 4: random.
    UuidV4,
    /// ULID.
    Ulid,
    /// Nano ID, 21 characters.
    NanoId,
    /// The whole id from a function of the program.
    Custom(fn() -> String),
}

/// What happens to a field of a request body that the struct does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownFields {
    /// The request is refused with 422.
    Deny,
    /// The field is dropped.
    Ignore,
}

/// What a list, and a read, shows of a resource whose stored content cannot become its type: there is no way from
/// its schema version, or a step fails on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDecodeError {
    /// A list has an item without data and with an `error`; a read is refused with 422.
    Mark,
    /// A list leaves it out, though a count has it; a read is refused with 422.
    Skip,
    /// A list that has one, and a read of it, is refused with 422.
    Error,
    /// In the place of the data stand the reason and what is stored, in lists and reads.
    Raw,
}

/// FNV-1a, as a const fn: names are compared as numbers when `resources!` is checked, because comparing
/// text byte by byte in const evaluation costs build time per resource.
pub const fn hash_name(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash ^= bytes[at].to_ascii_lowercase() as u64;
        hash = hash.wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}
