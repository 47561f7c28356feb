//! Rows of a port read otherwise than by data file: as a reader sees them, and split into those that stay and those
//! that go.
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, ListBuilder, RecordBatch, StringBuilder};
use arrow::compute::filter_record_batch;
use datafusion::prelude::{Expr, col};
use futures::StreamExt;
use meshwright_check::{Context, Report, RowOrigin, Suite};
use meshwright_spec::Contract;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::EVIDENCE;
use super::files::{Opened, Place, read, unreadable};
use super::predicate::Compiler;
use crate::columns::{arrow_schema, contract_columns};
use crate::failure::Result;
use crate::scan::IcebergTable;
use crate::session::session;

/// Checks a port some of whose rows are deleted by other files, or whose files are not on this machine: rows are judged
/// as a reader gets them, and their place is that in this order.
pub(super) async fn as_read(
    contract: &Contract,
    compiler: &Compiler<'_>,
    ids: &[Place],
    previous_rows: Option<u64>,
    port: &Arc<IcebergTable>,
) -> Result<(Suite, Report)> {
    let schema = arrow_schema(&contract_columns(contract));
    let suite = Suite::plan(contract, &schema, compiler).with_evidence(EVIDENCE);
    let columns: Vec<Expr> = suite.columns().iter().map(|name| col(format!("\"{name}\""))).collect();
    let mut rows = session()?.read_table(port.clone())?.select(columns)?.execute_stream().await?;
    let mut pass = suite.start();
    let mut first_row = 0;
    while let Some(batch) = rows.next().await {
        let batch = conform(&batch?, &schema)?;
        pass.update(&batch, RowOrigin { file: 0, first_row });
        first_row += batch.num_rows() as u64;
    }
    let now = chrono::Utc::now();
    let report = pass.finish(&Context {
        released_at: Some(now),
        previous_rows,
        columns: Some(ids.iter().map(|(name, ..)| name.clone()).collect()),
        files: vec!["the port as it is read".to_owned()],
        ..Context::at(now)
    });
    Ok((suite, report))
}

fn conform(batch: &RecordBatch, schema: &arrow::datatypes::SchemaRef) -> Result<RecordBatch> {
    let mut columns: Vec<(String, ArrayRef)> = vec![];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let wanted = schema.field_with_name(field.name())?.data_type();
        columns.push((field.name().clone(), arrow::compute::cast(column, wanted)?));
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let fields: Vec<_> =
        columns.iter().map(|(n, a)| arrow::datatypes::Field::new(n, a.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, a)| a).collect();
    Ok(RecordBatch::try_new_with_options(Arc::new(arrow::datatypes::Schema::new(fields)), arrays, &options)?)
}

/// Rows of one data file with the ids of the checks that they violate.
pub(crate) type Bad = BTreeMap<u64, Vec<String>>;

/// Reads a data file in the contract's columns: batches of rows that stay, or of rows that go and then with a last
/// column `_failed` of check ids.
pub(crate) fn split_rows(
    path: &str,
    contract: &Contract,
    ids: &[Place],
    bad: Bad,
    stay: bool,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let local = path.strip_prefix("file://").unwrap_or(path).to_owned();
    let metadata =
        ArrowReaderMetadata::load(&std::fs::File::open(&local)?, ArrowReaderOptions::new()).map_err(unreadable)?;
    let opened = Opened { path: local.into(), metadata };
    let schema = arrow_schema(&contract_columns(contract));
    let names: Vec<String> = contract.columns.iter().map(|c| c.name.clone()).collect();
    let mut row = 0;
    let batches = read(&opened, None, None, &names, &schema, ids)?;
    Ok(batches.map(move |batch| {
        let batch = batch?;
        let start = row;
        row += batch.num_rows() as u64;
        let here: Vec<Option<&Vec<String>>> = (start..row).map(|at| bad.get(&at)).collect();
        let keep: BooleanArray = here.iter().map(|reasons| Some(reasons.is_none() == stay)).collect();
        let kept = filter_record_batch(&batch, &keep)?;
        if stay {
            return Ok(kept);
        }
        let mut failed = ListBuilder::new(StringBuilder::new());
        for reasons in here.into_iter().flatten() {
            reasons.iter().for_each(|id| failed.values().append_value(id));
            failed.append(true);
        }
        let mut columns: Vec<(String, ArrayRef, bool)> =
            names.iter().cloned().zip(kept.columns().to_vec()).map(|(n, a)| (n, a, true)).collect();
        columns.push(("_failed".to_owned(), Arc::new(failed.finish()), true));
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }))
}
