//! What the framework does, seen through HTTP and through its repositories: real applications, real sockets,
//! a fresh database file per test.

include!("suite.rs");
