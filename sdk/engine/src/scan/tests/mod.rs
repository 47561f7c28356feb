//! A table read through [`IcebergTable`] must answer as the same rows in memory do.

/// Generated queries over tables with a past.
mod differential;

/// One known way to a wrong answer each.
mod traps;

/// Row-level deletes.
mod deleted_rows;

/// Deletion vectors.
mod vectors;

/// Schemas of a table that changes three times.
mod evolution;

/// Random predicates.
mod predicates;

/// Rows as a function of field id and row number.
mod rows;

/// Tables built by hand: no catalog is needed to read.
mod table;

use std::sync::Arc;

use arrow::util::display::array_value_to_string;
use datafusion::prelude::{SessionConfig, SessionContext};
use iceberg::spec::{SchemaRef, SnapshotRef};
use iceberg::table::Table;

use super::{IcebergTable, session_config};

/// Small batches and byte-range slices, so that seams show.
fn context(pushdown: bool) -> SessionContext {
    let mut config = session_config(SessionConfig::new()).with_target_partitions(2).with_batch_size(64);
    config.options_mut().optimizer.repartition_file_min_size = 1;
    config.options_mut().execution.parquet.pushdown_filters = pushdown;
    SessionContext::new_with_config(config)
}

async fn answer(context: &SessionContext, sql: &str) -> Result<Vec<String>, String> {
    let batches = async { context.sql(sql).await?.collect().await }.await.map_err(|error| error.to_string())?;
    let mut rows = vec![];
    for batch in &batches {
        for at in 0..batch.num_rows() {
            let values = batch.columns().iter().map(|column| array_value_to_string(column, at).unwrap());
            rows.push(values.collect::<Vec<_>>().join("|"));
        }
    }
    Ok(rows)
}

fn at(table: &Table, snapshot: Option<&SnapshotRef>, schema: &SchemaRef) -> Arc<IcebergTable> {
    Arc::new(IcebergTable::at(table.clone(), snapshot.cloned(), schema.clone()).unwrap())
}

fn head(table: &Table) -> Arc<IcebergTable> {
    Arc::new(head_alone(table))
}

fn head_alone(table: &Table) -> IcebergTable {
    let metadata = table.metadata();
    let (snapshot, schema) = (metadata.current_snapshot().cloned(), metadata.current_schema().clone());
    IcebergTable::at(table.clone(), snapshot, schema).unwrap()
}

async fn query(table: Arc<IcebergTable>, sql: &str) -> Result<Vec<String>, String> {
    let context = context(false);
    context.register_table("t", table).unwrap();
    answer(&context, sql).await
}
