//! How long branches are kept.
use iceberg::TableUpdate;
use iceberg::spec::{Operation, Snapshot, SnapshotRetention, Summary, TableMetadata};

use crate::Result;

/// The retention a branch has, if there is such a branch.
///
/// References are private upstream, and their JSON form costs as much as writing the whole metadata. What the builder
/// does to a branch that gets a snapshot shows it for next to nothing.
pub(super) fn retention(metadata: &TableMetadata, branch: &str) -> Result<Option<SnapshotRetention>> {
    let Some(head) = metadata.snapshot_for_ref(branch) else { return Ok(None) };
    let probe = Snapshot::builder()
        .with_snapshot_id(unused_id(metadata))
        .with_parent_snapshot_id(Some(head.snapshot_id()))
        .with_sequence_number(metadata.next_sequence_number())
        .with_timestamp_ms(chrono::Utc::now().timestamp_millis().max(metadata.last_updated_ms() + 1))
        .with_manifest_list("")
        .with_summary(Summary { operation: Operation::Append, additional_properties: Default::default() })
        .with_schema_id(metadata.current_schema_id())
        .with_row_range(metadata.next_row_id(), 0)
        .build();
    let changes = metadata.clone().into_builder(None).set_branch_snapshot(probe, branch)?.build()?.changes;
    Ok(changes.into_iter().find_map(|change| match change {
        TableUpdate::SetSnapshotRef { reference, .. } => Some(reference.retention),
        _ => None,
    }))
}

fn unused_id(metadata: &TableMetadata) -> i64 {
    (1..).find(|id| metadata.snapshot_by_id(*id).is_none()).unwrap_or(i64::MAX)
}
