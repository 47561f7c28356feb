//! Checks of kind `monotonic`: rows put in the order of another column, each beside the one before it. The query engine
//! sorts, and spills to disk what does not fit.
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::catalog::TableProvider;
use futures::StreamExt;
use meshwright_check::{Deferred, Measured, Sample};
use meshwright_spec::{CheckKind, Contract};
use serde_json::{Map, Value};

use super::EVIDENCE;
use super::deferred::{quoted, shown};
use crate::failure::Result;
use crate::session::session;

/// Counts the rows whose value goes back.
///
/// Rows with a null in any of the columns are left out. NaN has no place in an order: such a row violates, and its
/// neighbours are compared with each other. Rows with the same place in the order are taken in the order of their values,
/// so that only `strict` finds them.
pub(super) async fn in_order(port: Arc<dyn TableProvider>, contract: &Contract, asked: &Deferred) -> Result<Measured> {
    let CheckKind::Monotonic { column, by, group, falling, strict } = &asked.kind else {
        return Ok(Measured::Failed("it is no check of kind `monotonic`".to_owned()));
    };
    let ctx = session()?;
    let schema = port.schema();
    ctx.register_table("port", port)?;
    let (value, place) = (quoted(column), quoted(by));
    let scope = asked.filter.as_ref().map_or_else(|| "true".to_owned(), |filter| format!("({filter}) is true"));
    let needed: Vec<&String> = [column, by].into_iter().chain(group).collect();
    let there: Vec<String> = needed.iter().map(|name| format!("{} is not null", quoted(name))).collect();
    let there = there.join(" and ");
    let is_float = |name: &String| {
        schema.field_with_name(name).is_ok_and(|f| matches!(f.data_type(), DataType::Float32 | DataType::Float64))
    };
    let nan: Vec<String> =
        [column, by].into_iter().filter(|name| is_float(name)).map(|name| format!("isnan({})", quoted(name))).collect();
    let nan = if nan.is_empty() { "false".to_owned() } else { nan.join(" or ") };

    let counts = format!(
        "select count(*), count(*) filter (where not ({there})), count(*) filter (where {there} and ({nan})) \
         from port where {scope}"
    );
    let counted = ctx.sql(&counts).await?.collect().await?;
    let count = |at: usize| {
        let found = counted.iter().find(|batch| batch.num_rows() > 0);
        found.and_then(|batch| u64::try_from(batch.column(at).as_primitive::<Int64Type>().value(0)).ok()).unwrap_or(0)
    };
    let (rows_in_scope, nulls, not_numbers) = (count(0), count(1), count(2));

    let mut kept: Vec<String> = vec![];
    for name in contract.key.iter().filter(|name| !needed.contains(name)).chain(needed.iter().copied()) {
        let name = quoted(name);
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    let kept = kept.join(", ");
    let partition = match group.is_empty() {
        true => String::new(),
        false => format!("partition by {} ", group.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")),
    };
    let direction = if *falling { "desc" } else { "asc" };
    let holds = match (falling, strict) {
        (false, false) => ">=",
        (false, true) => ">",
        (true, false) => "<=",
        (true, true) => "<",
    };
    let back = format!(
        "select * from (select {kept}, lag({value}) over ({partition}order by {place}, {value} {direction}) as \
         \"_before\" from port where {scope} and {there} and not ({nan})) where not ({value} {holds} \"_before\")"
    );
    let mut found = ctx.sql(&back).await?.execute_stream().await?;
    let (mut violations, mut sample) = (0, vec![]);
    while let Some(batch) = found.next().await {
        let batch = batch?;
        for row in 0..batch.num_rows().min(EVIDENCE - sample.len()) {
            sample.push(Sample::new(
                "",
                violations + row as u64,
                key(contract, &batch, row)?,
                at(contract, column, &batch, row)?,
            ));
        }
        violations += batch.num_rows() as u64;
    }
    Ok(Measured::Rows { violations: violations + not_numbers, rows_in_scope, nulls, sample })
}

fn key(contract: &Contract, batch: &RecordBatch, row: usize) -> Result<Value> {
    let mut key = Map::new();
    for name in &contract.key {
        if let Some(array) = batch.column_by_name(name) {
            key.insert(name.clone(), shown(contract, name, array, row)?);
        }
    }
    Ok(if key.is_empty() { Value::Null } else { Value::Object(key) })
}

/// The row's values, and the value before it, which is as secret as the column.
fn at(contract: &Contract, column: &str, batch: &RecordBatch, row: usize) -> Result<Value> {
    let mut value = Map::new();
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let (name, of) = match field.name().as_str() {
            "_before" => ("before", column),
            name if contract.key.iter().any(|key| key == name) => continue,
            name => (name, name),
        };
        if !array.is_null(row) {
            value.insert(name.to_owned(), shown(contract, of, array, row)?);
        }
    }
    Ok(Value::Object(value))
}
