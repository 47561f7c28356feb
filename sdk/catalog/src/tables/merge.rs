//! Small manifests become large ones on the way, so that the thousandth append costs what the first one did.
use std::collections::BTreeMap;

use iceberg::spec::{Manifest, ManifestContentType, ManifestFile, TableMetadata};

use super::entries::RowIds;
use super::produce::Files;
use crate::{Error, Kind, Result};

/// Small manifests of one kind from which on they are merged: Iceberg's `commit.manifest.min-count-to-merge`.
const MANY: usize = 100;
/// Bytes from which on a manifest is no longer small: Iceberg's `commit.manifest.target-size-bytes`.
const LARGE: i64 = 8 << 20;

impl Files<'_> {
    /// The manifests that a snapshot carries on, with the small ones merged where there are many.
    ///
    /// Entries keep their snapshots and sequence numbers; those that were dead before are left behind. Manifests are
    /// merged where schema and partitioning are the same, for bounds and partitions are written in their terms.
    pub(super) async fn merged(&mut self, kept: Vec<ManifestFile>, from: Option<usize>) -> Result<Vec<ManifestFile>> {
        let metadata = self.table.metadata_ref();
        let number = |key: &str, default: i64| -> i64 {
            metadata.properties().get(key).and_then(|v| v.parse().ok()).unwrap_or(default)
        };
        let many = from.unwrap_or(number("commit.manifest.min-count-to-merge", MANY as i64).max(2) as usize);
        let large = number("commit.manifest.target-size-bytes", LARGE);
        let off = metadata.properties().get("commit.manifest-merge.enabled").is_some_and(|v| v == "false");
        let small = |m: &ManifestFile| m.content == ManifestContentType::Data && m.manifest_length < large;
        if (off && from.is_none()) || kept.iter().filter(|m| small(m)).count() < many {
            return Ok(kept);
        }
        let mut out = vec![];
        let mut groups: BTreeMap<(i32, i32), Vec<(ManifestFile, Manifest)>> = BTreeMap::new();
        for file in kept {
            // what this commit itself has written is fresh
            if !small(&file) || self.wrote(&file.manifest_path) {
                out.push(file);
                continue;
            }
            let manifest = file.load_manifest(self.table.file_io()).await?;
            let key = (file.partition_spec_id, manifest.metadata().schema_id());
            groups.entry(key).or_default().push((file, manifest));
        }
        for group in groups.into_values() {
            let mut bin: Vec<(ManifestFile, Manifest)> = vec![];
            let mut bytes = 0;
            for (file, manifest) in group {
                if bytes + file.manifest_length > large && !bin.is_empty() {
                    out.push(self.merge(&metadata, std::mem::take(&mut bin)).await?);
                    bytes = 0;
                }
                bytes += file.manifest_length;
                bin.push((file, manifest));
            }
            if !bin.is_empty() {
                out.push(self.merge(&metadata, bin).await?);
            }
        }
        Ok(out)
    }

    async fn merge(&mut self, metadata: &TableMetadata, bin: Vec<(ManifestFile, Manifest)>) -> Result<ManifestFile> {
        let [(first, manifest), ..] = &bin[..] else {
            return Err(Error::new(Kind::Unexpected, "there are no manifests to merge"));
        };
        if bin.len() == 1 {
            return Ok(first.clone());
        }
        let spec = metadata
            .partition_spec_by_id(first.partition_spec_id)
            .ok_or_else(|| Error::new(Kind::Unexpected, "a manifest names a partition spec that the table lacks"))?
            .clone();
        let schema = manifest.metadata().schema().clone();
        let mut writer = self.writer(&spec, &schema, ManifestContentType::Data)?;
        for (file, manifest) in &bin {
            let mut row_ids = RowIds::of(metadata, file);
            for entry in manifest.entries() {
                let data = row_ids.next(entry.data_file(), spec.spec_id())?;
                if entry.is_alive() {
                    let snapshot = entry.snapshot_id().unwrap_or(file.added_snapshot_id);
                    let sequence = entry.sequence_number().unwrap_or(file.sequence_number);
                    writer.add_existing_file(data, snapshot, sequence, entry.file_sequence_number)?;
                }
            }
        }
        Ok(writer.write_manifest_file().await?)
    }
}
