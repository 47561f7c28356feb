//! The batch run's verdict on files, writing nothing to the mesh.
mod delivered;
pub(crate) mod straight;
mod through_steps;

use std::path::Path;

use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_spec::{Contract, Diagnostic, Name, Output, PortName, Source, Sources, WriteMode};

use crate::check::{sources_of, static_plan};
use crate::columns::{arrow_type, contract_columns};
use crate::describe::unknown;
use crate::failure::{Failure, Findings, Result};
use crate::ingest::delivery;
use crate::program::Program;
use crate::project::Project;
use crate::report::PortReport;
use crate::source::Delivery;
pub(crate) use delivered::{Delivered, bare_source};

/// Files, and the port whose contract they are to keep.
#[derive(Debug, Clone)]
pub struct FileCheck<'a> {
    /// Paths, globs or addresses.
    pub files: &'a [String],
    /// Where relative paths start.
    pub base_dir: &'a Path,
    /// A port of the product, or `domain.product.port`.
    pub port: &'a str,
    /// The source whose delivery the files stand for, where several feed the port.
    pub source: Option<&'a str>,
}

/// What a run would say of the files.
#[derive(Debug, Clone)]
pub struct FileVerdict {
    /// The answers of all checks.
    pub report: PortReport,
    /// The contract they come from.
    pub contract: Contract,
    /// The texts that results point into.
    pub sources: Sources,
    /// Bytes read.
    pub bytes: u64,
}

/// The verdict of a run on files in place of a source's delivery, or on files of a published port's rows. Nothing is
/// written to the mesh.
///
/// - A port of `project` is checked through its steps: what the run would write is what is judged.
/// - Rows that need no step go from the file's reader straight into the checks, on all cores and in bounded memory.
/// - A port of another product is checked as the catalog knows it: the files hold the port's own columns.
///
/// # Errors
/// As a run's, except that a rejection is a verdict.
pub async fn check_file(
    project: Option<&Project>,
    catalog: Option<&Catalog>,
    ask: &FileCheck<'_>,
) -> Result<FileVerdict> {
    if let Some(project) = project
        && let Some((output, contract)) = own(project, ask.port)
    {
        return of_product(project, catalog, output, contract, ask).await;
    }
    let Ok(port) = ask.port.parse::<PortName>() else { return Err(not_a_port(project, ask.port)) };
    match catalog {
        Some(catalog) => of_catalog(catalog, &port, ask).await,
        None => Err(Error::new(Kind::NotFound, format!("there is no port `{port}`: the mesh has not been made yet"))
            .help("name the mesh with `--mesh`, or go to the product's folder")
            .into()),
    }
}

fn own<'a>(project: &'a Project, port: &str) -> Option<(&'a Output, &'a Contract)> {
    project.outputs().find(|(o, _)| o.name.as_str() == port || project.port(o).to_string() == port)
}

fn not_a_port(project: Option<&Project>, port: &str) -> Failure {
    let (d, sources) = match project {
        Some(project) => {
            let names: Vec<&str> = project.product.outputs.iter().map(|o| o.name.as_str()).collect();
            let d = Diagnostic::error("M0604", format!("this product has no port `{port}`"));
            (d.help(format!("its ports: {}", names.join(", "))), project.sources.clone())
        }
        None => {
            let d = Diagnostic::error("M1301", format!("`{port}` is not the full name of a port"));
            (d.help("outside a product's folder a port is named `domain.product.port`"), Sources::default())
        }
    };
    Failure::Missing(Findings::one(d, &sources))
}

async fn of_product(
    project: &Project,
    catalog: Option<&Catalog>,
    output: &Output,
    contract: &Contract,
    ask: &FileCheck<'_>,
) -> Result<FileVerdict> {
    let program = Program::start(project).await?;
    let replaced = match project.product.sources.iter().find(|s| s.name == output.from) {
        Some(source) => source.clone(),
        None => {
            let sketch = static_plan(project, catalog, program.as_ref()).await?;
            stands_for(project, &sources_of(project, &sketch, &output.from), output, ask.source)?.clone()
        }
    };
    let delivered = Delivered::fetch(ask.files, ask.base_dir, &replaced, &project.sources).await?;
    let bytes = delivered.bytes();
    let name = project.port(output);
    let grows = output.mode != WriteMode::Replace && has_rows(catalog, &name).await?;
    let report = if program.is_none() && !grows && output.from == replaced.name {
        let delivery = delivery(project, &replaced, delivered.resources.clone()).await?;
        match same_columns(&delivery, contract) {
            true => straight::judge(catalog, delivery, contract, &name)
                .await
                .map_err(|e| crate::blame::place(e, project))?,
            false => {
                through_steps::judge(project, catalog, program.as_ref(), output, contract, &replaced, &delivered)
                    .await?
            }
        }
    } else {
        through_steps::judge(project, catalog, program.as_ref(), output, contract, &replaced, &delivered).await?
    };
    Ok(FileVerdict { report, contract: contract.clone(), sources: project.sources.clone(), bytes })
}

/// The source that the files stand for.
fn stands_for<'a>(
    project: &Project,
    feeding: &[&'a Source],
    output: &Output,
    asked: Option<&str>,
) -> Result<&'a Source> {
    let names: Vec<&str> = feeding.iter().map(|s| s.name.as_str()).collect();
    let chosen = match (asked, feeding) {
        (Some(asked), _) => feeding.iter().find(|s| s.name.as_str() == asked),
        (None, [one]) => Some(one),
        (None, _) => None,
    };
    chosen.copied().ok_or_else(|| {
        let port = &output.name;
        let message = match asked {
            Some(asked) => format!("source `{asked}` does not feed port `{port}`"),
            None => format!("port `{port}` is fed by {} sources, so one file cannot stand for them", names.len()),
        };
        let d = Diagnostic::error("M0310", message).help(match names.is_empty() {
            true => "no source of this product feeds the port".to_owned(),
            false => format!("say which one with `--source`: {}", names.join(", ")),
        });
        Failure::Product(Findings::one(d, &project.sources))
    })
}

/// Whether the port has rows that the run's rows would join.
async fn has_rows(catalog: Option<&Catalog>, port: &PortName) -> Result<bool> {
    let Some(catalog) = catalog else { return Ok(false) };
    let table = catalog.try_load(port).await?;
    Ok(table.is_some_and(|t| t.metadata().current_snapshot().is_some()))
}

/// Whether the delivery's columns are the promised ones, so that the run would write its values as they are.
fn same_columns(delivery: &Delivery, contract: &Contract) -> bool {
    contract.columns.iter().all(|c| {
        let found = delivery.columns.iter().find(|(name, _)| *name == c.name);
        found.is_some_and(|(_, data_type)| arrow_type(data_type) == arrow_type(&c.data_type))
    })
}

async fn of_catalog(catalog: &Catalog, port: &PortName, ask: &FileCheck<'_>) -> Result<FileVerdict> {
    let Some(record) = catalog.current_contract(port).await? else { return Err(unknown(catalog, port).await?) };
    let contract = record.parse()?;
    let mut sources = Sources::default();
    // as `ContractRecord::parse` names it, so that results point into it
    sources.add(format!("{port}@{}", record.version), record.text.clone());
    let name: Name = port.port.clone();
    let mut source = bare_source(name, ask.files)?;
    source.columns = contract_columns(&contract);
    let delivered = Delivered::fetch(ask.files, ask.base_dir, &source, &sources).await?;
    let bytes = delivered.bytes();
    let columns = source.columns.clone();
    let delivery = Delivery { source, columns, resources: std::sync::Arc::new(delivered.resources.clone()) };
    let report = straight::judge(Some(catalog), delivery, &contract, port).await.map_err(without_place)?;
    Ok(FileVerdict { report, contract, sources, bytes })
}

/// Takes the label off findings in files that no line of a product names.
pub(crate) fn without_place(failure: Failure) -> Failure {
    match failure {
        Failure::Data(mut findings) => {
            findings.diagnostics.iter_mut().for_each(|d| d.labels.clear());
            Failure::Data(findings)
        }
        other => other,
    }
}
