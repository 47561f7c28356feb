//! `mesh rollback`
use clap::Args;
use meshwright_engine::{RollbackOptions, RollbackReport, Target, person, roll_back};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, thousands};

/// Go back to an older release, all ports of the product together: at once, without writing data, as a new release
#[derive(Debug, Args)]
#[command(after_help = "What is taken back stays readable under its own number: mesh query ... --at r12")]
pub(crate) struct Rollback {
    /// `domain.product`, or `domain.product.port` of it
    target: Target,
    /// The release to go back to: r12, or a snapshot id, tag or time of it
    #[arg(long, value_name = "RELEASE")]
    to: String,
    /// Why; readers see it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Go back although products that read the ports cannot read what they were
    #[arg(long)]
    break_consumers: bool,
}

impl Rollback {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let options = RollbackOptions {
                to: self.to.clone(),
                reason: self.reason.clone(),
                by: person(),
                dry_run: self.dry_run,
                break_consumers: self.break_consumers,
            };
            let Some(report) = roll_back(&context.catalog().await?, &self.target, &options).await? else {
                if context.json {
                    printer::json(&json!({ "product": self.target.product(), "release": null, "nothing_to_do": true }));
                }
                context.say(&format!("nothing to do: `{}` is what {} was", self.target.product(), self.to));
                return Ok(Exit::NothingToDo);
            };
            if context.json {
                printer::json(&report);
            } else {
                show(context, &report);
            }
            Ok(Exit::Done)
        })
    }
}

fn show(context: &Context, report: &RollbackReport) {
    let rows: Vec<Vec<String>> = report
        .ports
        .iter()
        .map(|p| {
            let before = p.rows_before.map(thousands).unwrap_or_default();
            let contract = match p.contract_from == p.contract_to {
                true => p.contract_to.clone(),
                false => format!("{} -> {}", p.contract_from, p.contract_to),
            };
            vec![p.port.clone(), format!("{before} -> {}", thousands(p.rows_after)), contract]
        })
        .collect();
    printer::table(&["PORT", "ROWS", "CONTRACT"], &rows);
    for b in &report.broken {
        printer::talk(&format!("warning: `{}` needs {} of `{}`; its next run fails", b.product, b.needs, b.port));
    }
    let (product, to) = (&report.product, report.to);
    match report.release {
        Some(n) => {
            context.say(&format!("released {product} r{n}: what r{to} was"));
            context.say("the next `mesh run` releases what code and deliveries say; mend them first");
        }
        None => context.say(&format!("would release {product} r{}: what r{to} was", report.from + 1)),
    }
}
