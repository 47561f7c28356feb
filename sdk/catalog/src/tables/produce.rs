//! Snapshots: any mix of added and removed data files, on any branch.
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use iceberg::spec::{
    DataFile, FormatVersion, MAIN_BRANCH, ManifestContentType, ManifestFile, ManifestListWriter, ManifestWriter,
    ManifestWriterBuilder, Operation, PartitionSpecRef, SchemaRef, Snapshot, SnapshotReference, SnapshotRetention,
    SnapshotSummaryCollector, SortOrderRef, Summary,
};
use iceberg::table::Table;
use iceberg::{TableRequirement, TableUpdate};
use uuid::Uuid;

use super::entries::{RowIds, rebuilt, totals};
use super::layout::{self, SORT_ORDER, SPEC};
use super::merge;
use super::refs::retention;
use super::stage::TableChange;
use super::upkeep::same_rows;
use crate::{Error, Kind, Result};

/// What a snapshot does to a table.
#[derive(Debug, Clone)]
pub struct Change {
    /// The branch it goes to; a new one starts from main's head.
    pub branch: String,
    /// As Iceberg's summary names it.
    pub operation: Operation,
    /// Data files that join.
    pub added: Vec<DataFile>,
    /// Paths of live files that leave, and with a data file the deletes that are for it alone.
    pub removed: HashSet<String>,
    /// Every live file leaves.
    pub remove_all: bool,
    /// Summary properties of ours; computed ones win.
    pub properties: HashMap<String, String>,
    /// How long a new branch is kept, in milliseconds.
    pub branch_max_age_ms: Option<i64>,
    /// The schema the snapshot is written with, if it is not the table's current one. It joins the table with this
    /// commit and becomes current when the snapshot becomes main's head.
    pub schema: Option<SchemaRef>,
    /// The partitioning of the added files, if it is not the table's default. It joins and becomes the default likewise.
    pub spec: Option<PartitionSpecRef>,
    /// The order of rows within files, if it is not the table's default. It joins and becomes the default likewise.
    pub sort: Option<SortOrderRef>,
    /// Sequence number of the added files, where it is not the new snapshot's: rewritten rows are as old as what was read,
    /// so that deletes which came meanwhile still apply.
    pub data_sequence_number: Option<i64>,
    /// From how many small manifests on they are merged, where it is not for the table to say.
    pub merge_from: Option<usize>,
}

impl Change {
    /// An append to `main`.
    pub fn append(added: Vec<DataFile>) -> Self {
        Self {
            branch: MAIN_BRANCH.to_owned(),
            operation: Operation::Append,
            added,
            removed: HashSet::new(),
            remove_all: false,
            properties: HashMap::new(),
            branch_max_age_ms: None,
            schema: None,
            spec: None,
            sort: None,
            data_sequence_number: None,
            merge_from: None,
        }
    }
}

/// A snapshot whose manifests are written, but that nobody sees yet.
#[derive(Debug)]
pub struct Produced {
    /// Commit this.
    pub change: TableChange,
    /// The new snapshot's id.
    pub snapshot_id: i64,
    /// Manifests and list: to be deleted when the commit is given up.
    pub written: Vec<String>,
}

impl Change {
    /// Writes the manifests of a snapshot that makes this change to the branch's head.
    ///
    /// # Errors
    /// `Conflict` when a file that is to leave is no longer live.
    pub async fn produce(self, table: &Table) -> Result<Produced> {
        let metadata = table.metadata();
        let head = metadata.snapshot_for_ref(&self.branch);
        let parent = head.or_else(|| metadata.snapshot_for_ref(MAIN_BRANCH)).cloned();
        let snapshot_id = new_snapshot_id(table);
        let schema = self.schema.clone().unwrap_or_else(|| metadata.current_schema().clone());
        let spec = self.spec.clone().unwrap_or_else(|| metadata.default_partition_spec().clone());
        let mut files = Files { table, schema: schema.clone(), snapshot_id, commit: Uuid::now_v7(), written: vec![] };
        let mut summary = SnapshotSummaryCollector::default();

        let mut manifests = vec![];
        if !self.added.is_empty() {
            manifests.push(files.added(&self.added, &spec, self.data_sequence_number, &mut summary).await?);
        }
        if let Some(parent) = &parent {
            let list = table.manifest_list_reader(parent).load().await?;
            let mut found = HashSet::new();
            let mut kept = vec![];
            for manifest in list.entries() {
                let leaving = Leaving { all: self.remove_all, paths: &self.removed, found: &mut found };
                kept.extend(files.kept(manifest, leaving, &mut summary).await?);
            }
            manifests.extend(files.merged(kept, self.merge_from).await?);
            let missing = self.removed.iter().filter(|path| !found.contains(*path)).count();
            if missing > 0 {
                return Err(Error::new(
                    Kind::Conflict,
                    "files that this change replaces were replaced by somebody else",
                )
                .with("files", missing));
            }
        }

        let list_path = format!("{}/metadata/snap-{snapshot_id}-0-{}.avro", metadata.location(), files.commit);
        files.written.push(list_path.clone());
        let output = table.file_io().new_output(&list_path)?.writer().await?;
        let (sequence, first_row) = (metadata.next_sequence_number(), metadata.next_row_id());
        let parent_id = parent.as_ref().map(|s| s.snapshot_id());
        let mut list = match metadata.format_version() {
            FormatVersion::V1 => ManifestListWriter::v1(output, snapshot_id, parent_id),
            FormatVersion::V2 => ManifestListWriter::v2(output, snapshot_id, parent_id, sequence),
            FormatVersion::V3 => ManifestListWriter::v3(output, snapshot_id, parent_id, sequence, Some(first_row)),
        };
        list.add_manifests(manifests.into_iter())?;
        let next_row = list.next_row_id();
        list.close().await?;

        let mut properties = self.properties.clone();
        let computed = summary.build();
        let before = parent.as_ref().map(|s| s.summary().additional_properties.clone()).unwrap_or_default();
        // what becomes the table's own when this snapshot becomes main's head
        properties.extend(self.spec.iter().map(|s| (SPEC.to_owned(), s.spec_id().to_string())));
        properties.extend(self.sort.iter().map(|s| (SORT_ORDER.to_owned(), s.order_id.to_string())));
        properties.extend(totals(&before, &computed));
        properties.extend(computed);
        let builder = Snapshot::builder()
            .with_manifest_list(list_path)
            .with_snapshot_id(snapshot_id)
            .with_parent_snapshot_id(parent_id)
            .with_sequence_number(sequence)
            .with_summary(Summary { operation: self.operation, additional_properties: properties })
            .with_schema_id(schema.schema_id())
            // a clock that runs behind the last writer's must not lose a commit
            .with_timestamp_ms(chrono::Utc::now().timestamp_millis().max(metadata.last_updated_ms() + 1));
        let snapshot = match next_row {
            Some(next) => builder.with_row_range(first_row, next - first_row).build(),
            None => builder.build(),
        };
        let retention = match retention(metadata, &self.branch)? {
            Some(existing) => existing,
            None => SnapshotRetention::branch(None, None, self.branch_max_age_ms),
        };
        let snapshot = Arc::new(snapshot);
        // on main there is no release to wait for
        let current = if self.branch == MAIN_BRANCH { layout::takes_over(metadata, &snapshot) } else { vec![] };
        let change = TableChange {
            base: table.clone(),
            requirements: vec![
                TableRequirement::UuidMatch { uuid: metadata.uuid() },
                TableRequirement::RefSnapshotIdMatch {
                    r#ref: self.branch.clone(),
                    snapshot_id: head.map(|s| s.snapshot_id()),
                },
            ],
            updates: layout::joins(metadata, &schema, self.spec.as_deref(), self.sort.as_deref())
                .into_iter()
                .chain([
                    TableUpdate::AddSnapshot { snapshot: Arc::unwrap_or_clone(snapshot) },
                    TableUpdate::SetSnapshotRef {
                        ref_name: self.branch,
                        reference: SnapshotReference::new(snapshot_id, retention),
                    },
                ])
                .chain(current)
                .collect(),
        };
        Ok(Produced { change, snapshot_id, written: files.written })
    }
}

impl TableChange {
    /// Moves `main` to a snapshot and drops the branch it came by, given that main is still where the branch started.
    pub fn fast_forward(table: &Table, branch: &str, tag: Option<&str>) -> Result<Self> {
        let metadata = table.metadata();
        let head = metadata
            .snapshot_for_ref(branch)
            .ok_or_else(|| Error::new(Kind::NotFound, format!("`{}` has no branch `{branch}`", table.identifier())))?;
        let main = metadata.snapshot_for_ref(MAIN_BRANCH).map(|s| s.snapshot_id());
        // a run's branch starts where its own snapshots end: a main that has gone back behind that has moved too
        let run = |id: i64| {
            let snapshot = metadata.snapshot_by_id(id)?;
            snapshot.summary().additional_properties.get("mesh.run-id").cloned()
        };
        let own = run(head.snapshot_id());
        let mut ancestor = Some(head.snapshot_id());
        while own.is_some() && ancestor.and_then(run) == own {
            ancestor = ancestor.and_then(|id| metadata.snapshot_by_id(id)).and_then(|s| s.parent_snapshot_id());
        }
        // compaction has moved main to the same rows in other files
        let rows = |id: Option<i64>| id.map(|id| same_rows(metadata, id));
        if own.is_some() && rows(ancestor) != rows(main) {
            return Err(moved(table));
        }
        while own.is_none() && ancestor != main {
            let Some(id) = ancestor else {
                return Err(moved(table));
            };
            ancestor = metadata.snapshot_by_id(id).and_then(|s| s.parent_snapshot_id());
        }
        let kept = retention(metadata, MAIN_BRANCH)?.unwrap_or(SnapshotRetention::branch(None, None, None));
        let reference = SnapshotReference::new(head.snapshot_id(), kept);
        let mut updates = vec![
            TableUpdate::SetSnapshotRef { ref_name: MAIN_BRANCH.to_owned(), reference },
            TableUpdate::RemoveSnapshotRef { ref_name: branch.to_owned() },
        ];
        updates.extend(layout::takes_over(metadata, head));
        if let Some(tag) = tag {
            updates.push(TableUpdate::SetSnapshotRef {
                ref_name: tag.to_owned(),
                reference: SnapshotReference::new(head.snapshot_id(), SnapshotRetention::Tag { max_ref_age_ms: None }),
            });
        }
        Ok(Self {
            base: table.clone(),
            requirements: vec![
                TableRequirement::UuidMatch { uuid: metadata.uuid() },
                TableRequirement::RefSnapshotIdMatch { r#ref: MAIN_BRANCH.to_owned(), snapshot_id: main },
            ],
            updates,
        })
    }
}

fn moved(table: &Table) -> Error {
    Error::new(Kind::Conflict, format!("somebody else released `{}` first", table.identifier()))
        .help("run again: the work is done on the new state")
}

/// What leaves with a commit.
struct Leaving<'a> {
    all: bool,
    paths: &'a HashSet<String>,
    /// Those that were met. One path can be met twice: several deletion vectors share a file.
    found: &'a mut HashSet<String>,
}

impl Leaving<'_> {
    /// Whether a manifest cannot hold anything that leaves.
    fn is_done(&self, manifest: &ManifestFile) -> bool {
        let all_met = || self.found.len() == self.paths.len() && manifest.content == ManifestContentType::Data;
        !self.all && (self.paths.is_empty() || all_met())
    }

    fn met(&mut self, path: &str) {
        if self.paths.contains(path) {
            self.found.insert(path.to_owned());
        }
    }

    fn has(&self, file: &DataFile) -> bool {
        // there is nothing left to delete from a file that leaves
        let of_leaving = || file.referenced_data_file().is_some_and(|path| self.paths.contains(&path));
        self.all || self.paths.contains(file.file_path()) || of_leaving()
    }
}

/// A file as summaries count it: a deletion vector is as large as its part of the file.
fn as_counted(file: &DataFile, spec_id: i32) -> Result<DataFile> {
    match file.content_size_in_bytes().and_then(|size| u64::try_from(size).ok()) {
        Some(size) => rebuilt(file, spec_id, |b| {
            b.file_size_in_bytes(size);
        }),
        None => Ok(file.clone()),
    }
}

/// The files of one attempt.
pub(super) struct Files<'a> {
    pub(super) table: &'a Table,
    schema: SchemaRef,
    snapshot_id: i64,
    commit: Uuid,
    written: Vec<String>,
}

impl Files<'_> {
    /// Whether this attempt wrote that manifest.
    pub(super) fn wrote(&self, path: &str) -> bool {
        self.written.iter().any(|w| w == path)
    }

    pub(super) fn writer(
        &mut self,
        spec: &PartitionSpecRef,
        schema: &SchemaRef,
        content: ManifestContentType,
    ) -> Result<ManifestWriter> {
        let location = self.table.metadata().location();
        let path = format!("{location}/metadata/{}-m{}.avro", self.commit, self.written.len());
        let output = self.table.file_io().new_output(&path)?;
        self.written.push(path);
        let builder = ManifestWriterBuilder::new(output, Some(self.snapshot_id), schema.clone(), spec.as_ref().clone());
        Ok(match (self.table.metadata().format_version(), content) {
            (FormatVersion::V1, _) => builder.build_v1(),
            (FormatVersion::V2, ManifestContentType::Data) => builder.build_v2_data(),
            (FormatVersion::V2, ManifestContentType::Deletes) => builder.build_v2_deletes(),
            (FormatVersion::V3, ManifestContentType::Data) => builder.build_v3_data(),
            (FormatVersion::V3, ManifestContentType::Deletes) => builder.build_v3_deletes(),
        })
    }

    async fn added(
        &mut self,
        added: &[DataFile],
        spec: &PartitionSpecRef,
        sequence: Option<i64>,
        summary: &mut SnapshotSummaryCollector,
    ) -> Result<ManifestFile> {
        let schema = self.schema.clone();
        let mut writer = self.writer(spec, &schema, ManifestContentType::Data)?;
        for file in added {
            summary.add_file(file, schema.clone(), spec.clone());
            // negative: inherit the sequence number of whichever attempt wins
            writer.add_file(file.clone(), sequence.unwrap_or(-1))?;
        }
        let manifest = writer.write_manifest_file().await?;
        if sequence.is_none() {
            merge::remember(&manifest.manifest_path, &schema, added);
        }
        Ok(manifest)
    }

    /// An older manifest as the new snapshot carries it: untouched, rewritten, or gone when no file of it lives.
    async fn kept(
        &mut self,
        old: &ManifestFile,
        mut leaving: Leaving<'_>,
        summary: &mut SnapshotSummaryCollector,
    ) -> Result<Option<ManifestFile>> {
        let counted = old.added_files_count.zip(old.existing_files_count).map(|(a, b)| a + b);
        if counted == Some(0) {
            return Ok(None);
        }
        if leaving.is_done(old) {
            return Ok(Some(old.clone()));
        }
        let manifest = old.load_manifest(self.table.file_io()).await?;
        if !manifest.entries().iter().any(|e| e.is_alive() && leaving.has(e.data_file())) {
            return Ok(Some(old.clone()));
        }
        let spec = self
            .table
            .metadata()
            .partition_spec_by_id(old.partition_spec_id)
            .ok_or_else(|| Error::new(Kind::Unexpected, "a manifest names a partition spec that the table lacks"))?
            .clone();
        // the manifest's own schema: a source column of its spec may be gone from the current one
        let schema = manifest.metadata().schema().clone();
        let mut writer = self.writer(&spec, &schema, old.content)?;
        let mut row_ids = RowIds::of(self.table.metadata(), old);
        for entry in manifest.entries() {
            let file = row_ids.next(entry.data_file(), spec.spec_id())?;
            if !entry.is_alive() {
                continue;
            }
            let sequence = entry.sequence_number().unwrap_or(0);
            if leaving.has(&file) {
                leaving.met(entry.file_path());
                summary.remove_file(&as_counted(&file, spec.spec_id())?, schema.clone(), spec.clone());
                writer.add_delete_file(file, sequence, entry.file_sequence_number)?;
            } else {
                let snapshot = entry.snapshot_id().unwrap_or(old.added_snapshot_id);
                writer.add_existing_file(file, snapshot, sequence, entry.file_sequence_number)?;
            }
        }
        Ok(Some(writer.write_manifest_file().await?))
    }
}

fn new_snapshot_id(table: &Table) -> i64 {
    loop {
        let (a, b) = Uuid::new_v4().as_u64_pair();
        let id = ((a ^ b) as i64) & i64::MAX;
        if table.metadata().snapshot_by_id(id).is_none() {
            return id;
        }
    }
}
