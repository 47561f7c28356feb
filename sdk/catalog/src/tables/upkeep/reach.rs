//! Every file that some state of a table needs.
use std::collections::{BTreeMap, BTreeSet, HashSet};

use iceberg::table::Table;
use serde::Serialize;

use super::{inside, normal};
use crate::{Catalog, Result};

/// What a table reaches, by normal path.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Data and delete files of any snapshot, with their sizes.
    pub data: BTreeMap<String, u64>,
    /// Manifest lists, manifests and statistics, with their sizes where they are known.
    pub manifests: BTreeMap<String, u64>,
    /// Metadata files: the current one and those that it lists.
    pub metadata: BTreeSet<String>,
}

/// Files that were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// How many.
    pub files: u64,
    /// Their sizes, as far as they are known.
    pub bytes: u64,
}

impl Reach {
    /// Everything that any snapshot of the table needs.
    ///
    /// # Errors
    /// When a manifest cannot be read: then nothing may be called unreachable.
    pub async fn of(table: &Table) -> Result<Self> {
        let metadata = table.metadata();
        let mut out = Self::default();
        let mut seen: HashSet<String> = HashSet::new();
        for snapshot in metadata.snapshots() {
            out.manifests.insert(normal(snapshot.manifest_list()), 0);
            for manifest in table.manifest_list_reader(snapshot).load().await?.entries() {
                if !seen.insert(manifest.manifest_path.clone()) {
                    continue;
                }
                let bytes = u64::try_from(manifest.manifest_length).unwrap_or(0);
                out.manifests.insert(normal(&manifest.manifest_path), bytes);
                for entry in manifest.load_manifest(table.file_io()).await?.entries().iter().filter(|e| e.is_alive()) {
                    out.data.insert(normal(entry.file_path()), entry.file_size_in_bytes());
                }
            }
        }
        out.manifests.extend(metadata.statistics_iter().map(|s| (normal(&s.statistics_path), 0)));
        out.manifests.extend(metadata.partition_statistics_iter().map(|s| (normal(&s.statistics_path), 0)));
        out.metadata.extend(metadata.metadata_log().iter().map(|log| normal(&log.metadata_file)));
        out.metadata.extend(table.metadata_location().map(normal));
        Ok(out)
    }

    /// Whether some state needs this file; the path is normal.
    pub fn has(&self, path: &str) -> bool {
        self.data.contains_key(path) || self.manifests.contains_key(path) || self.metadata.contains(path)
    }

    /// What was reached before and no longer is.
    pub fn without(&self, after: &Self) -> BTreeMap<String, u64> {
        let metadata = self.metadata.iter().map(|path| (path, &0));
        let all = self.data.iter().chain(&self.manifests).chain(metadata);
        all.filter(|(path, _)| !after.has(path)).map(|(path, bytes)| (path.clone(), *bytes)).collect()
    }
}

impl Catalog {
    /// Removes files of a table that nothing reaches any more. What lies outside its location is somebody else's and
    /// stays; what is gone already is no error, for a killed attempt may have been here before.
    pub async fn remove_files(&self, location: &str, files: impl IntoIterator<Item = (String, u64)>) -> Removed {
        let mut removed = Removed::default();
        for (path, bytes) in files {
            if !inside(location, &path) {
                tracing::warn!(file = path, location, "a file outside its table's location is left alone");
                continue;
            }
            match self.io.delete(&path).await {
                Ok(()) => removed = Removed { files: removed.files + 1, bytes: removed.bytes + bytes },
                Err(e) => tracing::debug!(file = path, error = %e, "a file that nobody names could not be removed"),
            }
        }
        removed
    }
}
