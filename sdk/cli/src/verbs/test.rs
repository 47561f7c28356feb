//! `mesh test`
use clap::Args;
use meshwright_catalog::Catalog;
use meshwright_engine::unit_tests;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Run the unit tests of steps: tests/<name>.toml with given and expected rows
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Only tests whose names contain this
    name: Option<String>,
}

impl Test {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let project = context.project()?;
            let home = context.home(Some(&project.product))?;
            let catalog = Catalog::find(home).await?;
            let results = unit_tests(&project, catalog.as_ref(), self.name.as_deref()).await?;
            let failed = results.iter().filter(|r| !r.passed).count();
            if context.json {
                printer::json(&json!({ "tests": results, "passed": results.len() - failed, "failed": failed }));
            } else {
                for r in &results {
                    printer::line(&format!(
                        "{}  {}  {} ms",
                        if r.passed { "ok    " } else { "FAILED" },
                        r.name,
                        r.elapsed_ms
                    ));
                    for d in &r.differences {
                        printer::line(&format!("        {d}"));
                    }
                }
                printer::line(&format!("{} passed, {failed} failed", results.len() - failed));
                if results.is_empty() {
                    context.say("note: there are no tests; write tests/<name>.toml with [given] and [expect]");
                }
            }
            Ok(if failed > 0 { Exit::DataRejected } else { Exit::Done })
        })
    }
}
