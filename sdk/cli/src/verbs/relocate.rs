//! `mesh relocate`
use clap::Args;
use meshwright_catalog::Catalog;
use meshwright_engine::relocate;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Mend a mesh whose directory was moved: its tables learn where they are
#[derive(Debug, Args)]
#[command(
    after_help = "Shows what would be mended; `--apply` mends it, all tables in one transaction. Data files are not touched, every\nrelease, tag and branch stays readable."
)]
pub(crate) struct Relocate {
    /// Do it
    #[arg(long)]
    apply: bool,
}

impl Relocate {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = Catalog::open_moved(context.home(None)?).await?;
            let Some(done) = relocate(&catalog, self.apply).await? else {
                if context.json {
                    printer::json(&json!({ "applied": false, "tables": [] }));
                } else {
                    context.say("the mesh is where its tables say");
                }
                return Ok(Exit::NothingToDo);
            };
            if context.json {
                printer::json(&done);
                return Ok(Exit::Done);
            }
            printer::line(&format!("from {}", done.from));
            printer::line(&format!("to   {}", done.to));
            for table in &done.tables {
                printer::line(&format!(
                    "  {}  {} snapshots, {} data files stay as they are, {} files of deleted rows written anew",
                    table.port, table.snapshots, table.files, table.delete_files
                ));
            }
            if done.old_place_exists {
                context.say("the old place still has files: what lies here is a copy, and will go its own way");
            }
            if self.apply {
                context.say(&format!("mended; {} metadata files of the old place were removed", done.removed.files));
            } else {
                context.say("this is a plan; `--apply` mends it");
            }
            Ok(Exit::Done)
        })
    }
}
