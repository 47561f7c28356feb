//! Rows deleted by their place: read, and written anew for data files that have other paths or fewer rows.
mod vector;

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
use roaring::RoaringTreemap;

#[cfg(test)]
pub(crate) use vector::encoded;
pub(crate) use vector::{is_vector, read as read_vector};

/// The columns of such files, with the field ids that the Iceberg specification reserves for them.
const FILE: (&str, i32) = ("file_path", i32::MAX - 101);
const ROW: (&str, i32) = ("pos", i32::MAX - 102);

/// Deleted rows by data file.
type Places = BTreeMap<String, Vec<i64>>;

/// Whether a file of a table's history names others by path.
pub(crate) fn is_by_place(one: &HistoryFile) -> bool {
    one.alive && one.file.content_type() == DataContentType::PositionDeletes
}

/// The rows that a Parquet file of deleted places names.
pub(crate) async fn read_file(io: &FileIO, path: &str) -> iceberg::Result<HashMap<String, RoaringTreemap>> {
    let broken = |why: &dyn Display| {
        iceberg::Error::new(iceberg::ErrorKind::DataInvalid, format!("file of deleted rows {path}: {why}"))
    };
    let (places, _) = read(io.new_input(path)?.read().await?).map_err(|e| broken(&e))?;
    let rows = |rows: Vec<i64>| rows.into_iter().map(u64::try_from).collect::<Result<RoaringTreemap, _>>();
    let places =
        places.into_iter().map(|(path, of)| Ok((path, rows(of).map_err(|_| broken(&"a row before the first"))?)));
    places.collect()
}

/// What becomes of a file of deleted places, which lies at `here`; none when it stays as it is, which it may not if its
/// file `goes`. `place` says what becomes of each of them: none, if the row is gone.
pub(crate) async fn fate_of(
    io: &FileIO,
    one: &HistoryFile,
    here: &str,
    goes: bool,
    place: impl Fn(&str, i64) -> Option<(String, i64)>,
) -> Result<Option<Fate>, Error> {
    if is_vector(&one.file) {
        return fate_of_vector(io, one, here, goes, place).await;
    }
    let broken = |e: &dyn Display| {
        Error::new(Kind::Unexpected, "a file of deleted rows cannot be written anew").with("file", here).with("why", e)
    };
    let (before, more) = read(io.new_input(here)?.read().await?).map_err(|e| broken(&e))?;
    // values of the deleted rows, which the specification allows beside their places, are copies that nobody needs
    let mut changed = more || goes;
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

/// The same of a vector.
async fn fate_of_vector(
    io: &FileIO,
    one: &HistoryFile,
    here: &str,
    goes: bool,
    place: impl Fn(&str, i64) -> Option<(String, i64)>,
) -> Result<Option<Fate>, Error> {
    let wrong = |why: &str| {
        Error::new(Kind::Unexpected, "a deletion vector cannot be written anew").with("file", here).with("why", why)
    };
    let data_file = one.file.referenced_data_file().ok_or_else(|| wrong("its entry names no data file"))?;
    let before = read_vector(io, &one.file, here).await?;
    let (mut after, mut changed, mut path) = (RoaringTreemap::new(), goes, None);
    for row in &before {
        let row = i64::try_from(row).map_err(|_| wrong("a row is too far behind"))?;
        let new = place(&data_file, row);
        changed |= new.as_ref().is_none_or(|(to, at)| *to != data_file || *at != row);
        if let Some((to, at)) = new {
            after.insert(u64::try_from(at).map_err(|_| wrong("a row before the first"))?);
            path = Some(to);
        }
    }
    if !changed {
        return Ok(None);
    }
    let Some(data_file) = path else { return Ok(Some(Fate::Drop)) };
    let stem = here.strip_suffix(".puffin").unwrap_or(here);
    let path = format!("{stem}-{}.puffin", uuid::Uuid::now_v7().simple());
    let written = vector::write(io, &path, &data_file, &after).await?;
    let mut file = DataFileBuilder::default();
    file.content(DataContentType::PositionDeletes)
        .file_path(path)
        .file_format(DataFileFormat::Puffin)
        .partition(one.file.partition().clone())
        .partition_spec_id(one.spec_id)
        .record_count(after.len())
        .file_size_in_bytes(written.bytes)
        .referenced_data_file(Some(data_file))
        .content_offset(Some(written.from))
        .content_size_in_bytes(Some(written.size));
    let file = file.build().map_err(|e| Error::new(Kind::Unexpected, "a manifest entry cannot be built").because(e))?;
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
