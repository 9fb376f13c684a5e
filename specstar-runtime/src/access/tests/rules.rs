//! Rules and composites, as tables.

use Decision::{Abstain, Allow, Deny};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::*;
use crate::descriptor::FieldDescriptor;
use crate::meta::{DataHash, Head, Revision, RevisionStatus, Stamp};
use crate::resource::{Resource, ResourceEntry};

#[derive(Serialize, Deserialize)]
struct Note {
    editor: String,
    #[serde(default)]
    text: String,
}

impl Resource for Note {
    const ID: Identity = Identity::new("note", "tests::Note", "Note");
    const DESCRIPTOR: &'static ResourceDescriptor = &ResourceDescriptor {
        fields: &[FieldDescriptor::new("editor"), FieldDescriptor::new("text")],
        ..ResourceDescriptor::named(Self::ID)
    };
    const ENTRY: ResourceEntry = ResourceEntry {
        prepare: crate::resource::payload::prepare::<Self>,
        ..ResourceEntry::rejected(Self::DESCRIPTOR)
    };
}

fn head(data: &str, by: &str) -> Head {
    let stamp = Stamp { time: Timestamp(0), by: by.to_owned() };
    Head {
        pk: 1,
        resource_id: "note:1".into(),
        rev_count: 1,
        version: 1,
        created: stamp.clone(),
        updated: stamp.clone(),
        is_deleted: false,
        revision: Revision {
            seq: 1,
            uid: Uuid::nil(),
            parent_seq: None,
            schema_version: None,
            parent_schema_version: None,
            status: RevisionStatus::Stable,
            data_hash: DataHash(0),
            created: stamp.clone(),
            updated: stamp,
            data: data.as_bytes().to_vec(),
            outdated: None,
        },
    }
}

/// A question; what is left out is not known.
#[derive(Clone, Copy, Default)]
struct Question<'a> {
    user: &'a str,
    role: &'a str,
    current: Option<&'a Head>,
    input: Option<&'a str>,
    item: bool,
    id: Option<&'a str>,
}

async fn say(rule: &Rule, action: Action, question: Question<'_>) -> Result<Decision> {
    let principal = match question.user {
        "" => Principal::Anonymous,
        name => Principal::user(name).with_roles([question.role]),
    };
    let current = question.current.map(Head::as_ref);
    let request = AccessRequest {
        principal: &principal,
        action,
        model: if question.item { &MODEL } else { Note::DESCRIPTOR },
        custom: None,
        resource_id: question.id,
        current: current.as_ref(),
        input: question.input.map(str::as_bytes),
        status: None,
        now: Timestamp(0),
    };
    rule.decide(request).await
}

fn says(decision: Decision) -> Rule {
    Rule::new(access_fn(move |_| decision))
}

#[tokio::test]
async fn composites_follow_their_tables() {
    type Make = fn(Vec<Rule>) -> Rule;
    let tables: [(Make, [Decision; 9]); 4] = [
        // Of two rules: AA AD A- DA DD D- -A -D --
        (|r| deny_overrides(r), [Allow, Deny, Allow, Deny, Deny, Deny, Allow, Deny, Abstain]),
        (|r| allow_overrides(r), [Allow, Allow, Allow, Allow, Deny, Deny, Allow, Deny, Abstain]),
        (|r| first_decisive(r), [Allow, Allow, Allow, Deny, Deny, Deny, Allow, Deny, Abstain]),
        (|r| all_must_allow(r), [Allow, Deny, Abstain, Deny, Deny, Deny, Abstain, Deny, Abstain]),
    ];
    let each = [Allow, Deny, Abstain];
    for (table, (make, expected)) in tables.into_iter().enumerate() {
        let pairs = each.iter().flat_map(|first| each.iter().map(move |second| (*first, *second)));
        for ((first, second), expected) in pairs.zip(expected) {
            let rule = make(vec![says(first), says(second)]);
            let decision = say(&rule, Action::GET, Question::default()).await.expect("an answer");
            assert_eq!(decision, expected, "table {table}: {first:?} {second:?}");
        }
        let none = make(Vec::new());
        assert_eq!(say(&none, Action::GET, Question::default()).await.expect("an answer"), Abstain);
    }
}

#[tokio::test]
async fn a_composite_asks_in_order_and_only_until_it_knows() {
    let broken = || Rule::new(Fails);
    let question = Question::default();
    assert_eq!(
        say(&first_decisive([says(Allow), broken()]), Action::GET, question).await.expect("known"),
        Allow
    );
    assert_eq!(
        say(&allow_overrides([says(Allow), broken()]), Action::GET, question).await.expect("known"),
        Allow
    );
    assert_eq!(
        say(&deny_overrides([says(Deny), broken()]), Action::GET, question).await.expect("known"),
        Deny
    );
    for rule in [
        first_decisive([broken(), says(Allow)]),
        allow_overrides([broken(), says(Allow)]),
        deny_overrides([says(Allow), broken()]),
        all_must_allow([says(Allow), broken()]),
    ] {
        assert!(say(&rule, Action::GET, question).await.is_err());
    }
}

struct Fails;

impl AccessControl for Fails {
    fn decide<'a>(&'a self, _: AccessRequest<'a>) -> BoxFuture<'a, Result<Decision>> {
        Box::pin(std::future::ready(Err(Error::Unavailable { reason: "away".into(), retry_after: 1 })))
    }
}

#[tokio::test]
async fn a_rule_speaks_of_its_actions_and_its_people_only() {
    let ann = Question { user: "ann", role: "editor", ..Question::default() };
    let bob = Question { user: "bob", role: "reader", ..Question::default() };
    let nobody = Question::default();
    for (rule, action, expected) in [
        (allow(Action::READ), Action::GET_META, [Allow, Allow, Allow]),
        (allow(Action::READ), Action::UPDATE, [Abstain, Abstain, Abstain]),
        (deny(Action::WRITE), Action::PATCH, [Deny, Deny, Deny]),
        (allow(Action::WRITE).to_roles(["editor", "chief"]), Action::UPDATE, [Allow, Abstain, Abstain]),
        (deny(Action::WRITE).to_users(["bob", "anonymous"]), Action::UPDATE, [Abstain, Deny, Abstain]),
        (authenticated(), Action::DUMP, [Allow, Allow, Abstain]),
        (allow(Action::READ).to_authenticated().to_roles(["editor"]), Action::GET, [Allow, Abstain, Abstain]),
    ] {
        for (question, expected) in [ann, bob, nobody].into_iter().zip(expected) {
            assert_eq!(say(&rule, action, question).await.expect("an answer"), expected, "{}", question.user);
        }
    }
    let of = allow(Action::FULL).of::<Note>();
    assert_eq!(say(&of, Action::GET, ann).await.expect("an answer"), Allow);
    assert_eq!(say(&of, Action::GET, Question { item: true, ..ann }).await.expect("an answer"), Abstain);
}

#[tokio::test]
async fn a_rule_on_data_looks_at_the_stored_content_of_its_type() {
    let mine = |request: &AccessRequest<'_>, note: &Note| note.editor == request.principal.name();
    let stored = head(r#"{"editor":"ann"}"#, "root");
    let seen = Question { user: "ann", current: Some(&stored), id: Some("note:1"), ..Question::default() };
    let (may, not) = (allow_if(Action::UPDATE, mine), deny_if(Action::UPDATE | Action::CREATE, mine));
    for (rule, question, expected) in [
        (&may, seen, Allow),
        (&not, seen, Deny),
        (&may, Question { user: "bob", ..seen }, Abstain),
        (&not, Question { user: "bob", ..seen }, Abstain),
        (&may, Question { item: true, ..seen }, Abstain),
        (&not, Question { item: true, ..seen }, Abstain),
        (&may, Question { current: None, ..seen }, Abstain),
        (&not, Question { current: None, ..seen }, Deny),
        (&not, Question { current: None, id: None, ..seen }, Abstain),
    ] {
        assert_eq!(say(rule, Action::UPDATE, question).await.expect("an answer"), expected);
    }
    let new = Question { current: None, ..seen };
    assert_eq!(say(&not, Action::CREATE, new).await.expect("an answer"), Abstain, "there is nothing yet");
    assert_eq!(say(&may, Action::DELETE, seen).await.expect("an answer"), Abstain);

    let input = Question { input: Some(r#"{"editor":"ann"}"#), ..seen };
    assert_eq!(
        say(&deny_input_if(Action::UPDATE, mine), Action::UPDATE, input).await.expect("an answer"),
        Deny
    );
    assert_eq!(
        say(&allow_input_if(Action::UPDATE, mine), Action::UPDATE, input).await.expect("an answer"),
        Allow
    );
    assert_eq!(
        say(&deny_input_if(Action::UPDATE, mine), Action::UPDATE, seen).await.expect("an answer"),
        Abstain
    );
}

#[tokio::test]
async fn a_rule_that_panics_or_cannot_read_the_resource_fails_the_request() {
    let stored = head(r#"{"editor":"ann"}"#, "root");
    let strange = head(r#"{"other":1}"#, "root");
    let seen = |head| Question { user: "ann", current: Some(head), ..Question::default() };
    for rule in [
        allow_if(Action::UPDATE, |_, _: &Note| panic!("a bug")),
        deny_if(Action::UPDATE, |_, _: &Note| panic!("a bug")),
        allow_meta_if(Action::UPDATE, |_, _| panic!("a bug")),
    ] {
        assert!(say(&rule, Action::UPDATE, seen(&stored)).await.is_err());
    }
    for rule in [allow_if(Action::UPDATE, |_, _: &Note| true), deny_if(Action::UPDATE, |_, _: &Note| false)] {
        assert!(say(&rule, Action::UPDATE, seen(&strange)).await.is_err());
    }
}

#[tokio::test]
async fn an_owner_is_who_created_the_resource() {
    let rule = owner(Action::OWNER);
    for (by, user, expected) in
        [("ann", "ann", Allow), ("ann", "bob", Abstain), ("anonymous", "", Abstain), ("ann", "", Abstain)]
    {
        let stored = head("{}", by);
        let question = Question { user, current: Some(&stored), ..Question::default() };
        assert_eq!(say(&rule, Action::UPDATE, question).await.expect("an answer"), expected, "{by} {user}");
        assert_eq!(say(&rule, Action::CREATE, question).await.expect("an answer"), Abstain);
    }
}

#[tokio::test]
async fn a_rule_on_fields_compares_values() {
    let rule = allow_fields::<Note>(Action::UPDATE | Action::PATCH, ["text"]);
    let stored = head(r#"{"editor":"ann","text":"a"}"#, "root");
    let older = head(r#"{"editor":"ann"}"#, "root");
    for (current, input, expected) in [
        (&stored, r#"{"text":"b","editor":"ann"}"#, Allow),
        (&stored, r#"{"editor":"ann","text":"a"}"#, Allow),
        (&stored, r#"{"editor":"bob","text":"a"}"#, Deny),
        (&stored, r#"{"editor":"bob","text":"b"}"#, Deny),
        (&older, r#"{"editor":"ann","text":""}"#, Allow),
    ] {
        let question =
            Question { user: "ann", current: Some(current), input: Some(input), ..Question::default() };
        for action in [Action::UPDATE, Action::PATCH] {
            assert_eq!(say(&rule, action, question).await.expect("an answer"), expected, "{input}");
        }
        assert_eq!(say(&rule, Action::MODIFY, question).await.expect("an answer"), Abstain);
    }
    let unseen = Question { input: Some("{}"), id: Some("note:1"), ..Question::default() };
    assert_eq!(say(&rule, Action::UPDATE, unseen).await.expect("an answer"), Deny);
    let status = Question { current: Some(&stored), ..Question::default() };
    assert_eq!(say(&rule, Action::UPDATE, status).await.expect("an answer"), Abstain);
    let missing = std::panic::catch_unwind(|| allow_fields::<Note>(Action::UPDATE, ["txt"]));
    assert!(missing.is_err(), "a field that does not exist is a mistake");
}

#[test]
fn rules_that_look_at_the_resource_say_so_through_every_wrapping() {
    let data = || allow_if(Action::UPDATE, |_, _: &Note| true);
    for rule in [data(), data().to_roles(["a"]), first_decisive([allow(Action::FULL), data()])] {
        assert_eq!(rule.needs(Note::DESCRIPTOR, Action::UPDATE), Needs::CURRENT);
        assert_eq!(rule.needs(Note::DESCRIPTOR, Action::DELETE), Needs::empty());
        assert_eq!(rule.needs(&MODEL, Action::UPDATE), Needs::empty());
    }
    assert_eq!(allow(Action::FULL).needs(Note::DESCRIPTOR, Action::UPDATE), Needs::empty());
    let fields = allow_fields::<Note>(Action::UPDATE, ["text"]);
    assert_eq!(fields.needs(Note::DESCRIPTOR, Action::UPDATE), Needs::CURRENT | Needs::INPUT);
    let get = owner(Action::GET);
    assert_eq!(get.needs(Note::DESCRIPTOR, Action::GET_META), Needs::CURRENT, "GET speaks for its parts");
    assert_eq!(get.needs(Note::DESCRIPTOR, Action::DELETE), Needs::empty());
}
