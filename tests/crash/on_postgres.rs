//! The same suite on PostgreSQL, whose server is also killed, cut off and restarted.

include!("suite.rs");
