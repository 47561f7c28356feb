//! A table's history told again over other files: every snapshot, tag and branch keeps its id, its place and its time.
//!
//! Erasure takes rows out of every state this way, and a mesh that was moved gets its new paths. Nothing is changed in
//! place: new manifests, lists and one metadata file are written, and become the table's with one swap of its pointer.
use std::collections::{BTreeMap, HashMap};

use iceberg::spec::{
    DataContentType, DataFile, FormatVersion, ManifestContentType, ManifestEntryRef, ManifestFile, ManifestListWriter,
    ManifestStatus, ManifestWriterBuilder, SchemaRef, SnapshotRef, TableMetadata,
};
use iceberg::table::Table;
use serde_json::Value;
use uuid::Uuid;

use super::super::entries::{RowIds, rebuilt};
use super::Moved;
use crate::{Error, Kind, Result};

/// What becomes of one data or delete file, in every snapshot that has it.
#[derive(Debug, Clone)]
pub enum Fate {
    /// Nothing of it is left.
    Drop,
    /// Another file takes its place.
    Become(Box<DataFile>),
}

/// A file that some snapshot has or had.
#[derive(Debug, Clone)]
pub struct HistoryFile {
    /// What its manifest says.
    pub file: DataFile,
    /// Its partitioning.
    pub spec_id: i32,
    /// Schema of its manifest.
    pub schema: SchemaRef,
    /// Whether some snapshot still has it; one that was only deleted may be gone from the storage.
    pub alive: bool,
}

/// A history that is told anew, but that nobody sees yet.
#[derive(Debug)]
pub struct Retold {
    /// The table's new metadata.
    pub metadata: TableMetadata,
    /// Manifests and lists that were written for it.
    pub written: Vec<String>,
    /// Rows of the snapshots whose files changed.
    pub rows: BTreeMap<i64, i64>,
}

/// What names a file of a table's history: its path, and the place in it for a part of a file that several share.
fn key_of(file: &DataFile) -> String {
    match file.content_offset() {
        Some(from) => format!("{}#{from}", file.file_path()),
        None => file.file_path().to_owned(),
    }
}

/// A rewritten file with what the one before it was: its partition, order and first row id.
pub fn carried(new: &DataFile, old: &HistoryFile) -> Result<DataFile> {
    rebuilt(new, old.spec_id, |b| {
        b.content(old.file.content_type())
            .partition(old.file.partition().clone())
            .equality_ids(old.file.equality_ids())
            .first_row_id(old.file.first_row_id());
        if let Some(order) = old.file.sort_order_id() {
            b.sort_order_id(order);
        }
    })
}

impl HistoryFile {
    /// What names it: to this, its fate is told. One path can be that of several deletion vectors.
    pub fn key(&self) -> String {
        key_of(&self.file)
    }

    /// Every file of every snapshot, each once, those that were deleted later too.
    pub async fn all(table: &Table, moved: Option<&Moved>) -> Result<Vec<Self>> {
        let mut out: BTreeMap<String, Self> = BTreeMap::new();
        let mut seen = std::collections::HashSet::new();
        for snapshot in table.metadata().snapshots() {
            for manifest in table.manifest_list_reader(snapshot).load().await?.entries() {
                if !seen.insert(manifest.manifest_path.clone()) {
                    continue;
                }
                let read = readable(manifest, moved).load_manifest(table.file_io()).await?;
                let mut row_ids = RowIds::of(table.metadata(), manifest);
                for entry in read.entries() {
                    let file = row_ids.next(entry.data_file(), manifest.partition_spec_id)?;
                    let schema = read.metadata().schema().clone();
                    let one = Self { file, spec_id: manifest.partition_spec_id, schema, alive: false };
                    out.entry(one.key()).or_insert(one).alive |= entry.is_alive();
                }
            }
        }
        Ok(out.into_values().collect())
    }
}

/// A manifest where it lies now.
fn readable(manifest: &ManifestFile, moved: Option<&Moved>) -> ManifestFile {
    let mut manifest = manifest.clone();
    if let Some(moved) = moved {
        manifest.manifest_path = moved.now(&manifest.manifest_path);
    }
    manifest
}

impl Retold {
    /// Tells the history of a table with the fates of its files, by their [keys](HistoryFile::key). A table that was moved is given with the metadata it
    /// has at its new place.
    ///
    /// # Errors
    /// When a manifest cannot be read or written; what was written until then is an orphan.
    pub async fn of(
        table: &Table,
        fates: &HashMap<String, Fate>,
        moved: Option<&Moved>,
        mark: Option<(&str, &str)>,
    ) -> Result<Self> {
        let mut teller = Teller { table, fates, moved, told: HashMap::new(), written: vec![], attempt: Uuid::now_v7() };
        let mut json = serde_json::to_value(table.metadata())?;
        let mut rows = BTreeMap::new();
        let snapshots: Vec<SnapshotRef> = table.metadata().snapshots().cloned().collect();
        for snapshot in &snapshots {
            let Some((list, tally)) = teller.snapshot(snapshot).await? else { continue };
            rows.insert(snapshot.snapshot_id(), tally.rows);
            let own = json["snapshots"].as_array_mut().into_iter().flatten();
            for found in own.filter(|s| s["snapshot-id"].as_i64() == Some(snapshot.snapshot_id())) {
                found["manifest-list"] = Value::from(list.clone());
                if let Some(summary) = found["summary"].as_object_mut() {
                    tally.correct(summary);
                    summary.extend(mark.map(|(key, value)| (key.to_owned(), Value::from(value))));
                }
            }
        }
        // what older metadata files say is no longer so
        json["metadata-log"] = Value::Array(vec![]);
        if !fates.is_empty() && moved.is_none() {
            // sketches were made from rows that may be gone
            json["statistics"] = Value::Array(vec![]);
            json["partition-statistics"] = Value::Array(vec![]);
        }
        let metadata = serde_json::from_value(json)?;
        Ok(Self { metadata, written: teller.written, rows })
    }
}

/// A manifest in its new words, none where no entry is left, and what it counts.
type Told = (Option<ManifestFile>, Tally);

struct Teller<'a> {
    table: &'a Table,
    fates: &'a HashMap<String, Fate>,
    moved: Option<&'a Moved>,
    told: HashMap<String, Told>,
    written: Vec<String>,
    attempt: Uuid,
}

impl Teller<'_> {
    /// The new list of a snapshot; none when nothing of it changes.
    async fn snapshot(&mut self, snapshot: &SnapshotRef) -> Result<Option<(String, Tally)>> {
        let old = self.table.manifest_list_reader(snapshot).load().await?;
        let (mut manifests, mut tally, mut changed) = (vec![], Tally::default(), self.moved.is_some());
        for manifest in old.entries() {
            if !self.told.contains_key(&manifest.manifest_path) {
                let told = self.manifest(manifest).await?;
                self.told.insert(manifest.manifest_path.clone(), told);
            }
            let Some((told, counts)) = self.told.get(&manifest.manifest_path) else { continue };
            changed |= told.as_ref().is_none_or(|t| t.manifest_path != manifest.manifest_path);
            tally.add(counts, manifest.added_snapshot_id == snapshot.snapshot_id());
            manifests.extend(told.clone());
        }
        if !changed {
            return Ok(None);
        }
        let metadata = self.table.metadata();
        let id = snapshot.snapshot_id();
        let path = format!("{}/metadata/snap-{id}-1-{}.avro", metadata.location(), self.attempt);
        self.written.push(path.clone());
        let output = self.table.file_io().new_output(&path)?.writer().await?;
        let (parent, sequence) = (snapshot.parent_snapshot_id(), snapshot.sequence_number());
        let mut list = match metadata.format_version() {
            FormatVersion::V1 => ManifestListWriter::v1(output, id, parent),
            FormatVersion::V2 => ManifestListWriter::v2(output, id, parent, sequence),
            FormatVersion::V3 => {
                let first = snapshot.row_range().map(|(first, _)| first).unwrap_or(0);
                ManifestListWriter::v3(output, id, parent, sequence, Some(first))
            }
        };
        list.add_manifests(manifests.into_iter())?;
        list.close().await?;
        Ok(Some((path, tally)))
    }

    async fn manifest(&mut self, old: &ManifestFile) -> Result<Told> {
        let metadata = self.table.metadata_ref();
        let manifest = readable(old, self.moved).load_manifest(self.table.file_io()).await?;
        let mut row_ids = RowIds::of(&metadata, old);
        let (mut tally, mut entries, mut changed) = (Tally::default(), vec![], self.moved.is_some());
        for entry in manifest.entries() {
            let file = row_ids.next(entry.data_file(), old.partition_spec_id)?;
            let file = match self.fates.get(&key_of(entry.data_file())) {
                Some(Fate::Drop) => {
                    changed = true;
                    continue;
                }
                Some(Fate::Become(other)) => {
                    changed = true;
                    other.as_ref().clone()
                }
                None => match self.moved {
                    Some(moved) => rebuilt(&file, old.partition_spec_id, |b| {
                        b.file_path(moved.now(file.file_path()))
                            .referenced_data_file(file.referenced_data_file().map(|path| moved.now(&path)));
                    })?,
                    None => file,
                },
            };
            tally.count(entry, &file);
            entries.push((entry.clone(), file));
        }
        if !changed {
            return Ok((Some(old.clone()), tally));
        }
        if entries.is_empty() {
            return Ok((None, tally));
        }
        let spec = metadata
            .partition_spec_by_id(old.partition_spec_id)
            .ok_or_else(|| Error::new(Kind::Unexpected, "a manifest names a partition spec that the table lacks"))?;
        let path = format!("{}/metadata/{}-m{}.avro", metadata.location(), self.attempt, self.written.len());
        self.written.push(path.clone());
        let output = self.table.file_io().new_output(&path)?;
        let schema = manifest.metadata().schema().clone();
        let builder = ManifestWriterBuilder::new(output, Some(old.added_snapshot_id), schema, spec.as_ref().clone());
        let mut writer = match (metadata.format_version(), old.content) {
            (FormatVersion::V1, _) => builder.build_v1(),
            (FormatVersion::V2, ManifestContentType::Data) => builder.build_v2_data(),
            (FormatVersion::V2, ManifestContentType::Deletes) => builder.build_v2_deletes(),
            (FormatVersion::V3, ManifestContentType::Data) => builder.build_v3_data(),
            (FormatVersion::V3, ManifestContentType::Deletes) => builder.build_v3_deletes(),
        };
        for (entry, file) in entries {
            let sequence = entry.sequence_number().unwrap_or(old.sequence_number);
            let written_at = entry.file_sequence_number.or(Some(old.sequence_number));
            match entry.status() {
                ManifestStatus::Added => writer.add_file(file, sequence)?,
                ManifestStatus::Existing => {
                    let snapshot = entry.snapshot_id().unwrap_or(old.added_snapshot_id);
                    writer.add_existing_file(file, snapshot, sequence, written_at)?;
                }
                ManifestStatus::Deleted => writer.add_delete_file(file, sequence, written_at)?,
            }
        }
        let new = writer.write_manifest_file().await?;
        let told = ManifestFile {
            sequence_number: old.sequence_number,
            min_sequence_number: old.min_sequence_number,
            added_snapshot_id: old.added_snapshot_id,
            first_row_id: old.first_row_id,
            key_metadata: old.key_metadata.clone(),
            ..new
        };
        Ok((Some(told), tally))
    }
}

/// What a snapshot's summary counts.
#[derive(Debug, Clone, Default)]
struct Tally {
    rows: i64,
    files: i64,
    bytes: i64,
    delete_files: i64,
    position_deletes: i64,
    equality_deletes: i64,
    added: (i64, i64, i64),
    deleted: (i64, i64, i64),
}

impl Tally {
    fn count(&mut self, entry: &ManifestEntryRef, file: &DataFile) {
        let bytes = file.content_size_in_bytes().unwrap_or(file.file_size_in_bytes() as i64);
        let rows = file.record_count() as i64;
        let data = file.content_type() == DataContentType::Data;
        if entry.is_alive() {
            self.bytes += bytes;
            match file.content_type() {
                DataContentType::Data => {
                    self.files += 1;
                    self.rows += rows;
                }
                DataContentType::PositionDeletes => self.position_deletes += rows,
                DataContentType::EqualityDeletes => self.equality_deletes += rows,
            }
            self.delete_files += i64::from(!data);
        }
        let change = match entry.status() {
            ManifestStatus::Added => &mut self.added,
            ManifestStatus::Deleted => &mut self.deleted,
            ManifestStatus::Existing => return,
        };
        if data {
            *change = (change.0 + 1, change.1 + rows, change.2 + bytes);
        }
    }

    fn add(&mut self, other: &Self, own: bool) {
        self.rows += other.rows;
        self.files += other.files;
        self.bytes += other.bytes;
        self.delete_files += other.delete_files;
        self.position_deletes += other.position_deletes;
        self.equality_deletes += other.equality_deletes;
        if own {
            let sum = |a: (i64, i64, i64), b: (i64, i64, i64)| (a.0 + b.0, a.1 + b.1, a.2 + b.2);
            self.added = sum(self.added, other.added);
            self.deleted = sum(self.deleted, other.deleted);
        }
    }

    /// Corrects what a summary counts; adds nothing that it did not count.
    fn correct(&self, summary: &mut serde_json::Map<String, Value>) {
        let counts = [
            ("total-records", self.rows),
            ("total-data-files", self.files),
            ("total-files-size", self.bytes),
            ("total-delete-files", self.delete_files),
            ("total-position-deletes", self.position_deletes),
            ("total-equality-deletes", self.equality_deletes),
            ("added-data-files", self.added.0),
            ("added-records", self.added.1),
            ("added-files-size", self.added.2),
            ("deleted-data-files", self.deleted.0),
            ("deleted-records", self.deleted.1),
            ("removed-files-size", self.deleted.2),
        ];
        for (key, value) in counts {
            if let Some(found) = summary.get_mut(key) {
                *found = Value::from(value.to_string());
            }
        }
        // values of partitions
        summary.retain(|key, _| !key.starts_with("partitions."));
    }
}

impl crate::Catalog {
    /// The table as it is once a staged change is committed, for its reach.
    pub fn staged_table(&self, staged: &crate::Staged) -> Result<Table> {
        self.table(staged.ident().clone(), staged.location().to_owned(), staged.metadata())
    }

    /// Writes the metadata of a history that was told anew; nobody sees it yet.
    pub async fn stage_retold(&self, table: &Table, retold: &Retold) -> Result<crate::Staged> {
        let base = table.metadata_location_result()?.to_owned();
        self.stage_as(table.identifier().clone(), base.clone(), &base, retold.metadata.clone()).await
    }
}
