//! Mode `replace-partitions`: what new rows' partitions held before leaves.
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::prelude::{DataFrame, SessionContext};
use iceberg::spec::{DataFile, MAIN_BRANCH, NestedFieldRef, Schema, Struct};
use meshwright_catalog::{Error, Kind};

use super::Replaced;
use super::rewrite::{Leaving, rewrite, write_staying};
use crate::columns::relaxed;
use crate::evolve::Shaped;
use crate::failure::Result;
use crate::scan::IcebergTable;
use crate::write::{Partitions, Target};

/// Takes out of main what lies in the partitions of new files; everything where nothing is partitioned.
///
/// Files of the same partitioning are dropped as a whole. Those of an older one may hold rows of other partitions too:
/// they are written again with these, in the new partitioning.
pub(crate) async fn replace_partitions(
    shaped: &Shaped,
    new: &[DataFile],
    target: &Target,
    sort: &[String],
) -> Result<Replaced> {
    let Some(head) = shaped.table.metadata().snapshot_for_ref(MAIN_BRANCH).cloned() else {
        return Ok(Replaced::default());
    };
    let old = IcebergTable::at(shaped.table.clone(), Some(head), shaped.schema())?;
    let partitions: HashSet<Struct> = new.iter().map(|file| file.partition().clone()).collect();
    let whole = target.spec.is_unpartitioned();
    let mut replaced = Replaced::default();
    let mut older = vec![];
    for part in old.parts(None).await? {
        if !whole && part.spec_id() != target.spec.spec_id() {
            older.push(part);
        } else if whole || partitions.contains(part.data().partition()) {
            replaced.rows += part.left().unwrap_or(part.data().record_count());
            replaced.removed.insert(part.path().to_owned());
        }
    }
    if !older.is_empty() && !partitions.is_empty() {
        let leaving = Arc::new(Among::new(target, partitions)?);
        let rewritten = rewrite(&old, older, leaving, target, sort).await?;
        replaced.rows += rewritten.rows;
        replaced.removed.extend(rewritten.removed);
        replaced.kept = rewritten.kept;
    }
    Ok(replaced)
}

/// Writes, beside new files, those of a port's rows that these would leave where they are.
pub(crate) async fn write_other_partitions(
    ctx: &SessionContext,
    before: DataFrame,
    new: &[DataFile],
    target: &Target,
) -> Result<Vec<DataFile>> {
    if target.spec.is_unpartitioned() {
        return Ok(vec![]);
    }
    let partitions = new.iter().map(|file| file.partition().clone()).collect();
    let leaving: Arc<dyn Leaving> = Arc::new(Among::new(target, partitions)?);
    let beside = Target { run: format!("{}-k", target.run), ..target.clone() };
    write_staying(ctx, before, &leaving, &beside, &[], u64::MAX).await
}

/// Rows of some partitions.
struct Among {
    columns: Vec<String>,
    partitions: Partitions,
    wanted: HashSet<Struct>,
}

impl Among {
    fn new(target: &Target, wanted: HashSet<Struct>) -> Result<Self> {
        // the sources of the partitioning alone, so that nothing else is read to decide
        let source = |field: &&NestedFieldRef| target.spec.fields().iter().any(|f| f.source_id == field.id);
        let fields: Vec<NestedFieldRef> = target.schema.as_struct().fields().iter().filter(source).cloned().collect();
        let columns = fields.iter().map(|field| field.name.clone()).collect();
        let schema = relaxed(&Schema::builder().with_fields(fields).build()?)?;
        Ok(Self { columns, partitions: Partitions::new(schema.into(), target.spec.clone())?, wanted })
    }
}

impl std::fmt::Debug for Among {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rows of {} partitions", self.wanted.len())
    }
}

impl Leaving for Among {
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn of(&self, rows: &RecordBatch) -> DataFusionResult<BooleanArray> {
        let found = self.partitions.among(rows, &self.wanted).map_err(|_| {
            let e = Error::new(Kind::Unexpected, "partitions of rows cannot be told");
            DataFusionError::External(Box::new(e))
        })?;
        Ok(found.into())
    }
}
