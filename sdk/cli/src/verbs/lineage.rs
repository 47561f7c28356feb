//! `mesh lineage`
use clap::Args;
use meshwright_engine::known;
use meshwright_spec::PortName;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Show where a port's columns come from, and what is made of them
#[derive(Debug, Args)]
pub(crate) struct Lineage {
    /// `domain.product.port`
    port: PortName,
    /// Only this column
    #[arg(long)]
    column: Option<String>,
}

impl Lineage {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog().await?;
            known(&catalog, &self.port).await?;
            let mut upstream = catalog.lineage_of(&self.port).await?;
            let mut downstream = catalog.lineage_from(&self.port).await?;
            if let Some(column) = &self.column {
                upstream.retain(|e| e.column == *column || e.column == "*");
                downstream.retain(|e| e.source_column == *column);
            }
            if context.json {
                printer::json(&json!({ "port": self.port, "column": self.column, "upstream": upstream, "downstream": downstream }));
                return Ok(Exit::Done);
            }
            if upstream.is_empty() && downstream.is_empty() {
                context.say(&format!("no lineage is known of `{}`; a release records it", self.port));
                return Ok(Exit::Done);
            }
            let mut rows: Vec<Vec<String>> = upstream
                .iter()
                .map(|e| vec![format!("{}.{}", e.source, e.source_column), e.transformation.clone(), format!("{}.{}", e.port, e.column)])
                .collect();
            rows.extend(downstream.iter().map(|e| {
                vec![format!("{}.{}", e.source, e.source_column), e.transformation.clone(), format!("{}.{}", e.port, e.column)]
            }));
            printer::table(&["FROM", "HOW", "TO"], &rows);
            Ok(Exit::Done)
        })
    }
}
