//! Some files of a table: for writers, which change tables file by file.
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use datafusion::common::ScalarValue;
use datafusion::physical_expr::PhysicalExpr;
use iceberg::Result;
use iceberg::spec::{DataFile, ManifestEntry, ManifestStatus, SchemaRef};
use iceberg::table::Table;

use super::deletes::Deletes;
use super::provider::IcebergTable;
use super::snapshot::LiveFile;

/// A data file of a table, with what its manifest says of it.
#[derive(Debug, Clone)]
pub(crate) struct FilePart(Arc<LiveFile>);

impl FilePart {
    /// Where it is, as the table names it.
    pub(crate) fn path(&self) -> &str {
        self.0.path()
    }

    /// What its manifest says.
    pub(crate) fn data(&self) -> &DataFile {
        self.0.data()
    }

    /// The partitioning it was written with.
    pub(crate) fn spec_id(&self) -> i32 {
        self.0.spec_id
    }

    /// Rows that are left of it, where that is known without reading them.
    pub(crate) fn left(&self) -> Option<u64> {
        self.0.left().map(|rows| rows as u64)
    }

    /// Whether rows of it are deleted by other files.
    pub(crate) fn has_deletes(&self) -> bool {
        !self.0.deletes.is_empty()
    }
}

impl IcebergTable {
    /// The files that can hold rows for which a predicate over this table's columns is true; all without one.
    pub(crate) async fn parts(
        &self,
        predicate: Option<&Arc<dyn PhysicalExpr>>,
    ) -> datafusion::error::Result<Vec<FilePart>> {
        let index = self.index().await.map_err(super::external)?;
        let keep = match predicate {
            Some(predicate) => index.bounds.keep(predicate)?,
            None => (0..index.files.len()).collect(),
        };
        Ok(keep.into_iter().map(|at| FilePart(index.files[at].clone())).collect())
    }

    /// Bounds of a top-level column in the files that [`IcebergTable::parts`] gives without a predicate.
    pub(crate) async fn bounds(&self, column: &str) -> Result<Option<(ArrayRef, ArrayRef)>> {
        Ok(self.index().await?.bounds.of(column))
    }

    /// Values of columns which a file may be too old to hold, by field id.
    pub(crate) fn defaults(&self) -> HashMap<i32, ScalarValue> {
        self.columns.defaults()
    }

    /// The same table with some of its files alone.
    pub(crate) fn only(&self, parts: &[FilePart]) -> Self {
        self.with_files(parts.iter().map(|part| part.0.clone()).collect())
    }

    /// Files that no snapshot names yet, as they were just written.
    pub(crate) fn of_files(table: &Table, files: &[DataFile], schema: SchemaRef) -> Result<Self> {
        let live = files.iter().map(|file| {
            let entry = ManifestEntry::builder().status(ManifestStatus::Added).data_file(file.clone()).build();
            Arc::new(LiveFile {
                entry: Arc::new(entry),
                schema: schema.clone(),
                schema_id: schema.schema_id(),
                spec_id: table.metadata().default_partition_spec_id(),
                identity: HashMap::new(),
                deletes: Deletes::default(),
            })
        });
        Ok(Self::at(table.clone(), None, schema.clone())?.with_files(live.collect()))
    }
}
