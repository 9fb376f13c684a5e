//! Every message of the derive, pinned with its text and its place.

use std::path::Path;

#[test]
fn messages() {
    lock();
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/*/row*.rs");
}

/// The cases are compiled as a crate of their own, and the lock file stands beside its `Cargo.toml`.
fn lock() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it is inside the target folder");
    let folder = target.join("tests/trybuild/specstar");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    std::fs::copy("tests/ui/schema/specstar.lock.json", folder.join("specstar.lock.json"))
        .expect("the lock file can be copied");
}
