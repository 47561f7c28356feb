//! Snapshots that changed files and no row.
use iceberg::spec::{Operation, TableMetadata};

/// The snapshot that last changed rows, from this one backwards: compaction makes a new state of the same rows.
pub fn same_rows(metadata: &TableMetadata, snapshot_id: i64) -> i64 {
    let mut id = snapshot_id;
    while let Some(snapshot) = metadata.snapshot_by_id(id)
        && snapshot.summary().operation == Operation::Replace
        && let Some(parent) = snapshot.parent_snapshot_id()
    {
        id = parent;
    }
    id
}
