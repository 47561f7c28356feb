//! `mesh publish`
use clap::Args;
use meshwright_catalog::Catalog;
use meshwright_engine::publish;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Register product, ports and contracts in the shared catalog: listed, searchable, versions frozen
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Publish {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let project = context.project()?;
            let catalog = Catalog::open(context.home(Some(&project.product))?).await?;
            let report = publish(&project, &catalog, self.dry_run).await?;
            if context.json {
                printer::json(&report);
                return Ok(Exit::Done);
            }
            let verb = if self.dry_run { "would publish" } else { "published" };
            for port in &report.ports {
                let state = match port.state {
                    "pending" => "pending until the next release satisfies it",
                    other => other,
                };
                printer::line(&format!("{verb}  {}  contract {}  {state}", port.port, port.version));
            }
            if let Some(port) = report.ports.first().filter(|_| !self.dry_run) {
                let next = match port.state {
                    "pending" => "mesh run".to_owned(),
                    _ => format!("mesh describe {}", port.port),
                };
                context.say(&format!("next: {next}"));
            }
            Ok(Exit::Done)
        })
    }
}
