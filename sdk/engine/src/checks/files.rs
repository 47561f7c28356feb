//! Data files read for checks: by field id, few-valued text as dictionaries, row groups one by one.
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::ScalarValue;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use iceberg::spec::SchemaRef as IcebergSchema;
use iceberg::table::Table;

use crate::failure::{Failure, Result};
use crate::scan::IcebergTable;
use meshwright_catalog::{Error, Kind};

/// A column's name now, its field id, and its value in files that are older than it.
pub(crate) type Place = (String, i32, Option<ScalarValue>);

/// The columns of a snapshot's schema.
pub(crate) fn places(table: &Table, schema: &IcebergSchema) -> Result<Vec<Place>> {
    let defaults = IcebergTable::at(table.clone(), None, schema.clone())?.defaults();
    Ok(schema.as_struct().fields().iter().map(|f| (f.name.clone(), f.id, defaults.get(&f.id).cloned())).collect())
}

/// Rows of a batch.
const BATCH: usize = 8192;

/// One row group of one file.
pub(super) struct Piece {
    pub(super) file: usize,
    pub(super) row_group: usize,
    pub(super) first_row: u64,
}

/// A Parquet file and its footer.
pub(crate) struct Opened {
    pub(crate) path: PathBuf,
    pub(crate) metadata: ArrowReaderMetadata,
}

impl Opened {
    pub(crate) fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let metadata = ArrowReaderMetadata::load(&std::fs::File::open(&path)?, ArrowReaderOptions::new());
        Ok(Self { metadata: metadata.map_err(unreadable)?, path })
    }

    /// Rows of the file.
    pub(crate) fn rows(&self) -> u64 {
        self.metadata.metadata().file_metadata().num_rows().max(0).cast_unsigned()
    }
}

pub(super) fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Text columns of few distinct values stay dictionaries: each value is judged once.
pub(super) fn with_dictionaries(promised: &SchemaRef, opened: &[Opened], ids: &[Place]) -> SchemaRef {
    let all_dictionary = |name: &str| {
        let Some((_, id, _)) = ids.iter().find(|(n, ..)| n == name) else { return false };
        !opened.is_empty()
            && opened.iter().all(|o| {
                o.metadata.metadata().row_groups().iter().all(|g| {
                    g.columns().iter().any(|c| {
                        let info = c.column_descr().self_type().get_basic_info();
                        info.has_id() && info.id() == *id && only_dictionary_pages(c)
                    })
                })
            })
    };
    let fields: Vec<Field> = promised
        .fields()
        .iter()
        .map(|f| match f.data_type() {
            DataType::Utf8 if all_dictionary(f.name()) => {
                let keyed = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                Field::new(f.name(), keyed, f.is_nullable())
            }
            _ => f.as_ref().clone(),
        })
        .collect();
    Arc::new(Schema::new(fields))
}

pub(super) fn only_dictionary_pages(c: &parquet::file::metadata::ColumnChunkMetaData) -> bool {
    use parquet::basic::Encoding;
    c.dictionary_page_offset().is_some()
        && c.page_encoding_stats_mask()
            .is_some_and(|mask| mask.is_only(Encoding::RLE_DICTIONARY) || mask.is_only(Encoding::PLAIN_DICTIONARY))
}

/// Batches of named columns, found by field id, in the types of `schema`.
pub(super) fn read(
    file: &Opened,
    row_group: Option<usize>,
    rows: Option<parquet::arrow::arrow_reader::RowSelection>,
    names: &[String],
    schema: &SchemaRef,
    ids: &[Place],
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let parquet_schema = file.metadata.metadata().file_metadata().schema_descr();
    let id_of = |name: &str| ids.iter().find(|(n, ..)| n == name).map(|(_, id, _)| *id);
    let default = |name: &String| ids.iter().find(|(n, ..)| n == name).and_then(|(.., value)| value.clone());
    let defaults: Vec<Option<ScalarValue>> = names.iter().map(default).collect();
    // root position in the file of each named column
    let roots: Vec<Option<usize>> = names
        .iter()
        .map(|name| {
            let fields = parquet_schema.root_schema().get_fields();
            fields.iter().position(|f| {
                let info = f.get_basic_info();
                info.has_id() && Some(info.id()) == id_of(name)
            })
        })
        .collect();
    let mut present: Vec<usize> = roots.iter().flatten().copied().collect();
    present.sort_unstable();
    // ask for dictionaries where they are wanted, else for what the file says
    let wanted: Vec<Field> = file
        .metadata
        .schema()
        .fields()
        .iter()
        .enumerate()
        .map(|(i, f)| {
            let name = roots.iter().position(|r| *r == Some(i)).map(|n| &names[n]);
            let keyed = name.and_then(|n| schema.field_with_name(n).ok()).map(Field::data_type);
            match keyed {
                Some(t @ DataType::Dictionary(..)) if matches!(f.data_type(), DataType::Utf8) => {
                    f.as_ref().clone().with_data_type(t.clone())
                }
                _ => f.as_ref().clone(),
            }
        })
        .collect();
    let options = ArrowReaderOptions::new()
        .with_schema(Arc::new(Schema::new_with_metadata(wanted, file.metadata.schema().metadata().clone())));
    let metadata = ArrowReaderMetadata::try_new(file.metadata.metadata().clone(), options).map_err(unreadable)?;
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(std::fs::File::open(&file.path)?, metadata)
        .with_projection(ProjectionMask::roots(parquet_schema, present.iter().copied()))
        .with_batch_size(BATCH);
    if let Some(group) = row_group {
        builder = builder.with_row_groups(vec![group]);
    }
    if let Some(selection) = rows {
        builder = builder.with_row_selection(selection);
    }
    let reader = builder.build().map_err(unreadable)?;
    let target: SchemaRef = Arc::new(Schema::new(
        names.iter().map(|n| schema.field_with_name(n).cloned()).collect::<std::result::Result<Vec<_>, _>>()?,
    ));
    Ok(reader.map(move |batch| {
        let batch = batch?;
        let columns: Vec<ArrayRef> = roots
            .iter()
            .zip(target.fields())
            .zip(&defaults)
            .map(|((root, field), default)| {
                let position = root.and_then(|r| present.iter().position(|p| *p == r));
                let Some(position) = position else { return absent(default.as_ref(), field, batch.num_rows()) };
                let column = batch.column(position);
                if column.data_type() == field.data_type() {
                    Ok(column.clone())
                } else {
                    cast(column, field.data_type())
                }
            })
            .collect::<std::result::Result<_, _>>()?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(target.clone(), columns, &options)?)
    }))
}

/// A column of a file that is older than the column.
fn absent(default: Option<&ScalarValue>, field: &Field, rows: usize) -> std::result::Result<ArrayRef, ArrowError> {
    let given = default.and_then(|value| value.to_array_of_size(rows).ok());
    given.map_or_else(|| Ok(new_null_array(field.data_type(), rows)), |given| cast(&given, field.data_type()))
}

pub(super) fn unreadable(e: parquet::errors::ParquetError) -> Failure {
    Failure::Operation(Error::new(Kind::Unexpected, "a data file cannot be read").because(e))
}
