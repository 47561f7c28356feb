//! What the modes of an output port, and deletes, do to rows and files that are there already.
//!
//! Files are immutable, so a row leaves by its file being written again without it. Only files that hold rows which
//! leave are, and those of which nothing stays are only dropped.
mod delete;
mod keys;
mod partitions;
mod rewrite;
mod upsert;

use std::collections::HashSet;

use iceberg::spec::DataFile;

pub(crate) use delete::Condition;
pub(crate) use partitions::{replace_partitions, write_other_partitions};
pub(crate) use rewrite::{measure, rewrite};
pub(crate) use upsert::upsert;

/// What becomes of files that are there already.
#[derive(Debug, Default)]
pub(crate) struct Replaced {
    /// Files that leave.
    pub(crate) removed: HashSet<String>,
    /// Files with those of their rows that stay.
    pub(crate) kept: Vec<DataFile>,
    /// Rows that leave.
    pub(crate) rows: u64,
}
