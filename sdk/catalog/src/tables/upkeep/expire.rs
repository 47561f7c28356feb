//! Which snapshots and names of a table may go, and why the others stay.
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use iceberg::spec::{MAIN_BRANCH, SnapshotReference, SnapshotRetention};
use iceberg::table::Table;
use iceberg::{TableRequirement, TableUpdate};
use serde::Serialize;

use super::super::stage::TableChange;
use crate::Result;

/// What is kept whatever the table itself says.
#[derive(Debug, Clone, Default)]
pub struct Retention {
    /// Snapshots younger than this stay, in milliseconds.
    pub keep_ms: i64,
    /// Snapshots that something outside the table holds on to, and what that is.
    pub pinned: BTreeMap<i64, String>,
    /// Branches of runs that died: nobody will come back for them.
    pub dead_branches: BTreeSet<String>,
}

/// A tag or branch that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoneRef {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: String,
}

/// A snapshot that goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoneSnapshot {
    /// Its id.
    pub snapshot_id: i64,
    /// When it was made, milliseconds since 1970.
    pub at_ms: i64,
}

/// What expiry would do to a table.
#[derive(Debug, Clone)]
pub struct Expiry {
    /// Names that go.
    pub refs: Vec<GoneRef>,
    /// Snapshots that go.
    pub snapshots: Vec<GoneSnapshot>,
    /// Snapshots that stay, and what keeps each.
    pub kept: BTreeMap<i64, String>,
    /// Commit this.
    pub change: TableChange,
}

impl Expiry {
    /// What of a table may go at this moment (milliseconds since 1970).
    ///
    /// A tag or branch goes when its own time is over, a snapshot when no name, age or pin keeps it; `main` never goes.
    pub fn plan(table: &Table, retention: &Retention, now_ms: i64) -> Result<Self> {
        let metadata = table.metadata();
        let at = |id: i64| metadata.snapshot_by_id(id).map(|s| s.timestamp_ms());
        let (mut refs, mut alive) = (vec![], vec![]);
        for (name, reference) in references(table)? {
            let age = match &reference.retention {
                SnapshotRetention::Branch { max_ref_age_ms, .. } | SnapshotRetention::Tag { max_ref_age_ms } => {
                    *max_ref_age_ms
                }
            };
            let over = age.zip(at(reference.snapshot_id)).is_some_and(|(age, at)| now_ms - at > age);
            let why = if retention.dead_branches.contains(&name) {
                Some("its run died")
            } else {
                over.then_some("its time is over")
            };
            match why.filter(|_| name != MAIN_BRANCH) {
                Some(why) => refs.push(GoneRef { name, why: why.to_owned() }),
                None => alive.push((name, reference)),
            }
        }

        let mut kept: BTreeMap<i64, String> = BTreeMap::new();
        for (name, reference) in &alive {
            match &reference.retention {
                SnapshotRetention::Tag { .. } => {
                    kept.entry(reference.snapshot_id).or_insert_with(|| format!("tag {name}"));
                }
                SnapshotRetention::Branch { min_snapshots_to_keep, max_snapshot_age_ms, .. } => {
                    let least = min_snapshots_to_keep.map_or(1, |n| n.max(1) as usize);
                    let young = max_snapshot_age_ms.unwrap_or(retention.keep_ms);
                    let mut next = Some(reference.snapshot_id);
                    let mut count = 0;
                    while let Some(snapshot) = next.and_then(|id| metadata.snapshot_by_id(id)) {
                        if count < least || now_ms - snapshot.timestamp_ms() <= young {
                            kept.entry(snapshot.snapshot_id()).or_insert_with(|| match count {
                                0 => format!("head of {name}"),
                                _ => format!("history of {name}"),
                            });
                        }
                        count += 1;
                        next = snapshot.parent_snapshot_id();
                    }
                }
            }
        }
        for (id, why) in &retention.pinned {
            if metadata.snapshot_by_id(*id).is_some() {
                kept.entry(*id).or_insert_with(|| why.clone());
            }
        }
        // rolled back, or of a branch that is gone: as old as others must be
        for snapshot in metadata.snapshots().filter(|s| now_ms - s.timestamp_ms() <= retention.keep_ms) {
            kept.entry(snapshot.snapshot_id()).or_insert_with(|| "its age".to_owned());
        }

        let mut snapshots: Vec<GoneSnapshot> = metadata
            .snapshots()
            .filter(|s| !kept.contains_key(&s.snapshot_id()))
            .map(|s| GoneSnapshot { snapshot_id: s.snapshot_id(), at_ms: s.timestamp_ms() })
            .collect();
        snapshots.sort_by_key(|s| s.at_ms);
        let change = change(table, &refs, &snapshots)?;
        Ok(Self { refs, snapshots, kept, change })
    }

    /// The table as it would be, for its reach; nothing is written.
    pub fn preview(&self) -> Result<Table> {
        let base = &self.change.base;
        let current = base.metadata_location_result()?.to_owned();
        let mut builder = base.metadata().clone().into_builder(Some(current.clone()));
        for update in &self.change.updates {
            builder = update.clone().apply(builder)?;
        }
        let table = Table::builder()
            .file_io(base.file_io().clone())
            .identifier(base.identifier().clone())
            .metadata_location(current)
            .metadata(builder.build()?.metadata)
            .runtime(iceberg::Runtime::try_current()?);
        Ok(table.build()?)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.refs.is_empty() && self.snapshots.is_empty()
    }
}

fn change(table: &Table, refs: &[GoneRef], snapshots: &[GoneSnapshot]) -> Result<TableChange> {
    let metadata = table.metadata();
    let gone: HashSet<i64> = snapshots.iter().map(|s| s.snapshot_id).collect();
    let mut requirements = vec![TableRequirement::UuidMatch { uuid: metadata.uuid() }];
    requirements.extend(references(table)?.into_iter().map(|(name, reference)| TableRequirement::RefSnapshotIdMatch {
        r#ref: name,
        snapshot_id: Some(reference.snapshot_id),
    }));
    let mut updates: Vec<TableUpdate> =
        refs.iter().map(|r| TableUpdate::RemoveSnapshotRef { ref_name: r.name.clone() }).collect();
    let statistics = metadata.statistics_iter().filter(|s| gone.contains(&s.snapshot_id));
    updates.extend(statistics.map(|s| TableUpdate::RemoveStatistics { snapshot_id: s.snapshot_id }));
    if !gone.is_empty() {
        updates.push(TableUpdate::RemoveSnapshots { snapshot_ids: gone.into_iter().collect() });
    }
    Ok(TableChange { base: table.clone(), requirements, updates })
}

/// Names of snapshots with their retention; private upstream, their JSON form is not.
pub(super) fn references(table: &Table) -> Result<BTreeMap<String, SnapshotReference>> {
    let json = serde_json::to_value(table.metadata())?;
    let Some(refs) = json.get("refs").filter(|r| !r.is_null()) else { return Ok(BTreeMap::new()) };
    let refs: HashMap<String, SnapshotReference> = serde_json::from_value(refs.clone())?;
    Ok(refs.into_iter().collect())
}
