//! `mesh drift`
use clap::Args;
use meshwright_check::drift::{ColumnDrift, DriftReport, DriftSettings, compare};
use meshwright_engine::{Dataset, Failure, Findings, known, profile};
use meshwright_spec::{Diagnostic, Sources};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, thousands};
use crate::problem::short;

/// Compare two states of a port, or a file with a port: which columns' values are distributed otherwise
#[derive(Debug, Args)]
#[command(after_help = "Examples:  mesh drift climate.emissions.country_year --from r1 --to r2\n           \
                        mesh drift delivery.csv --against climate.emissions.country_year")]
pub(crate) struct Drift {
    /// A file, glob or address, or domain.product.port
    #[arg(value_name = "FILE|PORT")]
    subject: String,
    /// The state before [default: the release before the newest]
    #[arg(long, value_name = "WHEN", conflicts_with = "against")]
    from: Option<String>,
    /// The state after [default: the newest release]
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
    /// A file or port as the state before
    #[arg(long, value_name = "FILE|PORT")]
    against: Option<String>,
    /// Chance of any alarm, among all columns, when nothing has changed
    #[arg(long, default_value_t = 0.01)]
    level: f64,
    /// Smallest Jensen-Shannon distance that matters, 0 to 1
    #[arg(long, default_value_t = 0.1)]
    distance: f64,
    /// End with 65 when a column has drifted
    #[arg(long)]
    exit_code: bool,
}

impl Drift {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog_if_any().await?;
            let after = context.subject(&self.subject, self.to.as_deref());
            let before = match (&self.against, &after) {
                (Some(against), _) => context.subject(against, self.from.as_deref()),
                (None, Dataset::Port(port, _)) => {
                    let from = match (&self.from, &catalog) {
                        (Some(from), _) => from.clone(),
                        (None, Some(catalog)) => {
                            known(catalog, port).await?;
                            let mut releases = catalog.releases(port).await?;
                            releases.retain(|release| release.withdrawn_by.is_none());
                            let Some(before) = releases.get(1) else { return Err(alone(&after)) };
                            format!("r{}", before.number)
                        }
                        (None, None) => return Err(alone(&after)),
                    };
                    Dataset::Port(port.clone(), Some(from))
                }
                (None, Dataset::Files(_)) => return Err(alone(&after)),
            };
            let first = profile(catalog.as_ref(), &before, &context.dir).await?;
            let second = profile(catalog.as_ref(), &after, &context.dir).await?;
            let settings = DriftSettings { level: self.level, distance: self.distance, ..DriftSettings::default() };
            let report = compare(&first, &second, &settings);
            if report.columns.is_empty() {
                let message = format!("`{}` and `{}` have no column in common", before.name(), after.name());
                let d =
                    Diagnostic::error("M1303", message).help("compare states of one port, or a file of its columns");
                return Err(Failure::Usage(Findings::one(d, &Sources::default())));
            }
            if context.json {
                printer::json(&json!({ "before": before.name(), "after": after.name(), "drift": report }));
            } else {
                show(&before.name(), &after.name(), &report);
            }
            let drifted = report.drifted().next().is_some();
            Ok(if drifted && self.exit_code { Exit::DataRejected } else { Exit::Done })
        })
    }
}

fn alone(subject: &Dataset) -> Failure {
    let d = Diagnostic::error("M1305", format!("`{}` has nothing to be compared with", subject.name()))
        .help("name the state before with `--from WHEN`, or a file or port with `--against`");
    Failure::Usage(Findings::one(d, &Sources::default()))
}

fn show(before: &str, after: &str, report: &DriftReport) {
    let (n, m) = report.rows;
    printer::line(&format!("{before} ({} rows) -> {after} ({} rows)", thousands(n as i64), thousands(m as i64)));
    let row = |c: &ColumnDrift| {
        let moved: Vec<String> = c
            .moved
            .iter()
            .map(|m| format!("{}: {:.1} % -> {:.1} %", short(&m.bin), m.before * 100.0, m.after * 100.0))
            .collect();
        vec![
            c.column.clone(),
            if c.drifted { "DRIFT" } else { "same" }.to_owned(),
            format!("{:.3}", c.jensen_shannon),
            format!("{:.3}", c.psi),
            c.ks.map_or_else(String::new, |ks| format!("{ks:.3}")),
            format!("{:.2e}", c.p_adjusted),
            if c.drifted { moved.join("; ") } else { String::new() },
        ]
    };
    printer::line("");
    let rows: Vec<Vec<String>> = report.columns.iter().map(row).collect();
    printer::table(&["COLUMN", "VERDICT", "JS", "PSI", "KS", "P", "MOVED"], &rows);
    printer::line("");
    for (what, names) in [("gone", &report.gone), ("new", &report.new), ("not compared", &report.not_compared)] {
        if !names.is_empty() {
            printer::line(&format!("{what}: {}", names.join(", ")));
        }
    }
    let drifted = report.drifted().count();
    let s = &report.settings;
    printer::line(&format!(
        "{drifted} of {} columns drifted (Jensen-Shannon distance at least {}, chance below {} for all columns together)",
        report.columns.len(),
        s.distance,
        s.level
    ));
}
