//! `mesh runs`
use clap::Args;
use meshwright_spec::ProductName;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Show runs, newest first: released, rejected, failed, interrupted; or one run with its checks
#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// A run's id
    run: Option<String>,
    /// Only runs of this product, `domain.product`
    #[arg(long)]
    product: Option<ProductName>,
    /// At most so many
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

impl Runs {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog().await?;
            catalog.reap_runs().await?;
            if let Some(id) = &self.run {
                let run = catalog.run(id).await?;
                let checks = catalog.check_results(id, None).await?;
                let inputs = catalog.run_inputs(id).await?;
                let waivers = catalog.waivers(id, None).await?;
                if context.json {
                    printer::json(&json!({ "run": run, "checks": checks, "inputs": inputs, "waivers": waivers }));
                    return Ok(Exit::Done);
                }
                printer::line(&format!("{}  {}  {}", run.run, run.product, run.outcome.as_str()));
                printer::line(&format!("from {} to {}", run.started_at, run.finished_at.as_deref().unwrap_or("now")));
                if let Some(message) = &run.message {
                    printer::line(message);
                }
                let rows: Vec<Vec<String>> = checks
                    .iter()
                    .map(|c| {
                        vec![
                            c.port.clone(),
                            c.check.clone(),
                            match waivers.iter().find(|w| w.port == c.port && w.check == c.check) {
                                Some(w) => format!("{}, let pass by {}", c.outcome, w.by),
                                None => c.outcome.clone(),
                            },
                            c.result["message"].as_str().unwrap_or_default().to_owned(),
                        ]
                    })
                    .collect();
                printer::table(&["PORT", "CHECK", "OUTCOME", "WHAT"], &rows);
                return Ok(Exit::Done);
            }
            let runs = catalog.runs(self.product.as_ref(), i64::from(self.limit)).await?;
            if context.json {
                printer::json(&json!({ "runs": runs }));
                return Ok(Exit::Done);
            }
            let rows: Vec<Vec<String>> = runs
                .iter()
                .map(|r| {
                    let release = r.release.map(|n| format!("r{n}")).unwrap_or_default();
                    vec![
                        r.run.clone(),
                        r.product.clone(),
                        r.started_at.clone(),
                        r.outcome.as_str().to_owned(),
                        release,
                        r.message.clone().unwrap_or_default(),
                    ]
                })
                .collect();
            printer::table(&["RUN", "PRODUCT", "STARTED", "OUTCOME", "RELEASE", "MESSAGE"], &rows);
            Ok(Exit::Done)
        })
    }
}
