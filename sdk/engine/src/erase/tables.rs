//! The subject's rows in every state of a table, and the files without them.
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, Scalar, StringArray, new_null_array};
use arrow::compute::kernels::cmp::eq;
use arrow::compute::{CastOptions, and, cast_with_options, filter_record_batch, not, or, prep_null_mask_filter};
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{DataContentType, DataFile, DataFileFormat, PartitionKey};
use iceberg::table::Table;
use iceberg::writer::base_writer::data_file_writer::DataFileWriterBuilder;
use iceberg::writer::file_writer::ParquetWriterBuilder;
use iceberg::writer::file_writer::location_generator::{DefaultFileNameGenerator, DefaultLocationGenerator};
use iceberg::writer::file_writer::rolling_writer::RollingFileWriterBuilder;
use iceberg::writer::{IcebergWriter, IcebergWriterBuilder};
use meshwright_catalog::{Catalog, Error, Fate, HistoryFile, Kind, carried};
use meshwright_spec::PortName;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::subject::Subject;
use crate::columns::relaxed;
use crate::deleted_places::{fate_of, is_by_place};
use crate::failure::Result;

/// A table and its files that hold the subject.
pub(super) struct Found {
    pub(super) port: PortName,
    pub(super) table: Table,
    /// Files and how many of their rows are the subject's.
    pub(super) files: Vec<(HistoryFile, u64)>,
    /// Files that are only remembered as deleted: nobody needs these entries, and their bounds may name the subject.
    dead: Vec<String>,
    /// Whether they do.
    dead_name_it: bool,
    columns: Vec<Column>,
}

/// One column of the subject in a table: the ids it ever had.
struct Column {
    ids: HashSet<i32>,
    names: BTreeSet<String>,
    value: String,
}

impl Found {
    /// Whether anything of the table has to be told anew.
    pub(super) fn is_touched(&self) -> bool {
        !self.files.is_empty() || self.dead_name_it
    }

    /// Rows of the subject, each file counted once.
    pub(super) fn rows(&self) -> u64 {
        self.files.iter().map(|(_, rows)| rows).sum()
    }
}

/// Reads every file of every snapshot of a port for rows of the subject.
pub(super) async fn find(
    catalog: &Catalog,
    port: &PortName,
    subject: &Subject,
    names: &[BTreeSet<String>],
) -> Result<Found> {
    let table = catalog.load(port).await?;
    let columns: Vec<Column> = subject
        .pairs
        .iter()
        .zip(names)
        .map(|(pair, names)| {
            let fields = table.metadata().schemas_iter().flat_map(|s| s.as_struct().fields());
            let ids = fields.filter(|f| names.contains(&f.name)).map(|f| f.id).collect();
            Column { ids, names: names.clone(), value: pair.value.clone() }
        })
        .collect();
    let (mut files, mut dead, mut dead_name_it) = (vec![], vec![], false);
    for one in HistoryFile::all(&table, None).await? {
        if !one.alive {
            let about =
                format!("{:?} {:?} {:?}", one.file.lower_bounds(), one.file.upper_bounds(), one.file.partition());
            dead_name_it |= subject.is_in_text(&about) || subject.is_in_text(one.file.file_path());
            dead.push(one.key());
            continue;
        }
        if one.file.file_format() != DataFileFormat::Parquet {
            if one.file.content_type() == DataContentType::Data {
                return Err(unreadable(&one, &"only Parquet files can be rewritten").into());
            }
            continue;
        }
        let rows = read(&table, &one, &columns).await?.gone.len() as u64;
        if rows > 0 {
            files.push((one, rows));
        }
    }
    Ok(Found { port: port.clone(), table, files, dead, dead_name_it, columns })
}

/// Writes the files again without the subject's rows, and those that name rows by their place for the rows that are left.
pub(super) async fn rewrite(found: &Found, erasure: &str) -> Result<HashMap<String, Fate>> {
    let mut fates: HashMap<String, Fate> = found.dead.iter().map(|path| (path.clone(), Fate::Drop)).collect();
    let mut moved: HashMap<String, NewRows> = HashMap::new();
    for (at, (one, _)) in found.files.iter().enumerate() {
        let left = read(&found.table, one, &found.columns).await?;
        let gone = left.gone.clone();
        let fate = if left.batches.iter().all(|b| b.num_rows() == 0) {
            Fate::Drop
        } else {
            let new = write(&found.table, one, left, &format!("erase-{erasure}-{at}")).await?;
            Fate::Become(Box::new(carried(&new, one)?))
        };
        let path = match &fate {
            Fate::Become(file) => Some(file.file_path().to_owned()),
            Fate::Drop => None,
        };
        moved.insert(one.file.file_path().to_owned(), NewRows { path, gone });
        fates.insert(one.key(), fate);
    }
    if moved.is_empty() {
        return Ok(fates);
    }
    let place = |path: &str, row| match moved.get(path) {
        Some(new) => new.place_of(row),
        None => Some((path.to_owned(), row)),
    };
    let mut by_place = HistoryFile::all(&found.table, None).await?;
    by_place.retain(is_by_place);
    // several vectors may share a file, which names all their data files
    let named = |one: &HistoryFile| one.file.referenced_data_file().is_some_and(|path| moved.contains_key(&path));
    let go: HashSet<&str> = by_place.iter().filter(|one| named(one)).map(|one| one.file.file_path()).collect();
    for one in &by_place {
        let path = one.file.file_path();
        let fate = fate_of(found.table.file_io(), one, path, go.contains(path), place).await?;
        fates.extend(fate.map(|fate| (one.key(), fate)));
    }
    Ok(fates)
}

/// Where the rows of a file went that was written again.
struct NewRows {
    /// None: nothing is left of it.
    path: Option<String>,
    /// Rows of the old file that are gone, in order.
    gone: Vec<i64>,
}

impl NewRows {
    fn place_of(&self, row: i64) -> Option<(String, i64)> {
        let path = self.path.clone()?;
        let before = self.gone.binary_search(&row).err()?;
        Some((path, row - before as i64))
    }
}

/// A file's rows without the subject's.
struct Left {
    /// The rows that were the subject's, by their place.
    gone: Vec<i64>,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

async fn read(table: &Table, one: &HistoryFile, columns: &[Column]) -> Result<Left> {
    let path = one.file.file_path();
    let bytes = table.file_io().new_input(path)?.read().await?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|e| unreadable(one, &e))?;
    let schema = builder.schema().clone();
    let mut left = Left { gone: vec![], schema: schema.clone(), batches: vec![] };
    let mut first = 0;
    for batch in builder.build().map_err(|e| unreadable(one, &e))? {
        let batch = batch?;
        let leaves = leaving(&batch, &schema, columns)?;
        left.gone.extend(leaves.values().set_indices().map(|row| first + row as i64));
        first += batch.num_rows() as i64;
        left.batches.push(filter_record_batch(&batch, &not(&leaves)?)?);
    }
    Ok(left)
}

fn unreadable(one: &HistoryFile, why: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Unsupported, "a file cannot be searched for the subject")
        .with("file", one.file.file_path())
        .with("why", why)
}

fn field_id(field: &arrow::datatypes::Field) -> Option<i32> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()
}

/// Which rows are the subject's: for every column, one of those that it ever was has the value.
fn leaving(batch: &RecordBatch, schema: &ArrowSchema, columns: &[Column]) -> Result<BooleanArray> {
    let with_ids = schema.fields().iter().any(|f| field_id(f).is_some());
    let mut all = BooleanArray::from(vec![true; batch.num_rows()]);
    for column in columns {
        let mut any = BooleanArray::from(vec![false; batch.num_rows()]);
        for (field, values) in schema.fields().iter().zip(batch.columns()) {
            let meant = match field_id(field) {
                Some(id) => column.ids.contains(&id),
                None => !with_ids && column.names.contains(field.name()),
            };
            if meant {
                any = or(&any, &equal(values, &column.value)?)?;
            }
        }
        all = and(&all, &any)?;
    }
    Ok(all)
}

fn equal(values: &ArrayRef, wanted: &str) -> Result<BooleanArray> {
    let none = BooleanArray::from(vec![false; values.len()]);
    let text: ArrayRef = Arc::new(StringArray::from(vec![wanted]));
    let Ok(typed) = cast_with_options(&text, values.data_type(), &CastOptions { safe: true, ..Default::default() })
    else {
        return Ok(none);
    };
    if typed.is_null(0) {
        return Ok(none);
    }
    let found = eq(values, &Scalar::new(typed))?;
    Ok(if found.null_count() > 0 { prep_null_mask_filter(&found) } else { found })
}

async fn write(table: &Table, one: &HistoryFile, left: Left, name: &str) -> Result<DataFile> {
    let metadata = table.metadata();
    let schema = Arc::new(relaxed(&one.schema)?);
    let arrow = Arc::new(schema_to_arrow_schema(&schema)?);
    let level = ZstdLevel::try_new(1).map_err(|e| Error::new(Kind::Unexpected, "no such level").because(e))?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let rolling = RollingFileWriterBuilder::new(
        ParquetWriterBuilder::new(properties, schema.clone()),
        usize::MAX,
        table.file_io().clone(),
        DefaultLocationGenerator::new(metadata)?,
        DefaultFileNameGenerator::new(name.to_owned(), None, DataFileFormat::Parquet),
    );
    let spec = metadata
        .partition_spec_by_id(one.spec_id)
        .ok_or_else(|| Error::new(Kind::Unexpected, "a file names a partition spec that the table lacks"))?;
    let key = (!spec.is_unpartitioned())
        .then(|| PartitionKey::new(spec.as_ref().clone(), one.schema.clone(), one.file.partition().clone()));
    let mut writer = DataFileWriterBuilder::new(rolling).build(key).await?;
    for batch in left.batches.iter().filter(|b| b.num_rows() > 0) {
        writer.write(conform(batch, &left.schema, &arrow)?).await?;
    }
    let mut files = writer.close().await?;
    match (files.pop(), files.is_empty()) {
        (Some(file), true) => Ok(file),
        _ => Err(Error::new(Kind::Unexpected, "a file without the subject's rows became several").into()),
    }
}

/// A file's batch in the columns of its manifest's schema, by field id.
fn conform(batch: &RecordBatch, from: &ArrowSchema, to: &SchemaRef) -> Result<RecordBatch> {
    let options = CastOptions { safe: false, ..Default::default() };
    let columns = to.fields().iter().map(|field| {
        let id = field_id(field);
        let at = from.fields().iter().position(|f| match field_id(f) {
            Some(found) => Some(found) == id,
            None => f.name() == field.name(),
        });
        match at.map(|at| batch.column(at)) {
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
            Some(column) => cast_with_options(column, field.data_type(), &options),
        }
    });
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(to.clone(), columns)?)
}
