//! Small files become large ones, in the contract's order; rows and readers see no difference.
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use iceberg::spec::{MAIN_BRANCH, ManifestContentType, Operation, SnapshotRef};
use iceberg::table::Table;
use meshwright_catalog::{Catalog, Change, Error, Kind, RunOutcome};
use meshwright_spec::PortName;
use serde::Serialize;

use super::MaintainOptions;
use crate::evolve::layout_of;
use crate::failure::Result;
use crate::scan::{FilePart, IcebergTable};
use crate::session::session;
use crate::write::{Target, discard, sorted, write};

/// Bytes of a data file when nobody says otherwise.
const FILE_SIZE: u64 = 256 << 20;
/// Small manifests from which on they are merged by themselves.
const MANIFESTS: usize = 8;

/// Compaction of one port, planned or done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Compaction {
    /// Data files that readers open now.
    pub files: usize,
    /// Those of them that are rewritten.
    pub rewritten: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files of deleted rows that are worked in.
    pub delete_files: usize,
    /// Manifests that readers open now.
    pub manifests: usize,
    /// Whether manifests are merged.
    pub merges_manifests: bool,
    /// New data files, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub into: Option<usize>,
    /// The snapshot that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<i64>,
    /// Why nothing is done although there would be something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

impl Compaction {
    /// Whether there is or was anything to do.
    pub fn has_work(&self) -> bool {
        self.skipped.is_none() && (self.rewritten > 0 || self.merges_manifests)
    }
}

struct Plan {
    table: Table,
    head: SnapshotRef,
    old: IcebergTable,
    parts: Vec<FilePart>,
    delete_files: DeleteFiles,
}

/// Files of deleted rows; a file that several deletion vectors share is there with the place of each.
type DeleteFiles = BTreeSet<(String, Option<i64>)>;

pub(super) async fn compact(catalog: &Catalog, port: &PortName, options: &MaintainOptions) -> Result<Compaction> {
    let mut out = Compaction::default();
    let Some((plan, size)) = plan(catalog, port, options, &mut out).await? else { return Ok(out) };
    if !out.has_work() {
        return Ok(out);
    }
    catalog.reap_runs().await?;
    let runs = catalog.runs(Some(&port.product), i64::MAX).await?;
    if let Some(run) = runs.iter().find(|r| r.outcome == RunOutcome::Running) {
        out.skipped = Some(format!("run {} is at work; it would have to start again", run.run));
        return Ok(out);
    }
    if options.apply {
        apply(catalog, port, plan, size, &mut out).await?;
    }
    Ok(out)
}

async fn plan(
    catalog: &Catalog,
    port: &PortName,
    options: &MaintainOptions,
    out: &mut Compaction,
) -> Result<Option<(Plan, u64)>> {
    let table = catalog.load(port).await?;
    let metadata = table.metadata();
    let Some(head) = metadata.snapshot_for_ref(MAIN_BRANCH).cloned() else { return Ok(None) };
    let size = options.target_size.or(layout_of(&table).size).unwrap_or(FILE_SIZE);
    let old = IcebergTable::at(table.clone(), Some(head.clone()), metadata.current_schema().clone())?;
    let all = old.parts(None).await.map_err(crate::failure::Failure::from)?;
    let (manifests, delete_files) = manifests(&table, &head).await?;
    let spec = metadata.default_partition_spec_id();
    // files of one partition join; those of an older partitioning are laid out anew
    let mut groups: BTreeMap<String, Vec<FilePart>> = BTreeMap::new();
    let (mut parts, mut small) = (vec![], 0);
    for part in &all {
        if part.has_deletes() || part.spec_id() != spec {
            parts.push(part.clone());
        } else if part.data().file_size_in_bytes() < size / 4 * 3 {
            groups.entry(format!("{:?}", part.data().partition())).or_default().push(part.clone());
        }
    }
    for group in groups.into_values() {
        let bytes: u64 = group.iter().map(|p| p.data().file_size_in_bytes()).sum();
        // files that already are as few as they can be stay
        if group.len() > 1 && (group.len() as u64) > bytes.div_ceil(size) {
            small += group.len();
            parts.extend(group);
        }
    }
    out.files = all.len();
    out.rewritten = parts.len();
    out.bytes = parts.iter().map(|p| p.data().file_size_in_bytes()).sum();
    out.manifests = manifests;
    out.delete_files = delete_files.len();
    out.merges_manifests = manifests >= MANIFESTS || (small > 0 && manifests > 1);
    Ok(Some((Plan { table, head, old, parts, delete_files }, size)))
}

/// How many manifests of data a snapshot has, and its files of deleted rows.
async fn manifests(table: &Table, head: &SnapshotRef) -> Result<(usize, DeleteFiles)> {
    let (mut count, mut deletes) = (0, BTreeSet::new());
    for manifest in table.manifest_list_reader(head).load().await?.entries() {
        if manifest.content == ManifestContentType::Data {
            // those without a live file go with the next commit
            count += usize::from(manifest.has_added_files() || manifest.has_existing_files());
            continue;
        }
        let read = manifest.load_manifest(table.file_io()).await?;
        let alive = read.entries().iter().filter(|e| e.is_alive());
        deletes.extend(alive.map(|e| (e.file_path().to_owned(), e.data_file().content_offset())));
    }
    Ok((count, deletes))
}

async fn apply(catalog: &Catalog, port: &PortName, plan: Plan, size: u64, out: &mut Compaction) -> Result<()> {
    let Plan { table, head, old, parts, delete_files } = plan;
    let metadata = table.metadata();
    let mut files = vec![];
    if !parts.is_empty() {
        let contract = catalog.current_contract(port).await?.and_then(|record| record.parse().ok());
        let schema = metadata.current_schema().clone();
        let sort: Vec<String> = contract.map(|c| c.sort).unwrap_or_default();
        let sort: Vec<String> = sort.into_iter().filter(|c| schema.field_by_name(c).is_some()).collect();
        let mut layout = layout_of(&table);
        layout.size = Some(size);
        let target = Target {
            table: table.clone(),
            schema,
            spec: metadata.default_partition_spec().clone(),
            files: layout,
            run: format!("compact-{}", uuid::Uuid::now_v7().simple()),
        };
        let ctx = session()?;
        let frame = sorted(ctx.read_table(Arc::new(old.only(&parts)))?, &sort)?;
        // few large files are the point: cores are used for reading and sorting, one writes unless there is much
        let bytes = if out.bytes > size { out.bytes } else { 0 };
        files = write(&ctx, frame, &target, bytes).await?;
    }
    // every file whose rows were deleted is rewritten without them, so nothing is left for these to delete
    let mut removed: HashSet<String> = parts.iter().map(|p| p.path().to_owned()).collect();
    removed.extend(delete_files.iter().map(|(path, _)| path.clone()));
    let properties: HashMap<String, String> = head
        .summary()
        .additional_properties
        .iter()
        .filter(|(key, _)| key.starts_with("mesh."))
        .map(|(key, value)| (key.clone(), value.clone()))
        .chain([("mesh.upkeep".to_owned(), "compact".to_owned())])
        .collect();
    let decide = async |now: &Table| {
        let base = now.metadata().snapshot_for_ref(MAIN_BRANCH).cloned();
        if let Some(base) = base.filter(|b| b.snapshot_id() != head.snapshot_id()) {
            // rows that were deleted meanwhile by their place are in other places now
            let (_, deletes) = manifests(now, &base).await.map_err(|_| overtaken(port))?;
            if deletes != delete_files {
                return Err(overtaken(port));
            }
        }
        let mut change = Change::append(files.clone());
        change.operation = Operation::Replace;
        change.removed = removed.clone();
        change.properties = properties.clone();
        change.data_sequence_number = Some(head.sequence_number());
        change.merge_from = Some(2);
        Ok(change)
    };
    match catalog.apply(port, decide).await {
        Ok(applied) => {
            out.into = Some(files.len());
            out.snapshot = Some(applied.snapshot_id);
            Ok(())
        }
        Err(e) => {
            discard(&table, &files).await;
            Err(e.into())
        }
    }
}

fn overtaken(port: &PortName) -> Error {
    Error::new(Kind::Conflict, format!("rows of `{port}` were deleted while its files were rewritten"))
        .help("run `mesh maintain` again; nothing has changed")
}
