//! Rows of a port read otherwise than by data file: as a reader sees them, and split into those that stay and those
//! that go.
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, ListBuilder, RecordBatch, StringBuilder};
use arrow::compute::filter_record_batch;
use datafusion::prelude::{Expr, col};
use futures::StreamExt;
use iceberg::io::FileIO;
use meshwright_catalog::{local, normal};
use meshwright_check::{Context, Report, RowOrigin, Suite};
use meshwright_spec::Contract;
use tempfile::NamedTempFile;

use super::EVIDENCE;
use super::files::{Opened, Place, file_name, read};
use super::predicate::Compiler;
use crate::columns::{arrow_schema, contract_columns};
use crate::failure::{Failure, Result};
use crate::scan::IcebergTable;
use crate::session::session;

/// Checks a port some of whose rows are deleted by other files, or whose files are not on this machine: file by file, rows
/// as a reader gets them. Their place is that in the file, or in what is left of it.
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
    let ctx = session()?;
    // one reader for a file: rows come in the order in which they lie there
    ctx.state_ref().write().config_mut().options_mut().execution.target_partitions = 1;
    let parts = port.parts(None).await?;
    let opened: Vec<_> = parts
        .iter()
        .map(|part| {
            let frame = ctx.read_table(Arc::new(port.only(std::slice::from_ref(part))));
            let columns = columns.clone();
            async move {
                let mut rows = frame?.select(columns)?.execute_stream().await?;
                let first = rows.next().await;
                Ok::<_, Failure>(futures::stream::iter(first).chain(rows))
            }
        })
        .collect();
    let mut files = futures::stream::iter(opened).buffered(AHEAD).enumerate();
    let mut pass = suite.start();
    while let Some((file, rows)) = files.next().await {
        let (mut rows, mut first_row) = (rows?, 0);
        while let Some(batch) = rows.next().await {
            let batch = conform(&batch?, &schema)?;
            pass.update(&batch, RowOrigin { file: file as u32, first_row });
            first_row += batch.num_rows() as u64;
        }
    }
    let now = chrono::Utc::now();
    let report = pass.finish(&Context {
        released_at: Some(now),
        previous_rows,
        columns: Some(ids.iter().map(|(name, ..)| name.clone()).collect()),
        files: parts.iter().map(|part| file_name(part.path())).collect(),
        ..Context::at(now)
    });
    Ok((suite, report))
}

/// Files that are opened while another one is read: opening one far away is waiting.
const AHEAD: usize = 8;

/// Bytes of a far file asked for at a time.
const PIECE: u64 = 8 << 20;

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
pub(crate) async fn split_rows(
    io: &FileIO,
    path: &str,
    contract: &Contract,
    ids: &[Place],
    bad: Bad,
    stay: bool,
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let fetched = if local(path).is_none() { Some(fetched(io, path).await?) } else { None };
    let here = fetched.as_ref().map_or_else(|| normal(path), |file| file.path().display().to_string());
    let opened = Opened::open(here)?;
    let schema = arrow_schema(&contract_columns(contract));
    let names: Vec<String> = contract.columns.iter().map(|c| c.name.clone()).collect();
    let mut row = 0;
    let batches = read(&opened, None, None, &names, &schema, ids)?;
    Ok(batches.map(move |batch| {
        // what was fetched goes with the last of its rows
        let _held = &fetched;
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

/// A copy on this machine of a file that lies elsewhere.
async fn fetched(io: &FileIO, path: &str) -> Result<NamedTempFile> {
    let input = io.new_input(path)?;
    let (bytes, far) = (input.metadata().await?.size, input.reader().await?);
    let mut file = NamedTempFile::new()?;
    let mut from = 0;
    while from < bytes {
        let to = bytes.min(from + PIECE);
        file.write_all(&far.read(from..to).await?)?;
        from = to;
    }
    file.flush()?;
    Ok(file)
}
