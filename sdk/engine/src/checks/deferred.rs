//! Checks that one pass over the port cannot answer: queries, references to other ports, the product's own program.
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use meshwright_catalog::Catalog;
use meshwright_check::{Measured, Sample};
use meshwright_spec::{CheckKind, PortName};

use super::EVIDENCE;
use crate::failure::{Failure, Result};
use crate::program::Program;
use crate::scan::IcebergTable;
use crate::session::session;

/// Answers a check that one pass over the port cannot.
pub(crate) async fn measure(
    catalog: &Catalog,
    port: Arc<dyn TableProvider>,
    kind: &CheckKind,
    program: Option<&Program>,
) -> Measured {
    let outcome = match kind {
        CheckKind::Query { sql, .. } => query_value(port, sql).await,
        CheckKind::References { column, port: other, target } => references(catalog, port, column, other, target).await,
        CheckKind::Program { name } => match program {
            Some(program) => by_program(port, program, name).await,
            None => Ok(Measured::Failed("the product has no program that could make this check".to_owned())),
        },
        _ => Ok(Measured::Failed("this kind of check cannot be run by this version".to_owned())),
    };
    outcome.unwrap_or_else(|failure| Measured::Failed(failure_text(&failure)))
}

fn failure_text(failure: &Failure) -> String {
    match failure {
        Failure::Operation(e) => e.causes().into_iter().next_back().unwrap_or_else(|| e.to_string()),
        _ => "it could not be run".to_owned(),
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

async fn references(
    catalog: &Catalog,
    port: Arc<dyn TableProvider>,
    column: &str,
    other: &PortName,
    target: &str,
) -> Result<Measured> {
    let ctx = session()?;
    ctx.register_table("port", port)?;
    let table = catalog.load(other).await?;
    let (head, schema) = (table.metadata().current_snapshot().cloned(), table.current_schema_ref());
    ctx.register_table("other", Arc::new(IcebergTable::at(table, head, schema)?))?;
    let (c, t) = (quoted(column), quoted(target));
    let judged = format!("select count({c}) as n from port");
    let missing = format!(
        "select p.{c} as v, count(*) as n from port p left anti join other o on p.{c} = o.{t} where p.{c} is not null group by 1 order by 2 desc, 1"
    );
    let count = |batches: &[RecordBatch], column: usize| -> u64 {
        batches
            .iter()
            .flat_map(|b| {
                b.column(column)
                    .as_any()
                    .downcast_ref::<arrow::array::Int64Array>()
                    .map(|a| a.values().iter().sum::<i64>())
            })
            .sum::<i64>() as u64
    };
    let rows_in_scope = count(&ctx.sql(&judged).await?.collect().await?, 0);
    let found = ctx.sql(&missing).await?.collect().await?;
    let mut sample = vec![];
    for batch in &found {
        let show = arrow::util::display::ArrayFormatter::try_new(batch.column(0), &Default::default())?;
        for row in 0..batch.num_rows().min(EVIDENCE - sample.len().min(EVIDENCE)) {
            sample.push(Sample::new("", row as u64, serde_json::Value::Null, show.value(row).to_string().into()));
        }
    }
    Ok(Measured::Rows { violations: count(&found, 1), rows_in_scope, sample })
}

async fn by_program(port: Arc<dyn TableProvider>, program: &Program, name: &str) -> Result<Measured> {
    let frame = session()?.read_table(port)?;
    Ok(match program.check(name, frame) {
        Ok(outcome) => {
            let sample = outcome.samples.iter().enumerate();
            let sample =
                sample.map(|(i, s)| Sample::new("", i as u64, serde_json::Value::Null, s.clone().into())).collect();
            Measured::Rows { violations: outcome.violations, rows_in_scope: outcome.rows, sample }
        }
        Err(text) => Measured::Failed(text),
    })
}

fn quoted(column: &str) -> String {
    format!("\"{}\"", column.replace('"', "\"\""))
}
