//! `mesh report`
use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use meshwright_check::anomaly::{Anomaly, AnomalySettings};
use meshwright_engine::{anomalies, describe};
use meshwright_spec::PortName;
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::pages::{self, Quality};
use crate::printer::{self, bytes, thousands};

/// Releases on the page.
const RELEASES: usize = 20;

/// Runs among which those releases are looked for.
const RUNS: i64 = 200;

/// Write a port's data-quality page: one HTML file that needs nothing else
#[derive(Debug, Args)]
#[command(after_help = "Example:  mesh report climate.emissions.country_year --output quality.html")]
pub(crate) struct Report {
    /// `domain.product.port`
    port: PortName,
    /// As it was: release (r12), snapshot id, tag, branch or time
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Report {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog().await?;
            let d = describe(&catalog, &self.port, self.at.as_deref()).await?;
            let releases = catalog.releases(&self.port).await?;
            let past = catalog.check_history(&self.port, RUNS).await?;
            let of = |run: &str| past.iter().find(|known| known.run == run);
            let run = d.release.as_ref().map(|release| release.run.clone());
            let results: Vec<Value> = match &run {
                Some(run) => catalog.check_results(run, Some(&self.port)).await?.into_iter().map(|r| r.result).collect(),
                None => vec![],
            };
            let score = run.as_deref().and_then(of).map(|run| run.score.clone()).unwrap_or_default();
            let metrics = anomalies(&catalog, &self.port, &AnomalySettings::default()).await?;
            let unusual: Vec<&str> = metrics
                .iter()
                .filter(|m| matches!(m.anomaly, Anomaly::Unusual(_)))
                .map(|m| m.metric.as_str())
                .collect();
            if context.json {
                let (executed, declared) = counted(&d, &results);
                printer::json(&json!({
                    "port": d, "results": results, "score": score, "executed": executed, "declared": declared,
                    "releases": releases, "metrics": metrics,
                }));
                return Ok(Exit::Done);
            }
            let released: Vec<_> = releases.iter().take(RELEASES).map(|release| (release, of(&release.run))).collect();
            let rows = released.iter().enumerate().map(|(at, (release, checked))| {
                let checks = || checked.iter().flat_map(|run| &run.checks);
                let count = |outcome: &str| checks().filter(|record| record.outcome == outcome).count();
                json!({
                    "release": format!("r{}", release.number), "at": release.released_at, "rows": thousands(release.port.rows),
                    "contract": release.port.contract_version, "passed": count("passed"), "warned": count("warned"),
                    "score": checked.map(|run| pages::percent(&run.score["port"])).unwrap_or_default(),
                    "unusual": if at == 0 { unusual.join(", ") } else { String::new() },
                })
            });
            let rows = rows.collect();
            let mut history: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for record in released.iter().rev().filter_map(|(_, checked)| *checked).flat_map(|run| &run.checks) {
                history.entry(record.check.clone()).or_default().push(record.outcome.clone());
            }
            let page = page(&d, results, score, history, rows, &unusual);
            let output = self.output.as_ref().map(|path| context.dir.join(path));
            pages::deliver(&page.html()?, output.as_deref())?;
            if let Some(path) = &output {
                context.say(&format!("wrote {}", path.display()));
            }
            Ok(Exit::Done)
        })
    }
}

/// How many checks ran, and how many the contract declares, those included that only others can run.
fn counted(d: &meshwright_engine::Description, results: &[Value]) -> (usize, usize) {
    let ours = results.iter().filter(|r| r["implied"] != true);
    (ours.clone().filter(|r| r["outcome"] != "error").count(), ours.count() + d.contract.not_run.len())
}

fn page(
    d: &meshwright_engine::Description,
    results: Vec<Value>,
    score: Value,
    history: BTreeMap<String, Vec<String>>,
    releases: Vec<Value>,
    unusual: &[&str],
) -> Quality {
    let (executed, declared) = counted(d, &results);
    let verdict = match (&d.release, d.checks.failed + d.checks.error, d.checks.warned + unusual.len()) {
        (None, ..) => ("no release yet".to_owned(), "not_evaluated"),
        (_, 0, 0) => ("every check holds".to_owned(), "passed"),
        (_, 0, _) => {
            let warned = match d.checks.warned {
                0 => "every check holds".to_owned(),
                n => format!("released with {n} warnings"),
            };
            let odd = if unusual.is_empty() { String::new() } else { format!("; unusual: {}", unusual.join(", ")) };
            (format!("{warned}{odd}"), "warned")
        }
        (_, n, _) => (format!("{n} checks do not hold"), "failed"),
    };
    let mut facts = vec![
        ("Port", d.port.clone()),
        ("What a row is", d.description.clone()),
        ("Owner", d.owner.team.clone()),
        ("Contract", format!("{} ({})", d.contract.version, d.status)),
    ];
    if let Some(release) = &d.release {
        facts.push(("Release", format!("r{} of {}", release.number, release.released_at)));
    }
    if let (Some(rows), Some(size)) = (d.rows, d.bytes) {
        facts.push(("Size", format!("{} rows, {}", thousands(rows), bytes(size.max(0) as u64))));
    }
    if !d.contract.key.is_empty() {
        facts.push(("Key", d.contract.key.join(", ")));
    }
    if let Some(license) = &d.contract.license {
        facts.push(("License", license.clone()));
    }
    Quality {
        title: d.port.clone(),
        subtitle: d.title.clone(),
        verdict,
        facts,
        results,
        executed,
        declared,
        score,
        history,
        releases,
    }
}
