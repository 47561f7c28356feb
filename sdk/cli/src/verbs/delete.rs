//! `mesh delete`
use clap::Args;
use meshwright_engine::delete;
use meshwright_spec::PortName;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Delete rows of a port for which a condition is true: a release of its own, checked like a run's
#[derive(Debug, Args)]
#[command(
    after_help = "Example:  mesh delete shop.sales.sale --where \"amount < 0\" --dry-run\n\nOnly files that hold such rows are written again. Older releases keep the rows until they expire;\n`mesh erase` removes a person's data from history too.\n\nWhere the contract names checks of the product's program, do it in the product's folder: they judge what stays."
)]
pub(crate) struct Delete {
    /// `domain.product.port`
    port: PortName,
    /// Which rows: a condition over the port's columns, as after `where` in SQL
    #[arg(long = "where", value_name = "SQL")]
    condition: String,
    /// Say what would be deleted and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Delete {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let port = &self.port;
            let catalog = context.catalog().await?;
            // in the product's folder its program's checks judge what stays, too
            let project = context.project_of(&port.product)?;
            let report = delete(&catalog, port, &self.condition, project.as_ref(), self.dry_run).await?;
            let nothing = report.rows == 0;
            if context.json {
                printer::json(&report);
            } else if nothing {
                context.say(&format!("no row of {port} matches, nothing to delete"));
            } else {
                let rows = printer::thousands(report.rows as i64);
                let kept = report.files - report.files_rewritten - report.files_dropped;
                let files = format!(
                    "{} of {} files written again, {} dropped, {kept} untouched",
                    report.files_rewritten, report.files, report.files_dropped
                );
                match report.release {
                    Some(release) => {
                        context.say(&format!("deleted {rows} rows of {port} in release r{release}: {files}"))
                    }
                    None => context.say(&format!("would delete {rows} rows of {port}: {files}")),
                }
            }
            Ok(if nothing { Exit::NothingToDo } else { Exit::Done })
        })
    }
}
