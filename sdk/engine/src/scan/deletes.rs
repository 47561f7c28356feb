//! Which delete files apply to which data file.
use std::collections::HashMap;
use std::sync::Arc;

use iceberg::Result;
use iceberg::spec::{DataContentType, DataFileFormat, Struct};

use super::snapshot::LiveFile;
use super::{damaged, unsupported};

/// Delete files that apply to one data file.
#[derive(Debug, Default)]
pub(super) struct Deletes {
    pub(super) position: Vec<Arc<LiveFile>>,
    /// Takes the place of all files that delete by position.
    pub(super) vector: Option<Arc<LiveFile>>,
    pub(super) equality: Vec<Arc<LiveFile>>,
}

impl Deletes {
    pub(super) fn is_empty(&self) -> bool {
        !self.by_position() && self.equality.is_empty()
    }

    pub(super) fn by_position(&self) -> bool {
        self.vector.is_some() || !self.position.is_empty()
    }
}

/// The delete files of a snapshot by the partition in which they apply.
pub(super) struct DeleteIndex {
    /// Equality deletes of an unpartitioned spec apply everywhere.
    everywhere: Vec<Arc<LiveFile>>,
    by_partition: HashMap<(i32, Struct), Vec<Arc<LiveFile>>>,
    /// By the data file whose rows they name.
    vectors: HashMap<String, Vec<Arc<LiveFile>>>,
    files: usize,
}

impl DeleteIndex {
    pub(super) fn new(files: impl Iterator<Item = LiveFile>) -> Result<Self> {
        let mut index = Self { everywhere: vec![], by_partition: HashMap::new(), vectors: HashMap::new(), files: 0 };
        for file in files {
            let data = file.data();
            index.files += 1;
            match (data.content_type(), data.file_format()) {
                (_, DataFileFormat::Parquet) => {}
                (DataContentType::PositionDeletes, DataFileFormat::Puffin) => {
                    let of = data.referenced_data_file().ok_or_else(|| {
                        damaged(format!("deletion vector in {}: its entry names no data file", file.path()))
                    })?;
                    index.vectors.entry(of).or_default().push(Arc::new(file));
                    continue;
                }
                (_, format) => {
                    return Err(unsupported(format!(
                        "rows deleted by {format} files cannot be left out, compact the table with the engine that wrote \
                         it: {}",
                        file.path()
                    )));
                }
            }
            let equality = data.content_type() == DataContentType::EqualityDeletes;
            let partition = data.partition().clone();
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
    pub(super) fn of(&self, file: &LiveFile) -> Result<Deletes> {
        let mut deletes = Deletes::default();
        if self.files == 0 {
            return Ok(deletes);
        }
        // without a number: the oldest data, the newest deletes
        let written = file.entry.sequence_number().unwrap_or(0);
        let mut vectors = self.vectors.get(file.path()).into_iter().flatten().filter(|vector| {
            let same_place = vector.spec_id == file.spec_id && vector.data().partition() == file.data().partition();
            same_place && vector.entry.sequence_number().unwrap_or(i64::MAX) >= written
        });
        deletes.vector = vectors.next().cloned();
        if let Some(other) = vectors.next() {
            return Err(damaged(format!("two deletion vectors are for {}, one is in {}", file.path(), other.path())));
        }
        let here = self.by_partition.get(&(file.spec_id, file.data().partition().clone()));
        for delete in self.everywhere.iter().chain(here.into_iter().flatten()) {
            let deleted = delete.entry.sequence_number().unwrap_or(i64::MAX);
            if delete.data().content_type() == DataContentType::EqualityDeletes {
                if deleted > written {
                    deletes.equality.push(delete.clone());
                }
            } else if deletes.vector.is_none()
                && deleted >= written
                && delete.data().referenced_data_file().is_none_or(|path| path == file.path())
            {
                deletes.position.push(delete.clone());
            }
        }
        Ok(deletes)
    }
}
