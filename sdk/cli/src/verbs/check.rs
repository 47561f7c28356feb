//! `mesh check`
use clap::{Args, ValueEnum};
use meshwright_catalog::Catalog;
use meshwright_engine::{Failure, FileCheck, FileVerdict, Project, check, check_file};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::pages::{self, Quality};
use crate::printer::{self, bytes, thousands};
use crate::problem::{finding, place_lines};

/// Check the product's files without reading data, or data files as the next run would
#[derive(Debug, Args)]
#[command(after_help = "Examples:  mesh check\n           mesh check delivery.csv --port country_year\n           \
                        mesh check delivery.parquet --port climate.emissions.country_year --format html --output report.html")]
pub(crate) struct Check {
    /// Data files, globs or addresses in place of a source's delivery; nothing is written
    #[arg(requires = "port", value_name = "FILE")]
    files: Vec<String>,
    /// The port whose contract they must keep: a port of this product, or domain.product.port
    #[arg(long, requires = "files")]
    port: Option<String>,
    /// The source whose delivery they stand for, where several feed the port
    #[arg(long, requires = "files", value_name = "NAME")]
    source: Option<String>,
    /// How the verdict is written [default: text, or json with --json]
    #[arg(long, value_enum, requires = "files")]
    format: Option<Format>,
    /// Write the verdict to this file instead of stdout
    #[arg(short, long, value_name = "FILE", requires = "files")]
    output: Option<std::path::PathBuf>,
}

/// How a verdict is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a terminal
    Text,
    /// One JSON object
    Json,
    /// One page that needs nothing else
    Html,
}

impl Check {
    pub(crate) fn go(self, context: &Context) -> Exit {
        match self.port.clone() {
            Some(port) => context.block_on(self.files(context, &port)),
            None => context.block_on(product(context)),
        }
    }

    /// The verdict on files.
    async fn files(&self, context: &Context, port: &str) -> Result<Exit, Failure> {
        let format = self.format.unwrap_or(if context.json { Format::Json } else { Format::Text });
        let project = match context.dir.join("product.toml").exists() {
            true => Some(context.project()?),
            false => None,
        };
        let home = context.home(project.as_ref().map(|p: &Project| &p.product))?;
        // judging must not make a mesh
        let catalog = Catalog::find(home).await?;
        let ask = FileCheck { files: &self.files, base_dir: &context.dir, port, source: self.source.as_deref() };
        let names = self.files.join(", ");
        let verdict = match check_file(project.as_ref(), catalog.as_ref(), &ask).await {
            Err(Failure::Data(findings)) if format == Format::Html => {
                pages::deliver(&pages::refused(&names, port, &findings)?, self.output.as_deref())?;
                return Err(Failure::Data(findings));
            }
            other => other?,
        };
        let rejected = verdict.report.report.rejects();
        let words = if rejected { "would be rejected" } else { "would be accepted" };
        let results = || {
            let ports = place_lines(json!([verdict.report]), &verdict.sources);
            ports.as_array().and_then(|p| p.first().cloned()).unwrap_or_default()
        };
        match format {
            Format::Json => {
                let facts =
                    json!({ "file": self.files[0], "files": self.files, "accepted": !rejected, "port": results() });
                match &self.output {
                    Some(_) => pages::deliver(&printer::json_text(&facts), self.output.as_deref())?,
                    None => printer::json(&facts),
                }
            }
            Format::Html => {
                let page = page(&names, &verdict, words, &results());
                pages::deliver(&page.html()?, self.output.as_deref())?;
            }
            Format::Text => {
                let r = &verdict.report.report;
                for result in &r.results {
                    if let Some(d) = finding(&verdict.report.port, result) {
                        printer::talk(&d.render(&verdict.sources, printer::colour_on_stderr()));
                    }
                }
                let (rows, ran, asked) = (thousands(r.rows as i64), r.executed, r.declared);
                let line = format!("{names} {words}: {rows} rows, {ran} of {asked} checks ran");
                pages::deliver(&line, self.output.as_deref())?;
            }
        }
        if let Some(path) = self.output.as_ref().filter(|_| format != Format::Text) {
            context.say(&format!("{names} {words}; wrote {}", path.display()));
        }
        Ok(if rejected { Exit::DataRejected } else { Exit::Done })
    }
}

fn page(names: &str, verdict: &FileVerdict, words: &str, port: &Value) -> Quality {
    let r = &verdict.report.report;
    let warned = r.results.iter().any(|r| r.outcome == meshwright_check::Outcome::Warned);
    let class = match (r.rejects(), warned) {
        (true, _) => "failed",
        (false, true) => "warned",
        (false, false) => "passed",
    };
    Quality {
        title: names.to_owned(),
        subtitle: format!("judged by the contract of {}", verdict.report.port),
        verdict: (words.to_owned(), class),
        facts: vec![
            ("Port", verdict.report.port.clone()),
            ("Contract", verdict.report.contract_version.clone()),
            ("Rows", thousands(r.rows as i64)),
            ("Size", bytes(verdict.bytes)),
            ("Checks", format!("{} of {} ran", r.executed, r.declared)),
        ],
        results: port["results"].as_array().cloned().unwrap_or_default(),
        executed: r.executed,
        declared: r.declared,
        score: json!(r.score),
        history: std::collections::BTreeMap::new(),
        releases: vec![],
    }
}

/// What can be known of the product's files without reading data.
async fn product(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    let home = context.home(Some(&project.product))?;
    // without inputs there is nothing to ask a mesh; a check must not make one
    let catalog = Catalog::find(home).await?;
    let (report, warnings) = check(&project, catalog.as_ref()).await?;
    context.warn(&warnings, &project.sources);
    if context.json {
        let warnings: Vec<_> = warnings.iter().map(|w| w.to_json(&project.sources)).collect();
        printer::json(&json!({ "check": report, "warnings": warnings }));
        return Ok(Exit::Done);
    }
    let checks: usize = report.ports.iter().map(|(_, n)| n).sum();
    printer::line(&format!(
        "{} is right: {} steps, {} ports, {}",
        report.product,
        report.steps.len(),
        report.ports.len(),
        counted(checks, report.not_run.len())
    ));
    if !report.unplanned.is_empty() {
        context.say(&format!(
            "note: not planned until the first run has found the columns of their sources: {}",
            report.unplanned.join(", ")
        ));
    }
    Ok(Exit::Done)
}

/// How many rules the contracts declare, and how many of them are run.
fn counted(run: usize, not_run: usize) -> String {
    if not_run == 0 { format!("{run} checks") } else { format!("{} rules declared, {run} of them run", run + not_run) }
}
