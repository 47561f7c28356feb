//! Small manifests become large ones on the way, so that the thousandth append costs what the first one did.
//!
//! Those of a size are merged, so a manifest is written again only when ten times as many files have come: merging all of
//! them whenever there are many would write the whole table's entries anew every hundred commits.
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use futures::{StreamExt, TryStreamExt};
use iceberg::io::FileIO;
use iceberg::spec::{DataFile, ManifestContentType, ManifestFile, SchemaRef, TableMetadata};

use super::entries::RowIds;
use super::produce::Files;
use crate::{Error, Kind, Result};

/// Small manifests of one kind from which on they are merged: Iceberg's `commit.manifest.min-count-to-merge`.
const MANY: usize = 100;
/// Manifests of one larger size from which on they are merged, and how many times larger the next size is.
const OF_A_SIZE: usize = 10;
/// Bytes from which on a manifest is no longer small: Iceberg's `commit.manifest.target-size-bytes`.
const LARGE: i64 = 8 << 20;
/// Manifests read at the same time.
const PARALLEL: usize = 16;
/// Manifests of which this process remembers what it wrote: as many as are merged at once, and some.
const REMEMBERED: usize = 2 * MANY;
/// Files of a manifest that is remembered.
const FEW: usize = 4;

/// Manifests by their paths, the newest first.
type Written = VecDeque<(String, Arc<Held>)>;

static WRITTEN: LazyLock<Mutex<Written>> = LazyLock::new(Mutex::default);

/// A manifest and what it holds.
type Read = (ManifestFile, Arc<Held>);

/// What a manifest holds.
struct Held {
    schema: SchemaRef,
    entries: Vec<Entry>,
}

/// A file in a manifest; what a new one inherits from the list is not said.
struct Entry {
    file: DataFile,
    alive: bool,
    snapshot: Option<i64>,
    sequence: Option<i64>,
    file_sequence: Option<i64>,
}

/// Keeps what a manifest of new files holds: who appends again and again need not read it to merge it.
pub(super) fn remember(path: &str, schema: &SchemaRef, added: &[DataFile]) {
    if added.len() > FEW {
        return;
    }
    let new = |file: &DataFile| Entry {
        file: file.clone(),
        alive: true,
        snapshot: None,
        sequence: None,
        file_sequence: None,
    };
    let held = Held { schema: schema.clone(), entries: added.iter().map(new).collect() };
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    written.truncate(REMEMBERED - 1);
    written.push_front((path.to_owned(), Arc::new(held)));
}

/// What a manifest holds, remembered or read.
async fn held(file: ManifestFile, io: FileIO) -> Result<(ManifestFile, Arc<Held>)> {
    let known = {
        let written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
        written.iter().find(|(path, _)| *path == file.manifest_path).map(|(_, held)| held.clone())
    };
    if let Some(held) = known {
        return Ok((file, held));
    }
    // parsing is work for a core of its own
    let read = tokio::spawn(async move {
        let manifest = file.load_manifest(&io).await?;
        Ok::<_, iceberg::Error>((file, manifest))
    });
    let (file, manifest) =
        read.await.map_err(|e| Error::new(Kind::Unexpected, "the reader of a manifest stopped").because(e))??;
    let (entries, about) = manifest.into_parts();
    let entries = entries.into_iter().map(|entry| Entry {
        alive: entry.is_alive(),
        snapshot: entry.snapshot_id(),
        sequence: entry.sequence_number(),
        file_sequence: entry.file_sequence_number,
        file: entry.data_file().clone(),
    });
    let held = Held { schema: about.schema().clone(), entries: entries.collect() };
    Ok((file, Arc::new(held)))
}

/// Of which size a manifest is: 0 with fewer than `many` files, 1 up to ten times as many, and so on.
fn size(manifest: &ManifestFile, many: usize) -> u32 {
    let files = manifest.added_files_count.unwrap_or(0).saturating_add(manifest.existing_files_count.unwrap_or(0));
    let hundreds = files as usize / many;
    hundreds.checked_ilog(OF_A_SIZE).map_or(0, |size| size + 1)
}

impl Files<'_> {
    /// The manifests that a snapshot carries on, with the small ones merged where there are many.
    ///
    /// Entries keep their snapshots and sequence numbers; those that were dead before are left behind. Manifests are
    /// merged where schema and partitioning are the same, for bounds and partitions are written in their terms.
    pub(super) async fn merged(&mut self, kept: Vec<ManifestFile>, from: Option<usize>) -> Result<Vec<ManifestFile>> {
        let metadata = self.table.metadata_ref();
        let number = |key: &str, default: i64| -> i64 {
            metadata.properties().get(key).and_then(|v| v.parse().ok()).unwrap_or(default)
        };
        let many = from.unwrap_or(number("commit.manifest.min-count-to-merge", MANY as i64).max(2) as usize);
        let large = number("commit.manifest.target-size-bytes", LARGE);
        let off = metadata.properties().get("commit.manifest-merge.enabled").is_some_and(|v| v == "false");
        if off && from.is_none() {
            return Ok(kept);
        }
        let small = |m: &ManifestFile| m.content == ManifestContentType::Data && m.manifest_length < large;
        let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
        for manifest in kept.iter().filter(|m| small(m)) {
            *sizes.entry(size(manifest, many)).or_default() += 1;
        }
        let merges = |m: &ManifestFile| match from {
            // asked to, all sizes are merged into one
            Some(_) => sizes.values().sum::<usize>() >= many,
            None => match size(m, many) {
                0 => sizes.get(&0).is_some_and(|count| *count >= many),
                larger => sizes.get(&larger).is_some_and(|count| *count >= OF_A_SIZE.min(many)),
            },
        };
        // what this commit itself has written is fresh
        let (merging, mut out): (Vec<_>, Vec<_>) =
            kept.into_iter().partition(|file| small(file) && merges(file) && !self.wrote(&file.manifest_path));
        if merging.is_empty() {
            return Ok(out);
        }
        let io = self.table.file_io();
        let merging: Vec<_> =
            futures::stream::iter(merging).map(|file| held(file, io.clone())).buffered(PARALLEL).try_collect().await?;
        let mut groups: BTreeMap<(i32, i32), Vec<Read>> = BTreeMap::new();
        for (file, held) in merging {
            groups.entry((file.partition_spec_id, held.schema.schema_id())).or_default().push((file, held));
        }
        for group in groups.into_values() {
            let mut bin: Vec<Read> = vec![];
            let mut bytes = 0;
            for (file, manifest) in group {
                if bytes + file.manifest_length > large && !bin.is_empty() {
                    out.push(self.merge(&metadata, std::mem::take(&mut bin)).await?);
                    bytes = 0;
                }
                bytes += file.manifest_length;
                bin.push((file, manifest));
            }
            if !bin.is_empty() {
                out.push(self.merge(&metadata, bin).await?);
            }
        }
        Ok(out)
    }

    async fn merge(&mut self, metadata: &TableMetadata, bin: Vec<Read>) -> Result<ManifestFile> {
        let [(first, held), ..] = &bin[..] else {
            return Err(Error::new(Kind::Unexpected, "there are no manifests to merge"));
        };
        if bin.len() == 1 {
            return Ok(first.clone());
        }
        let spec = metadata
            .partition_spec_by_id(first.partition_spec_id)
            .ok_or_else(|| Error::new(Kind::Unexpected, "a manifest names a partition spec that the table lacks"))?
            .clone();
        let mut writer = self.writer(&spec, &held.schema, ManifestContentType::Data)?;
        for (file, held) in &bin {
            let mut row_ids = RowIds::of(metadata, file);
            for entry in &held.entries {
                let data = row_ids.next(&entry.file, spec.spec_id())?;
                if entry.alive {
                    let snapshot = entry.snapshot.unwrap_or(file.added_snapshot_id);
                    let sequence = entry.sequence.unwrap_or(file.sequence_number);
                    let file_sequence =
                        if entry.snapshot.is_none() { Some(file.sequence_number) } else { entry.file_sequence };
                    writer.add_existing_file(data, snapshot, sequence, file_sequence)?;
                }
            }
        }
        Ok(writer.write_manifest_file().await?)
    }
}
