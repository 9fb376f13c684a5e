use super::*;
use crate::upload::{Checksum, UploadState as S};

const NOW: Timestamp = Timestamp(1_000);
const LATER: Timestamp = Timestamp(2_000);
const LEASE: Timestamp = Timestamp(1_500);

fn part(number: u32) -> UploadPart {
    UploadPart { number, key: Some(format!("k{number}")), size: 10 }
}

fn session(state: S, parts: &[u32]) -> Upload {
    Upload {
        upload_id: "u".into(),
        owner: "ann".into(),
        state,
        method: UploadMethod::Proxy,
        content_type: None,
        size: None,
        total_parts: None,
        checksum: None,
        key: None,
        parts: parts.iter().map(|number| part(*number)).collect(),
        file: (state == S::Finalized).then(file),
        idempotency_key: None,
        created_at: Timestamp(0),
        expires_at: Some(LATER),
        lease_until: (state == S::Finalizing).then_some(LEASE),
        version: 7,
    }
}

fn file() -> StoredFile {
    StoredFile { file_id: "b3-1".into(), size: 10 }
}

fn single_put(state: S) -> Upload {
    Upload { method: UploadMethod::SinglePut, key: Some("k".into()), ..session(state, &[]) }
}

/// What a request did: the state afterwards, or why not.
fn after(change: Result<Option<UploadChange>, Refusal>, upload: &Upload) -> Result<S, Refusal> {
    change.map(|change| change.map_or(upload.state, |change| change.state))
}

fn claimed(upload: &Upload, key: Option<&str>, now: Timestamp) -> Result<S, Refusal> {
    claim(upload, key, now, LATER).map(|claim| match claim {
        Claim::Work(change) => change.state,
        Claim::Done(_) => S::Finalized,
    })
}

#[test]
fn content_is_taken_while_a_session_is_open() {
    for (state, expected) in [
        (S::Pending, Ok(S::Uploading)),
        (S::Uploading, Ok(S::Uploading)),
        (S::Finalizing, Err(Refusal::Busy)),
        (S::Finalized, Err(Refusal::Closed(S::Finalized))),
        (S::Aborted, Err(Refusal::Closed(S::Aborted))),
        (S::Expired, Err(Refusal::Closed(S::Expired))),
    ] {
        let upload = session(state, &[]);
        assert_eq!(after(record(&upload, &part(3), NOW), &upload), expected, "{state:?}");
        assert_eq!(accept(&upload, 3, NOW).err(), expected.err(), "{state:?}");
    }
}

#[test]
fn content_of_a_single_put_never_comes_through_here() {
    for state in [S::Pending, S::Uploading] {
        assert_eq!(accept(&single_put(state), 1, NOW), Err(Refusal::Elsewhere), "{state:?}");
    }
    assert_eq!(accept(&single_put(S::Aborted), 1, NOW), Err(Refusal::Closed(S::Aborted)));
}

#[test]
fn a_session_is_finalized_once_it_has_content() {
    for (state, parts, expected) in [
        (S::Pending, &[][..], Err(Refusal::Empty)),
        (S::Uploading, &[1, 2][..], Ok(S::Finalizing)),
        (S::Finalizing, &[1][..], Err(Refusal::Busy)),
        (S::Finalized, &[1][..], Err(Refusal::Closed(S::Finalized))),
        (S::Aborted, &[][..], Err(Refusal::Closed(S::Aborted))),
        (S::Expired, &[][..], Err(Refusal::Closed(S::Expired))),
    ] {
        assert_eq!(claimed(&session(state, parts), None, NOW), expected, "{state:?}");
    }
    assert_eq!(claimed(&single_put(S::Pending), None, NOW), Ok(S::Finalizing));
}

#[test]
fn a_session_is_aborted_until_it_is_finalized() {
    for (state, expected) in [
        (S::Pending, Ok(S::Aborted)),
        (S::Uploading, Ok(S::Aborted)),
        (S::Finalizing, Err(Refusal::Busy)),
        (S::Finalized, Err(Refusal::Closed(S::Finalized))),
        (S::Aborted, Ok(S::Aborted)),
        (S::Expired, Ok(S::Aborted)),
    ] {
        let upload = session(state, &[]);
        assert_eq!(after(abort(&upload, NOW), &upload), expected, "{state:?}");
    }
    assert_eq!(abort(&session(S::Aborted, &[]), NOW), Ok(None), "a second abort changes nothing");
}

#[test]
fn an_open_session_expires_at_its_time() {
    for (state, expected) in [
        (S::Pending, Some(S::Expired)),
        (S::Uploading, Some(S::Expired)),
        (S::Finalizing, Some(S::Expired)),
        (S::Finalized, None),
        (S::Aborted, None),
        (S::Expired, None),
    ] {
        let upload = session(state, &[1]);
        assert_eq!(expire(&upload, LATER).map(|change| change.state), expected, "{state:?}");
        assert_eq!(expire(&upload, Timestamp(LATER.0 - 1)), None, "{state:?}: before its time");
        let forever = Upload { expires_at: None, ..upload };
        assert_eq!(expire(&forever, Timestamp(i64::MAX)), None, "{state:?}: without an end");
    }
}

#[test]
fn an_expired_session_takes_nothing_before_anybody_has_noticed() {
    let upload = session(S::Uploading, &[1]);
    assert_eq!(upload.state_at(LATER), S::Expired);
    assert_eq!(accept(&upload, 2, LATER), Err(Refusal::Closed(S::Expired)));
    assert_eq!(claimed(&upload, None, LATER), Err(Refusal::Closed(S::Expired)));
    let aborted = abort(&upload, LATER).expect("it may").expect("it is open");
    assert_eq!((aborted.state, aborted.parts), (S::Aborted, PartsAfter::Dropped));
}

#[test]
fn a_session_that_is_being_finalized_does_not_expire_under_whoever_does_it() {
    let upload = Upload { lease_until: Some(Timestamp(3_000)), ..session(S::Finalizing, &[1]) };
    assert_eq!(upload.state_at(LATER), S::Finalizing);
    assert_eq!(expire(&upload, LATER), None);
}

#[test]
fn a_finalization_whose_lease_is_over_is_taken_over_or_aborted() {
    let upload = session(S::Finalizing, &[1]);
    assert_eq!(claimed(&upload, None, LEASE), Ok(S::Finalizing));
    assert_eq!(after(abort(&upload, LEASE), &upload), Ok(S::Aborted));
}

#[test]
fn parts_come_in_any_order_and_only_waiting_ones_are_replaced() {
    let upload = session(S::Uploading, &[1, 2, 4]);
    for (number, expected) in [
        (1, Accepted::Ignore),
        (2, Accepted::Ignore),
        (3, Accepted::Store),
        (4, Accepted::Store),
        (9, Accepted::Store),
    ] {
        assert_eq!(accept(&upload, number, NOW), Ok(expected), "{number}");
    }
    assert_eq!(record(&upload, &part(2), NOW), Ok(None));
    let replaced = record(&upload, &part(4), NOW).expect("it may").expect("it waits");
    assert_eq!((replaced.part, replaced.parts, replaced.version), (Some(part(4)), PartsAfter::Kept, 7));
}

#[test]
fn what_was_announced_is_checked_before_a_file_is_made() {
    let parts = |parts: &[u32]| session(S::Uploading, parts);
    assert_eq!(claimed(&parts(&[1, 3]), None, NOW), Err(Refusal::Gap(2)));
    assert_eq!(claimed(&parts(&[2]), None, NOW), Err(Refusal::Gap(1)));
    let announced = |total| Upload { total_parts: Some(total), ..parts(&[1, 2]) };
    assert_eq!(claimed(&announced(3), None, NOW), Err(Refusal::Parts { received: 2, announced: 3 }));
    assert_eq!(claimed(&announced(1), None, NOW), Err(Refusal::Parts { received: 2, announced: 1 }));
    assert_eq!(claimed(&announced(2), None, NOW), Ok(S::Finalizing));
    let sized = |size| Upload { size: Some(size), ..parts(&[1, 2]) };
    assert_eq!(claimed(&sized(20), None, NOW), Ok(S::Finalizing));
    assert_eq!(claimed(&sized(1_000), None, NOW), Err(Refusal::Size { received: 20, announced: 1_000 }));
}

#[test]
fn a_second_finalize_is_a_conflict_unless_it_is_the_first_one_again() {
    let done = Upload { idempotency_key: Some("a".into()), ..session(S::Finalized, &[1]) };
    assert_eq!(claim(&done, Some("a"), NOW, LATER), Ok(Claim::Done(file())));
    for key in [None, Some("b")] {
        assert_eq!(claim(&done, key, NOW, LATER), Err(Refusal::Closed(S::Finalized)), "{key:?}");
    }
    let unnamed = session(S::Finalized, &[1]);
    assert_eq!(claim(&unnamed, Some("a"), NOW, LATER), Err(Refusal::Closed(S::Finalized)));
}

#[test]
fn a_finalization_that_fails_leaves_the_session_open() {
    let released = release(&session(S::Finalizing, &[1]), NOW);
    assert_eq!(
        (released.state, released.lease_until, released.parts),
        (S::Uploading, None, PartsAfter::Kept)
    );
    assert_eq!(release(&single_put(S::Finalizing), NOW).state, S::Pending);
    let finished = finish(&session(S::Finalizing, &[1]), file(), NOW);
    assert_eq!((finished.state, finished.parts), (S::Finalized, PartsAfter::Joined));
    assert_eq!(finished.file, Some(file()));
}

#[test]
fn refusals_say_what_to_do() {
    assert_eq!(Refusal::Gap(2).to_string(), "part 2 is missing");
    let checksum = Checksum::Blake3([1; 32]);
    assert!(Refusal::Checksum(checksum).to_string().contains("blake3:0101"));
}
