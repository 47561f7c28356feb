//! The suite across crates: the real binary as a person uses it, each test with a mesh of its own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(missing_docs, unreachable_pub, reason = "nobody depends on tests")]

#[path = "../homes/mod.rs"]
mod homes_of;

mod agreement;
mod at_once;
mod bad_data;
mod bad_files;
mod check_deliveries;
mod check_files;
mod commit;
mod commits;
mod contracts;
mod diff;
mod erase;
mod evolution;
mod foreign_deletes;
mod history;
mod homes;
mod interop;
mod json;
mod killed;
mod killed_writers;
mod members;
mod modes;
mod moments;
mod pages;
mod places;
mod profiles;
mod promises;
mod quarantine;
mod queries;
mod query_formats;
mod reading;
mod real_data;
mod reference_products;
mod rejection;
mod relocate;
mod rollback;
mod rust_flavor;
mod scaffold;
mod shop;
mod steps;
mod stored;
mod support;
mod upkeep;
mod upkeep_killed;
mod vectors;
mod vocabulary;
mod writes;
