//! Rows that steps are made of: a run in a temporary mesh, through the same code as any run.
use chrono::Utc;
use datafusion::common::{Column, JoinType, ScalarValue};
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::DataFrame;
use iceberg::spec::MAIN_BRANCH;
use meshwright_catalog::{Catalog, Home};
use meshwright_landing::{AttemptContext, Landing};
use meshwright_spec::{Contract, Output, PortName, Source, WriteMode};

use super::Delivered;
use crate::blame::on_data;
use crate::checks::check_port;
use crate::events::{Events, Silent};
use crate::evolve::shape;
use crate::execute::{Execution, Ingredients, bases, execute};
use crate::failure::Result;
use crate::ingest::{delivery, refused};
use crate::inputs::resolve;
use crate::modes::write_other_partitions;
use crate::program::Program;
use crate::project::Project;
use crate::report::PortReport;
use crate::scan::IcebergTable;
use crate::source::Delivery;
use crate::steps::{Base, plan};
use crate::write::{Target, promised, write};

/// Judges what the product's steps make of the delivered files and of its other sources as they are now.
pub(super) async fn judge(
    project: &Project,
    catalog: Option<&Catalog>,
    program: Option<&Program>,
    output: &Output,
    contract: &Contract,
    replaced: &Source,
    delivered: &Delivered,
) -> Result<PortReport> {
    let trial = tempfile::Builder::new().prefix("mesh-check-").tempdir()?;
    let home = Home::parse(&trial.path().to_string_lossy(), None)?;
    let landing = Landing::open(&home.landing).map_err(|e| refused(e, project))?;
    let scratch = Catalog::open(home).await?;
    let attempt = AttemptContext { run: "check".to_owned(), product: project.product.name.to_string(), at: Utc::now() };
    let inputs = match catalog {
        Some(catalog) => resolve(project, catalog).await?,
        None => resolve(project, &scratch).await?,
    };
    // large files are read from where they arrive: these keep them
    let mut settling = vec![];
    let mut deliveries: Vec<Delivery> = vec![];
    for source in &project.product.sources {
        let resources = if source.name == replaced.name {
            delivered.resources.clone()
        } else {
            let collected = landing.collect(source, &project.dir, &attempt).await.map_err(|e| refused(e, project))?;
            settling.extend(collected.settling);
            collected.resources
        };
        deliveries.push(delivery(project, source, resources).await?);
    }
    let mut tables: Vec<Base> = deliveries.iter().map(|d| (d.source.name.clone(), Some(d.schema()))).collect();
    for i in &inputs {
        tables.push((i.input.name.clone(), Some(i.arrow()?)));
    }
    let plan = plan(project, tables, &program.map(Program::steps).unwrap_or_default()).await?;
    let parts = Ingredients {
        project,
        plan: &plan,
        bases: bases(&deliveries, &inputs)?,
        program,
        wanted: vec![output.from.clone()],
        scratch: None,
    };
    let execution = execute(parts, &Events::new("check", &Silent)).await?;
    let name = project.port(output);
    let shaped = shape(&scratch, &name, contract, output.files.format_version).await?;
    let target = Target::of(&shaped, &output.files, "check");
    let frame = promised(execution.table(&output.from).await?, contract)?;
    let before = match output.mode {
        WriteMode::Replace => None,
        _ => released(&execution, catalog, contract, &name).await?,
    };
    let frame = with_rows_that_stay(frame, before.clone(), output, contract)?;
    let mut files = write(&execution.ctx, frame, &target, execution.input_bytes)
        .await
        .map_err(|e| on_data(e, project, &output.from, Some(contract)))?;
    if let (WriteMode::ReplacePartitions, Some(before)) = (output.mode, before) {
        files.extend(write_other_partitions(&execution.ctx, before, &files, &target).await?);
    }
    let produced = meshwright_catalog::Change::append(files).produce(&shaped.table).await?;
    let snapshot = produced.snapshot_id;
    let table = scratch.commit(produced.change).await?;
    let checked = check_port(catalog.unwrap_or(&scratch), &table, snapshot, &name, contract, program).await?;
    drop(settling);
    Ok(checked.report)
}

/// The rows that the port has now, in the types that the contract promises.
async fn released(
    execution: &Execution,
    catalog: Option<&Catalog>,
    contract: &Contract,
    port: &PortName,
) -> Result<Option<DataFrame>> {
    let Some(catalog) = catalog else { return Ok(None) };
    let Some(table) = catalog.try_load(port).await? else { return Ok(None) };
    let Some(head) = table.metadata().snapshot_for_ref(MAIN_BRANCH).cloned() else { return Ok(None) };
    let current = table.metadata().current_schema().clone();
    let rows = execution.ctx.read_table(std::sync::Arc::new(IcebergTable::at(table, Some(head), current)?))?;
    // columns that are new are null in rows that are there already
    let known = |name: &str| rows.schema().has_column_with_unqualified_name(name);
    let there = contract.columns.iter().map(|c| match known(&c.name) {
        true => Expr::Column(Column::new_unqualified(&c.name)),
        false => lit(ScalarValue::Null).alias(&c.name),
    });
    let there: Vec<Expr> = there.collect();
    Ok(Some(promised(rows.select(there)?, contract)?))
}

/// What the port would hold after the run: checks speak of the whole port. Which partitions stay is known when the new
/// rows are written.
fn with_rows_that_stay(
    new: DataFrame,
    before: Option<DataFrame>,
    output: &Output,
    contract: &Contract,
) -> Result<DataFrame> {
    let Some(before) = before else { return Ok(new) };
    match output.mode {
        WriteMode::Append => Ok(before.union(new)?),
        WriteMode::Upsert if !contract.key.is_empty() => {
            let keys: Vec<&str> = contract.key.iter().map(String::as_str).collect();
            let columns = || contract.columns.iter().map(|c| Expr::Column(Column::new_unqualified(&c.name)));
            let before = before.alias("before")?;
            let kept = before.join(new.clone().alias("after")?, JoinType::LeftAnti, &keys, &keys, None)?;
            Ok(kept.select(columns())?.union(new.select(columns())?)?)
        }
        WriteMode::Replace | WriteMode::ReplacePartitions | WriteMode::Upsert => Ok(new),
    }
}
