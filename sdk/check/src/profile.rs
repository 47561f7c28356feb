//! What the values of every column are like: one pass, bounded memory, states that merge.
mod column;
mod distinct;
mod frequent;
mod numbers;
mod quantiles;
mod report;
mod sensitive;
mod shape;
mod texts;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

pub(crate) use column::ColumnState;
pub use distinct::DistinctCount;
pub use numbers::{Bin, Summary};
pub(crate) use quantiles::Quantiles as NumberSketch;
pub(crate) use report::MASKED;
pub use report::{ColumnProfile, Pattern, Profile, TopValue};
pub(crate) use shape::{is_whole, shape};
pub use texts::Lengths;

/// What one thread has seen of the data. Each thread feeds its own; they are merged and then finished.
///
/// ```
/// # use arrow::array::RecordBatch;
/// # fn profile(batches: &[RecordBatch]) -> meshwright_check::Profile {
/// let mut profiler = meshwright_check::Profiler::new(&batches[0].schema());
/// for batch in batches {
///     profiler.update(batch);
/// }
/// profiler.finish()
/// # }
/// ```
///
/// Memory is bounded by the number of columns, whatever the number of rows: counts of different values are exact up to
/// 65,536 and estimated beyond, quantiles are exact up to 16,384 numbers, frequencies up to 2,048 values. The profile
/// says of each figure which it is.
#[derive(Debug, Clone)]
pub struct Profiler {
    rows: u64,
    columns: Vec<ColumnState>,
    /// Columns whose values must not be shown, besides those that look like it.
    secret: Vec<String>,
}

impl Profiler {
    /// Starts with the columns of a schema.
    pub fn new(schema: &SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|field| ColumnState::new(field)).collect();
        Self { rows: 0, columns, secret: vec![] }
    }

    /// Names columns whose values must not be shown, such as those that a contract tags `pii`.
    pub fn with_secret(mut self, columns: impl IntoIterator<Item = String>) -> Self {
        self.secret.extend(columns);
        self
    }

    /// Takes in a batch; its columns are found by name, one that it lacks counts as null.
    pub fn update(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows() as u64;
        for column in &mut self.columns {
            match batch.column_by_name(column.name()) {
                Some(array) => column.update(array),
                None => column.lacking(batch.num_rows() as u64),
            }
        }
    }

    /// Takes in what another profiler of the same schema has seen.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.columns.iter_mut().zip(&other.columns).for_each(|(mine, theirs)| mine.merge(theirs));
    }

    /// Ends the pass.
    pub fn finish(self) -> Profile {
        let Self { rows, columns, secret } = self;
        let columns = columns
            .into_iter()
            .map(|column| {
                let tagged = secret.iter().any(|name| name == column.name());
                column.finish(rows, tagged)
            })
            .collect();
        Profile { rows, columns }
    }
}
