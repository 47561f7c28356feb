//! `mesh list`
use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// List the published ports of the mesh
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only ports of this domain
    #[arg(long)]
    domain: Option<String>,
}

impl List {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog().await?;
            let products = catalog.products().await?;
            let mut ports = catalog.ports(None).await?;
            if let Some(domain) = &self.domain {
                ports.retain(|p| p.port.split('.').next() == Some(domain));
            }
            let title = |product: &str| products.iter().find(|p| p.product == product).map_or("", |p| p.title.as_str());
            if context.json {
                let ports: Vec<_> = ports
                    .iter()
                    .map(|p| {
                        let mut object = serde_json::to_value(p).unwrap_or_default();
                        object["title"] = title(&p.product).into();
                        object
                    })
                    .collect();
                printer::json(&json!({ "ports": ports }));
                return Ok(Exit::Done);
            }
            let rows: Vec<Vec<String>> = ports
                .iter()
                .map(|p| {
                    vec![
                        p.port.clone(),
                        p.current_version.clone().unwrap_or_else(|| "no release".into()),
                        title(&p.product).to_owned(),
                    ]
                })
                .collect();
            if rows.is_empty() {
                context.say("nothing is published in this mesh; `mesh publish` in a product's folder does it");
                return Ok(Exit::Done);
            }
            printer::table(&["PORT", "CONTRACT", "TITLE"], &rows);
            Ok(Exit::Done)
        })
    }
}
