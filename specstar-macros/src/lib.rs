//! The derive macros of specstar.
