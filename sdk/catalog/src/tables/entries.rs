//! Manifest entries that outlive their manifest: row ids they had inherited, and what a snapshot counts.
use std::collections::HashMap;

use iceberg::spec::{DataContentType, DataFile, DataFileBuilder, FormatVersion, ManifestFile, TableMetadata};

use crate::{Error, Kind, Result};

/// Row lineage (v3): an entry that stays must carry the id it had inherited from its manifest.
pub(super) struct RowIds {
    v3: bool,
    next: Option<i64>,
}

impl RowIds {
    /// Before the first entry of a manifest.
    pub(super) fn of(metadata: &TableMetadata, manifest: &ManifestFile) -> Self {
        let v3 = metadata.format_version() >= FormatVersion::V3;
        Self { v3, next: manifest.first_row_id.map(|id| id as i64) }
    }

    /// The manifest's next entry, dead ones included, as another manifest may carry it.
    pub(super) fn next(&mut self, file: &DataFile, spec_id: i32) -> Result<DataFile> {
        if !self.v3 || file.content_type() != DataContentType::Data {
            return Ok(file.clone());
        }
        let first = file.first_row_id().or(self.next);
        if file.first_row_id().is_none() {
            self.next = self.next.map(|id| id + file.record_count() as i64);
        }
        with_first_row_id(file, first, spec_id)
    }
}

/// Totals of a snapshot: those of its parent, and what it adds and removes.
pub(super) fn totals(before: &HashMap<String, String>, computed: &HashMap<String, String>) -> HashMap<String, String> {
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

fn with_first_row_id(f: &DataFile, first_row_id: Option<i64>, spec_id: i32) -> Result<DataFile> {
    rebuilt(f, spec_id, |b| {
        b.first_row_id(first_row_id);
    })
}

/// `DataFile`'s fields are private upstream; setting one means building it anew.
pub(super) fn rebuilt(f: &DataFile, spec_id: i32, edit: impl FnOnce(&mut DataFileBuilder)) -> Result<DataFile> {
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
        .first_row_id(f.first_row_id())
        .partition_spec_id(spec_id)
        .referenced_data_file(f.referenced_data_file())
        .content_offset(f.content_offset())
        .content_size_in_bytes(f.content_size_in_bytes());
    if let Some(order) = f.sort_order_id() {
        b.sort_order_id(order);
    }
    edit(&mut b);
    b.build().map_err(|e| Error::new(Kind::Unexpected, "a manifest entry cannot be rebuilt").because(e))
}
