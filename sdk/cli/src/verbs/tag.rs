//! `mesh tag`
use clap::Args;
use meshwright_engine::{NewTag, TagOf, Target, tag, tags, untag};
use meshwright_spec::Duration;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, thousands};

/// Name a state of a port, or of all ports of a product, and keep it: `--at NAME` reads it from then on
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:  mesh tag climate.emissions training-2026 --at r12 --keep 90d
           mesh tag --list
           mesh tag climate.emissions training-2026 --delete"
)]
pub(crate) struct Tag {
    /// `domain.product` or `domain.product.port`
    #[arg(required_unless_present = "list")]
    target: Option<Target>,
    /// The tag's name
    #[arg(required_unless_present = "list", conflicts_with = "list")]
    name: Option<String>,
    /// The state it names: release (r12), snapshot id, tag, branch or time [default: what readers see now]
    #[arg(long, value_name = "WHEN", conflicts_with_all = ["list", "delete"])]
    at: Option<String>,
    /// Keep it so long, from now: 90d, 12w [default: for ever]
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with_all = ["list", "delete"])]
    keep: Option<Duration>,
    /// Move a tag that is there already
    #[arg(long = "move", conflicts_with_all = ["list", "delete"])]
    moves: bool,
    /// Show the tags of the target, or of the whole mesh
    #[arg(long)]
    list: bool,
    /// Drop the tag; the state goes with the next maintenance unless something else keeps it
    #[arg(long, conflicts_with = "list")]
    delete: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse().map_err(|e: meshwright_spec::DurationError| e.message)
}

impl Tag {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog().await?;
            let (Some(target), Some(name)) = (&self.target, &self.name) else {
                let found = tags(&catalog, self.target.as_ref()).await?;
                if context.json {
                    printer::json(&json!({ "tags": found }));
                } else if found.is_empty() {
                    context.say("there are no tags; `mesh tag PORT NAME` makes one");
                } else {
                    show(&found);
                }
                return Ok(Exit::Done);
            };
            if self.delete {
                let ports = untag(&catalog, target, name).await?;
                if context.json {
                    printer::json(&json!({ "deleted": name, "ports": ports }));
                }
                context.say(&format!("dropped `{name}` of {target}"));
                return Ok(Exit::Done);
            }
            let new = NewTag { name: name.clone(), at: self.at.clone(), keep: self.keep, moves: self.moves };
            let made = tag(&catalog, target, &new).await?;
            if context.json {
                printer::json(&json!({ "tags": made }));
            } else {
                show(&made);
                context.say(&format!("read it: `mesh query \"...\" --at {name}`"));
            }
            Ok(Exit::Done)
        })
    }
}

fn show(tags: &[TagOf]) {
    let rows: Vec<Vec<String>> = tags
        .iter()
        .map(|t| {
            let until = t.kept_until.clone().unwrap_or_else(|| "for ever".to_owned());
            vec![
                t.port.to_string(),
                t.tag.clone(),
                t.release.map(|n| format!("r{n}")).unwrap_or_default(),
                t.snapshot_id.to_string(),
                t.rows.map(thousands).unwrap_or_default(),
                if t.over { format!("{until} (over)") } else { until },
            ]
        })
        .collect();
    printer::table(&["PORT", "TAG", "RELEASE", "SNAPSHOT", "ROWS", "KEPT UNTIL"], &rows);
}
