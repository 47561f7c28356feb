//! A mesh directory that was moved gets its own paths: metadata is told anew, data files stay as they are.
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use iceberg::spec::{DataContentType, DataFileFormat};
use meshwright_catalog::{Catalog, Error, Fate, HistoryFile, Kind, Moved, Removed, local};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use crate::failure::Result;

/// A move, planned or mended.
#[derive(Debug, Clone, Serialize)]
pub struct Relocation {
    /// Whether it was mended.
    pub applied: bool,
    /// Where tables say that their files are.
    pub from: String,
    /// Where they are.
    pub to: String,
    /// Ports, their snapshots, and the files that stay as they are.
    pub tables: Vec<RelocatedTable>,
    /// Whether the old place still has files: then this is a copy of a mesh that is alive.
    pub old_place_exists: bool,
    /// Metadata of the old place that was removed.
    pub removed: Removed,
}

/// One table of a mesh that was moved.
#[derive(Debug, Clone, Serialize)]
pub struct RelocatedTable {
    /// `domain.product.port`
    pub port: String,
    /// States that stay readable.
    pub snapshots: usize,
    /// Data files, which are not touched.
    pub files: usize,
    /// Files of deleted rows, which name data files by path and are written anew.
    pub delete_files: usize,
}

/// Plans or mends a move; none when the mesh is where its tables say.
///
/// # Errors
/// When a file that a table needs did not come along. Nothing has changed then.
pub async fn relocate(catalog: &Catalog, apply: bool) -> Result<Option<Relocation>> {
    let Some(moved) = catalog.moved().await? else { return Ok(None) };
    let mut out = Relocation {
        applied: apply,
        from: moved.from.clone(),
        to: moved.to.clone(),
        tables: vec![],
        old_place_exists: local(&moved.from).is_some_and(|p| std::path::Path::new(p).exists()),
        removed: Removed::default(),
    };
    let mut tables = vec![];
    for port in &moved.ports {
        let (table, pointer) = catalog.load_moved(port, &moved).await?;
        let files = HistoryFile::all(&table, Some(&moved)).await?;
        let deletes: Vec<&HistoryFile> = by_place(&files).collect();
        out.tables.push(RelocatedTable {
            port: port.to_string(),
            snapshots: table.metadata().snapshots().len(),
            files: files.iter().filter(|f| f.alive).count() - deletes.len(),
            delete_files: deletes.len(),
        });
        if !apply {
            continue;
        }
        let mut fates = HashMap::new();
        for one in deletes {
            let file = renamed(catalog, &moved, one).await.map_err(|e| e.with("table", port))?;
            fates.insert(one.file.file_path().to_owned(), Fate::Become(Box::new(file)));
        }
        tables.push((table, pointer, fates));
    }
    if apply {
        out.removed = catalog.settle_moved(&moved, tables).await?;
    }
    Ok(Some(out))
}

/// Files that name others by path.
fn by_place(files: &[HistoryFile]) -> impl Iterator<Item = &HistoryFile> {
    files.iter().filter(|f| f.alive && f.file.content_type() == DataContentType::PositionDeletes)
}

/// A file of positions with the new paths of the data files it names.
async fn renamed(
    catalog: &Catalog,
    moved: &Moved,
    one: &HistoryFile,
) -> std::result::Result<iceberg::spec::DataFile, Error> {
    let here = moved.now(one.file.file_path());
    if one.file.file_format() != DataFileFormat::Parquet {
        return Err(Error::new(Kind::Unsupported, "deletion vectors cannot be moved by this version")
            .with("file", &here)
            .help("compact the table at its old place first, with the engine that wrote it"));
    }
    let broken = |e: &dyn std::fmt::Display| {
        Error::new(Kind::Unexpected, "a file of deleted rows cannot be written anew").with("file", &here).with("why", e)
    };
    let bytes = catalog.files().new_input(&here)?.read().await?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|e| broken(&e))?;
    let schema = builder.schema().clone();
    let mut writer = ArrowWriter::try_new(vec![], schema.clone(), None).map_err(|e| broken(&e))?;
    for batch in builder.build().map_err(|e| broken(&e))? {
        let batch = batch.map_err(|e| broken(&e))?;
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        let at = schema.index_of("file_path").map_err(|e| broken(&e))?;
        let paths = cast(&columns[at], &DataType::Utf8).map_err(|e| broken(&e))?;
        let paths = paths.as_any().downcast_ref::<StringArray>().ok_or_else(|| broken(&"its paths are no text"))?;
        let now: StringArray = paths.iter().map(|p| p.map(|p| moved.now(p))).collect();
        columns[at] = cast(&(Arc::new(now) as ArrayRef), columns[at].data_type()).map_err(|e| broken(&e))?;
        let batch = RecordBatch::try_new(schema.clone(), columns).map_err(|e| broken(&e))?;
        writer.write(&batch).map_err(|e| broken(&e))?;
    }
    let bytes = writer.into_inner().map_err(|e| broken(&e))?;
    let stem = here.strip_suffix(".parquet").unwrap_or(&here);
    let path = format!("{stem}-{}.parquet", uuid::Uuid::now_v7().simple());
    let size = bytes.len() as u64;
    let mut output = catalog.files().new_output(&path)?.writer().await?;
    output.write(bytes.into()).await?;
    output.close().await?;
    one.resized(&path, size, one.file.referenced_data_file().map(|p| moved.now(&p)))
}
