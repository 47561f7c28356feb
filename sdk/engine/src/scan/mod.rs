//! Reads a snapshot of an Iceberg table as a DataFusion table.
//!
//! [`IcebergTable`] reads the snapshot's manifests itself, keeps the files that can hold matching rows and gives them
//! to DataFusion's own Parquet scan, so that every core, row-group and page pruning and dynamic filters take part.
//!
//! Invariants, each held by a test:
//! - a query returns what the same query over all rows in memory returns, whatever was pruned;
//! - the rows and files found are compared with what the snapshot says before anything is pruned: a table that lost
//!   something is an error, never a shorter answer;
//! - columns are found by field id at any depth, so renamed, swapped, promoted, dropped and re-added ones read right;
//! - NaN is never pruned away, although Parquet statistics do not mention it;
//! - what cannot be read rightly is refused with the reason.
//!
//! How a query flows: `provider` asks `snapshot` for the live files, `pruning` drops some by what `column`
//! knows about each column of each file, `parquet` builds the scan of the rest, `merge` takes away deleted rows.
//! While it runs, `reader` and `footer` open files and `field_ids` maps their columns.

mod provider;

mod settings;

mod snapshot;

mod part;

mod deletes;

mod column;

mod statistics;

mod pruning;

mod parquet;

mod merge;

mod deleted_keys;

mod position_deletes;

mod reader;

mod footer;

mod field_ids;

mod nested;

mod names;

mod cache;

#[cfg(test)]
mod tests;

pub(crate) use part::FilePart;
pub use provider::{IcebergTable, Pruning};
pub use settings::session_config;
pub use snapshot::{DataFileInfo, files};

use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::error::DataFusionError;

/// The value behind a lock; a panic elsewhere leaves nothing half-written in the values kept here.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error of the storage or table layer as DataFusion carries it; the cause stays reachable by downcast.
fn external(error: iceberg::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The table says one thing and its files another.
fn damaged(message: String) -> iceberg::Error {
    iceberg::Error::new(iceberg::ErrorKind::DataInvalid, message)
}

/// The table is sound but this reader would not read it rightly.
fn unsupported(message: String) -> iceberg::Error {
    iceberg::Error::new(iceberg::ErrorKind::FeatureUnsupported, message)
}
