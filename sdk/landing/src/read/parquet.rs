//! Parquet: columns are matched by name, and row groups read side by side.
mod lossless;
mod stored;
mod types;

use std::fs::File;
use std::sync::Arc;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use meshwright_spec::{DataType, Source};

use super::schema::arrow_type;
use super::split::{Cuts, Piece, PieceBatches, Split, splits as erased};
use super::{Task, kind};
use crate::code;
use crate::data_error::DataError;
use crate::landing::Resource;
use crate::read::csv::missing;
use crate::read::infer::combine;

/// First and last bytes of every Parquet file.
const MAGIC: &[u8] = b"PAR1";

/// A file and where the wanted columns are in it.
struct Table {
    resource: Resource,
    metadata: ArrowReaderMetadata,
    /// Places in the file of the columns that are read.
    roots: Vec<usize>,
    /// These in the file's order.
    mask: ProjectionMask,
    /// For each column that is read, its place among those the mask lets through.
    order: Vec<usize>,
    /// Schema of the batches.
    schema: SchemaRef,
}

impl Table {
    fn new(resource: Resource, metadata: ArrowReaderMetadata, roots: Vec<usize>, schema: SchemaRef) -> Self {
        let mask = ProjectionMask::roots(metadata.parquet_schema(), roots.iter().copied());
        let mut read = roots.clone();
        read.sort_unstable();
        read.dedup();
        let order = roots.iter().map(|place| read.partition_point(|other| other < place)).collect();
        Self { resource, metadata, roots, mask, order, schema }
    }
}

/// Some row groups of a file.
struct RowGroups {
    table: Arc<Table>,
    groups: Vec<usize>,
}

impl Piece for RowGroups {
    fn open(&self, task: &Arc<Task>) -> Result<PieceBatches, Box<DataError>> {
        self.open_after(task, 0)
    }

    fn open_after(&self, task: &Arc<Task>, rows: u64) -> Result<PieceBatches, Box<DataError>> {
        let table = &self.table;
        let damaged = |error: &dyn std::fmt::Display| damaged(&task.source, &table.resource.location, error);
        let file = File::open(&table.resource.path).map_err(|error| damaged(&error))?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, table.metadata.clone())
            .with_projection(table.mask.clone())
            .with_row_groups(self.groups.clone())
            .with_batch_size(task.options.batch_rows)
            // whole row groups and pages before them are not even read
            .with_offset(usize::try_from(rows).unwrap_or(usize::MAX))
            .build()
            .map_err(|error| damaged(&error))?;
        Ok(Box::new(ParquetBatches { task: task.clone(), table: table.clone(), reader }))
    }

    fn rows(&self) -> Option<u64> {
        let rows = |group: &usize| self.table.metadata.metadata().row_group(*group).num_rows().max(0).cast_unsigned();
        Some(self.groups.iter().map(rows).sum())
    }

    fn schema(&self) -> Option<SchemaRef> {
        Some(self.table.schema.clone())
    }

    fn only(&self, places: &[usize]) -> Option<Arc<dyn Piece>> {
        let table = &self.table;
        let roots: Vec<usize> = places.iter().map(|at| table.roots[*at]).collect();
        let schema = Arc::new(table.schema.project(places).ok()?);
        let table = Table::new(table.resource.clone(), table.metadata.clone(), roots, schema);
        Some(Arc::new(Self { table: Arc::new(table), groups: self.groups.clone() }))
    }
}

struct ParquetBatches {
    task: Arc<Task>,
    table: Arc<Table>,
    reader: ParquetRecordBatchReader,
}

impl Iterator for ParquetBatches {
    type Item = Result<RecordBatch, Box<DataError>>;

    fn next(&mut self) -> Option<Self::Item> {
        let (source, shown) = (&self.task.source, &self.table.resource.location);
        Some(match self.reader.next()? {
            Ok(batch) => self.converted(&batch),
            Err(error) => Err(damaged(source, shown, &error)),
        })
    }
}

impl ParquetBatches {
    /// The batch with the columns in their order and of their types.
    fn converted(&self, batch: &RecordBatch) -> Result<RecordBatch, Box<DataError>> {
        let (source, shown) = (&self.task.source, &self.table.resource.location);
        let mut arrays = Vec::with_capacity(self.table.order.len());
        let wanted = self.table.schema.fields().iter().zip(self.task.wanted());
        for (at, (field, (name, data_type))) in self.table.order.iter().zip(wanted) {
            let array = lossless::cast(batch.column(*at), field.data_type()).map_err(|what| {
                let what = format!("a value of column `{name}` is not of type {data_type}: {what}");
                DataError::new(code::BAD_VALUE, source, shown, what).column(name)
            })?;
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(self.table.schema.clone(), arrays, &options)
            .map_err(|error| damaged(source, shown, &error))
    }
}

/// Plans the reading: columns are matched, and row groups dealt out.
pub(super) fn splits(
    task: &Arc<Task>,
    resources: &[Resource],
    parallelism: usize,
) -> Result<Vec<Split>, Box<DataError>> {
    let mut groups = Vec::new();
    let mut start = 0;
    for resource in resources {
        let table = Arc::new(table(task, resource)?);
        for (at, group) in table.metadata.metadata().row_groups().iter().enumerate() {
            groups.push((start, (table.clone(), at)));
            let read = group.columns().iter().enumerate().filter(|(leaf, _)| table.mask.leaf_included(*leaf));
            // row groups of which nothing is read still count their rows
            start += read.map(|(_, column)| column.compressed_size().max(0).cast_unsigned()).sum::<u64>() + 1;
        }
    }
    if task.options.row_groups {
        return Ok(erased(task, groups.into_iter().map(|(_, group)| joined(vec![group])).collect()));
    }
    let cuts = Cuts::new(start, parallelism, task.options.min_split_bytes);
    Ok(erased(task, cuts.deal(groups).into_iter().map(joined).collect()))
}

/// One piece per file.
fn joined(groups: Vec<(Arc<Table>, usize)>) -> Vec<RowGroups> {
    let mut pieces: Vec<RowGroups> = Vec::new();
    for (table, group) in groups {
        match pieces.last_mut() {
            Some(last) if Arc::ptr_eq(&last.table, &table) => last.groups.push(group),
            _ => pieces.push(RowGroups { table, groups: vec![group] }),
        }
    }
    pieces
}

/// Looks at a file and finds the declared columns in it.
fn table(task: &Task, resource: &Resource) -> Result<Table, Box<DataError>> {
    let (source, shown) = (&task.source, &resource.location);
    let metadata = metadata(source, resource)?;
    let schema = metadata.schema();
    let mut places = Vec::with_capacity(task.declared.len());
    for (name, data_type) in &task.declared {
        let Some((place, field)) = schema.column_with_name(name) else {
            return Err(missing(source, shown, name, &names(schema)));
        };
        if !lossless::holds(&arrow_type(data_type), field.data_type()) {
            let what = format!("column `{name}` is stored as {}, not {data_type}", field.data_type());
            let error = DataError::new(code::BAD_VALUE, source, shown, what).column(name);
            return Err(match types::data_type(field.data_type()) {
                Some(fitting) => error.help(format!("declare it `{fitting}` and convert it in a step")),
                None => error,
            });
        }
        places.push(place);
    }
    let places: Vec<usize> = task.projection.iter().map(|at| places[*at]).collect();
    let (metadata, schema) = match task.options.as_stored {
        true => stored::keep(&metadata, &task.schema, &places).map_err(|error| damaged(source, shown, &error))?,
        false => (metadata, task.schema.clone()),
    };
    Ok(Table::new(resource.clone(), metadata, places, schema))
}

fn metadata(source: &Source, resource: &Resource) -> Result<ArrowReaderMetadata, Box<DataError>> {
    let shown = &resource.location;
    if resource.bytes == 0 {
        return Err(DataError::new(code::EMPTY, source, shown, "the file is empty"));
    }
    let read = || -> std::io::Result<(File, Vec<u8>)> {
        use std::io::Read;
        let file = File::open(&resource.path)?;
        let mut head = Vec::new();
        (&file).take(1024).read_to_end(&mut head)?;
        Ok((file, head))
    };
    let (file, head) = read().map_err(|error| damaged(source, shown, &error))?;
    if !head.starts_with(MAGIC) {
        let is = kind::announced(&head).unwrap_or(if kind::is_json(&head) { "JSON" } else { "something else" });
        return Err(DataError::new(code::OTHER_KIND, source, shown, format!("it is {is}, not parquet")));
    }
    ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|error| damaged(source, shown, &error))
}

fn names(schema: &SchemaRef) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

fn damaged(source: &Source, shown: &str, error: &dyn std::fmt::Display) -> Box<DataError> {
    DataError::new(code::MALFORMED, source, shown, format!("it is damaged: {error}"))
}

/// Names and types of the columns as the files themselves say.
pub(super) fn infer(resources: &[Resource], source: &Source) -> Result<Vec<(String, DataType)>, Box<DataError>> {
    let mut files = Vec::with_capacity(resources.len());
    for resource in resources {
        let metadata = metadata(source, resource)?;
        let mut columns = Vec::new();
        for field in metadata.schema().fields() {
            let data_type = types::data_type(field.data_type()).ok_or_else(|| {
                let what = format!("column `{}` is stored as {}, which no type holds", field.name(), field.data_type());
                let error = DataError::new(code::BAD_VALUE, source, &resource.location, what).column(field.name());
                error.help("declare the `columns` of the source without it")
            })?;
            columns.push((field.name().clone(), Some(data_type)));
        }
        files.push((resource.location.as_str(), columns));
    }
    let last = resources.last().map_or("", |resource| resource.location.as_str());
    let columns = combine(source, files, types::wider)?;
    columns
        .into_iter()
        .map(|(name, data_type)| {
            data_type.map(|data_type| (name.clone(), data_type)).ok_or_else(|| {
                let what = format!("column `{name}` is of another type than in the files before");
                DataError::new(code::BAD_VALUE, source, last, what).column(&name)
            })
        })
        .collect()
}
