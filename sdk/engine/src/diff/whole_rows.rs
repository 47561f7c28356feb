//! Rows without a key: how many equal ones each state has.
use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::Int8Type;
use arrow::error::ArrowError;

use super::sides::{HASH, SIDE};

/// Rows in the order of their fingerprints; equal ones are counted, never kept.
#[derive(Default)]
pub(super) struct Runs {
    open: Option<Run>,
}

/// Equal rows of both states.
pub(super) struct Run {
    hash: Vec<u8>,
    place: Place,
    /// How many the older and the newer state have.
    pub(super) counts: [u64; 2],
}

/// Where one of the rows is.
enum Place {
    /// In the batch that is being read.
    Row(usize),
    /// By itself.
    Kept(RecordBatch),
}

impl Runs {
    /// Runs that end within this batch.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<Vec<Run>, ArrowError> {
        let mut ended = vec![];
        let found = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("rows without `{name}`")))
        };
        let hashes = found(HASH)?.as_fixed_size_binary();
        let sides = found(SIDE)?.as_primitive::<Int8Type>();
        for row in 0..batch.num_rows() {
            let hash = hashes.value(row);
            let newer = usize::from(sides.value(row) == 1);
            match &mut self.open {
                Some(run) if run.hash == hash => run.counts[newer] += 1,
                _ => {
                    let mut counts = [0, 0];
                    counts[newer] = 1;
                    ended.extend(self.open.replace(Run { hash: hash.to_vec(), place: Place::Row(row), counts }));
                }
            }
        }
        for run in ended.iter_mut().filter(|run| run.counts[0] != run.counts[1]).chain(&mut self.open) {
            run.keep(batch)?;
        }
        Ok(ended)
    }

    /// The last run.
    pub(super) fn end(&mut self) -> Option<Run> {
        self.open.take()
    }
}

impl Run {
    /// A copy of one row, not a view that keeps its batch alive.
    fn keep(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        if let Place::Row(row) = self.place {
            self.place = Place::Kept(take_record_batch(batch, &UInt32Array::from(vec![row as u32]))?);
        }
        Ok(())
    }

    /// One of the rows, where the states have not as many of them.
    pub(super) fn row(&self) -> Option<&RecordBatch> {
        match &self.place {
            Place::Kept(row) => Some(row),
            Place::Row(_) => None,
        }
    }
}
