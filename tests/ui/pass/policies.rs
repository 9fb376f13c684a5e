//! Who may do what, and which resources exist for whom, as attributes; references nobody looks for.

use specstar::access::{AccessControl, Decision, Principal, Scope, access_fn};
use specstar::prelude::*;

mod policies {
    use super::*;

    pub fn members() -> impl AccessControl {
        access_fn(|request| if request.principal.is_anonymous() { Decision::Deny } else { Decision::Allow })
    }

    pub fn own(principal: &Principal) -> Scope<Note> {
        match principal {
            Principal::Anonymous => Scope::None,
            user => (Note::META.created_by.eq(user.name()) | Note::COLUMNS.public.eq(true)).into(),
        }
    }
}

/// A value that is told apart by its form.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts { head: String, tail: Vec<u8> },
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(permission = policies::members, scope = policies::own)]
struct Note {
    #[indexed]
    public: bool,
    content: Content,
    #[reference(on_delete = "cascade", validate = false)]
    origin: Option<Ref<Note>>,
    #[reference(on_delete = "restrict", validate = true)]
    next: Option<Ref<Tag>>,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Resource)]
#[resource(permission = open)]
struct Tag {
    name: String,
}

fn main() {
    let registry = resources![deny_by_default; Note, Tag];
    assert!(registry.denies_by_default());
    assert!(!resources![Note, Tag,].denies_by_default());
    let [note, tag] = [&registry.entries()[0], &registry.entries()[1]];
    assert!(note.policy.permission.is_some() && note.policy.scope.is_some());
    assert!(tag.policy.permission.is_some() && tag.policy.scope.is_none());
    let references = note.descriptor.references;
    assert!(!references[0].validate && references[1].validate);
    let prepared = (note.prepare)(br#"{"public":true,"content":{"head":"a","tail":[1]},"origin":null,"next":null}"#);
    assert_eq!(prepared.unwrap().invalid, None);
}
