//! One batch as the rules see it: columns by index, predicates answered, place in the data.
use arrow::array::{Array, ArrayRef};

use crate::bits::Bits;
use crate::evidence::Field;

/// Where a batch comes from, so that a violating row can be named. Its rows follow each other in the file; a batch
/// with gaps is given in slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowOrigin {
    /// Index of the file among those of the scan; [`crate::Context::files`] has the names.
    pub file: u32,
    /// Position of the batch's first row in that file, from 0 as in Iceberg's `_pos`.
    pub first_row: u64,
}

/// One batch, resolved against the suite.
pub(crate) struct Frame<'a> {
    /// Number of rows.
    pub(crate) rows: usize,
    /// Where they come from.
    pub(crate) origin: RowOrigin,
    /// The suite's columns, each with its name; `None` where the batch lacks it.
    pub(crate) columns: &'a [(String, Option<ArrayRef>)],
    /// For each predicate of the suite, the rows for which it is true.
    pub(crate) predicates: &'a [Result<Bits, String>],
    /// Columns that name a row to people: the contract's key.
    pub(crate) key: &'a [Field],
}

impl Frame<'_> {
    /// A column by its index in the suite.
    pub(crate) fn column(&self, index: usize) -> Result<&ArrayRef, String> {
        let (name, array) = &self.columns[index];
        array.as_ref().ok_or_else(|| format!("the batch has no column `{name}`"))
    }

    /// A predicate's answer by its index in the suite.
    pub(crate) fn predicate(&self, index: usize) -> Result<&Bits, String> {
        self.predicates[index].as_ref().map_err(Clone::clone)
    }
}

/// A batch and the rows of it that one check speaks of.
pub(crate) struct View<'a> {
    /// The batch.
    pub(crate) frame: &'a Frame<'a>,
    /// The rows in scope, if not all.
    pub(crate) scope: Option<&'a Bits>,
    /// Their number.
    pub(crate) in_scope: u64,
}

impl View<'_> {
    /// How many rows in scope are null in the column.
    pub(crate) fn nulls(&self, column: &ArrayRef) -> u64 {
        let Some(scope) = self.scope else { return column.logical_null_count() as u64 };
        let Some(nulls) = column.logical_nulls() else { return 0 };
        let mut bits = Bits::default();
        bits.reset(self.frame.rows);
        bits.set_nulls(&nulls);
        bits.keep(scope);
        bits.count()
    }

    /// Whether a row is in scope.
    pub(crate) fn has(&self, row: usize) -> bool {
        self.scope.is_none_or(|scope| scope.get(row))
    }
}
