//! Batches of records: text is cut into fields, and fields become columns.
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};

use super::fault::{bad_value, malformed, nested};
use super::tokens::{Fault, Field};
use super::{Dialect, Nulls, Table};
use crate::code;
use crate::data_error::DataError;
use crate::read::column::{Cells, Column};
use crate::read::window::{Next, Window};
use crate::read::{MAX_BATCH_BYTES, Task};

/// Fields looked at together, so that their places stay in the cache while column after column is made of them.
const FIELDS_AT_ONCE: usize = 16 << 10;

/// Batches of one range of a file.
pub(super) struct CsvBatches {
    task: Arc<Task>,
    table: Arc<Table>,
    dialect: Dialect,
    nulls: Nulls,
    window: Window,
    columns: Vec<Column>,
    fields: Vec<Field>,
    scratch: Vec<u8>,
    done: bool,
}

impl CsvBatches {
    pub(super) fn open(
        task: &Arc<Task>,
        table: &Arc<Table>,
        from: u64,
        to: Option<u64>,
    ) -> Result<Self, Box<DataError>> {
        let source = &task.source;
        let mut columns = Vec::with_capacity(task.projection.len());
        for (name, data_type) in task.wanted() {
            columns.push(Column::new(data_type).ok_or_else(|| nested(source, &table.input, name, data_type))?);
        }
        Ok(Self {
            task: task.clone(),
            table: table.clone(),
            dialect: Dialect::of(source),
            nulls: Nulls::of(source),
            window: Window::open(&table.input, source, from, to, task.options.chunk_bytes)?,
            columns,
            fields: Vec::new(),
            scratch: Vec::new(),
            done: false,
        })
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>, Box<DataError>> {
        let width = self.table.width;
        let at_once = (FIELDS_AT_ONCE / width.max(1)).max(1);
        let (mut rows, mut bytes) = (0, 0);
        let (task, table) = (self.task.clone(), self.table.clone());
        while rows < task.options.batch_rows && bytes < MAX_BATCH_BYTES {
            let limit = at_once.min(task.options.batch_rows - rows);
            self.fields.clear();
            let found =
                self.dialect.records(self.window.text(), self.window.is_last(), Some(width), limit, &mut self.fields);
            self.take(found.records, found.consumed)?;
            rows += found.records;
            bytes += found.consumed;
            if let Some(fault) = found.fault {
                let expected = Some(width);
                return Err(malformed(&table.input, &task.source, &self.window, found.consumed, fault, expected));
            }
            if found.records == limit {
                self.window.consume(found.consumed);
                continue;
            }
            match self.window.next(&table.input, &task.source, found.consumed)? {
                Next::More => {}
                Next::End => {
                    self.done = true;
                    break;
                }
                Next::TooLong => {
                    return Err(malformed(&table.input, &task.source, &self.window, 0, Fault::Unclosed, Some(width)));
                }
            }
        }
        if rows == 0 {
            return Ok(None);
        }
        let broken = |error| DataError::new(code::MALFORMED, &task.source, &table.input.shown, error);
        let arrays: Result<_, _> = self.columns.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        arrays
            .and_then(|arrays| RecordBatch::try_new_with_options(task.schema.clone(), arrays, &options))
            .map(Some)
            .map_err(broken)
    }

    /// Appends the records that were found to the columns.
    fn take(&mut self, records: usize, consumed: usize) -> Result<(), Box<DataError>> {
        let (input, source) = (&self.table.input, &self.task.source);
        self.window.prove(input, source, consumed)?;
        // the first value in the file that does not fit, not the first column's
        let mut bad: Option<(usize, usize)> = None;
        for (at, column) in self.columns.iter_mut().enumerate() {
            let cells = Cell {
                text: self.window.text(),
                fields: &self.fields,
                width: self.table.width,
                field: self.table.fields[at],
                rows: records,
                quote: self.dialect.quote,
                nulls: &self.nulls,
            };
            if let Err(row) = column.fill(&cells, &mut self.scratch)
                && bad.is_none_or(|(first, _)| row < first)
            {
                bad = Some((row, at));
            }
        }
        match bad {
            None => Ok(()),
            Some((row, at)) => {
                let field = self.fields[row * self.table.width + self.table.fields[at]];
                let column = &self.task.declared[self.task.projection[at]];
                Err(bad_value(input, source, &self.window, field, column))
            }
        }
    }
}

impl Iterator for CsvBatches {
    type Item = Result<RecordBatch, Box<DataError>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self.batch();
        self.done |= batch.is_err();
        batch.transpose()
    }
}

/// One column of the records in a buffer.
struct Cell<'a> {
    text: &'a [u8],
    fields: &'a [Field],
    width: usize,
    field: usize,
    rows: usize,
    quote: u8,
    nulls: &'a Nulls,
}

impl Cells for Cell<'_> {
    fn rows(&self) -> usize {
        self.rows
    }

    #[inline]
    fn get<'a>(&'a self, row: usize, scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        let text = self.fields[row * self.width + self.field].text(self.text, self.quote, scratch);
        (!self.nulls.is_null(text)).then_some(text)
    }
}
