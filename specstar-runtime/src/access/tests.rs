//! What rules say, alone and together.

mod chain;
mod rules;

use super::*;
use crate::descriptor::{Identity, hash_name};

static MODEL: ResourceDescriptor = ResourceDescriptor {
    id: Identity {
        name: "item",
        path: "tests::Item",
        type_name: "Item",
        name_hash: hash_name("item"),
        path_hash: hash_name("tests::Item"),
    },
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
};

async fn ask(action: Action, answer: fn(Action) -> Decision) -> Result<()> {
    let control = access_fn(move |request| answer(request.action));
    let principal = Principal::user("ann");
    let request = AccessRequest {
        principal: &principal,
        action,
        model: &MODEL,
        custom: None,
        resource_id: None,
        current: None,
        input: None,
        status: None,
        now: Timestamp(0),
    };
    authorize(&control, request).await
}

#[tokio::test]
async fn only_allow_allows() {
    assert!(ask(Action::CREATE, |_| Decision::Allow).await.is_ok());
    for refused in [Decision::Deny, Decision::Abstain] {
        let answer = if refused == Decision::Deny { |_| Decision::Deny } else { |_| Decision::Abstain };
        let error = ask(Action::CREATE, answer).await.expect_err("refused");
        assert_eq!(error.to_string(), "Permission denied for user 'ann' to perform 'create' on 'item'");
    }
}

#[tokio::test]
async fn a_rule_for_get_covers_its_parts_unless_a_part_is_denied() {
    let only_get = |action| if action == Action::GET { Decision::Allow } else { Decision::Abstain };
    assert!(ask(Action::GET_META, only_get).await.is_ok());
    assert!(ask(Action::UPDATE, only_get).await.is_err());
    let but_meta = |action| if action == Action::GET { Decision::Allow } else { Decision::Deny };
    assert!(ask(Action::GET_META, but_meta).await.is_err());
}
