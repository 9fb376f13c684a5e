//! What rules say together, and when they are read.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::object::Object;
use super::*;
use crate::access::{AccessControl, AccessRequest, Action, Decision, Principal};
use crate::datetime::Timestamp;
use crate::descriptor::{Identity, ResourceDescriptor};
use crate::error::{Error, Result};
use crate::resource::Resource;

static NOTE: ResourceDescriptor = ResourceDescriptor::named(Identity::new("note", "tests::Note", "Note"));

async fn ask(acl: &Acl, who: &Principal, action: Action, id: Option<&str>) -> Result<Decision> {
    ask_of(acl, &NOTE, who, action, id).await
}

async fn ask_of(
    acl: &Acl,
    model: &'static ResourceDescriptor,
    principal: &Principal,
    action: Action,
    resource_id: Option<&str>,
) -> Result<Decision> {
    let now = Timestamp(0);
    let (custom, current, input) = (None, None, None);
    acl.decide(AccessRequest {
        principal,
        action,
        model,
        custom,
        resource_id,
        current,
        input,
        status: None,
        now,
    })
    .await
}

fn with(combining: Combining, rules: &[AclRule], members: &[RoleMember]) -> Acl {
    let acl = Acl::new(combining);
    let rows = (rules.to_vec(), members.to_vec());
    acl.bind(Source::new(move || std::future::ready(Ok(rows.clone())), || 0));
    acl
}

#[test]
fn objects_have_four_forms() {
    let one = |model: &str, id: &str| Some(Object::Resource { model: model.into(), id: id.into() });
    assert_eq!(Object::parse("*"), Some(Object::Any));
    assert_eq!(Object::parse("note"), Some(Object::Model("note".into())));
    assert_eq!(Object::parse("note/a/b:c"), one("note", "a/b:c"));
    assert_eq!(Object::parse("note:a:1"), one("note", "note:a:1"));
    for wrong in ["", "note/", "note:", "/a", ":a", "no te", "n*"] {
        assert_eq!(Object::parse(wrong), None, "{wrong}");
    }
}

#[tokio::test]
async fn rules_are_combined_as_the_application_says() {
    use Decision::{Abstain, Allow, Deny};
    let rules = [
        AclRule::allow("user:ann", "note", Action::UPDATE).at(1),
        AclRule::deny("user:ann", "*", Action::UPDATE).at(2),
        AclRule::allow("*", "*", Action::PATCH),
        AclRule::deny("user:ann", "note", Action::DELETE),
    ];
    let (deny, allow) = (Combining::deny_overrides(), Combining::allow_overrides());
    let first = Combining::first_decides();
    // Of ann: an allow before a deny, an allow, a deny, nothing.
    for (combining, expected) in [
        (deny.default_deny(), [Deny, Allow, Deny, Deny]),
        (allow.default_allow(), [Allow, Allow, Deny, Allow]),
        (first, [Allow, Allow, Deny, Abstain]),
        (deny.default_allow(), [Deny, Allow, Deny, Allow]),
    ] {
        let acl = with(combining, &rules, &[]);
        let actions = [Action::UPDATE, Action::PATCH, Action::DELETE, Action::DUMP];
        for (action, expected) in actions.into_iter().zip(expected) {
            let decision = ask(&acl, &Principal::user("ann"), action, None).await.expect("an answer");
            assert_eq!(decision, expected, "{combining:?} {}", action.name());
        }
    }
    let both = [rules[0].clone().at(2), rules[1].clone()];
    let acl = with(first, &both, &[]);
    let decision = ask(&acl, &Principal::user("ann"), Action::UPDATE, None).await.expect("an answer");
    assert_eq!(decision, Deny, "two of one order disagree");
}

#[tokio::test]
async fn roles_are_inherited_and_circles_end() {
    let rules = [AclRule::allow("role:q", "note", Action::UPDATE)];
    let members =
        [RoleMember::new("user:ann", "p"), RoleMember::new("role:p", "q"), RoleMember::new("role:q", "p")];
    let acl = with(Combining::deny_overrides().default_deny(), &rules, &members);
    for (who, expected) in [
        (Principal::user("ann"), Decision::Allow),
        (Principal::user("bob"), Decision::Deny),
        (Principal::user("bob").with_roles(["p"]), Decision::Allow),
        (Principal::user("role:q"), Decision::Deny),
        (Principal::Anonymous, Decision::Deny),
    ] {
        assert_eq!(ask(&acl, &who, Action::UPDATE, None).await.expect("an answer"), expected, "{who:?}");
    }
}

#[tokio::test]
async fn nobody_known_is_no_user_and_in_no_role() {
    let rules = [
        AclRule::allow("user:anonymous", "note", Action::UPDATE),
        AclRule::allow("role:p", "note", Action::UPDATE),
    ];
    let members = [RoleMember::new("user:anonymous", "p")];
    let acl = with(Combining::deny_overrides().default_deny(), &rules, &members);
    let decision = ask(&acl, &Principal::Anonymous, Action::UPDATE, None).await.expect("an answer");
    assert_eq!(decision, Decision::Deny);
}

#[tokio::test]
async fn a_rule_about_one_resource_is_about_no_other() {
    let rules = [
        AclRule::allow("user:ann", "note:1", Action::GET),
        AclRule::allow("user:ann", "note/two", Action::GET),
    ];
    let acl = with(Combining::deny_overrides().default_deny(), &rules, &[]);
    for (id, expected) in [
        (Some("note:1"), Decision::Allow),
        (Some("two"), Decision::Allow),
        (Some("1"), Decision::Deny),
        (Some("note:two"), Decision::Deny),
        (None, Decision::Deny),
    ] {
        let decision = ask(&acl, &Principal::user("ann"), Action::GET_META, id).await.expect("an answer");
        assert_eq!(decision, expected, "{id:?}");
    }
}

#[tokio::test]
async fn the_rules_themselves_are_closed_until_a_rule_names_them() {
    let everything = AclRule::allow("user:ann", "*", Action::FULL);
    let named = AclRule::allow("user:bob", "_acl", Action::READ);
    let acl = with(Combining::allow_overrides().default_allow(), &[everything, named], &[]).root("root");
    for (user, action, expected) in [
        ("ann", Action::CREATE, Decision::Deny),
        ("eve", Action::GET_META, Decision::Deny),
        ("bob", Action::GET_META, Decision::Allow),
        ("bob", Action::CREATE, Decision::Deny),
        ("root", Action::CREATE, Decision::Allow),
    ] {
        let who = Principal::user(user);
        let decision = ask_of(&acl, AclRule::DESCRIPTOR, &who, action, None).await.expect("an answer");
        assert_eq!(decision, expected, "{user} {}", action.name());
    }
    let nobody = Acl::strict().root("anonymous");
    nobody.bind(Source::new(|| std::future::ready(Ok((Vec::new(), Vec::new()))), || 0));
    let decision = ask(&nobody, &Principal::Anonymous, Action::GET, None).await.expect("an answer");
    assert_eq!(decision, Decision::Deny, "nobody known is never root");
}

#[tokio::test]
async fn rules_are_read_once_per_change_and_a_failure_allows_nothing() {
    let (changes, reads) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let rows = Arc::new(Mutex::new(Ok(vec![AclRule::allow("*", "*", Action::FULL)])));
    let acl = Acl::permissive();
    let (read, stored, now) = (Arc::clone(&reads), Arc::clone(&rows), Arc::clone(&changes));
    let load = move || {
        read.fetch_add(1, Ordering::SeqCst);
        let rows = stored.lock().expect("not poisoned").clone();
        let answer = rows.map_err(|reason: String| Error::Unavailable { reason, retry_after: 1 });
        std::future::ready(answer.map(|rules| (rules, Vec::new())))
    };
    let ann = Principal::user("ann");
    assert!(ask(&acl, &ann, Action::GET, None).await.is_err(), "not bound yet");
    assert!(acl.bind(Source::new(load, move || now.load(Ordering::SeqCst))));
    assert!(!acl.bind(Source::new(|| std::future::ready(Ok((Vec::new(), Vec::new()))), || 0)));
    for _ in 0..3 {
        assert_eq!(ask(&acl, &ann, Action::GET, None).await.expect("an answer"), Decision::Allow);
    }
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    *rows.lock().expect("not poisoned") = Ok(vec![AclRule::deny("*", "*", Action::FULL)]);
    changes.fetch_add(1, Ordering::SeqCst);
    assert_eq!(ask(&acl, &ann, Action::GET, None).await.expect("an answer"), Decision::Deny);
    *rows.lock().expect("not poisoned") = Err("away".into());
    changes.fetch_add(1, Ordering::SeqCst);
    for _ in 0..2 {
        assert!(matches!(ask(&acl, &ann, Action::GET, None).await, Err(Error::Unavailable { .. })));
    }
    assert_eq!(reads.load(Ordering::SeqCst), 4, "a failure is tried again");
}

#[test]
fn actions_are_sums_or_names() {
    let read =
        |json: &str| serde_json::from_str::<ActionSet>(json).map(|set| set.0).map_err(|e| e.to_string());
    assert_eq!(read("6"), Ok(Action::GET | Action::GET_RESOURCE_REVISION));
    assert_eq!(read(r#"["read", "update"]"#), Ok(Action::READ | Action::UPDATE));
    assert_eq!(read(r#""full""#), Ok(Action::FULL));
    for wrong in ["-1", "16777216", "1.5", r#"["fly"]"#, "null", "{}"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    assert_eq!(serde_json::to_string(&ActionSet(Action::READ)).expect("JSON"), "30");
}
