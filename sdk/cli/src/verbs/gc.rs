//! `mesh gc`
use std::time::Duration as Span;

use clap::Args;
use meshwright_engine::gc;
use meshwright_spec::Duration;

use super::maintain::age;
use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, bytes};

/// Remove what dead runs and lost attempts left behind, all over the mesh
#[derive(Debug, Args)]
#[command(
    after_help = "Shows what would be removed; `--apply` removes it. Files of runs that have ended go at once, files that no run\nis known for when they are old enough, files of runs at work never."
)]
pub(crate) struct Gc {
    /// Files that no run is known for go when they are older than this
    #[arg(long, value_name = "AGE", default_value = "3d", value_parser = age)]
    older_than: Duration,
    /// Do it
    #[arg(long)]
    apply: bool,
}

impl Gc {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog().await?;
            let report = gc(&catalog, Span::from_secs(self.older_than.seconds), self.apply).await?;
            let work = report.has_work();
            if context.json {
                printer::json(&report);
                return Ok(if self.apply && !work { Exit::NothingToDo } else { Exit::Done });
            }
            for (port, leftovers) in &report.tables {
                for file in &leftovers.orphans {
                    printer::line(&format!("{port}  {}  {}  {}", bytes(file.bytes), file.why, file.path));
                }
                if leftovers.left_alone > 0 {
                    context.say(&format!("{port}: {} files are too young to tell", leftovers.left_alone));
                }
            }
            for one in &report.scratch {
                printer::line(&format!("runs  {}  {}  {}", bytes(one.bytes), one.why, one.path.display()));
            }
            match (work, self.apply) {
                (false, _) => context.say("nothing was left behind"),
                (true, false) => context.say("this is a plan; `--apply` removes it"),
                (true, true) => {
                    context.say(&format!("removed {} files ({})", report.removed.files, bytes(report.removed.bytes)));
                }
            }
            Ok(if self.apply && !work { Exit::NothingToDo } else { Exit::Done })
        })
    }
}
