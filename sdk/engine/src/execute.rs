//! Steps become tables of a session: views where they are read once, spooled to disk where they are read more often.
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::{TableProvider, view::ViewTable};
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionContext};
use futures::StreamExt;
use meshwright_catalog::{Error, Kind};
use meshwright_spec::{Materialize, Name, StepBody};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

use crate::blame::{on_data, on_program};
use crate::events::Events;
use crate::failure::{Failure, Result};
use crate::inputs::ResolvedInput;
use crate::program::Program;
use crate::project::Project;
use crate::session::session;
use crate::source::{Delivery, SourceTable};
use crate::steps::{Plan, select_plan};

/// A session in which every source, input and step is a table.
pub(crate) struct Execution {
    pub(crate) ctx: SessionContext,
    /// Bytes of everything that is read.
    pub(crate) input_bytes: u64,
    /// Holds spooled rows; gone with the execution.
    _spool: TempDir,
}

impl Execution {
    /// The rows of a source, input or step.
    pub(crate) async fn table(&self, name: &Name) -> Result<DataFrame> {
        Ok(self.ctx.table(name.as_str()).await?)
    }
}

/// A source or input: its name, its rows, about how many bytes they are.
pub(crate) type BaseTable = (Name, Arc<dyn TableProvider>, u64);

/// What an execution is made of.
pub(crate) struct Ingredients<'a> {
    pub(crate) project: &'a Project,
    pub(crate) plan: &'a Plan,
    /// Base tables: sources and inputs, with their sizes in bytes.
    pub(crate) bases: Vec<BaseTable>,
    pub(crate) program: Option<&'a Program>,
    /// Tables whose rows are wanted in the end: the outputs' `from`.
    pub(crate) wanted: Vec<Name>,
    /// Where rows are spooled; the system's temporary folder when not said.
    pub(crate) scratch: Option<PathBuf>,
}

/// Base tables of deliveries and inputs.
pub(crate) fn bases(deliveries: &[Delivery], inputs: &[ResolvedInput]) -> Result<Vec<BaseTable>> {
    let mut out: Vec<BaseTable> = vec![];
    for d in deliveries {
        out.push((d.source.name.clone(), Arc::new(SourceTable::new(d.clone())), d.bytes()));
    }
    for i in inputs {
        out.push((i.input.name.clone(), i.provider()?, i.bytes()));
    }
    Ok(out)
}

/// Registers every table and runs the steps whose rows must be kept.
pub(crate) async fn execute(parts: Ingredients<'_>, events: &Events<'_>) -> Result<Execution> {
    let mut spool = tempfile::Builder::new();
    spool.prefix("spool-");
    let spool = match &parts.scratch {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            spool.tempdir_in(folder)?
        }
        None => spool.tempdir()?,
    };
    let ctx = session()?;
    let input_bytes = parts.bases.iter().map(|(_, _, bytes)| bytes).sum();
    let mut providers: HashMap<Name, Arc<dyn TableProvider>> = HashMap::new();
    for (name, provider, _) in &parts.bases {
        ctx.register_table(name.as_str(), provider.clone())?;
        providers.insert(name.clone(), provider.clone());
    }
    let reads = times_read(&parts);
    // the same bytes are parsed once
    for (name, _, _) in &parts.bases {
        let parsed = parts.project.product.sources.iter().any(|s| s.name == *name);
        if parsed && reads.get(name).copied().unwrap_or(0) > 1 {
            let frame = ctx.table(name.as_str()).await?;
            spool_frame(&ctx, &spool, name, frame, events).await?;
        }
    }
    for name in parts.plan.order.iter().filter(|n| reads.contains_key(n)) {
        let Some(step) = parts.project.product.steps.iter().find(|s| s.name == *name) else {
            let done = run_program_step(&parts, &ctx, &spool, name, events).await;
            done.map_err(|e| on_program(e, parts.project, name))?;
            continue;
        };
        match &step.body {
            StepBody::Sql(_) => {
                let Some(text) = parts.project.sql.iter().find(|t| t.step == *name) else { continue };
                let plan = select_plan(&ctx, text).await?;
                let often = reads.get(name).copied().unwrap_or(0) > 1;
                if step.materialize == Materialize::Table || often {
                    let frame = DataFrame::new(ctx.state(), plan);
                    let done = spool_frame(&ctx, &spool, name, frame, events).await;
                    done.map_err(|e| on_data(e, parts.project, name, None))?;
                } else {
                    ctx.register_table(name.as_str(), Arc::new(ViewTable::new(plan, Some(text.text.clone()))))?;
                }
            }
            StepBody::Command(words) => {
                let inputs = frames(&ctx, parts.plan.reads.get(name)).await?;
                let rows = crate::program::command(words, &parts.project.dir, inputs)
                    .map_err(|e| on_program(e, parts.project, name))?;
                let done = spool_rows(&ctx, &spool, name, rows, events).await;
                done.map_err(|e| on_program(e, parts.project, name))?;
            }
        }
    }
    Ok(Execution { ctx, input_bytes, _spool: spool })
}

async fn run_program_step(
    parts: &Ingredients<'_>,
    ctx: &SessionContext,
    spool: &TempDir,
    name: &Name,
    events: &Events<'_>,
) -> Result<()> {
    let Some(program) = parts.program else { return Ok(()) };
    let inputs = frames(ctx, parts.plan.reads.get(name)).await?;
    let rows = program.step(name, inputs)?;
    spool_rows(ctx, spool, name, rows, events).await
}

async fn frames(ctx: &SessionContext, names: Option<&Vec<Name>>) -> Result<Vec<(Name, DataFrame)>> {
    let mut out = vec![];
    for name in names.into_iter().flatten() {
        out.push((name.clone(), ctx.table(name.as_str()).await?));
    }
    Ok(out)
}

/// How often each table is scanned to compute the wanted ones. A step that is read often is spooled, so it reads its own
/// inputs once.
fn times_read(parts: &Ingredients<'_>) -> HashMap<Name, usize> {
    let mut counts: HashMap<Name, usize> = HashMap::new();
    for wanted in &parts.wanted {
        *counts.entry(wanted.clone()).or_default() += 1;
    }
    for name in parts.plan.order.iter().rev() {
        if counts.get(name).copied().unwrap_or(0) == 0 {
            continue;
        }
        for read in parts.plan.scans.get(name).into_iter().flatten() {
            *counts.entry(read.clone()).or_default() += 1;
        }
    }
    counts
}

async fn spool_frame(
    ctx: &SessionContext,
    spool: &TempDir,
    name: &Name,
    frame: DataFrame,
    events: &Events<'_>,
) -> Result<()> {
    let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
    let mut stream = frame.execute_stream().await?;
    let (out, rows) = tokio::sync::mpsc::channel::<Result<arrow::array::RecordBatch>>(4);
    let feed = async move {
        while let Some(batch) = stream.next().await {
            if out.send(batch.map_err(Failure::from)).await.is_err() {
                break;
            }
        }
    };
    let rows = crate::program::Rows { schema, batches: Box::new(Receiver(rows)) };
    let (done, ()) = tokio::join!(spool_rows(ctx, spool, name, rows, events), feed);
    done
}

/// A channel's far end as an iterator for blocking code.
struct Receiver<T>(tokio::sync::mpsc::Receiver<T>);

impl<T> Iterator for Receiver<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.blocking_recv()
    }
}

async fn spool_rows(
    ctx: &SessionContext,
    spool: &TempDir,
    name: &Name,
    rows: crate::program::Rows,
    events: &Events<'_>,
) -> Result<()> {
    let started = Instant::now();
    events.tell("step.started", serde_json::json!({ "step": name }));
    let path: PathBuf = spool.path().join(format!("{name}.parquet"));
    let target = path.clone();
    let written = tokio::task::spawn_blocking(move || -> Result<u64> {
        let properties = WriterProperties::builder().set_compression(Compression::LZ4_RAW).build();
        let mut writer = ArrowWriter::try_new(std::fs::File::create(target)?, rows.schema.clone(), Some(properties))
            .map_err(spool_error)?;
        let mut count = 0;
        for batch in rows.batches {
            let batch = batch?;
            count += batch.num_rows() as u64;
            writer.write(&batch).map_err(spool_error)?;
        }
        writer.close().map_err(spool_error)?;
        Ok(count)
    });
    let count = written.await.map_err(|e| Error::new(Kind::Unexpected, "a step stopped").because(e))??;
    ctx.deregister_table(name.as_str())?;
    // Parquet statistics leave NaN out: nothing may be pruned by them
    let options = ParquetReadOptions::default().parquet_pruning(false);
    ctx.register_parquet(name.as_str(), &path.to_string_lossy(), options).await?;
    let ms = started.elapsed().as_millis() as u64;
    events.tell("step.finished", serde_json::json!({ "step": name, "rows": count, "ms": ms }));
    Ok(())
}

fn spool_error(e: parquet::errors::ParquetError) -> Failure {
    Failure::Operation(Error::new(Kind::Unexpected, "rows could not be spooled to disk").because(e))
}
