//! Functions as routes, in modules, under other names, with every kind of argument.

#![deny(deprecated)]

extern crate specstar as renamed;

use renamed::prelude::*;
use renamed::{Result, action::Path};

/// Somebody.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
pub struct User {
    pub name: String,
    pub level: u32,
}

#[derive(Deserialize, ToSchema)]
pub struct Import {
    url: String,
}

#[derive(Deserialize, utoipa::IntoParams)]
struct By {
    by: u32,
}

#[derive(Deserialize, ToSchema)]
pub struct Grant(String, u32);

#[derive(Deserialize, ToSchema)]
pub struct Place {
    row: u8,
    column: u8,
}

mod actions {
    use super::{Grant, Place, Existing, Import, Json, Path, Query, Result, User};
    use crate::renamed::prelude::{ActionContext, create_action, update_action};

    /// Imports somebody.
    #[create_action(User, path = "import-url", label = "Import from URL", crate = "crate::renamed")]
    pub async fn import(cx: ActionContext, Json(Import { url }): Json<Import>) -> Result<User> {
        Ok(User { name: format!("{url} {}", cx.principal().name()), level: 0 })
    }

    #[update_action(super::User, mode = "modify", crate = "crate::renamed")]
    pub(crate) fn r#match(
        input: Existing<super::User>,
        Query(super::By { by }): Query<super::By>,
        a0: ActionContext,
    ) -> Result<Option<User>> {
        let _ = a0;
        Ok((by > 0).then_some(input.data))
    }

    #[update_action(User, path = "grant/{skill}/{level}", crate = "crate::renamed")]
    pub(crate) async fn grant(Path(Grant(_skill, level)): Path<Grant>, existing: Existing<User>) -> Result<User> {
        Ok(User { level, ..existing.data })
    }

    /// An argument may be called as a module or type is, and an alias as ours.
    #[create_action(User, path = "at/{row}/{column}", crate = "crate::renamed")]
    pub async fn place(std: Path<Place>, value: Json<serde_json::Value>) -> std::result::Result<User, renamed::Error> {
        let Path(Place { row, column }) = std;
        Ok(User { name: value.0.to_string(), level: u32::from(row) + u32::from(column) })
    }

    #[create_action(User, crate = "crate::renamed")]
    #[cfg(any())]
    pub async fn left_out() -> Result<User> {}
}

fn main() {
    #[create_action(User)]
    async fn local() -> Result<Option<User>> {
        Ok(None)
    }

    #[deprecated]
    #[create_action(User)]
    fn old() -> Result<Option<User>> {
        Ok(None)
    }
    assert_eq!(renamed::resources![User; actions(old)].actions()[0].name, "old");

    let registry = renamed::resources![User; actions(actions::import, actions::r#match, actions::grant, local, actions::place)];
    let [import, matched, grant, local, _] = registry.actions() else { panic!("five actions") };
    assert_eq!((import.path, import.label, import.docs), ("import-url", "Import from URL", "Imports somebody."));
    assert_eq!((import.name, import.resource.name, import.optional), ("import", "user", false));
    assert_eq!((matched.path, matched.label, matched.optional), ("match", "Match", true));
    assert!(!matched.kind.creates() && local.kind.creates());
    assert_eq!((grant.route(), local.route()), ("/{resource_id}/grant/{skill}/{level}".into(), "/local".into()));
    let inputs = matched.inputs();
    assert_eq!((inputs.query[0].name.as_str(), inputs.body.is_none()), ("by", true));
    assert_eq!(import.inputs().body.unwrap()[0].0, "Import");
    assert!(renamed::resources![deny_by_default; ; actions()].denies_by_default());
    let _ = actions::import;
}
