//! `mesh check`
use std::path::PathBuf;

use clap::Args;
use meshwright_catalog::Catalog;
use meshwright_engine::{check, check_file};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;
use crate::problem::{finding, place_lines};

/// Check the product's files without reading data, or a data file as the next run would
#[derive(Debug, Args)]
#[command(after_help = "Examples:  mesh check\n           mesh check delivery.csv --port country_year")]
pub(crate) struct Check {
    /// A data file in place of the source's delivery; nothing is written
    #[arg(requires = "port")]
    file: Option<PathBuf>,
    /// The port whose contract the file must keep
    #[arg(long, requires = "file")]
    port: Option<String>,
}

impl Check {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let project = context.project()?;
            let home = context.home(Some(&project.product))?;
            if let (Some(file), Some(port)) = (&self.file, &self.port) {
                let catalog = Catalog::open(home).await?;
                let report = check_file(&project, &catalog, &context.dir.join(file), port).await?;
                let rejected = report.report.rejects();
                if context.json {
                    let ports = place_lines(json!([report]), &project.sources);
                    printer::json(&json!({ "file": file, "accepted": !rejected, "port": ports[0] }));
                } else {
                    for result in &report.report.results {
                        if let Some(d) = finding(&report.port, result) {
                            printer::talk(&d.render(&project.sources, printer::colour_on_stderr()));
                        }
                    }
                    let r = &report.report;
                    let verdict = if rejected { "would be rejected" } else { "would be accepted" };
                    printer::line(&format!(
                        "{} {verdict}: {} rows, {} of {} checks ran",
                        file.display(),
                        printer::thousands(r.rows as i64),
                        r.executed,
                        r.declared
                    ));
                }
                return Ok(if rejected { Exit::DataRejected } else { Exit::Done });
            }
            // without inputs there is nothing to ask a mesh; a check must not make one
            let catalog = if home.database.exists() { Some(Catalog::open_existing(home).await?) } else { None };
            let (report, warnings) = check(&project, catalog.as_ref()).await?;
            context.warn(&warnings, &project.sources);
            if context.json {
                let warnings: Vec<_> = warnings.iter().map(|w| w.to_json(&project.sources)).collect();
                printer::json(&json!({ "check": report, "warnings": warnings }));
                return Ok(Exit::Done);
            }
            let checks: usize = report.ports.iter().map(|(_, n)| n).sum();
            printer::line(&format!(
                "{} is right: {} steps, {} ports, {checks} checks",
                report.product,
                report.steps.len(),
                report.ports.len()
            ));
            if !report.unplanned.is_empty() {
                context.say(&format!(
                    "note: not planned until the first run has found the columns of their sources: {}",
                    report.unplanned.join(", ")
                ));
            }
            Ok(Exit::Done)
        })
    }
}
