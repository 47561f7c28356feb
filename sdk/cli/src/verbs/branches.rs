//! `mesh branches`
use clap::Args;
use meshwright_engine::{Target, branches};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, thousands};

/// Show what is kept beside what readers see: rejected runs, and runs that released nothing
#[derive(Debug, Args)]
pub(crate) struct Branches {
    /// Only of this product or port
    target: Option<Target>,
}

impl Branches {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let found = branches(&context.catalog().await?, self.target.as_ref()).await?;
            if context.json {
                printer::json(&json!({ "branches": found }));
                return Ok(Exit::Done);
            }
            if found.is_empty() {
                context.say("there are no branches: every run was released, or what it wrote is no longer kept");
                return Ok(Exit::Done);
            }
            let rows: Vec<Vec<String>> = found
                .iter()
                .map(|b| {
                    let until = b.kept_until.clone().unwrap_or_else(|| "for ever".to_owned());
                    vec![
                        b.branch.clone(),
                        b.product.clone(),
                        b.ports.len().to_string(),
                        thousands(b.ports.iter().filter_map(|p| p.rows).sum()),
                        if b.over { format!("{until} (over)") } else { until },
                        b.outcome.unwrap_or_default().replace('_', " "),
                        b.message.clone().unwrap_or_default(),
                    ]
                })
                .collect();
            printer::table(&["BRANCH", "PRODUCT", "PORTS", "ROWS", "KEPT UNTIL", "OUTCOME", "MESSAGE"], &rows);
            if let Some(b) = found.iter().find(|b| b.acceptable && !b.over) {
                context.say(&format!("release it after all: `mesh accept {} --reason TEXT`", b.branch));
            }
            Ok(Exit::Done)
        })
    }
}
