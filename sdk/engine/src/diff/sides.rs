//! The rows of both states as one stream in the order of the key, older before newer.
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeBinaryBuilder};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use datafusion::common::{Column, ScalarValue};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::functions::math::expr_fn::nanvl;
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarUDF, SortExpr, Volatility, create_udf, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use iceberg::table::Table;
use sha2::{Digest, Sha256};

use super::canonical::{for_rows, row_type};
use super::columns::Columns;
use crate::failure::Result;
use crate::scan::IcebergTable;
use crate::when::State;

/// Which state a row is of: 0 the older, 1 the newer one.
pub(super) const SIDE: &str = "side";
/// The row's fingerprint, where whole rows are compared.
pub(super) const HASH: &str = "hash";
const HASH_BYTES: usize = 16;

/// Rows of a state by its own count.
pub(super) fn rows(state: &State) -> Option<u64> {
    state.snapshot.summary().additional_properties.get("total-records")?.parse().ok()
}

/// Name of a matched column in the stream, whatever people call it.
fn internal(at: usize) -> String {
    format!("c{at}")
}

/// Rows that are not in files which both states share: `c0`, `c1`, ... as in `columns`, [`SIDE`], and [`HASH`] where
/// there is no key. Sorting spills to disk.
pub(super) async fn sorted(
    ctx: &SessionContext,
    table: &Table,
    from: &State,
    to: &State,
    columns: &Columns,
    shared: HashSet<String>,
) -> Result<SendableRecordBatchStream> {
    let read = |state: &State| -> Result<DataFrame> {
        let provider = IcebergTable::at(table.clone(), Some(state.snapshot.clone()), columns.schema.clone())?;
        Ok(ctx.read_table(Arc::new(provider.without(shared.clone())))?)
    };
    let older = side(read(from)?, columns, 0)?;
    let newer = side(read(to)?, columns, 1)?;
    let both = older.union(newer)?;
    let mut order: Vec<SortExpr> = match columns.key.is_empty() {
        true => vec![column(HASH)],
        false => columns.key.iter().map(|at| ordered(*at, &columns.matched[*at].data_type)).collect(),
    }
    .into_iter()
    .map(|e| e.sort(true, true))
    .collect();
    order.push(column(SIDE).sort(true, true));
    Ok(both.sort(order)?.execute_stream().await?)
}

fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// Every NaN has one place in the order.
fn ordered(at: usize, data_type: &DataType) -> Expr {
    let value = column(&internal(at));
    match data_type {
        DataType::Float32 => nanvl(value, lit(f32::NAN)),
        DataType::Float64 => nanvl(value, lit(f64::NAN)),
        _ => value,
    }
}

fn side(frame: DataFrame, columns: &Columns, which: i8) -> Result<DataFrame> {
    let mut out = vec![];
    let mut compared = vec![];
    for (at, m) in columns.matched.iter().enumerate() {
        let name = if which == 0 { &m.before } else { &m.after };
        let value = match name {
            Some(name) => column(name),
            None => lit(ScalarValue::try_from(&m.data_type)?),
        };
        if m.in_both() {
            compared.push((value.clone(), m.data_type.clone()));
        }
        out.push(value.alias(internal(at)));
    }
    out.push(lit(which).alias(SIDE));
    if columns.key.is_empty() {
        let (values, types): (Vec<_>, Vec<_>) = compared.into_iter().unzip();
        out.push(fingerprint(types)?.call(values).alias(HASH));
    }
    Ok(frame.select(out)?)
}

/// 128 bits of the SHA-256 of a row's values.
fn fingerprint(types: Vec<DataType>) -> Result<ScalarUDF> {
    // refuses what has no row format before anything is read
    RowConverter::new(types.iter().map(|t| SortField::new(row_type(t))).collect())?;
    let hash = |values: &[ColumnarValue]| {
        let columns: Vec<ArrayRef> = ColumnarValue::values_to_arrays(values)?.iter().map(for_rows).collect();
        let fields = columns.iter().map(|c| SortField::new(c.data_type().clone())).collect();
        let rows = RowConverter::new(fields)?.convert_columns(&columns)?;
        let mut hashes = FixedSizeBinaryBuilder::with_capacity(rows.num_rows(), HASH_BYTES as i32);
        for row in &rows {
            hashes.append_value(&Sha256::digest(row.as_ref())[..HASH_BYTES])?;
        }
        Ok(ColumnarValue::Array(Arc::new(hashes.finish())))
    };
    let returns = DataType::FixedSizeBinary(HASH_BYTES as i32);
    Ok(create_udf("row_fingerprint", types, returns, Volatility::Immutable, Arc::new(hash)))
}
