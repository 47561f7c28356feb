//! Which files can hold a row for which the filters are true.
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use arrow::datatypes::Schema as ArrowSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column as LogicalColumn, Result, ScalarValue};
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningStatistics};

use super::column::{Columns, Range, member};
use super::locked;
use super::snapshot::LiveFile;

/// The ranges of every column that filters have asked for, in the order of the files: built once per snapshot, so
/// that a query only evaluates arrays.
pub(super) struct Bounds {
    files: Vec<Arc<LiveFile>>,
    columns: Arc<Columns>,
    rows: ArrayRef,
    built: Mutex<HashMap<String, Arc<ColumnBounds>>>,
}

struct ColumnBounds {
    low: ArrayRef,
    high: ArrayRef,
    nulls: ArrayRef,
    ranges: Vec<Range>,
}

impl Bounds {
    pub(super) fn new(files: Vec<Arc<LiveFile>>, columns: Arc<Columns>) -> Self {
        let rows: UInt64Array = files.iter().map(|file| Some(file.data().record_count())).collect();
        Self { files, columns, rows: Arc::new(rows), built: Mutex::default() }
    }

    /// Indexes of the files which may hold rows for which the predicate is true.
    pub(super) fn keep(&self, predicate: &Arc<dyn PhysicalExpr>) -> Result<Vec<usize>> {
        let all = || Ok((0..self.files.len()).collect());
        let flat = flatten(predicate.clone(), &self.columns.schema)?;
        let Ok(predicate) = PruningPredicate::try_new(flat, self.columns.schema.clone()) else { return all() };
        // an expression that fails on bounds (a cast that overflows) prunes nothing: it fails or not on the rows
        let Ok(keep) = predicate.prune(self) else { return all() };
        Ok(keep.iter().enumerate().filter(|(_, keep)| **keep).map(|(at, _)| at).collect())
    }

    /// Lower and upper bounds of a top-level column, file by file; null where nothing is known.
    pub(super) fn of(&self, column: &str) -> Option<(ArrayRef, ArrayRef)> {
        self.column(column).map(|bounds| (bounds.low.clone(), bounds.high.clone()))
    }

    fn column(&self, path: &str) -> Option<Arc<ColumnBounds>> {
        let leaf = self.columns.get(path)?;
        if let Some(bounds) = locked(&self.built).get(path) {
            return Some(bounds.clone());
        }
        let ranges: Vec<Range> = self.files.iter().map(|file| leaf.range(file)).collect();
        let null = ScalarValue::try_from(&leaf.arrow).ok()?;
        let side = |get: fn(&Range) -> &Option<ScalarValue>| {
            let values = ranges.iter().map(|range| match get(range) {
                // comparisons put NaN above and below every number: no bound is one
                Some(value) if !range.nan => value.clone(),
                _ => null.clone(),
            });
            ScalarValue::iter_to_array(values).ok()
        };
        let bounds = Arc::new(ColumnBounds {
            low: side(|range| &range.low)?,
            high: side(|range| &range.high)?,
            nulls: Arc::new(ranges.iter().map(|range| range.nulls).collect::<UInt64Array>()),
            ranges,
        });
        locked(&self.built).insert(path.to_string(), bounds.clone());
        Some(bounds)
    }
}

impl PruningStatistics for Bounds {
    fn min_values(&self, column: &LogicalColumn) -> Option<ArrayRef> {
        self.column(column.name()).map(|bounds| bounds.low.clone())
    }

    fn max_values(&self, column: &LogicalColumn) -> Option<ArrayRef> {
        self.column(column.name()).map(|bounds| bounds.high.clone())
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &LogicalColumn) -> Option<ArrayRef> {
        self.column(column.name()).map(|bounds| bounds.nulls.clone())
    }

    fn row_counts(&self, _: &LogicalColumn) -> Option<ArrayRef> {
        Some(self.rows.clone())
    }

    /// `=` and `IN`: false where none of the values lies within the bounds. NaN equals no number, so it may hide.
    fn contained(&self, column: &LogicalColumn, values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        let bounds = self.column(column.name())?;
        let excluded = |range: &Range| values.iter().all(|value| outside(value, range)).then_some(false);
        Some(bounds.ranges.iter().map(excluded).collect())
    }
}

fn outside(value: &ScalarValue, range: &Range) -> bool {
    let (Some(low), Some(high)) = (&range.low, &range.high) else { return false };
    let nan = match value {
        ScalarValue::Float32(Some(value)) => value.is_nan(),
        ScalarValue::Float64(Some(value)) => value.is_nan(),
        _ => false,
    };
    value.is_null()
        || (!nan
            && (value.partial_cmp(low) == Some(Ordering::Less) || value.partial_cmp(high) == Some(Ordering::Greater)))
}

/// Members become columns of their own: `get_field(get_field(s, 'a'), 'b')` is the leaf `s.a.b`, which DataFusion by
/// itself never prunes by. Columns get their positions in the schema of the leaves.
fn flatten(predicate: Arc<dyn PhysicalExpr>, schema: &ArrowSchema) -> Result<Arc<dyn PhysicalExpr>> {
    let leaf = |expr: &Arc<dyn PhysicalExpr>| {
        let path = path(expr)?;
        let at = schema.index_of(&path).ok()?;
        Some(Column::new(&path, at))
    };
    predicate
        .transform_down(|expr| match leaf(&expr) {
            Some(column) => Ok(Transformed::yes(Arc::new(column))),
            None => Ok(Transformed::no(expr)),
        })
        .map(|transformed| transformed.data)
}

fn path(expr: &Arc<dyn PhysicalExpr>) -> Option<String> {
    if let Some(column) = expr.as_any().downcast_ref::<Column>() {
        return Some(column.name().to_string());
    }
    let call = expr.as_any().downcast_ref::<ScalarFunctionExpr>().filter(|call| call.name() == "get_field")?;
    let (parent, names) = call.args().split_first()?;
    names.iter().try_fold(path(parent)?, |parent, name| {
        let name = name.as_any().downcast_ref::<Literal>()?.value().try_as_str()??;
        Some(member(&parent, name))
    })
}
