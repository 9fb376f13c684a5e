use super::check::{Problem, problems, report};
use crate::descriptor::{Identity, OnDelete, ReferenceDescriptor, ReferenceKind, ResourceDescriptor};
use crate::resource::ResourceEntry;

const fn entry(descriptor: &'static ResourceDescriptor) -> ResourceEntry {
    ResourceEntry::rejected(descriptor)
}

const fn to(target: &'static Identity) -> ReferenceDescriptor {
    ReferenceDescriptor {
        field: "target",
        index: None,
        target,
        kind: ReferenceKind::RevisionId,
        on_delete: OnDelete::Dangling,
        list: false,
        nullable: false,
        validate: true,
    }
}

const USER: Identity = Identity::new("user", "a::User", "User");
const TEAM: Identity = Identity::new("team", "a::Team", "Team");
static PLAIN: ResourceDescriptor = ResourceDescriptor::named(USER);
static SAME_NAME: ResourceDescriptor = ResourceDescriptor::named(Identity::new("USER", "b::User", "User"));
static LINKED: ResourceDescriptor = ResourceDescriptor {
    references: &[to(&USER), to(&TEAM), to(&Identity::REJECTED)],
    ..ResourceDescriptor::named(Identity::new("link", "a::Link", "Link"))
};
static OTHER: ResourceDescriptor = ResourceDescriptor::named(TEAM);
static FAILED: ResourceDescriptor = ResourceDescriptor::named(Identity::REJECTED);

fn message(entries: &'static [ResourceEntry], found: &[Problem], at: usize) -> String {
    let found = found.to_vec();
    let panic = std::panic::catch_unwind(|| report(entries, &found, at)).expect_err("there is a problem");
    panic.downcast_ref::<String>().cloned().expect("panics carry text")
}

#[test]
fn names_are_compared_without_case() {
    static ENTRIES: [ResourceEntry; 2] = [entry(&PLAIN), entry(&SAME_NAME)];
    let found = problems(&ENTRIES, false);
    assert_eq!(found, [Problem::None, Problem::DuplicateName(0)]);
    assert_eq!(
        message(&ENTRIES, &found, 1),
        "duplicate resource name `USER`: used by `a::User` and `b::User`"
    );
}

#[test]
fn targets_may_come_later_in_the_list_but_must_come() {
    static SHORT: [ResourceEntry; 2] = [entry(&LINKED), entry(&PLAIN)];
    let found = problems(&SHORT, false);
    assert_eq!(found, [Problem::UnregisteredTarget(1), Problem::None]);
    assert_eq!(message(&SHORT, &found, 0), "`Link::target` refers to `Team`, which is not registered");
    assert_eq!(problems(&[entry(&LINKED), entry(&PLAIN), entry(&OTHER)], false), [Problem::None; 3]);
}

#[test]
fn failed_derives_are_passed_over() {
    assert_eq!(problems(&[entry(&FAILED), entry(&FAILED)], false), [Problem::None; 2]);
}

#[test]
fn circles_that_cannot_be_opened_are_found_at_their_last_entry() {
    const fn held(target: &'static Identity, on_delete: OnDelete) -> ReferenceDescriptor {
        ReferenceDescriptor { on_delete, kind: ReferenceKind::ResourceId, ..to(target) }
    }
    const ITEM: Identity = Identity::new("item", "a::Item", "Item");
    static USERS: ResourceDescriptor = ResourceDescriptor {
        references: &[held(&ITEM, OnDelete::Dangling), held(&TEAM, OnDelete::Restrict)],
        ..ResourceDescriptor::named(USER)
    };
    static TEAMS: ResourceDescriptor = ResourceDescriptor {
        references: &[held(&ITEM, OnDelete::Restrict)],
        ..ResourceDescriptor::named(TEAM)
    };
    static ITEMS: ResourceDescriptor = ResourceDescriptor {
        references: &[held(&USER, OnDelete::Restrict)],
        ..ResourceDescriptor::named(ITEM)
    };
    static CASCADING: ResourceDescriptor = ResourceDescriptor {
        references: &[held(&USER, OnDelete::Cascade)],
        ..ResourceDescriptor::named(ITEM)
    };
    static OPEN: ResourceDescriptor = ResourceDescriptor {
        references: &[
            ReferenceDescriptor { nullable: true, ..held(&USER, OnDelete::Restrict) },
            ReferenceDescriptor { list: true, ..held(&USER, OnDelete::Restrict) },
            held(&USER, OnDelete::Cascade).unvalidated(),
        ],
        ..ResourceDescriptor::named(ITEM)
    };
    static RESTRICT: [ResourceEntry; 4] = [entry(&USERS), entry(&ITEMS), entry(&TEAMS), entry(&SELF)];
    static SELF: ResourceDescriptor = ResourceDescriptor {
        references: &[held(&Identity::new("own", "a::Own", "Own"), OnDelete::Restrict)],
        ..ResourceDescriptor::named(Identity::new("own", "a::Own", "Own"))
    };
    static MIXED: [ResourceEntry; 3] = [entry(&USERS), entry(&CASCADING), entry(&TEAMS)];
    let found = problems(&RESTRICT, false);
    assert_eq!(found, [Problem::None, Problem::None, Problem::Cycle, Problem::Cycle]);
    assert_eq!(
        message(&RESTRICT, &found, 2),
        "deleting any of `Item`, `User`, `Team` is impossible: \
         restrict cycle Item.target → User.target → Team.target"
    );
    assert_eq!(
        message(&RESTRICT, &found, 3),
        "deleting any of `Own` is impossible: restrict cycle Own.target"
    );
    let found = problems(&MIXED, false);
    assert_eq!(
        message(&MIXED, &found, 2),
        "no first of `Item`, `User`, `Team` can be created: cascade cycle \
         Item.target → User.target → Team.target; one of these references must be optional"
    );
    assert_eq!(problems(&[entry(&USERS), entry(&OPEN), entry(&TEAMS)], false), [Problem::None; 3]);
}

#[test]
fn a_list_that_denies_by_default_wants_a_permission_of_every_entry() {
    const OPEN: ResourceEntry = ResourceEntry {
        policy: crate::access::Policy { permission: Some(crate::access::open), scope: None },
        ..entry(&OTHER)
    };
    static ENTRIES: [ResourceEntry; 2] = [OPEN, entry(&PLAIN)];
    let found = problems(&ENTRIES, true);
    assert_eq!(found, [Problem::None, Problem::NoPermission]);
    assert_eq!(
        message(&ENTRIES, &found, 1),
        "`User` has no permission rule and the registry denies by default: add one or `permission = open`"
    );
}
