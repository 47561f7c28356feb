//! Rows in any order, written to one file per partition, with only so many files open at a time.
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arrow::array::{Array, RecordBatch, StructArray, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::row::{OwnedRow, RowConverter, SortField};
use iceberg::arrow::{PartitionValueCalculator, arrow_struct_to_literal};
use iceberg::spec::{DataFile, Literal, PartitionKey, PartitionSpecRef, SchemaRef, Struct};
use iceberg::writer::{IcebergWriter, IcebergWriterBuilder};
use meshwright_catalog::{Error, Kind};

use super::Builder;
use super::spill::Spill;
use crate::failure::Result;

/// Partitions that one task writes at the same time; each holds a row group in memory.
const OPEN: usize = 32;
/// How often rows are set aside; after that every partition is opened.
const DEPTH: usize = 6;

/// Writes rows to the files of their partitions. Rows of partitions beyond the first few are set aside on disk and
/// written when those are closed, so that memory is bounded however many partitions there are.
pub(super) struct Fan {
    partitions: Partitions,
    builder: Builder,
    open: HashMap<OwnedRow, <Builder as IcebergWriterBuilder>::R>,
    aside: Option<Spill>,
    depth: usize,
    files: Vec<DataFile>,
    hasher: RandomState,
}

impl Fan {
    pub(super) fn new(schema: SchemaRef, spec: PartitionSpecRef, builder: Builder) -> Result<Self> {
        let (partitions, hasher) = (Partitions::new(schema, spec)?, RandomState::new());
        Ok(Self { partitions, builder, open: HashMap::new(), aside: None, depth: 0, files: vec![], hasher })
    }

    pub(super) async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        for (row, places) in self.partitions.group(&batch)? {
            let part = if places.len() == batch.num_rows() {
                batch.clone()
            } else {
                take_record_batch(&batch, &UInt32Array::from(places))?
            };
            if let Some(writer) = self.open.get_mut(&row) {
                writer.write(part).await?;
            } else if self.open.len() < OPEN || self.depth >= DEPTH {
                let mut writer = self.builder.build(Some(self.partitions.key(&part)?)).await?;
                writer.write(part).await?;
                self.open.insert(row, writer);
            } else {
                let hash = self.hasher.hash_one((self.depth, &row));
                let aside = match &mut self.aside {
                    Some(aside) => aside,
                    none => none.insert(Spill::new(part.schema())),
                };
                aside.write(hash, &part)?;
            }
        }
        Ok(())
    }

    pub(super) async fn close(mut self) -> Result<Vec<DataFile>> {
        self.finish().await?;
        // depth first, so that only one pile of each depth is on disk and the number of files open stays what it is
        let mut piles = self.aside.take().map(Spill::close).transpose()?.unwrap_or_default();
        let mut depths = vec![1; piles.len()];
        while let (Some(pile), Some(depth)) = (piles.pop(), depths.pop()) {
            self.depth = depth;
            for batch in pile.rows()? {
                self.write(batch?).await?;
            }
            self.finish().await?;
            if let Some(aside) = self.aside.take() {
                let more = aside.close()?;
                depths.extend(std::iter::repeat_n(depth + 1, more.len()));
                piles.extend(more);
            }
        }
        Ok(self.files)
    }

    /// Closes every open file.
    async fn finish(&mut self) -> Result<()> {
        for (_, mut writer) in self.open.drain() {
            self.files.extend(writer.close().await?);
        }
        Ok(())
    }
}

/// Which partition each row belongs to.
pub(crate) struct Partitions {
    schema: SchemaRef,
    spec: PartitionSpecRef,
    calculator: PartitionValueCalculator,
    rows: RowConverter,
}

impl Partitions {
    pub(crate) fn new(schema: SchemaRef, spec: PartitionSpecRef) -> Result<Self> {
        let calculator = PartitionValueCalculator::try_new(&spec, &schema)?;
        let arrow::datatypes::DataType::Struct(fields) = calculator.partition_arrow_type() else {
            return Err(Error::new(Kind::Unexpected, "partition values are no struct").into());
        };
        let fields = fields.iter().map(|f| SortField::new(f.data_type().clone())).collect();
        Ok(Self { rows: RowConverter::new(fields)?, calculator, schema, spec })
    }

    /// The places of each partition's rows.
    fn group(&self, batch: &RecordBatch) -> Result<Vec<(OwnedRow, Vec<u32>)>> {
        let values = self.values(batch)?;
        let rows = self.rows.convert_columns(values.columns())?;
        let mut groups: HashMap<_, Vec<u32>> = HashMap::new();
        for (place, row) in rows.iter().enumerate() {
            groups.entry(row).or_default().push(place as u32);
        }
        Ok(groups.into_iter().map(|(row, places)| (row.owned(), places)).collect())
    }

    fn values(&self, batch: &RecordBatch) -> Result<StructArray> {
        let values = self.calculator.calculate(batch)?;
        let values = values.as_any().downcast_ref::<StructArray>().cloned();
        Ok(values.ok_or_else(|| Error::new(Kind::Unexpected, "partition values are no struct"))?)
    }

    /// The partition of every row, as manifests write it.
    pub(crate) fn of(&self, batch: &RecordBatch) -> Result<Vec<Struct>> {
        let values: Arc<dyn Array> = Arc::new(self.values(batch)?);
        let literals = arrow_struct_to_literal(&values, self.calculator.partition_type())?;
        literals
            .into_iter()
            .map(|literal| match literal {
                Some(Literal::Struct(partition)) => Ok(partition),
                _ => Err(Error::new(Kind::Unexpected, "a row has no partition").into()),
            })
            .collect()
    }

    /// Which of the rows belong to one of some partitions.
    pub(crate) fn among(&self, batch: &RecordBatch, wanted: &std::collections::HashSet<Struct>) -> Result<Vec<bool>> {
        let mut found = vec![false; batch.num_rows()];
        for (_, places) in self.group(batch)? {
            let one = take_record_batch(batch, &UInt32Array::from(vec![places[0]]))?;
            if self.of(&one)?.iter().any(|partition| wanted.contains(partition)) {
                places.into_iter().for_each(|place| found[place as usize] = true);
            }
        }
        Ok(found)
    }

    /// The partition that all rows of a batch belong to.
    fn key(&self, part: &RecordBatch) -> Result<PartitionKey> {
        let partition = self.of(&part.slice(0, 1))?.pop().unwrap_or_else(Struct::empty);
        Ok(PartitionKey::new(self.spec.as_ref().clone(), self.schema.clone(), partition))
    }
}
