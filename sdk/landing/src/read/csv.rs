//! Separated values: RFC 4180, with any delimiter, quote, null spelling and encoding.
//!
//! - A field that starts with a quote ends with one, and nothing but the delimiter may follow; quotes inside are doubled.
//! - A quote inside an unquoted field stands for itself.
//! - Lines end with `\n` or `\r\n`; empty lines are skipped.
//! - A field is null when its text is a null spelling, quoted or not.
mod batches;
mod boundary;
mod fault;
mod header;
mod sample;
mod tokens;

use std::io;
use std::sync::Arc;

use meshwright_spec::{Format, Source};

pub(super) use header::missing;
pub(super) use sample::infer;

use super::Task;
use super::input::{Input, fault};
use super::split::{Cuts, Piece, PieceBatches, Split, splits as erased};
use crate::data_error::DataError;
use crate::landing::Resource;

/// How fields and records are told apart.
#[derive(Debug, Clone, Copy)]
struct Dialect {
    delimiter: u8,
    quote: u8,
}

/// Spellings of null.
#[derive(Debug, Clone)]
struct Nulls {
    empty: bool,
    others: Vec<Vec<u8>>,
}

impl Nulls {
    fn of(source: &Source) -> Self {
        let Format::Csv { null, .. } = &source.format else { return Self { empty: true, others: vec![] } };
        let others = null.iter().filter(|text| !text.is_empty()).map(|text| text.as_bytes().to_vec()).collect();
        Self { empty: null.is_empty() || null.iter().any(String::is_empty), others }
    }

    #[inline]
    fn is_null(&self, text: &[u8]) -> bool {
        if text.is_empty() { self.empty } else { self.others.iter().any(|null| null == text) }
    }
}

impl Dialect {
    fn of(source: &Source) -> Self {
        match &source.format {
            Format::Csv { delimiter, quote, .. } => Self { delimiter: *delimiter, quote: *quote },
            _ => Self { delimiter: b',', quote: b'"' },
        }
    }
}

/// A file and what its header says.
#[derive(Debug)]
struct Table {
    input: Input,
    /// Fields of every record.
    width: usize,
    /// For each column that is read, the field it is in.
    fields: Vec<usize>,
    /// Where the records start.
    start: u64,
}

/// Records of a table from one offset to another one or the end.
struct Records {
    table: Arc<Table>,
    from: u64,
    to: Option<u64>,
}

impl Piece for Records {
    fn open(&self, task: &Arc<Task>) -> Result<PieceBatches, Box<DataError>> {
        Ok(Box::new(batches::CsvBatches::open(task, &self.table, self.from, self.to)?))
    }
}

/// Plans the reading: headers are matched, and big files cut between records.
pub(super) fn splits(
    task: &Arc<Task>,
    resources: &[Resource],
    parallelism: usize,
) -> Result<Vec<Split>, Box<DataError>> {
    let mut tables = Vec::with_capacity(resources.len());
    for resource in resources {
        tables.push(Arc::new(header::table(task, resource)?));
    }
    let total = tables.iter().map(|table| table.input.weight()).sum();
    let cuts = Cuts::new(total, parallelism, task.options.min_split_bytes);
    let mut pieces = Vec::new();
    let mut start = 0;
    for table in tables {
        let weight = table.input.weight();
        let mut borders = vec![table.start];
        if table.input.is_plain() {
            let targets = cuts.inside(start, weight);
            let (dialect, chunk) = (Dialect::of(&task.source), task.options.chunk_bytes);
            let found = boundary::record_starts(&table.input, table.start, &targets, dialect, chunk);
            borders.extend(found.map_err(|error: io::Error| fault(&table.input, &task.source, &error))?);
            borders.dedup();
        }
        for (at, from) in borders.iter().enumerate() {
            let to = borders.get(at + 1).copied().or_else(|| table.input.length());
            // the first piece starts where the file does, so that a long header moves nothing
            let place = if at == 0 { start } else { start + from };
            pieces.push((place, Records { table: table.clone(), from: *from, to }));
        }
        start += weight;
    }
    Ok(erased(task, cuts.deal(pieces)))
}
