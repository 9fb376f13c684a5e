//! The same suite on PostgreSQL: a throwaway cluster for all tests, a fresh schema per test.

include!("suite.rs");
