//! `mesh history`
use clap::Args;
use meshwright_engine::known;
use meshwright_spec::PortName;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Show a port's releases: when, by which run, under which contract, how many rows
#[derive(Debug, Args)]
pub(crate) struct History {
    /// `domain.product.port`
    port: PortName,
}

impl History {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog().await?;
            known(&catalog, &self.port).await?;
            let releases = catalog.releases(&self.port).await?;
            if context.json {
                printer::json(&json!({ "port": self.port, "releases": releases }));
                return Ok(Exit::Done);
            }
            if releases.is_empty() {
                context.say(&format!("`{}` has no release", self.port));
                return Ok(Exit::Done);
            }
            let rows: Vec<Vec<String>> = releases
                .iter()
                .map(|r| {
                    let p = &r.port;
                    vec![
                        format!("r{}", r.number),
                        r.released_at.clone(),
                        p.snapshot_id.to_string(),
                        p.contract_version.clone(),
                        printer::thousands(p.rows),
                        r.run.clone(),
                    ]
                })
                .collect();
            printer::table(&["RELEASE", "AT", "SNAPSHOT", "CONTRACT", "ROWS", "RUN"], &rows);
            Ok(Exit::Done)
        })
    }
}
