//! Tags and branches: the names that keep snapshots.
use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use iceberg::spec::{MAIN_BRANCH, SnapshotReference, SnapshotRetention};
use iceberg::table::Table;
use iceberg::{TableRequirement, TableUpdate};
use serde::Serialize;

use super::layout;
use super::refs::retention;
use super::stage::TableChange;
use crate::{Error, Kind, Result};

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefKind {
    /// Stays where it is.
    Tag,
    /// Moves with what is committed to it.
    Branch,
}

/// A name of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedSnapshot {
    /// The name.
    pub name: String,
    /// Tag or branch.
    pub kind: RefKind,
    /// What it names.
    pub snapshot_id: i64,
    /// When maintenance may drop it, RFC 3339; none: never.
    pub kept_until: Option<String>,
}

impl NamedSnapshot {
    /// Whether its time is over.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        let until = self.kept_until.as_deref().and_then(|t| DateTime::parse_from_rfc3339(t).ok());
        until.is_some_and(|until| until < now)
    }
}

/// All tags and branches of a table, `main` included, by name.
///
/// # Errors
/// `Unexpected` when the table's metadata cannot be written as JSON, the only form in which upstream shows them.
pub fn refs(table: &Table) -> Result<Vec<NamedSnapshot>> {
    let json = serde_json::to_value(table.metadata())?;
    let Some(refs) = json.get("refs").filter(|r| !r.is_null()) else { return Ok(vec![]) };
    let refs: BTreeMap<String, SnapshotReference> = serde_json::from_value(refs.clone())?;
    let of = |(name, r): (String, SnapshotReference)| {
        let (kind, age) = match r.retention {
            SnapshotRetention::Tag { max_ref_age_ms } => (RefKind::Tag, max_ref_age_ms),
            SnapshotRetention::Branch { max_ref_age_ms, .. } => (RefKind::Branch, max_ref_age_ms),
        };
        // by Iceberg's rule a name is as old as the snapshot it names
        let made = table.metadata().snapshot_by_id(r.snapshot_id).map(|s| s.timestamp_ms());
        let until = made.zip(age).and_then(|(made, age)| DateTime::from_timestamp_millis(made.saturating_add(age)));
        let kept_until = until.map(|t| t.to_rfc3339_opts(SecondsFormat::Millis, true));
        NamedSnapshot { name, kind, snapshot_id: r.snapshot_id, kept_until }
    };
    Ok(refs.into_iter().map(of).collect())
}

impl TableChange {
    /// Names a snapshot, for so many milliseconds from now or for ever. A tag of that name moves.
    ///
    /// # Errors
    /// `NotFound` when the table has no such snapshot.
    pub fn tag(table: &Table, name: &str, snapshot_id: i64, keep_ms: Option<i64>) -> Result<Self> {
        let metadata = table.metadata();
        let snapshot = metadata.snapshot_by_id(snapshot_id).ok_or_else(|| {
            Error::new(Kind::NotFound, format!("`{}` has no snapshot {snapshot_id}", table.identifier()))
        })?;
        // Iceberg counts from the snapshot's own time, people count from now
        let age = (Utc::now().timestamp_millis() - snapshot.timestamp_ms()).max(0);
        let retention = SnapshotRetention::Tag { max_ref_age_ms: keep_ms.map(|keep| keep.saturating_add(age).max(1)) };
        Ok(Self {
            base: table.clone(),
            requirements: vec![TableRequirement::UuidMatch { uuid: metadata.uuid() }, stays(table, name)],
            updates: vec![TableUpdate::SetSnapshotRef {
                ref_name: name.to_owned(),
                reference: SnapshotReference::new(snapshot_id, retention),
            }],
        })
    }

    /// Drops a tag or branch; what it named goes with the next maintenance, unless another name keeps it.
    pub fn drop_ref(table: &Table, name: &str) -> Self {
        Self {
            base: table.clone(),
            requirements: vec![TableRequirement::UuidMatch { uuid: table.metadata().uuid() }, stays(table, name)],
            updates: vec![TableUpdate::RemoveSnapshotRef { ref_name: name.to_owned() }],
        }
    }

    /// Moves `main` to a snapshot that is there already, with the columns it was written with. No file but the table's
    /// metadata is written.
    ///
    /// # Errors
    /// `NotFound` when the table has no such snapshot.
    pub fn roll_to(table: &Table, snapshot_id: i64) -> Result<Self> {
        let metadata = table.metadata();
        let snapshot = metadata.snapshot_by_id(snapshot_id).ok_or_else(|| {
            Error::new(Kind::NotFound, format!("`{}` has no snapshot {snapshot_id}", table.identifier()))
        })?;
        let retention = retention(metadata, MAIN_BRANCH)?.unwrap_or(SnapshotRetention::branch(None, None, None));
        let mut updates = vec![TableUpdate::SetSnapshotRef {
            ref_name: MAIN_BRANCH.to_owned(),
            reference: SnapshotReference::new(snapshot_id, retention),
        }];
        if let Some(schema_id) = snapshot.schema_id().filter(|id| *id != metadata.current_schema_id()) {
            updates.push(TableUpdate::SetCurrentSchema { schema_id });
        }
        // a newer partitioning may be by a column that the older schema lacks
        let spec = layout::spec_at(metadata, snapshot).filter(|id| *id != metadata.default_partition_spec_id());
        updates.extend(spec.map(|spec_id| TableUpdate::SetDefaultSpec { spec_id }));
        Ok(Self {
            base: table.clone(),
            requirements: vec![TableRequirement::UuidMatch { uuid: metadata.uuid() }, stays(table, MAIN_BRANCH)],
            updates,
        })
    }
}

/// The name must still be where it is now.
fn stays(table: &Table, name: &str) -> TableRequirement {
    let snapshot_id = table.metadata().snapshot_for_ref(name).map(|s| s.snapshot_id());
    TableRequirement::RefSnapshotIdMatch { r#ref: name.to_owned(), snapshot_id }
}
