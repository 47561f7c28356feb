//! `mesh check`: what can be known before data are read.
use meshwright_catalog::Catalog;
use meshwright_spec::{Diagnostic, Name, Source};
use serde::Serialize;

use crate::columns::arrow_schema;
use crate::failure::Result;
use crate::inputs::resolve;
use crate::lifecycle::notices;
use crate::program::Program;
use crate::project::Project;
use crate::publish::frozen_promises;
use crate::steps::{Base, Plan, plan};

/// What a static check looked at.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// `domain.product`
    pub product: String,
    /// Steps in the order they run.
    pub steps: Vec<String>,
    /// Ports, with the number of checks each contract declares.
    pub ports: Vec<(String, usize)>,
    /// Rules that stand in contracts without being run.
    pub not_run: Vec<NotRun>,
    /// Steps that could not be planned, because columns of what they read are not known before the first run.
    pub unplanned: Vec<String>,
}

/// A rule that stands in a contract without being run.
#[derive(Debug, Clone, Serialize)]
pub struct NotRun {
    /// `domain.product.port`
    pub port: String,
    /// Its id or name.
    pub rule: String,
    /// Why.
    pub why: String,
}

/// Parses, plans and compares with contracts and inputs; reads no data. Warnings come back beside the report.
///
/// # Errors
/// [`Failure::Product`] with every finding.
pub async fn check(project: &Project, catalog: Option<&Catalog>) -> Result<(CheckReport, Vec<Diagnostic>)> {
    let program = Program::start(project).await?;
    let mut plan = static_plan(project, catalog, program.as_ref()).await?;
    if let Some(catalog) = catalog {
        frozen_promises(project, catalog, false).await?;
        plan.warnings.extend(notices(project, catalog).await?);
    }
    if plan.warnings.iter().any(Diagnostic::is_error) {
        return Err(project.fail(plan.warnings));
    }
    let not_run = not_run(project, &mut plan.warnings);
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
        not_run,
        unplanned,
    };
    Ok((report, plan.warnings))
}

/// Rules that nobody runs here, each of them with a warning.
fn not_run(project: &Project, warnings: &mut Vec<Diagnostic>) -> Vec<NotRun> {
    let mut out = vec![];
    for (output, contract) in project.outputs() {
        for rule in &contract.declared {
            let d = Diagnostic::warning("M0229", format!("the rule `{}` is not run: {}", rule.id, rule.why));
            warnings.push(d.at(rule.span.clone(), ""));
            let port = project.port(output).to_string();
            out.push(NotRun { port, rule: rule.id.clone(), why: rule.why.clone() });
        }
    }
    out
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

/// Declared sources that a table is made of, through all steps between.
pub(crate) fn sources_of<'a>(project: &'a Project, plan: &Plan, table: &Name) -> Vec<&'a Source> {
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
