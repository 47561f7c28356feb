//! The landing crate through its public interface.

// a test that panics says enough, and one that is skipped says so
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod any_bytes;
mod collect;
#[path = "../../../../tests/memory/counting.rs"]
mod counting;
mod csv;
mod cuts;
mod http;
mod json;
mod mistakes;
mod parquet;
mod shared;
mod support;
