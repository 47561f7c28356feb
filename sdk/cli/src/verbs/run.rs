//! `mesh run`
use clap::{Args, ValueEnum};
use meshwright_catalog::Catalog;
use meshwright_engine::{Interval, RunOptions, check, run};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;
use crate::problem::{finding, place_lines};
use crate::progress::Progress;

/// Run the product: ingest, steps, checks on a branch, then release all its ports or nothing
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Compute this step and what it reads, and release nothing
    step: Option<String>,
    /// Write to this branch of every port and release nothing
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// The stretch of time the run is about, such as 2026-11-01..2026-12-01: `{{ interval.start }}` and `{{ interval.end }}`
    /// in steps, the window of a program's sources
    #[arg(long, value_name = "A..B")]
    interval: Option<Interval>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Run even when inputs, code and contracts are those of the newest release
    #[arg(long)]
    force: bool,
    /// Print what happens as it happens, one JSON object a line
    #[arg(long, value_enum, value_name = "FORMAT")]
    events: Option<Format>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Ndjson,
}

impl Run {
    pub(crate) fn go(self, context: &Context) -> Exit {
        let progress = match (&self.events, context.json || context.quiet) {
            (Some(Format::Ndjson), _) => Progress::Ndjson,
            (None, true) => Progress::Silent,
            (None, false) => Progress::lines(),
        };
        let code = context.block_on(async {
            let project = context.project_for(self.interval.clone())?;
            let home = context.home(Some(&project.product))?;
            if self.dry_run {
                let catalog = Catalog::find(home).await?;
                let (report, _) = check(&project, catalog.as_ref()).await?;
                progress.finish();
                if context.json {
                    printer::json(&json!({ "dry_run": true, "plan": report }));
                } else {
                    for source in &project.product.sources {
                        printer::line(&format!(
                            "would land     {}  from {}",
                            source.name,
                            meshwright_spec::redact(&source.location.join(", "))
                        ));
                    }
                    for step in &report.steps {
                        printer::line(&format!("would compute  {step}"));
                    }
                    for (port, checks) in &report.ports {
                        printer::line(&format!("would release  {port}  after {checks} checks"));
                    }
                }
                return Ok(Exit::Done);
            }
            let catalog = Catalog::open(home).await?;
            let options = RunOptions { branch: self.branch.clone(), step: self.step.clone(), force: self.force };
            let outcome = run(&project, &catalog, &options, &progress).await;
            progress.finish();
            let report = outcome?;
            context.warn(&report.warnings, &project.sources);
            for port in &report.ports {
                let warnings: Vec<_> = port.report.results.iter().filter_map(|r| finding(&port.port, r)).collect();
                context.warn(&warnings, &project.sources);
                if let Some(quarantine) = &port.quarantine {
                    let rows = printer::thousands(quarantine.rows as i64);
                    context.say(&format!("quarantined {rows} rows of {} in {}", port.port, quarantine.table));
                }
            }
            if context.json {
                let mut facts = serde_json::to_value(&report).unwrap_or_default();
                facts["ports"] = place_lines(facts["ports"].take(), &project.sources);
                printer::json(&facts);
            }
            match report.outcome {
                "nothing_to_do" => {
                    context.say(&format!(
                        "nothing to do: release r{} has the same inputs, code and contracts",
                        report.release.unwrap_or(0)
                    ));
                    return Ok(Exit::NothingToDo);
                }
                "branch" => context
                    .say(&format!("left on branch `{}`; readers see nothing of it", report.branch.unwrap_or_default())),
                "computed" => context.say("released nothing"),
                _ if report.draft => context.say("next: mesh publish"),
                _ => {}
            }
            Ok(Exit::Done)
        });
        progress.finish();
        code
    }
}
