//! Landed resources as Arrow record batches.
mod column;
mod csv;
mod encoding;
mod guess;
mod infer;
mod input;
mod json;
mod kind;
mod parquet;
mod schema;
mod split;
mod value;
mod window;

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use meshwright_spec::{DataType, Format, Source};

pub use infer::infer;
pub use schema::arrow_schema;
pub use split::{Batches, Split};

use crate::data_error::DataError;
use crate::landing::Resource;

/// How much is held at a time. The defaults serve; tests make the pieces small.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Rows of a batch, at most.
    pub batch_rows: usize,
    /// Bytes of text read at a time.
    pub chunk_bytes: usize,
    /// A split is not made smaller than this.
    pub min_split_bytes: u64,
    /// Text columns of a Parquet file that are dictionaries throughout stay dictionaries, other text stays where it was
    /// decoded (`Utf8View`): for readers that know what to do with both.
    pub as_stored: bool,
    /// Every row group of a Parquet file is a split of its own, in the file's order.
    pub row_groups: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { batch_rows: 8192, chunk_bytes: 256 << 10, min_split_bytes: 1 << 20, as_stored: false, row_groups: false }
    }
}

/// Longest CSV record or JSON object: beyond it a quote or brace was never closed.
const MAX_RECORD: usize = 64 << 20;

/// Text that a batch is made from, at most, so that long values make short batches.
const MAX_BATCH_BYTES: usize = 16 << 20;

/// What all splits of one reading share.
#[derive(Debug, Clone)]
struct Task {
    source: Source,
    /// All declared columns: every file must have them, whether they are read or not.
    declared: Vec<(String, DataType)>,
    /// Indices of the columns that are read.
    projection: Vec<usize>,
    /// Schema of the batches.
    schema: SchemaRef,
    options: ReadOptions,
}

impl Task {
    /// The columns that are read, in order.
    fn wanted(&self) -> impl ExactSizeIterator<Item = &(String, DataType)> {
        self.projection.iter().map(|at| &self.declared[*at])
    }
}

/// Reads resources in at most `parallelism` splits that together hold all rows.
///
/// - `columns` are those declared or inferred; batches hold them in this order, or those that `projection` picks by
///   index, in the order of the projection. All are nullable: what must not be null is a matter of the contract.
/// - CSV and Parquet columns are matched by name; what a file has beyond them is ignored.
/// - Rows of a file keep their order, files the order of `resources`, splits the order of rows.
/// - Splits are opened on threads of their own: their iterators block.
pub fn reader(
    resources: &[Resource],
    source: &Source,
    columns: &[(String, DataType)],
    projection: Option<&[usize]>,
    parallelism: usize,
) -> Result<Vec<Split>, Box<DataError>> {
    reader_with(resources, source, columns, projection, parallelism, &ReadOptions::default())
}

/// [`reader`] with other sizes.
pub fn reader_with(
    resources: &[Resource],
    source: &Source,
    columns: &[(String, DataType)],
    projection: Option<&[usize]>,
    parallelism: usize,
    options: &ReadOptions,
) -> Result<Vec<Split>, Box<DataError>> {
    let projection: Vec<usize> = match projection {
        Some(picked) => picked.iter().copied().filter(|at| *at < columns.len()).collect(),
        None => (0..columns.len()).collect(),
    };
    let picked: Vec<_> = projection.iter().map(|at| columns[*at].clone()).collect();
    let task = Arc::new(Task {
        source: source.clone(),
        declared: columns.to_vec(),
        schema: arrow_schema(&picked),
        projection,
        options: options.clone(),
    });
    match &source.format {
        Format::Csv { .. } => csv::splits(&task, resources, parallelism),
        Format::Ndjson | Format::Json => json::splits(&task, resources, parallelism),
        Format::Parquet => parquet::splits(&task, resources, parallelism),
    }
}
