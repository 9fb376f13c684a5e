//! Sets of actions as rules store them.

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::access::Action;

/// Some actions: read from the sum of their numbers or from a list of names, written as the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionSet(pub Action);

/// The groups, by the names rules have for them.
const GROUPS: &[(&str, Action)] = &[
    ("create_or_update", Action::CREATE_OR_UPDATE),
    ("read", Action::READ),
    ("read_list", Action::READ_LIST),
    ("write", Action::WRITE),
    ("lifecycle", Action::LIFECYCLE),
    ("backup", Action::BACKUP),
    ("owner", Action::OWNER),
    ("full", Action::FULL),
];

impl ActionSet {
    /// The action or the group of that name.
    fn named(name: &str) -> Option<Action> {
        let group = GROUPS.iter().find(|(group, _)| *group == name).map(|(_, actions)| *actions);
        group.or_else(|| Action::FULL.iter().find(|action| action.name() == name))
    }
}

impl Serialize for ActionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0.bits())
    }
}

impl<'de> Deserialize<'de> for ActionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Actions)
    }
}

struct Actions;

impl<'de> Visitor<'de> for Actions {
    type Value = ActionSet;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a sum of actions or a list of their names")
    }

    fn visit_u64<E: Error>(self, bits: u64) -> Result<ActionSet, E> {
        let known = u32::try_from(bits).ok().and_then(Action::from_bits);
        known.map(ActionSet).ok_or_else(|| {
            E::custom(format_args!("{bits} is no sum of actions: they add up to {}", Action::FULL.bits()))
        })
    }

    fn visit_i64<E: Error>(self, bits: i64) -> Result<ActionSet, E> {
        match u64::try_from(bits) {
            Ok(bits) => self.visit_u64(bits),
            Err(_) => Err(E::custom(format_args!("{bits} is no sum of actions"))),
        }
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<ActionSet, E> {
        let known = ActionSet::named(name).map(ActionSet);
        known.ok_or_else(|| E::custom(format_args!("there is no action `{name}`")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<ActionSet, A::Error> {
        let mut actions = Action::empty();
        while let Some(name) = names.next_element::<std::borrow::Cow<'de, str>>()? {
            let ActionSet(more) = Actions.visit_str(&name)?;
            actions |= more;
        }
        Ok(ActionSet(actions))
    }
}

impl PartialSchema for ActionSet {
    fn schema() -> RefOr<Schema> {
        let sum = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(Action::FULL.bits()))
            .description(Some("The sum of their numbers; what is read is always this."));
        let singles = Action::FULL.iter().map(Action::name);
        let names: Vec<&str> = GROUPS.iter().map(|(name, _)| *name).chain(singles).collect();
        let name = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
        let list = ArrayBuilder::new().items(name).description(Some("Names of actions and of groups."));
        OneOfBuilder::new()
            .item(sum)
            .item(list)
            .description(Some("Which actions a rule is about."))
            .examples([serde_json::json!(Action::READ.bits())])
            .into()
    }
}

impl ToSchema for ActionSet {
    fn name() -> std::borrow::Cow<'static, str> {
        "ActionSet".into()
    }
}
