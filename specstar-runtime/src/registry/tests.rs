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
    let found = problems(&ENTRIES);
    assert_eq!(found, [Problem::None, Problem::DuplicateName(0)]);
    assert_eq!(
        message(&ENTRIES, &found, 1),
        "duplicate resource name `USER`: used by `a::User` and `b::User`"
    );
}

#[test]
fn targets_may_come_later_in_the_list_but_must_come() {
    static SHORT: [ResourceEntry; 2] = [entry(&LINKED), entry(&PLAIN)];
    let found = problems(&SHORT);
    assert_eq!(found, [Problem::UnregisteredTarget(1), Problem::None]);
    assert_eq!(message(&SHORT, &found, 0), "`Link::target` refers to `Team`, which is not registered");
    assert_eq!(problems(&[entry(&LINKED), entry(&PLAIN), entry(&OTHER)]), [Problem::None; 3]);
}

#[test]
fn failed_derives_are_passed_over() {
    assert_eq!(problems(&[entry(&FAILED), entry(&FAILED)]), [Problem::None; 2]);
}
