//! Statistics for DataFusion's optimizer, from the ranges of the columns.
//!
//! Per file, bounds are stated as exact: they are used to prune and to spot constants, which need valid bounds, not
//! tight ones. For the table they are not: Iceberg's bounds only bound, and `min(x)` would be answered from them. Row
//! and null counts are exact in both, so `count(*)` opens no file.
use std::cmp::Ordering;
use std::sync::Arc;

use arrow::datatypes::SchemaRef as ArrowSchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};

use super::column::Columns;
use super::snapshot::LiveFile;

/// What the manifest knows about each top-level column of a file.
pub(super) fn of_file(file: &LiveFile, columns: &Columns, schema: &ArrowSchemaRef) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    statistics.num_rows = Precision::Exact(file.rows());
    statistics.total_byte_size = Precision::Inexact(file.data().file_size_in_bytes() as usize);
    for (column, field) in statistics.column_statistics.iter_mut().zip(schema.fields()) {
        let Some(leaf) = columns.get(field.name()) else { continue };
        let range = leaf.range(file);
        // a constant would take the place of the column, NaN included
        let exact = |value: Option<ScalarValue>| match value {
            Some(value) if !range.nan => Precision::Exact(value),
            _ => Precision::Absent,
        };
        column.min_value = exact(range.low.clone());
        column.max_value = exact(range.high.clone());
        column.null_count = range.nulls.map_or(Precision::Absent, |nulls| Precision::Exact(nulls as usize));
    }
    statistics
}

/// Sums up files; columns outside of the projection stay unknown.
pub(super) fn of_files(
    files: &[(Arc<LiveFile>, Arc<Statistics>)],
    projection: &[usize],
    schema: &ArrowSchemaRef,
) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    statistics.num_rows = Precision::Exact(files.iter().map(|(file, _)| file.rows()).sum());
    let bytes = files.iter().map(|(file, _)| file.data().file_size_in_bytes() as usize).sum();
    statistics.total_byte_size = Precision::Inexact(bytes);
    for at in projection {
        let all = || files.iter().map(|(_, statistics)| &statistics.column_statistics[*at]);
        let with_values = || {
            files
                .iter()
                .filter(|(file, statistics)| {
                    statistics.column_statistics[*at].null_count != Precision::Exact(file.rows())
                })
                .map(|(_, statistics)| &statistics.column_statistics[*at])
        };
        let nulls = all().map(|column| column.null_count.get_value().copied()).sum::<Option<usize>>();
        statistics.column_statistics[*at] = ColumnStatistics {
            null_count: nulls.map_or(Precision::Absent, Precision::Exact),
            min_value: outermost(with_values().map(|column| &column.min_value), Ordering::Less),
            max_value: outermost(with_values().map(|column| &column.max_value), Ordering::Greater),
            ..ColumnStatistics::new_unknown()
        };
    }
    statistics
}

/// Absent as soon as one file does not know its bound.
fn outermost<'a>(bounds: impl Iterator<Item = &'a Precision<ScalarValue>>, better: Ordering) -> Precision<ScalarValue> {
    let mut best: Option<&ScalarValue> = None;
    for bound in bounds {
        let Some(bound) = bound.get_value() else { return Precision::Absent };
        if best.is_none_or(|best| bound.partial_cmp(best) == Some(better)) {
            best = Some(bound);
        }
    }
    best.cloned().map_or(Precision::Absent, Precision::Inexact)
}
