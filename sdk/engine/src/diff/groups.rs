//! A batch of rows in the order of their key, with comparators for every column.
use std::cmp::Ordering;

use arrow::array::{Array, ArrayRef, AsArray, DynComparator, RecordBatch, make_comparator};
use arrow::compute::SortOptions;
use arrow::datatypes::Int8Type;
use arrow::error::ArrowError;

use super::canonical::canonical;
use super::columns::Columns;

/// Rows of one batch, compared with each other.
pub(super) struct Groups {
    values: Vec<ArrayRef>,
    side: ArrayRef,
    key: Vec<DynComparator>,
    /// By position; only columns that both states have and that are not of the key.
    cells: Vec<(usize, DynComparator)>,
    rows: usize,
}

impl Groups {
    pub(super) fn new(batch: &RecordBatch, columns: &Columns) -> Result<Self, ArrowError> {
        let width = columns.matched.len();
        let values: Vec<ArrayRef> = batch.columns()[..width].iter().map(canonical).collect();
        let within = |at: usize| make_comparator(&values[at], &values[at], SortOptions::default());
        let key = columns.key.iter().map(|at| within(*at)).collect::<Result<_, _>>()?;
        let compared = (0..width).filter(|at| columns.matched[*at].in_both() && !columns.key.contains(at));
        let cells = compared.map(|at| Ok((at, within(at)?))).collect::<Result<_, ArrowError>>()?;
        Ok(Self { side: batch.column(width).clone(), key, cells, rows: batch.num_rows(), values })
    }

    /// One past the last row with the key of this one.
    pub(super) fn end(&self, start: usize) -> usize {
        let same = |row: usize| self.key.iter().all(|compare| compare(start, row) == Ordering::Equal);
        (start + 1..self.rows).find(|row| !same(*row)).unwrap_or(self.rows)
    }

    /// Whether a row is of the newer state.
    pub(super) fn is_newer(&self, row: usize) -> bool {
        self.side.as_primitive::<Int8Type>().value(row) == 1
    }

    /// Columns in which two rows differ.
    pub(super) fn differing(&self, a: usize, b: usize) -> impl Iterator<Item = usize> {
        self.cells.iter().filter(move |(_, compare)| compare(a, b) != Ordering::Equal).map(|(at, _)| *at)
    }

    pub(super) fn is_null(&self, column: usize, row: usize) -> bool {
        self.values[column].is_null(row)
    }
}
