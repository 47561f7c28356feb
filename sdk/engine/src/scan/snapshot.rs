//! The live files of a snapshot, from its manifests, and the proof that none is missing.
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use futures::future::ready;
use futures::{FutureExt, StreamExt, TryStreamExt};
use iceberg::spec::{
    DataFile, DataFileFormat, Literal, ManifestContentType, ManifestEntryRef, ManifestFile, ManifestList,
    PrimitiveLiteral, SchemaRef, SnapshotRef, Transform,
};
use iceberg::table::Table;
use iceberg::{Error, ErrorKind, Result};

use super::cache::{Cache, Origin};
use super::deletes::{DeleteIndex, Deletes};
use super::{damaged, unsupported};

/// Manifests read at the same time.
const PARALLEL: usize = 16;

/// In bytes, estimated.
static LISTS: LazyLock<Cache<ManifestList>> = LazyLock::new(|| Cache::new(64 << 20));
static MANIFESTS: LazyLock<Cache<Manifest>> = LazyLock::new(|| Cache::new(256 << 20));

/// A data file of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFileInfo {
    /// Where it is, as the table names it.
    pub path: String,
    /// Rows it holds, deleted ones included.
    pub rows: u64,
    /// Bytes.
    pub size: u64,
    /// Whether rows of it are deleted by other files.
    pub has_deletes: bool,
}

/// The data files of a snapshot, in the order of its manifests.
///
/// # Errors
/// As a scan: when a manifest cannot be read, or the files found are not those which the snapshot counts.
pub async fn files(table: &Table, snapshot: &SnapshotRef) -> Result<Vec<DataFileInfo>> {
    let info = |file: Arc<LiveFile>| DataFileInfo {
        path: file.path().to_string(),
        rows: file.data().record_count(),
        size: file.data().file_size_in_bytes(),
        has_deletes: !file.deletes.is_empty(),
    };
    Ok(live_files(table, snapshot).await?.into_iter().map(info).collect())
}

/// A file of the snapshot with what its manifest says about it.
#[derive(Debug)]
pub(super) struct LiveFile {
    pub(super) entry: ManifestEntryRef,
    /// Schema of the manifest, which knows the types in which bounds are written.
    pub(super) schema: SchemaRef,
    pub(super) schema_id: i32,
    pub(super) spec_id: i32,
    /// Identity partition values by source column.
    pub(super) identity: HashMap<i32, Option<PrimitiveLiteral>>,
    pub(super) deletes: Deletes,
}

impl LiveFile {
    pub(super) fn data(&self) -> &DataFile {
        self.entry.data_file()
    }

    pub(super) fn path(&self) -> &str {
        self.entry.file_path()
    }

    pub(super) fn rows(&self) -> usize {
        self.data().record_count() as usize
    }

    /// Rows that are left of it, where that is known without reading them.
    pub(super) fn left(&self) -> Option<usize> {
        match (&self.deletes.vector, self.deletes.is_empty()) {
            (_, true) => Some(self.rows()),
            (Some(vector), _) if self.deletes.equality.is_empty() => self.rows().checked_sub(vector.rows()),
            _ => None,
        }
    }

    /// False also where nobody counted.
    pub(super) fn nan_free(&self, id: i32) -> bool {
        let data = self.data();
        data.nan_value_counts().get(&id) == Some(&0) || data.null_value_counts().get(&id) == Some(&data.record_count())
    }
}

/// What is kept of a manifest.
struct Manifest {
    schema: SchemaRef,
    schema_id: i32,
    /// Position in the partition tuple and source column of each identity field.
    identity: Vec<(usize, i32)>,
    live: Vec<ManifestEntryRef>,
}

/// Reads all manifests of the snapshot, with no help of the table's own runtime, which may have ended.
pub(super) async fn live_files(table: &Table, snapshot: &SnapshotRef) -> Result<Vec<Arc<LiveFile>>> {
    let origin = Origin::of(table);
    let list = manifest_list(table, snapshot, origin).await?;
    let runtime = tokio::runtime::Handle::try_current()
        .map_err(|error| Error::new(ErrorKind::Unexpected, format!("table {}: {error}", table.identifier())))?;
    let manifests: Vec<(ManifestFile, Arc<Manifest>)> = futures::stream::iter(list.entries().to_vec())
        .map(|file| match MANIFESTS.get(origin, &file.manifest_path) {
            Some(known) => ready(Ok((file, known))).left_future(),
            None => {
                // parsing is work for a core of its own; a lost task is an error here, never an end of stream
                let task = runtime.spawn(manifest(file, table.clone(), origin));
                async move { task.await.map_err(|error| Error::new(ErrorKind::Unexpected, error.to_string()))? }
                    .right_future()
            }
        })
        .buffered(PARALLEL)
        .try_collect()
        .await?;

    let of = |content| manifests.iter().filter(move |(file, _)| file.content == content);
    let deletes = DeleteIndex::new(of(ManifestContentType::Deletes).flat_map(live))?;
    let mut files: Vec<_> = of(ManifestContentType::Data).flat_map(live).collect();
    for file in &mut files {
        if file.data().file_format() != DataFileFormat::Parquet {
            return Err(unsupported(format!(
                "table {}: only Parquet files are read, this one is {}: {}",
                table.identifier(),
                file.data().file_format(),
                file.path()
            )));
        }
        file.deletes = deletes.of(file)?;
    }
    compare(table, snapshot, &files, deletes.len())?;
    Ok(files.into_iter().map(Arc::new).collect())
}

fn live((file, manifest): &(ManifestFile, Arc<Manifest>)) -> impl Iterator<Item = LiveFile> {
    manifest.live.iter().map(|entry| {
        let partition = entry.data_file().partition().fields();
        let value = |at: usize| partition.get(at)?.as_ref().and_then(Literal::as_primitive_literal);
        LiveFile {
            entry: entry.clone(),
            schema: manifest.schema.clone(),
            schema_id: manifest.schema_id,
            spec_id: file.partition_spec_id,
            identity: manifest.identity.iter().map(|(at, id)| (*id, value(*at))).collect(),
            deletes: Deletes::default(),
        }
    })
}

async fn manifest_list(table: &Table, snapshot: &SnapshotRef, origin: Origin) -> Result<Arc<ManifestList>> {
    if let Some(list) = LISTS.get(origin, snapshot.manifest_list()) {
        return Ok(list);
    }
    let list = Arc::new(table.manifest_list_reader(snapshot).load().await?);
    LISTS.put(origin, snapshot.manifest_list(), list.clone(), 512 * list.entries().len().max(1));
    Ok(list)
}

async fn manifest(file: ManifestFile, table: Table, origin: Origin) -> Result<(ManifestFile, Arc<Manifest>)> {
    let (entries, about) = file.load_manifest(table.file_io()).await?.into_parts();
    let live: Vec<_> = entries.into_iter().filter(|entry| entry.is_alive()).collect();
    // the list counted what the manifest must hold
    let counted = [
        ("files", file.added_files_count.zip(file.existing_files_count).map(|(a, b)| u64::from(a) + u64::from(b))),
        ("rows", file.added_rows_count.zip(file.existing_rows_count).map(|(a, b)| a + b)),
    ];
    let found = [live.len() as u64, live.iter().map(|entry| entry.record_count()).sum()];
    for ((what, counted), found) in counted.into_iter().zip(found) {
        if let Some(counted) = counted.filter(|counted| *counted != found) {
            return Err(damaged(format!(
                "table {}: {} lists {found} {what}, the snapshot counts {counted} there",
                table.identifier(),
                file.manifest_path
            )));
        }
    }
    // one schema for all manifests of a table instead of a copy in each
    let known = table.metadata().schema_by_id(about.schema_id()).filter(|known| **known == *about.schema());
    let identity = about.partition_spec().fields().iter().enumerate();
    let manifest = Arc::new(Manifest {
        schema: known.unwrap_or(about.schema()).clone(),
        schema_id: about.schema_id(),
        identity: identity
            .filter(|(_, field)| field.transform == Transform::Identity)
            .map(|(at, field)| (at, field.source_id))
            .collect(),
        live,
    });
    let cost = 1024 + manifest.live.iter().map(|entry| size(entry.data_file())).sum::<usize>();
    MANIFESTS.put(origin, &file.manifest_path, manifest.clone(), cost);
    Ok((file, manifest))
}

/// Bytes a file's entry takes in memory, roughly.
fn size(file: &DataFile) -> usize {
    let counts = [file.column_sizes(), file.value_counts(), file.null_value_counts(), file.nan_value_counts()];
    let bounds = file.lower_bounds().len() + file.upper_bounds().len();
    600 + file.file_path().len() + 32 * counts.iter().map(|map| map.len()).sum::<usize>() + 160 * bounds
}

/// The files found must be the files which the snapshot counts, whoever lost a manifest, a task or a runtime.
fn compare(table: &Table, snapshot: &SnapshotRef, files: &[LiveFile], deletes: usize) -> Result<()> {
    let rows = files.iter().map(|file| file.data().record_count()).sum();
    for (total, what, found) in [
        ("total-data-files", "data files", files.len() as u64),
        ("total-records", "rows", rows),
        ("total-delete-files", "delete files", deletes as u64),
    ] {
        let counted = snapshot.summary().additional_properties.get(total).and_then(|value| value.parse::<u64>().ok());
        if let Some(counted) = counted.filter(|counted| *counted != found) {
            return Err(damaged(format!(
                "table {}, snapshot {}: its metadata lists {found} {what} but counts {counted}; nothing was read",
                table.identifier(),
                snapshot.snapshot_id()
            )));
        }
    }
    Ok(())
}
