//! `mesh check`: what can be known before data are read, and the batch run's verdict on one file.
use std::path::Path;
use std::time::Instant;

use chrono::Utc;
use meshwright_catalog::{Catalog, Home};
use meshwright_landing::{AttemptContext, Landing};
use meshwright_spec::{Diagnostic, Name, PortName, Source};
use serde::Serialize;

use crate::blame::on_data;
use crate::checks::check_port;
use crate::columns::arrow_schema;
use crate::events::{Events, Silent};
use crate::evolve::shape;
use crate::execute::{Ingredients, bases, execute};
use crate::failure::{Failure, Findings, Result};
use crate::ingest::{delivery, refused};
use crate::inputs::resolve;
use crate::program::Program;
use crate::project::Project;
use crate::publish::frozen_promises;
use crate::report::PortReport;
use crate::steps::{Base, Plan, plan};
use crate::write::{Target, promised, write};

/// What a static check looked at.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// `domain.product`
    pub product: String,
    /// Steps in the order they run.
    pub steps: Vec<String>,
    /// Ports, with the number of checks each contract declares.
    pub ports: Vec<(String, usize)>,
    /// Steps that could not be planned, because columns of what they read are not known before the first run.
    pub unplanned: Vec<String>,
}

/// Parses, plans and compares with contracts and inputs; reads no data. Warnings come back beside the report.
///
/// # Errors
/// [`Failure::Product`] with every finding.
pub async fn check(project: &Project, catalog: Option<&Catalog>) -> Result<(CheckReport, Vec<Diagnostic>)> {
    let program = Program::start(project).await?;
    let plan = static_plan(project, catalog, program.as_ref()).await?;
    if let Some(catalog) = catalog {
        frozen_promises(project, catalog, false).await?;
    }
    let program_checks = program.as_ref().map(Program::checks).unwrap_or_default();
    let known = |name: &str| program_checks.iter().any(|(n, _)| n == name);
    let mut found = vec![];
    for (_, contract) in project.outputs() {
        for check in &contract.checks {
            if let meshwright_spec::CheckKind::Program { name } = &check.kind
                && !known(name)
            {
                let d = Diagnostic::error("M0502", format!("no program makes the check `{name}`"));
                found.push(d.at(check.span.clone(), "").help("name a check of the product's program"));
            }
        }
    }
    if !found.is_empty() {
        return Err(project.fail(found));
    }
    let unplanned = plan.order.iter().filter(|s| !plan.schemas.contains_key(*s)).map(ToString::to_string).collect();
    let report = CheckReport {
        product: project.product.name.to_string(),
        steps: plan.order.iter().map(ToString::to_string).collect(),
        ports: project.outputs().map(|(o, c)| (project.port(o).to_string(), c.checks.len())).collect(),
        unplanned,
    };
    Ok((report, plan.warnings))
}

/// Plans with the columns that are known without reading: declared, in `mesh.lock`, or promised by other contracts.
pub(crate) async fn static_plan(
    project: &Project,
    catalog: Option<&Catalog>,
    program: Option<&Program>,
) -> Result<Plan> {
    let mut tables: Vec<Base> = vec![];
    for source in &project.product.sources {
        let locked = project.lock.sources.iter().find(|l| l.name == source.name.as_str());
        let columns = if source.columns.is_empty() { locked.map(|l| &l.columns) } else { Some(&source.columns) };
        tables.push((source.name.clone(), columns.map(|c| arrow_schema(c))));
    }
    for (name, schema) in program.map(Program::sources).unwrap_or_default() {
        tables.push((name, Some(schema)));
    }
    match catalog {
        Some(catalog) => {
            for input in resolve(project, catalog).await? {
                tables.push((input.input.name.clone(), Some(input.arrow()?)));
            }
        }
        None => {
            for input in &project.product.inputs {
                let locked = project.lock.inputs.iter().find(|l| l.name == input.name.as_str());
                tables.push((input.name.clone(), locked.map(|l| arrow_schema(&l.columns))));
            }
        }
    }
    plan(project, tables, &program.map(Program::steps).unwrap_or_default()).await
}

/// The verdict of a run on one file in place of a source's delivery. Nothing is written to the mesh: landing, tables and
/// registry of the trial live in a temporary folder, and pass the same code.
///
/// # Errors
/// As a run's, except that a rejection is a report.
pub async fn check_file(project: &Project, catalog: &Catalog, file: &Path, port: &str) -> Result<PortReport> {
    let output = project
        .product
        .outputs
        .iter()
        .zip(&project.contracts)
        .find(|(o, _)| o.name.as_str() == port || project.port(o).to_string() == port);
    let Some((output, contract)) = output else {
        let names: Vec<&str> = project.product.outputs.iter().map(|o| o.name.as_str()).collect();
        let d = Diagnostic::error("M0604", format!("this product has no port `{port}`"))
            .help(format!("its ports: {}", names.join(", ")));
        return Err(Failure::Missing(Findings::one(d, &project.sources)));
    };
    let program = Program::start(project).await?;
    let trial = tempfile::Builder::new().prefix("mesh-check-").tempdir()?;
    let home = Home::parse(&trial.path().to_string_lossy(), None)?;
    let landing = Landing::open(&home.landing).map_err(|e| refused(e, project))?;
    let attempt = AttemptContext { run: "check".to_owned(), product: project.product.name.to_string(), at: Utc::now() };
    let sketch = static_plan(project, Some(catalog), program.as_ref()).await?;
    let feeding = sources_of(project, &sketch, &output.from);
    let [replaced] = feeding[..] else {
        let names: Vec<&str> = feeding.iter().map(|s| s.name.as_str()).collect();
        let d = Diagnostic::error(
            "M0310",
            format!("port `{port}` is fed by {} sources, so one file cannot stand for them", names.len()),
        )
        .help(format!("sources of the port: {}", names.join(", ")));
        return Err(Failure::Product(Findings::one(d, &project.sources)));
    };
    let inputs = resolve(project, catalog).await?;
    // large files are read from where they arrive: these keep them
    let mut settling = vec![];
    let mut deliveries = vec![];
    for source in &project.product.sources {
        let mut source = source.clone();
        if source.name == replaced.name {
            source.location = vec![std::path::absolute(file)?.to_string_lossy().into_owned()];
        }
        let collected = landing.collect(&source, &project.dir, &attempt).await.map_err(|e| refused(e, project))?;
        settling.extend(collected.settling);
        deliveries.push(delivery(project, &source, collected.resources).await?);
    }
    let mut tables: Vec<Base> = deliveries.iter().map(|d| (d.source.name.clone(), Some(d.schema()))).collect();
    for i in &inputs {
        tables.push((i.input.name.clone(), Some(i.arrow()?)));
    }
    let plan = plan(project, tables, &program.as_ref().map(Program::steps).unwrap_or_default()).await?;
    let parts = Ingredients {
        project,
        plan: &plan,
        bases: bases(&deliveries, &inputs)?,
        program: program.as_ref(),
        wanted: vec![output.from.clone()],
        scratch: None,
    };
    let started = Instant::now();
    let scratch = Catalog::open(home).await?;
    let execution = execute(parts, &Events::new("check", &Silent)).await?;
    let name: PortName = project.port(output);
    let shaped = shape(&scratch, &name, contract, output.files.format_version).await?;
    let target = Target::of(&shaped, &output.files, "check");
    let frame = promised(execution.table(&output.from).await?, contract)?;
    let files = write(&execution.ctx, frame, &target, execution.input_bytes)
        .await
        .map_err(|e| on_data(e, project, &output.from, Some(contract)))?;
    let produced = meshwright_catalog::Change::append(files).produce(&shaped.table).await?;
    let snapshot = produced.snapshot_id;
    let table = scratch.commit(produced.change).await?;
    let checked = check_port(catalog, &table, snapshot, &name, contract, program.as_ref()).await?;
    tracing::debug!(ms = started.elapsed().as_millis() as u64, "file checked");
    drop(settling);
    Ok(checked.report)
}

/// Declared sources that a table is made of, through all steps between.
fn sources_of<'a>(project: &'a Project, plan: &Plan, table: &Name) -> Vec<&'a Source> {
    let mut open = vec![table.clone()];
    let mut seen = vec![];
    let mut out: Vec<&Source> = vec![];
    while let Some(name) = open.pop() {
        if seen.contains(&name) {
            continue;
        }
        match project.product.sources.iter().find(|s| s.name == name) {
            Some(source) => out.push(source),
            None => open.extend(plan.reads.get(&name).into_iter().flatten().cloned()),
        }
        seen.push(name);
    }
    out
}
