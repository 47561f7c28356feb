//! `mesh accept`
use clap::Args;
use meshwright_engine::{accept, person};

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Release a rejected run after all: which checks failed, who let them pass and why is recorded and shown to readers
#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// The run, or its branch
    run: String,
    /// Why it may be released
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The day by which what failed is to be mended
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

impl Accept {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog().await?;
            let report = accept(&catalog, &self.run, &self.reason, self.until.as_deref(), &person()).await?;
            if context.json {
                printer::json(&report);
                return Ok(Exit::Done);
            }
            let rows: Vec<Vec<String>> = report
                .waivers
                .iter()
                .map(|w| vec![w.port.clone(), w.check.clone(), w.until.clone().unwrap_or_else(|| "open".to_owned())])
                .collect();
            printer::table(&["PORT", "LET PASS", "UNTIL"], &rows);
            context.say(&format!("released {} r{}, by {}", report.product, report.release, person()));
            Ok(Exit::Done)
        })
    }
}
