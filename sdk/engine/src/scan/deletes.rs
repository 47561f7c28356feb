//! Which delete files apply to which data file.
use std::collections::HashMap;
use std::sync::Arc;

use iceberg::Result;
use iceberg::spec::{DataContentType, DataFileFormat, Struct};

use super::snapshot::LiveFile;
use super::unsupported;

/// Delete files that apply to one data file.
#[derive(Debug, Default)]
pub(super) struct Deletes {
    pub(super) position: Vec<Arc<LiveFile>>,
    pub(super) equality: Vec<Arc<LiveFile>>,
}

impl Deletes {
    pub(super) fn is_empty(&self) -> bool {
        self.position.is_empty() && self.equality.is_empty()
    }
}

/// The delete files of a snapshot by the partition in which they apply.
pub(super) struct DeleteIndex {
    /// Equality deletes of an unpartitioned spec apply everywhere.
    everywhere: Vec<Arc<LiveFile>>,
    by_partition: HashMap<(i32, Struct), Vec<Arc<LiveFile>>>,
    files: usize,
}

impl DeleteIndex {
    pub(super) fn new(files: impl Iterator<Item = LiveFile>) -> Result<Self> {
        let mut index = Self { everywhere: vec![], by_partition: HashMap::new(), files: 0 };
        for file in files {
            let data = file.data();
            if data.file_format() != DataFileFormat::Parquet {
                return Err(unsupported(format!(
                    "rows deleted by {} files cannot be left out yet, compact the table with the engine that wrote it: {}",
                    data.file_format(),
                    file.path()
                )));
            }
            let equality = data.content_type() == DataContentType::EqualityDeletes;
            let partition = data.partition().clone();
            index.files += 1;
            if equality && partition.fields().is_empty() {
                index.everywhere.push(Arc::new(file));
            } else {
                index.by_partition.entry((file.spec_id, partition)).or_default().push(Arc::new(file));
            }
        }
        Ok(index)
    }

    pub(super) fn len(&self) -> usize {
        self.files
    }

    /// Rules of the Iceberg specification, "Scan planning".
    pub(super) fn of(&self, file: &LiveFile) -> Deletes {
        let mut deletes = Deletes::default();
        if self.files == 0 {
            return deletes;
        }
        // without a number: the oldest data, the newest deletes
        let written = file.entry.sequence_number().unwrap_or(0);
        let here = self.by_partition.get(&(file.spec_id, file.data().partition().clone()));
        for delete in self.everywhere.iter().chain(here.into_iter().flatten()) {
            let deleted = delete.entry.sequence_number().unwrap_or(i64::MAX);
            if delete.data().content_type() == DataContentType::EqualityDeletes {
                if deleted > written {
                    deletes.equality.push(delete.clone());
                }
            } else if deleted >= written && delete.data().referenced_data_file().is_none_or(|path| path == file.path())
            {
                deletes.position.push(delete.clone());
            }
        }
        deletes
    }
}
