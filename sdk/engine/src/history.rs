//! What happened to a port: its releases, and its snapshots with what made them.
use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat};
use iceberg::spec::{MAIN_BRANCH, SnapshotRef};
use iceberg::table::Table;
use meshwright_catalog::{Catalog, NamedSnapshot, RefKind, ReleaseRecord, Waiver, refs, same_rows};
use meshwright_spec::PortName;
use serde::Serialize;
use serde_json::Value;

use crate::describe::known;
use crate::failure::Result;
use crate::when::kept;

/// A port's past, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct History {
    /// `domain.product.port`
    pub port: PortName,
    /// Its releases.
    pub releases: Vec<ReleasedState>,
    /// Its snapshots that are still kept, those of branches too.
    pub snapshots: Vec<SnapshotOf>,
}

/// A release, and what was let pass in it.
#[derive(Debug, Clone, Serialize)]
pub struct ReleasedState {
    /// As the registry has it.
    #[serde(flatten)]
    pub record: ReleaseRecord,
    /// Its rows are gone: maintenance has dropped its snapshot.
    pub expired: bool,
    /// Checks that did not hold and were let pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
}

/// A snapshot and what made it.
#[derive(Debug, Clone, Serialize)]
pub struct SnapshotOf {
    /// Its id.
    pub snapshot_id: i64,
    /// The one it was made from.
    pub parent_id: Option<i64>,
    /// When it was committed, RFC 3339.
    pub at: String,
    /// `append`, `overwrite`, `delete` or `replace`.
    pub operation: String,
    /// What readers see now.
    pub current: bool,
    /// Releases that it is, oldest first.
    pub releases: Vec<i64>,
    /// The run that made it; none: somebody else's program.
    pub run: Option<String>,
    /// How that run ended.
    pub outcome: Option<&'static str>,
    /// The contract it was made under: its port's name in that mesh.
    pub contract_id: Option<String>,
    /// Its version.
    pub contract_version: Option<String>,
    /// Its checksum.
    pub contract_checksum: Option<String>,
    /// The commit of the product's repository.
    pub git_commit: Option<String>,
    /// The version of the SDK.
    pub sdk: Option<String>,
    /// The stretch of time it is about.
    pub interval: Option<String>,
    /// States of other ports that were read: port, table, snapshot.
    pub inputs: Value,
    /// Rows in it.
    pub rows: Option<i64>,
    /// Rows in files that joined.
    pub rows_added: i64,
    /// Rows in files that left.
    pub rows_removed: i64,
    /// Data files that joined.
    pub files_added: i64,
    /// Data files that left.
    pub files_removed: i64,
    /// Bytes of its data files.
    pub bytes: Option<i64>,
    /// Tags that name it.
    pub tags: Vec<NamedSnapshot>,
    /// Branches whose head it is.
    pub branches: Vec<NamedSnapshot>,
}

/// What happened to a port.
///
/// # Errors
/// `NotFound` when the mesh has no such port.
pub async fn history(catalog: &Catalog, port: &PortName) -> Result<History> {
    known(catalog, port).await?;
    let records = catalog.releases(port).await?;
    let table = catalog.try_load(port).await?;
    let mut releases = vec![];
    for record in &records {
        let waivers = match record.kind.as_str() {
            "accept" => catalog.waivers(&record.run, Some(port)).await?,
            _ => vec![],
        };
        let kept = table.as_ref().is_some_and(|t| kept(t, record.port.snapshot_id).is_some());
        releases.push(ReleasedState { record: record.clone(), expired: !kept, waivers });
    }
    let snapshots = match &table {
        Some(table) => {
            let runs = catalog.runs(Some(&port.product), i64::from(u32::MAX)).await?;
            let outcomes = runs.into_iter().map(|r| (r.run, r.outcome.as_str())).collect();
            snapshots(table, &records, &outcomes)?
        }
        None => vec![],
    };
    Ok(History { port: port.clone(), releases, snapshots })
}

fn snapshots(
    table: &Table,
    releases: &[ReleaseRecord],
    outcomes: &HashMap<String, &'static str>,
) -> Result<Vec<SnapshotOf>> {
    let mut names: HashMap<i64, (Vec<NamedSnapshot>, Vec<NamedSnapshot>)> = HashMap::new();
    for name in refs(table)? {
        let (tags, branches) = names.entry(name.snapshot_id).or_default();
        if name.kind == RefKind::Tag { tags } else { branches }.push(name);
    }
    let mut all: Vec<&SnapshotRef> = table.metadata().snapshots().collect();
    all.sort_by_key(|s| std::cmp::Reverse((s.sequence_number(), s.timestamp_ms())));
    let of = |s: &&SnapshotRef| {
        let summary = &s.summary().additional_properties;
        let text = |key: &str| summary.get(key).cloned();
        let number = |key: &str| summary.get(key).and_then(|v| v.parse::<i64>().ok());
        let (tags, branches) = names.remove(&s.snapshot_id()).unwrap_or_default();
        let run = text("mesh.run-id");
        // compaction makes a new snapshot of the same rows
        let rows = same_rows(table.metadata(), s.snapshot_id());
        let mut numbers: Vec<i64> = releases.iter().filter(|r| r.port.snapshot_id == rows).map(|r| r.number).collect();
        numbers.sort_unstable();
        SnapshotOf {
            snapshot_id: s.snapshot_id(),
            parent_id: s.parent_snapshot_id(),
            at: DateTime::from_timestamp_millis(s.timestamp_ms())
                .map_or_else(String::new, |t| t.to_rfc3339_opts(SecondsFormat::Millis, true)),
            operation: s.summary().operation.as_str().to_owned(),
            current: branches.iter().any(|b| b.name == MAIN_BRANCH),
            releases: numbers,
            outcome: run.as_ref().and_then(|run| outcomes.get(run).copied()),
            run,
            contract_id: text("mesh.contract-id"),
            contract_version: text("mesh.contract-version"),
            contract_checksum: text("mesh.contract-checksum"),
            git_commit: text("mesh.git"),
            sdk: text("mesh.sdk"),
            interval: text("mesh.interval"),
            inputs: text("mesh.inputs").and_then(|i| serde_json::from_str(&i).ok()).unwrap_or(Value::Array(vec![])),
            rows: number("total-records"),
            rows_added: number("added-records").unwrap_or(0),
            rows_removed: number("deleted-records").unwrap_or(0),
            files_added: number("added-data-files").unwrap_or(0),
            files_removed: number("deleted-data-files").unwrap_or(0),
            bytes: number("total-files-size"),
            tags,
            branches,
        }
    };
    // one owner for the names: each snapshot takes its own
    let mut of = of;
    Ok(all.iter().map(&mut of).collect())
}
