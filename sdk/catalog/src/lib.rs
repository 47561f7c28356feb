//! The shared catalog: Iceberg tables and the registry in one database.
//!
//! - [`Catalog`] opens a mesh by its URL and is the only thing that talks SQL to it.
//! - `tables`: table pointers in the JDBC-catalog schema that pyiceberg, Spark and Trino know, snapshots of any kind on
//!   any branch, and commits by compare-and-swap. Everything upstream `iceberg` will one day offer lives in there.
//! - `registry`: products, ports, contracts, runs, releases, check results and lineage.
//! - [`Catalog::release`] moves all ports of a product and writes its records in ONE transaction, or nothing.

mod database;
mod dialect;
mod error;
mod home;
mod lease;
mod local;
mod objects;
mod registry;
mod release;
mod schema;
mod tables;
mod whole_file;

pub use database::Catalog;
pub use error::{Error, Kind, Result};
pub use home::{Database, Home};
pub use registry::{
    CheckRecord, CheckedRun, ContractRecord, Decided, Decision, ErasureRecord, Held, InputRecord, LineageEdge, Need,
    PortRecord, ProductRecord, Published, RegistryText, ReleaseRecord, ReleasedPort, RunGuard, RunOutcome, RunRecord,
    SearchHit, Waiver,
};
pub use release::{Finish, NewRelease};
pub use tables::{
    Applied, Change, Expiry, Fate, GoneRef, GoneSnapshot, HistoryFile, Layout, Leftovers, Moved, NamedSnapshot,
    NewTable, Orphan, Produced, Reach, RefKind, Removed, Retention, Retold, Staged, StoredFile, TableChange, Turn,
    carried, ident_of, inside, local, normal, refs, same_rows, stored_files,
};
