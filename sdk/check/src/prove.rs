//! What metadata say of the rows of a file or of one of its row groups, and so of a check, before any row is read.
//!
//! Ranges of floats are never taken from there: Parquet's statistics leave NaN out.
use std::collections::HashMap;

use arrow::array::ArrayRef;

/// What is known of one file, or of some row groups of it, without reading their rows.
#[derive(Debug, Clone, Default)]
pub struct FileFacts {
    /// How many rows these are.
    pub rows: u64,
    /// What is known of its columns, by name.
    pub columns: HashMap<String, ColumnFacts>,
}

/// What is known of one column of a file; nothing is claimed where it is `None`.
#[derive(Debug, Clone, Default)]
pub struct ColumnFacts {
    /// How many rows are null.
    pub nulls: Option<u64>,
    /// Smallest and largest value, exactly, of a column whose values are integers in memory; in the column's own unit.
    pub range: Option<(i128, i128)>,
    /// All different values of the column, and perhaps some that no row has: texts, or numbers of the column's own type.
    pub values: Option<ArrayRef>,
}

/// The facts as rules see them: columns by index in the suite.
pub(crate) struct Facts<'a> {
    pub(crate) file: &'a FileFacts,
    pub(crate) columns: &'a [String],
}

impl Facts<'_> {
    /// Rows of the file.
    pub(crate) fn rows(&self) -> u64 {
        self.file.rows
    }

    /// What is known of a column.
    pub(crate) fn column(&self, index: usize) -> Option<&ColumnFacts> {
        self.file.columns.get(&self.columns[index])
    }
}
