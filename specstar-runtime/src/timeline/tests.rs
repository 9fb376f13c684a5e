use super::*;

fn context(second: i64, user: &str) -> Context {
    Context { now: Timestamp(second * 1_000_000), user: user.to_owned() }
}

fn payload(text: &str) -> Payload {
    let data = format!("{{\"name\":\"{text}\"}}").into_bytes();
    Payload {
        hash: DataHash::of(&data),
        data,
        index: IndexRow::default(),
        blobs: Vec::new(),
        schema_version: None,
    }
}

fn head(status: RevisionStatus) -> Head {
    let new = create(ModelIndex(0), "item:1".into(), payload("a"), status, &context(1, "ann"));
    Head {
        pk: 7,
        resource_id: new.resource_id,
        rev_count: 1,
        version: 1,
        created: new.revision.created.clone(),
        updated: new.revision.updated.clone(),
        is_deleted: false,
        revision: new.revision,
    }
}

fn updated(head: &Head, text: &str, second: i64) -> Head {
    let update = update(
        ModelIndex(0),
        head,
        IndexRow::default(),
        payload(text),
        None,
        RevisionStatus::Stable,
        &context(second, "bob"),
    );
    apply(head.clone(), &update.expect("the content differs"))
}

#[test]
fn an_update_issues_the_next_number_and_keeps_the_parent() {
    let second = updated(&head(RevisionStatus::Stable), "b", 2);
    assert_eq!((second.revision.seq, second.revision.parent_seq, second.rev_count), (2, Some(1), 2));
    assert_eq!(second.created.by, "ann");
    assert_eq!((second.updated.by.as_str(), second.revision.created.by.as_str()), ("bob", "bob"));
    assert_eq!(second.version, 2);
}

#[test]
fn numbers_are_not_reused_after_a_switch() {
    let first = head(RevisionStatus::Stable);
    let second = updated(&first, "b", 2);
    let back = switch(
        ModelIndex(0),
        &second,
        first.revision.clone(),
        IndexRow::default(),
        IndexRow::default(),
        &context(3, "cyd"),
    );
    assert!(back.archive && back.take == Some(1));
    let switched = apply(second, &back);
    assert_eq!((switched.revision.seq, switched.rev_count), (1, 2));
    let third = updated(&switched, "c", 4);
    assert_eq!((third.revision.seq, third.revision.parent_seq), (3, Some(1)));
}

#[test]
fn identical_content_is_not_written_unless_a_status_is_asked_for() {
    let current = head(RevisionStatus::Stable);
    let plan = |status| {
        update(
            ModelIndex(0),
            &current,
            IndexRow::default(),
            payload("a"),
            status,
            RevisionStatus::Draft,
            &context(2, "bob"),
        )
    };
    assert!(plan(None).is_none());
    assert!(plan(Some(RevisionStatus::Stable)).is_none());
    let draft = plan(Some(RevisionStatus::Draft)).expect("another status").revision.expect("a revision");
    assert_eq!((draft.seq, draft.status), (2, RevisionStatus::Draft));
}

fn modified(head: &Head, modification: Modification) -> Result<Option<Head>> {
    let plan = modify(ModelIndex(0), head, IndexRow::default(), modification, &context(9, "eve"))?;
    Ok(plan.map(|update| apply(head.clone(), &update)))
}

#[test]
fn a_draft_is_rewritten_in_place_and_keeps_its_identity() {
    let draft = head(RevisionStatus::Draft);
    let after = modified(&draft, Modification { payload: Some(payload("b")), ..Default::default() })
        .expect("a draft may change")
        .expect("the content differs");
    assert_eq!((after.revision.seq, after.rev_count, after.revision.uid), (1, 1, draft.revision.uid));
    assert_eq!(after.revision.created, draft.revision.created);
    assert_eq!((after.revision.updated.by.as_str(), after.updated.by.as_str()), ("eve", "eve"));
}

#[test]
fn a_stable_revision_changes_its_status_only() {
    let stable = head(RevisionStatus::Stable);
    for status in [None, Some(RevisionStatus::Stable), Some(RevisionStatus::Draft)] {
        let refused = modified(
            &stable,
            Modification { payload: Some(payload("b")), status, rewrite_stable_as_draft: false },
        );
        assert!(matches!(refused, Err(Error::CannotModify { .. })));
    }
    let opened = modified(
        &stable,
        Modification {
            payload: Some(payload("b")),
            status: Some(RevisionStatus::Draft),
            rewrite_stable_as_draft: true,
        },
    );
    assert!(opened.expect("allowed by the setting").is_some());
    let draft = modified(&stable, Modification { status: Some(RevisionStatus::Draft), ..Default::default() })
        .expect("the status may change")
        .expect("it differs");
    assert_eq!(draft.revision.status, RevisionStatus::Draft);
    let same = modified(&stable, Modification { status: Some(RevisionStatus::Stable), ..Default::default() });
    assert!(same.expect("allowed").is_none());
}

#[test]
fn identical_content_with_a_new_status_changes_the_status() {
    let draft = head(RevisionStatus::Draft);
    let after = modified(
        &draft,
        Modification {
            payload: Some(payload("a")),
            status: Some(RevisionStatus::Stable),
            ..Default::default()
        },
    );
    assert_eq!(after.expect("allowed").expect("the status differs").revision.status, RevisionStatus::Stable);
}

#[test]
fn restore_of_a_live_resource_changes_nothing() {
    let live_head = head(RevisionStatus::Stable);
    assert!(restore(ModelIndex(0), &live_head, IndexRow::default(), &context(2, "bob")).is_none());
    let gone =
        apply(live_head.clone(), &delete(ModelIndex(0), &live_head, IndexRow::default(), &context(2, "bob")));
    assert!(matches!(live(gone.clone()), Err(Error::Deleted { .. })));
    let plan = restore(ModelIndex(0), &gone, IndexRow::default(), &context(3, "cyd"));
    assert!(!apply(gone, &plan.expect("it was deleted")).is_deleted);
}

#[test]
fn preconditions_compare_id_tag_and_versioned_tag() {
    let current = head(RevisionStatus::Stable);
    let borrowed = current.as_ref();
    let known = tag(&borrowed, &borrowed.revision);
    for good in ["item:1:1".to_owned(), known.of_data(), known.of_head()] {
        Preconditions::revision(&good).check(&current).expect("it matches");
    }
    let moved = updated(&current, "b", 2);
    let stale = Preconditions::revision(&known.of_data()).check(&moved);
    let Err(Error::PreconditionFailed { actual, .. }) = stale else { panic!("stale tags fail") };
    let borrowed = moved.as_ref();
    assert_eq!(actual, tag(&borrowed, &borrowed.revision).of_data());
}

/// Revisions 1 ← 2, and 3 ← 1 made after a switch back; 3 is current.
fn tree() -> Vec<Revision> {
    let first = head(RevisionStatus::Stable).revision;
    let mut second = first.clone();
    (second.seq, second.parent_seq, second.created.time) = (2, Some(1), Timestamp(2_000_000));
    let mut third = first.clone();
    (third.seq, third.parent_seq, third.created.time) = (3, Some(1), Timestamp(4_000_000));
    vec![first, second, third]
}

fn request() -> HistoryRequest {
    HistoryRequest {
        direction: Direction::Descending,
        created_from: None,
        created_to: None,
        from_revision_id: None,
        chain_only: false,
        offset: 0,
        limit: 10,
    }
}

fn listed(request: &HistoryRequest) -> Vec<i64> {
    let page = select("item:1", 3, tree(), request).expect("the request is fine");
    page.revisions.iter().map(|revision| revision.seq).collect()
}

#[test]
fn a_revision_list_sorts_filters_starts_and_follows_parents() {
    assert_eq!(listed(&request()), [3, 2, 1]);
    assert_eq!(listed(&HistoryRequest { direction: Direction::Ascending, ..request() }), [1, 2, 3]);
    assert_eq!(listed(&HistoryRequest { created_from: Some(Timestamp(2_000_000)), ..request() }), [3, 2]);
    assert_eq!(listed(&HistoryRequest { from_revision_id: Some("item:1:2".into()), ..request() }), [2, 1]);
    assert_eq!(listed(&HistoryRequest { chain_only: true, ..request() }), [3, 1]);
    let from_second =
        HistoryRequest { chain_only: true, from_revision_id: Some("item:1:2".into()), ..request() };
    assert_eq!(listed(&from_second), [2, 1]);
    let page = select("item:1", 3, tree(), &HistoryRequest { limit: 1, offset: 1, ..request() })
        .expect("the request is fine");
    assert_eq!((page.total, page.has_more), (3, true));
    let missing = HistoryRequest { from_revision_id: Some("item:1:9".into()), ..request() };
    assert!(matches!(select("item:1", 3, tree(), &missing), Err(Error::RevisionNotFound { .. })));
}

#[test]
fn pruning_keeps_the_chain_before_newer_strangers() {
    let revisions = tree();
    assert_eq!(prune(3, &revisions, Keep::Last(2)).expect("two stay"), [2]);
    assert_eq!(prune(3, &revisions, Keep::Last(1)).expect("one stays"), [1, 2]);
    assert_eq!(prune(1, &revisions, Keep::Since(Timestamp(3_000_000))).expect("by time"), [2]);
    assert_eq!(
        prune(3, &revisions, Keep::LastOrSince(1, Timestamp(2_000_000))).expect("the union stays"),
        [1]
    );
    assert!(prune(3, &revisions, Keep::Last(0)).is_err());
}
