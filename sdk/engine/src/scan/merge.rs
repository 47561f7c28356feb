//! Files with row-level deletes: the rows that are left of them.
//!
//! Deletes by position are applied while a file is read from its first row to its last. Deletes by equality become an
//! anti-join in which null equals null.
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::Schema as ArrowSchema;
use datafusion::common::{DataFusionError, JoinType, NullEquality, Result};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::projection::ProjectionExec;

use super::deleted_keys::DeletedKeysExec;
use super::field_ids::field_id;
use super::parquet::Scan;
use super::position_deletes::PositionDeletesExec;
use super::snapshot::LiveFile;
use super::{external, unsupported};

/// Data files to which the same deletes by equality apply.
struct Group {
    by_position: bool,
    files: Vec<usize>,
    deletes: Vec<Arc<LiveFile>>,
}

/// One plan for each set of delete files; all of them give the columns of the projection.
pub(super) fn plans(scan: &Scan<'_>, files: Vec<usize>, projection: &[usize]) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
    let mut groups: BTreeMap<(bool, Vec<&str>), Group> = BTreeMap::new();
    for at in files {
        let deletes = &scan.index.files[at].deletes;
        let by_position = deletes.by_position();
        let mut paths: Vec<_> = deletes.equality.iter().map(|file| file.path()).collect();
        paths.sort();
        groups
            .entry((by_position, paths))
            .or_insert_with(|| Group { by_position, files: vec![], deletes: deletes.equality.clone() })
            .files
            .push(at);
    }
    groups.into_values().map(|group| plan(scan, group, projection)).collect()
}

fn plan(scan: &Scan<'_>, group: Group, projection: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    // delete files by the columns of their keys
    let mut keyed: BTreeMap<Vec<usize>, Vec<Arc<LiveFile>>> = BTreeMap::new();
    for file in &group.deletes {
        keyed.entry(keys(scan, file)?).or_default().push(file.clone());
    }
    let mut wide = projection.to_vec();
    for at in keyed.keys().flatten() {
        if !wide.contains(at) {
            wide.push(*at);
        }
    }
    let mut plan = if group.by_position {
        PositionDeletesExec::plan(scan, &group.files, &wide)?
    } else {
        scan.parquet(&group.files, &wide, None)?
    };
    for (keys, files) in keyed {
        plan = without(scan, plan, &keys, &files)?;
    }
    if wide.len() == projection.len() {
        return Ok(plan);
    }
    let schema = plan.schema();
    let columns = schema.fields().iter().take(projection.len()).enumerate().map(|(at, field)| {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), at));
        (column, field.name().clone())
    });
    Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), plan)?))
}

/// The rows whose keys are not among those in the delete files.
fn without(
    scan: &Scan<'_>,
    rows: Arc<dyn ExecutionPlan>,
    keys: &[usize],
    files: &[Arc<LiveFile>],
) -> Result<Arc<dyn ExecutionPlan>> {
    let ids: Vec<i32> = keys.iter().filter_map(|at| field_id(scan.table.arrow.field(*at))).collect();
    let deleted = CoalescePartitionsExec::new(scan.keys(files, keys, &ids)?);
    let deleted = Arc::new(DeletedKeysExec::new(Arc::new(deleted)));
    let column = |schema: &ArrowSchema, name: &str| -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Column::new(name, schema.index_of(name)?)))
    };
    let on = keys
        .iter()
        .map(|at| {
            let name = scan.table.arrow.field(*at).name();
            Ok((column(&deleted.schema(), name)?, column(&rows.schema(), name)?))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(HashJoinExec::try_new(
        deleted,
        rows,
        on,
        None,
        &JoinType::RightAnti,
        None,
        PartitionMode::CollectLeft,
        NullEquality::NullEqualsNull,
        false,
    )?))
}

/// Positions of the key columns of an equality delete file in the presented schema.
fn keys(scan: &Scan<'_>, file: &LiveFile) -> Result<Vec<usize>> {
    let refused = |why: &str| -> DataFusionError {
        external(unsupported(format!(
            "table {}: deletes of rows by key cannot be applied, {why}; compact the table with the engine that wrote it: {}",
            scan.table.table.identifier(),
            file.path()
        )))
    };
    let ids = file.data().equality_ids().unwrap_or_default();
    let fields = scan.table.arrow.fields();
    let mut keys = ids
        .iter()
        .map(|id| {
            fields
                .iter()
                .position(|field| field_id(field) == Some(*id) && !field.data_type().is_nested())
                .ok_or_else(|| refused(&format!("their key is column {id}, which is not a column of the table now")))
        })
        .collect::<Result<Vec<_>>>()?;
    if keys.is_empty() {
        return Err(refused("they name no key"));
    }
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}
