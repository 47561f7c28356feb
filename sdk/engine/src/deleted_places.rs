//! Files of rows deleted by their place, written anew for data files that have other paths or fewer rows.
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use iceberg::io::FileIO;
use iceberg::spec::{DataContentType, DataFile, DataFileBuilder, DataFileFormat, Datum};
use meshwright_catalog::{Error, Fate, HistoryFile, Kind};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY};

/// The columns of such files, with the field ids that the Iceberg specification reserves for them.
const FILE: (&str, i32) = ("file_path", i32::MAX - 101);
const ROW: (&str, i32) = ("pos", i32::MAX - 102);

/// Deleted rows by data file, in order.
type Places = BTreeMap<String, Vec<i64>>;

/// Whether a file of a table's history names others by path.
pub(crate) fn is_by_place(one: &HistoryFile) -> bool {
    one.alive && one.file.content_type() == DataContentType::PositionDeletes
}

/// What becomes of a file of deleted places, which lies at `here`; none when it stays as it is. `place` says what becomes
/// of each of them: none, if the row is gone.
pub(crate) async fn fate_of(
    io: &FileIO,
    one: &HistoryFile,
    here: &str,
    place: impl Fn(&str, i64) -> Option<(String, i64)>,
) -> Result<Option<Fate>, Error> {
    if one.file.file_format() != DataFileFormat::Parquet {
        return Err(Error::new(Kind::Unsupported, "deletion vectors cannot be written anew by this version")
            .with("file", here)
            .help("compact the table first, with the engine that wrote it"));
    }
    let broken = |e: &dyn Display| {
        Error::new(Kind::Unexpected, "a file of deleted rows cannot be written anew").with("file", here).with("why", e)
    };
    let (before, more) = read(io.new_input(here)?.read().await?).map_err(|e| broken(&e))?;
    // values of the deleted rows, which the specification allows beside their places, are copies that nobody needs
    let mut changed = more;
    let mut after = Places::new();
    for (path, rows) in &before {
        for row in rows {
            let new = place(path, *row);
            changed |= new.as_ref().is_none_or(|(to, at)| to != path || at != row);
            if let Some((to, at)) = new {
                after.entry(to).or_default().push(at);
            }
        }
    }
    if !changed {
        return Ok(None);
    }
    if after.is_empty() {
        return Ok(Some(Fate::Drop));
    }
    after.values_mut().for_each(|rows| rows.sort_unstable());
    let bytes = written(&after).map_err(|e| broken(&e))?;
    let stem = here.strip_suffix(".parquet").unwrap_or(here);
    let path = format!("{stem}-{}.parquet", uuid::Uuid::now_v7().simple());
    let file = described(&path, bytes.len() as u64, one, &after)?;
    let mut output = io.new_output(&path)?.writer().await?;
    output.write(bytes.into()).await?;
    output.close().await?;
    Ok(Some(Fate::Become(Box::new(file))))
}

/// The places that a file names, and whether it says more than those.
fn read(bytes: bytes::Bytes) -> Result<(Places, bool), Box<dyn std::error::Error + Send + Sync>> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let schema = builder.schema().clone();
    let (file, row) = (schema.index_of(FILE.0)?, schema.index_of(ROW.0)?);
    let mut out = Places::new();
    for batch in builder.build()? {
        let batch = batch?;
        let (paths, rows) = (cast(batch.column(file), &DataType::Utf8)?, cast(batch.column(row), &DataType::Int64)?);
        let paths = paths.as_any().downcast_ref::<StringArray>().ok_or("its paths are no text")?;
        let rows = rows.as_any().downcast_ref::<Int64Array>().ok_or("its rows are no numbers")?;
        for (path, row) in paths.iter().zip(rows) {
            let (path, row) = path.zip(row).ok_or("a place is missing")?;
            match out.get_mut(path) {
                Some(known) => known.push(row),
                None => {
                    out.insert(path.to_owned(), vec![row]);
                }
            }
        }
    }
    Ok((out, schema.fields().len() > 2))
}

fn schema() -> SchemaRef {
    let field = |(name, id): (&str, i32), of: DataType| {
        let id = HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())]);
        Field::new(name, of, false).with_metadata(id)
    };
    Arc::new(Schema::new(vec![field(FILE, DataType::Utf8), field(ROW, DataType::Int64)]))
}

fn written(places: &Places) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let schema = schema();
    let mut writer = ArrowWriter::try_new(vec![], schema.clone(), None)?;
    for (path, rows) in places {
        let paths: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|_| path)));
        let rows: ArrayRef = Arc::new(Int64Array::from(rows.clone()));
        writer.write(&RecordBatch::try_new(schema.clone(), vec![paths, rows])?)?;
    }
    Ok(writer.into_inner()?)
}

/// The new file's entry: bounds too, by which readers decide whether a data file has deleted rows at all.
fn described(path: &str, bytes: u64, old: &HistoryFile, places: &Places) -> Result<DataFile, Error> {
    let rows: u64 = places.values().map(|rows| rows.len() as u64).sum();
    let all = || places.values().flatten().copied();
    let bounds = |file: Option<&String>, row: Option<i64>| {
        let file = file.map(|path| (FILE.1, Datum::string(path)));
        HashMap::from_iter(file.into_iter().chain(row.map(|row| (ROW.1, Datum::long(row)))))
    };
    let one = places.keys().next().filter(|_| places.len() == 1 && old.file.referenced_data_file().is_some());
    let mut file = DataFileBuilder::default();
    file.content(DataContentType::PositionDeletes)
        .file_path(path.to_owned())
        .file_format(DataFileFormat::Parquet)
        .partition(old.file.partition().clone())
        .partition_spec_id(old.spec_id)
        .record_count(rows)
        .file_size_in_bytes(bytes)
        .value_counts(HashMap::from([(FILE.1, rows), (ROW.1, rows)]))
        .null_value_counts(HashMap::from([(FILE.1, 0), (ROW.1, 0)]))
        .lower_bounds(bounds(places.keys().next(), all().min()))
        .upper_bounds(bounds(places.keys().next_back(), all().max()))
        .referenced_data_file(one.cloned());
    file.build().map_err(|e| Error::new(Kind::Unexpected, "a manifest entry cannot be built").because(e))
}
