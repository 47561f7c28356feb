//! The keys of new rows: which files can hold one of them, and which rows do.
use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::error::Result as DataFusionResult;

use super::rewrite::Leaving;
use crate::failure::Result;

/// Keys in memory.
pub(super) struct KeySet {
    columns: Vec<String>,
    converter: RowConverter,
    keys: HashSet<Box<[u8]>>,
    /// The values of each column by themselves.
    values: Vec<Values>,
}

impl KeySet {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self> {
        let fields = || schema.fields().iter().map(|f| SortField::new(f.data_type().clone()));
        Ok(Self {
            columns: schema.fields().iter().map(|f| f.name().clone()).collect(),
            converter: RowConverter::new(fields().collect())?,
            keys: HashSet::new(),
            values: fields().map(Values::new).collect::<Result<_>>()?,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Adds keys; the batch has the key's columns in order.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = self.converter.convert_columns(batch.columns())?;
        self.keys.extend(rows.iter().map(|row| Box::from(row.as_ref())));
        for (values, column) in self.values.iter_mut().zip(batch.columns()) {
            values.add(column)?;
        }
        Ok(())
    }

    /// Whether each file can hold one of the keys, by the bounds of its key columns.
    pub(super) fn can_hold(&mut self, column: usize, bounds: &(ArrayRef, ArrayRef)) -> Result<Vec<bool>> {
        self.values[column].any_within(bounds)
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} keys", self.keys.len())
    }
}

impl Leaving for KeySet {
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn of(&self, rows: &RecordBatch) -> DataFusionResult<BooleanArray> {
        let rows = self.converter.convert_columns(rows.columns())?;
        Ok(rows.iter().map(|row| Some(self.keys.contains(row.as_ref()))).collect())
    }
}

/// All values of one column, in a form that sorts as they do.
struct Values {
    converter: RowConverter,
    chunks: Vec<Rows>,
    /// Chunk and place of each value, in their order.
    order: Option<Vec<(u32, u32)>>,
}

impl Values {
    fn new(field: SortField) -> Result<Self> {
        Ok(Self { converter: RowConverter::new(vec![field])?, chunks: vec![], order: None })
    }

    fn add(&mut self, column: &ArrayRef) -> Result<()> {
        self.chunks.push(self.converter.convert_columns(std::slice::from_ref(column))?);
        self.order = None;
        Ok(())
    }

    fn any_within(&mut self, (low, high): &(ArrayRef, ArrayRef)) -> Result<Vec<bool>> {
        let chunks = &self.chunks;
        let order = self.order.get_or_insert_with(|| {
            let places = chunks.iter().enumerate();
            let mut order: Vec<(u32, u32)> =
                places.flat_map(|(c, rows)| (0..rows.num_rows()).map(move |r| (c as u32, r as u32))).collect();
            order.sort_unstable_by_key(|(c, r)| chunks[*c as usize].row(*r as usize));
            order
        });
        let lows = self.converter.convert_columns(std::slice::from_ref(low))?;
        let highs = self.converter.convert_columns(std::slice::from_ref(high))?;
        let within = |file: usize| {
            if low.is_null(file) || high.is_null(file) {
                return true;
            }
            let at = order.partition_point(|(c, r)| chunks[*c as usize].row(*r as usize) < lows.row(file));
            order.get(at).is_some_and(|(c, r)| chunks[*c as usize].row(*r as usize) <= highs.row(file))
        };
        Ok((0..low.len()).map(within).collect())
    }
}
