//! `mesh anomalies`
use clap::Args;
use meshwright_check::anomaly::{Anomaly, AnomalySettings};
use meshwright_engine::anomalies;
use meshwright_spec::PortName;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Judge a port's newest release by the ones before: row counts, and what its checks measured
#[derive(Debug, Args)]
pub(crate) struct Anomalies {
    /// `domain.product.port`
    port: PortName,
    /// Chance of an alarm, per number, when nothing is wrong
    #[arg(long, default_value_t = 0.003)]
    level: f64,
    /// Newest releases that are looked at
    #[arg(long, default_value_t = 30)]
    window: usize,
    /// Show the usual ones, too
    #[arg(long)]
    all: bool,
    /// End with 65 when a number is unusual
    #[arg(long)]
    exit_code: bool,
}

impl Anomalies {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let settings = AnomalySettings { level: self.level, window: self.window, ..AnomalySettings::default() };
            let found = anomalies(&context.catalog().await?, &self.port, &settings).await?;
            let unusual = found.iter().filter(|m| matches!(m.anomaly, Anomaly::Unusual(_))).count();
            if context.json {
                printer::json(&json!({ "port": self.port, "level": self.level, "metrics": found, "unusual": unusual }));
            } else {
                let shown = found.iter().filter(|m| self.all || matches!(m.anomaly, Anomaly::Unusual(_)));
                let rows: Vec<Vec<String>> = shown
                    .map(|m| {
                        let (word, expected) = match &m.anomaly {
                            Anomaly::Usual(i) => ("usual", format!("{} to {}", figure(i.low), figure(i.high))),
                            Anomaly::Unusual(i) => ("UNUSUAL", format!("{} to {}", figure(i.low), figure(i.high))),
                            Anomaly::TooShort { have, need } => {
                                ("too early", format!("{have} of {need} releases before"))
                            }
                        };
                        let value = m.series.first().map(|(_, value)| figure(*value)).unwrap_or_default();
                        vec![m.metric.clone(), word.to_owned(), value, expected, (m.series.len() - 1).to_string()]
                    })
                    .collect();
                if !rows.is_empty() {
                    printer::table(&["NUMBER", "VERDICT", "VALUE", "EXPECTED", "BEFORE"], &rows);
                }
                let early = found.iter().filter(|m| matches!(m.anomaly, Anomaly::TooShort { .. })).count();
                let early = if early > 0 { format!(", {early} have too little history") } else { String::new() };
                printer::line(&format!("{unusual} of {} numbers are unusual{early}", found.len()));
            }
            Ok(if unusual > 0 && self.exit_code { Exit::DataRejected } else { Exit::Done })
        })
    }
}

fn figure(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 { printer::thousands(x as i64) } else { format!("{x:.4}") }
}
