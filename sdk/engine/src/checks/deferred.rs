//! Checks that one pass over the port cannot answer: queries and the product's own program.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::ArrayFormatter;
use datafusion::catalog::TableProvider;
use futures::StreamExt;
use meshwright_check::{Deferred, Measured, Sample};
use meshwright_spec::{CheckKind, Column, Contract};
use serde_json::Value;

use super::EVIDENCE;
use super::order::in_order;
use crate::failure::{Failure, Result};
use crate::program::Program;
use crate::session::session;

/// Answers a check that one pass over the port cannot.
pub(crate) async fn measure(
    port: Arc<dyn TableProvider>,
    contract: &Contract,
    asked: &Deferred,
    program: Option<&Program>,
) -> Measured {
    let outcome = match &asked.kind {
        CheckKind::Query { sql, .. } => query_value(port, sql).await,
        CheckKind::QueryRows { sql } => query_rows(port, contract, sql).await,
        CheckKind::Monotonic { .. } => in_order(port, contract, asked).await,
        CheckKind::Program { name } => match program {
            Some(program) => by_program(port, contract, program, name).await,
            None => Ok(Measured::Failed(
                "the product's program makes this check, and it is not here: do this in the product's folder"
                    .to_owned(),
            )),
        },
        _ => Ok(Measured::Failed("this kind of check cannot be run by this version".to_owned())),
    };
    outcome.unwrap_or_else(|failure| Measured::Failed(failure_text(&failure)))
}

pub(super) fn failure_text(failure: &Failure) -> String {
    match failure {
        Failure::Operation(e) => e.causes().into_iter().next_back().unwrap_or_else(|| e.to_string()),
        other => other.said(),
    }
}

async fn query_value(port: Arc<dyn TableProvider>, sql: &str) -> Result<Measured> {
    let ctx = session()?;
    ctx.register_table("port", port)?;
    let batches = ctx.sql(sql).await?.collect().await?;
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let Some(batch) = batches.iter().find(|b| b.num_rows() > 0) else {
        return Ok(Measured::Failed("the query returned no row".to_owned()));
    };
    if rows != 1 || batch.num_columns() != 1 {
        let shape = format!("the query returned {rows} rows of {} columns, not one number", batch.num_columns());
        return Ok(Measured::Failed(shape));
    }
    let number = cast(batch.column(0), &DataType::Float64)?;
    let number =
        number.as_any().downcast_ref::<arrow::array::Float64Array>().filter(|a| a.is_valid(0)).map(|a| a.value(0));
    Ok(match number.and_then(serde_json::Number::from_f64) {
        Some(n) => Measured::Value(n.into()),
        None => Measured::Failed("the query returned no number".to_owned()),
    })
}

/// Every row that the query returns violates; a few are shown, in columns of the contract that are no secret.
async fn query_rows(port: Arc<dyn TableProvider>, contract: &Contract, sql: &str) -> Result<Measured> {
    let ctx = session()?;
    ctx.register_table("port", port)?;
    let rows_in_scope = ctx.table("port").await?.count().await? as u64;
    let mut found = ctx.sql(sql).await?.execute_stream().await?;
    let (mut violations, mut sample) = (0, vec![]);
    while let Some(batch) = found.next().await {
        let batch = batch?;
        for row in 0..batch.num_rows().min(EVIDENCE - sample.len()) {
            let mut value = serde_json::Map::new();
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                value.insert(field.name().clone(), shown(contract, field.name(), column, row)?);
            }
            sample.push(Sample::new("", violations + row as u64, Value::Null, Value::Object(value)));
        }
        violations += batch.num_rows() as u64;
    }
    // a query may return a row more than once, or join others to it
    Ok(Measured::Rows { violations, rows_in_scope: rows_in_scope.max(violations), nulls: 0, sample })
}

/// A value for people. What a query computed may come of a secret column, so beside one only known columns are shown.
pub(super) fn shown(contract: &Contract, name: &str, column: &ArrayRef, row: usize) -> Result<Value> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    let hidden = match contract.column(name) {
        Some(column) => is_secret(column),
        None => contract.columns.iter().any(is_secret),
    };
    if hidden {
        return Ok("***".into());
    }
    Ok(ArrayFormatter::try_new(column, &Default::default())?.value(row).to_string().into())
}

fn is_secret(column: &Column) -> bool {
    column.tags.iter().any(|tag| tag.eq_ignore_ascii_case("pii") || tag.eq_ignore_ascii_case("sensitive"))
}

async fn by_program(
    port: Arc<dyn TableProvider>,
    contract: &Contract,
    program: &Program,
    name: &str,
) -> Result<Measured> {
    // what the program says of a row may hold any of its values
    let hidden = contract.columns.iter().any(is_secret);
    let frame = session()?.read_table(port)?;
    Ok(match program.check(name, frame) {
        Ok(outcome) => {
            let sample = outcome.samples.iter().enumerate();
            let sample = sample
                .map(|(i, s)| {
                    let text = if hidden { "***".to_owned() } else { s.clone() };
                    Sample::new("", i as u64, Value::Null, text.into())
                })
                .collect();
            Measured::Rows { violations: outcome.violations, rows_in_scope: outcome.rows, nulls: 0, sample }
        }
        Err(text) => Measured::Failed(text),
    })
}

pub(super) fn quoted(column: &str) -> String {
    format!("\"{}\"", column.replace('"', "\"\""))
}
