//! `mesh checks`
use clap::Args;
use meshwright_engine::known;
use meshwright_spec::PortName;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Show what a port's checks found over time: each check's newest result, score and history
#[derive(Debug, Args)]
#[command(after_help = "Examples:  mesh checks climate.emissions.country_year\n           \
                        mesh checks climate.emissions.country_year --check key --limit 50")]
pub(crate) struct Checks {
    /// `domain.product.port`
    port: PortName,
    /// Only this check, run by run
    #[arg(long, value_name = "ID")]
    check: Option<String>,
    /// At most so many runs
    #[arg(long, default_value_t = 10)]
    limit: u32,
}

impl Checks {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog().await?;
            known(&catalog, &self.port).await?;
            let mut history = catalog.check_history(&self.port, i64::from(self.limit)).await?;
            if let Some(id) = &self.check {
                for run in &mut history {
                    run.checks.retain(|c| c.check == *id);
                }
                history.retain(|run| !run.checks.is_empty());
            }
            if context.json {
                printer::json(&json!({ "port": self.port, "runs": history }));
                return Ok(Exit::Done);
            }
            if history.is_empty() {
                context.say(&format!("nothing of `{}` has been checked", self.port));
                return Ok(Exit::Done);
            }
            if self.check.is_some() {
                let rows: Vec<Vec<String>> = history
                    .iter()
                    .flat_map(|run| run.checks.iter().map(move |c| (run, c)))
                    .map(|(run, c)| {
                        vec![run.started_at.clone(), run.outcome.clone(), c.outcome.clone(), text(&c.result["message"])]
                    })
                    .collect();
                printer::table(&["AT", "RUN", "CHECK", "WHAT"], &rows);
                return Ok(Exit::Done);
            }
            let newest = &history[0];
            printer::line(&format!("{}  {}  {}", self.port, newest.started_at, newest.outcome));
            if let Some(score) = newest.score["port"].as_f64() {
                let parts = newest.score["dimensions"].as_object().into_iter().flatten();
                let parts: Vec<String> =
                    parts.map(|(name, score)| format!("{name} {}", percent(score.as_f64()))).collect();
                printer::line(&format!("score {}: {}", percent(Some(score)), parts.join(", ")));
            }
            printer::line("");
            let rows: Vec<Vec<String>> = newest
                .checks
                .iter()
                .map(|c| {
                    let signs = history.iter().rev().map(|run| {
                        let then = run.checks.iter().find(|then| then.check == c.check);
                        then.map_or(' ', |then| sign(&then.outcome))
                    });
                    vec![
                        c.check.clone(),
                        text(&c.result["dimension"]),
                        c.outcome.clone(),
                        signs.collect(),
                        text(&c.result["message"]),
                    ]
                })
                .collect();
            printer::table(&["CHECK", "DIMENSION", "OUTCOME", "HISTORY", "WHAT"], &rows);
            context.say("history, oldest first: . passed, w warned, F failed, E not run, - nothing to judge");
            Ok(Exit::Done)
        })
    }
}

/// Rounded down, so that only what holds altogether is 100 %.
fn percent(score: Option<f64>) -> String {
    format!("{} %", (score.unwrap_or_default() * 1000.0).floor() / 10.0)
}

fn sign(outcome: &str) -> char {
    match outcome {
        "passed" => '.',
        "warned" => 'w',
        "failed" => 'F',
        "error" => 'E',
        _ => '-',
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
