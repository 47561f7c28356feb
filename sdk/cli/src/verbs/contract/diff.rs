//! `mesh contract diff` and `mesh contract rules`
use clap::Args;
use meshwright_engine::{ContractDiff, Failure, contract_diff, contracts_at, locate};
use meshwright_spec::change_rules;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// What changed between two contracts, what it asks of the version, and whom it hits
///
/// A contract is a FILE, REVISION:FILE of the repository, or domain.product.port@VERSION of the mesh. A bare REVISION
/// stands for all contracts of the product as they were then, compared with those in the folder.
#[derive(Debug, Args)]
#[command(after_help = "Examples:  mesh contract diff HEAD~1\n           \
                        mesh contract diff HEAD~1:contracts/sale.toml contracts/sale.toml\n           \
                        mesh contract diff shop.sales.sale@1.0.0 contracts/sale.toml --changelog")]
pub(crate) struct Diff {
    /// The older contract, or a revision
    from: String,
    /// The newer contract; needed unless the first is a revision
    to: Option<String>,
    /// Print a section of a Markdown changelog
    #[arg(long)]
    changelog: bool,
}

impl Diff {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog_if_any().await?;
            let mut diffs = vec![];
            for (from, to) in self.pairs(context)? {
                let old = locate(&context.dir, catalog.as_ref(), &from).await?;
                let new = locate(&context.dir, catalog.as_ref(), &to).await?;
                diffs.push(contract_diff(catalog.as_ref(), &old, &new).await?);
            }
            let enough = diffs.iter().all(|diff| diff.satisfied);
            if context.json {
                match &diffs[..] {
                    [one] => printer::json(&json!({ "diff": one })),
                    many => printer::json(&json!({ "diffs": many })),
                }
            } else {
                diffs.iter().for_each(|diff| if self.changelog { changelog(diff) } else { show(diff) });
            }
            Ok(if enough { Exit::Done } else { Exit::Breaking })
        })
    }

    /// Two contracts, or each contract of the product in its two states.
    fn pairs(&self, context: &Context) -> Result<Vec<(String, String)>, Failure> {
        if let Some(to) = &self.to {
            return Ok(vec![(self.from.clone(), to.clone())]);
        }
        let project = context.project()?;
        let paths: Vec<_> = project.product.outputs.iter().map(|output| project.contract_path(output)).collect();
        let old = contracts_at(&context.dir, &self.from, &paths)?;
        let now = |old: &String| old.split_once(':').map_or(String::new(), |(_, path)| path.to_owned());
        Ok(old.into_iter().map(|old| (old.clone(), now(&old))).collect())
    }
}

fn show(diff: &ContractDiff) {
    printer::line(&format!("{} {} -> {} {}", diff.from.source, diff.from.version, diff.to.source, diff.to.version));
    if diff.grade == "none" {
        printer::line("the same promise");
        return;
    }
    let rows: Vec<Vec<String>> = diff
        .changes
        .iter()
        .map(|change| {
            let hit = match &change.affects[..] {
                [] => String::new(),
                products => format!(" (used by {})", products.join(", ")),
            };
            let grades = [change.consumer, change.producer, change.rule].map(str::to_owned);
            grades.into_iter().chain([format!("{}{hit}", change.message)]).collect()
        })
        .collect();
    printer::table(&["READERS", "PRODUCER", "RULE", "CHANGE"], &rows);
    match (&diff.needed, diff.satisfied) {
        (None, _) => printer::line("refused: no version can make this change"),
        (Some(needed), true) => printer::line(&format!("{}: needs {needed}, has {}", diff.grade, diff.to.version)),
        (Some(needed), false) => {
            printer::line(&format!("{}: needs {needed}, and {} is too small", diff.grade, diff.to.version));
        }
    }
}

fn changelog(diff: &ContractDiff) {
    printer::line(&format!("## {}\n", diff.to.version));
    for (grade, title) in [("refused", "Not possible"), ("major", "Breaking"), ("minor", "Added"), ("patch", "Other")] {
        let of_grade: Vec<_> = diff.changes.iter().filter(|change| change.consumer == grade).collect();
        if of_grade.is_empty() {
            continue;
        }
        printer::line(&format!("### {title}\n"));
        for change in of_grade {
            let hit = if change.affects.is_empty() {
                String::new()
            } else {
                format!("; affects {}", change.affects.join(", "))
            };
            printer::line(&format!("- {} (`{}`){hit}", change.message, change.rule));
        }
        printer::line("");
    }
}

/// The rules by which changes are named and graded
#[derive(Debug, Args)]
pub(crate) struct Rules {}

impl Rules {
    pub(crate) fn go(self, context: &Context) -> Exit {
        if context.json {
            let rules = change_rules().iter().map(|rule| {
                json!({ "rule": rule.id, "consumer": rule.consumer.as_str(), "producer": rule.producer.as_str(), "about": rule.about })
            });
            printer::json(&json!({ "rules": rules.collect::<Vec<_>>() }));
            return Exit::Done;
        }
        let rows: Vec<Vec<String>> = change_rules()
            .iter()
            .map(|rule| {
                [rule.id, rule.consumer.as_str(), rule.producer.as_str(), rule.about].map(str::to_owned).to_vec()
            })
            .collect();
        printer::table(&["RULE", "READERS", "PRODUCER", "WHAT CHANGED"], &rows);
        Exit::Done
    }
}
