//! Snapshots: any mix of added and removed data files, on any branch.
use std::collections::{HashMap, HashSet};

use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, FormatVersion, MAIN_BRANCH, ManifestContentType, ManifestFile,
    ManifestListWriter, ManifestWriter, ManifestWriterBuilder, Operation, PartitionSpecRef, SchemaRef, Snapshot,
    SnapshotReference, SnapshotRetention, SnapshotSummaryCollector, Summary,
};
use iceberg::table::Table;
use iceberg::{TableRequirement, TableUpdate};
use uuid::Uuid;

use super::stage::TableChange;
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
    /// Paths of live files that leave.
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
        let mut files = Files { table, schema: schema.clone(), snapshot_id, commit: Uuid::now_v7(), written: vec![] };
        let mut summary = SnapshotSummaryCollector::default();

        let mut manifests = vec![];
        if !self.added.is_empty() {
            manifests.push(files.added(&self.added, &mut summary).await?);
        }
        if let Some(parent) = &parent {
            let list = table.manifest_list_reader(parent).load().await?;
            let mut leaving = self.removed.clone();
            for manifest in list.entries() {
                manifests.extend(files.kept(manifest, self.remove_all, &mut leaving, &mut summary).await?);
            }
            if !leaving.is_empty() {
                return Err(Error::new(
                    Kind::Conflict,
                    "files that this change replaces were replaced by somebody else",
                )
                .with("files", leaving.len()));
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
        let retention = match branch_retention(table, &self.branch) {
            Some(existing) => existing,
            None => SnapshotRetention::branch(None, None, self.branch_max_age_ms),
        };
        let change = TableChange {
            base: table.clone(),
            requirements: vec![
                TableRequirement::UuidMatch { uuid: metadata.uuid() },
                TableRequirement::RefSnapshotIdMatch {
                    r#ref: self.branch.clone(),
                    snapshot_id: head.map(|s| s.snapshot_id()),
                },
            ],
            updates: new_schema(table, &schema)
                .into_iter()
                .chain([
                    TableUpdate::AddSnapshot { snapshot },
                    TableUpdate::SetSnapshotRef {
                        ref_name: self.branch,
                        reference: SnapshotReference::new(snapshot_id, retention),
                    },
                ])
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
        let mut ancestor = Some(head.snapshot_id());
        while ancestor != main {
            let Some(id) = ancestor else {
                return Err(Error::new(
                    Kind::Conflict,
                    format!("somebody else released `{}` first", table.identifier()),
                )
                .help("run again: the work is done on the new state"));
            };
            ancestor = metadata.snapshot_by_id(id).and_then(|s| s.parent_snapshot_id());
        }
        let keep = |id| SnapshotReference::new(id, SnapshotRetention::branch(None, None, None));
        let mut updates = vec![
            TableUpdate::SetSnapshotRef { ref_name: MAIN_BRANCH.to_owned(), reference: keep(head.snapshot_id()) },
            TableUpdate::RemoveSnapshotRef { ref_name: branch.to_owned() },
        ];
        if let Some(id) = head.schema_id().filter(|id| *id != metadata.current_schema_id()) {
            updates.push(TableUpdate::SetCurrentSchema { schema_id: id });
        }
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

/// The files of one attempt.
struct Files<'a> {
    table: &'a Table,
    schema: SchemaRef,
    snapshot_id: i64,
    commit: Uuid,
    written: Vec<String>,
}

impl Files<'_> {
    fn writer(
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

    async fn added(&mut self, added: &[DataFile], summary: &mut SnapshotSummaryCollector) -> Result<ManifestFile> {
        let (spec, schema) = (self.table.metadata().default_partition_spec().clone(), self.schema.clone());
        let mut writer = self.writer(&spec, &schema, ManifestContentType::Data)?;
        for file in added {
            summary.add_file(file, schema.clone(), spec.clone());
            // negative: inherit the sequence number of whichever attempt wins
            writer.add_file(file.clone(), -1)?;
        }
        Ok(writer.write_manifest_file().await?)
    }

    /// An older manifest as the new snapshot carries it: untouched, rewritten, or gone when no file of it lives.
    async fn kept(
        &mut self,
        old: &ManifestFile,
        remove_all: bool,
        leaving: &mut HashSet<String>,
        summary: &mut SnapshotSummaryCollector,
    ) -> Result<Option<ManifestFile>> {
        let counted = old.added_files_count.zip(old.existing_files_count).map(|(a, b)| a + b);
        if counted == Some(0) {
            return Ok(None);
        }
        if !remove_all && leaving.is_empty() {
            return Ok(Some(old.clone()));
        }
        let manifest = old.load_manifest(self.table.file_io()).await?;
        let leaves = |path: &str| remove_all || leaving.contains(path);
        if !manifest.entries().iter().any(|e| e.is_alive() && leaves(e.file_path())) {
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
        let v3 = self.table.metadata().format_version() >= FormatVersion::V3;
        let mut writer = self.writer(&spec, &schema, old.content)?;
        let mut next_row = old.first_row_id.map(|v| v as i64);
        for entry in manifest.entries() {
            let mut file = entry.data_file().clone();
            if v3 && file.content_type() == DataContentType::Data {
                // row lineage: an entry that stays must carry the id it had inherited
                let first = file.first_row_id().or(next_row);
                if file.first_row_id().is_none() {
                    next_row = next_row.map(|v| v + file.record_count() as i64);
                }
                file = with_first_row_id(&file, first, spec.spec_id())?;
            }
            if !entry.is_alive() {
                continue;
            }
            let sequence = entry.sequence_number().unwrap_or(0);
            if remove_all || leaving.remove(entry.file_path()) {
                summary.remove_file(&file, schema.clone(), spec.clone());
                writer.add_delete_file(file, sequence, entry.file_sequence_number)?;
            } else {
                let snapshot = entry.snapshot_id().unwrap_or(old.added_snapshot_id);
                writer.add_existing_file(file, snapshot, sequence, entry.file_sequence_number)?;
            }
        }
        Ok(Some(writer.write_manifest_file().await?))
    }
}

fn new_schema(table: &Table, schema: &SchemaRef) -> Option<TableUpdate> {
    let known = table.metadata().schema_by_id(schema.schema_id()).is_some();
    (!known).then(|| TableUpdate::AddSchema { schema: schema.as_ref().clone() })
}

/// The retention a branch has; `refs` is private upstream, its JSON form is not.
fn branch_retention(table: &Table, branch: &str) -> Option<SnapshotRetention> {
    table.metadata().snapshot_for_ref(branch)?;
    let json = serde_json::to_value(table.metadata()).ok()?;
    let reference: SnapshotReference = serde_json::from_value(json.get("refs")?.get(branch)?.clone()).ok()?;
    Some(reference.retention)
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

fn totals(before: &HashMap<String, String>, computed: &HashMap<String, String>) -> HashMap<String, String> {
    let number =
        |m: &HashMap<String, String>, key: String| m.get(&key).and_then(|v| v.parse::<i64>().ok()).unwrap_or(0);
    // total, and what it is called where it leaves
    let kinds = [
        ("data-files", "deleted"),
        ("delete-files", "removed"),
        ("records", "deleted"),
        ("files-size", "removed"),
        ("position-deletes", "removed"),
        ("equality-deletes", "removed"),
    ];
    kinds
        .into_iter()
        .map(|(what, leaving)| {
            let key = format!("total-{what}");
            let total = number(before, key.clone()) + number(computed, format!("added-{what}"))
                - number(computed, format!("{leaving}-{what}"));
            (key, total.max(0).to_string())
        })
        .collect()
}

/// `DataFile`'s fields are private upstream; setting one means building it anew.
fn with_first_row_id(f: &DataFile, first_row_id: Option<i64>, spec_id: i32) -> Result<DataFile> {
    let mut b = DataFileBuilder::default();
    b.content(f.content_type())
        .file_path(f.file_path().to_string())
        .file_format(f.file_format())
        .partition(f.partition().clone())
        .record_count(f.record_count())
        .file_size_in_bytes(f.file_size_in_bytes())
        .column_sizes(f.column_sizes().clone())
        .value_counts(f.value_counts().clone())
        .null_value_counts(f.null_value_counts().clone())
        .nan_value_counts(f.nan_value_counts().clone())
        .lower_bounds(f.lower_bounds().clone())
        .upper_bounds(f.upper_bounds().clone())
        .key_metadata(f.key_metadata().map(<[u8]>::to_vec))
        .split_offsets(f.split_offsets().map(<[i64]>::to_vec))
        .equality_ids(f.equality_ids())
        .first_row_id(first_row_id)
        .partition_spec_id(spec_id)
        .referenced_data_file(f.referenced_data_file())
        .content_offset(f.content_offset())
        .content_size_in_bytes(f.content_size_in_bytes());
    if let Some(order) = f.sort_order_id() {
        b.sort_order_id(order);
    }
    b.build().map_err(|e| Error::new(Kind::Unexpected, "a manifest entry cannot be rebuilt").because(e))
}
