//! The catalog's promises, kept by SQLite and by Postgres. Meshes in object stores are tested through the binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../../tests/homes/postgres.rs"]
mod postgres;

mod commits;
mod leases;
mod lost;
mod opening;
mod place;
mod promises;
