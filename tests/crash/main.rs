//! The process is killed under load, again and again: every write that was answered is there when it is
//! started anew, and what is there fits together.

include!("suite.rs");
