//! `mesh erase`
use clap::Args;
use meshwright_engine::{EraseOptions, EraseReport, Subject, erase};
use meshwright_spec::ProductName;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, bytes, thousands};

/// Take somebody's data out of everything: landing, every state of every table, products made from them
#[derive(Debug, Args)]
#[command(
    after_help = "Shows what would be touched; `--apply` does it and searches every file afterwards. Releases, tags and branches\nstay readable without the subject's rows. The files that your sources deliver are yours to clean: what they deliver\nagain comes back.\n\nExample:  mesh erase --subject email=ann@example.org --reason \"ticket 4711\" --apply"
)]
pub(crate) struct Erase {
    /// Columns and values that a row of the subject has: `email=ann@example.org`, or `name=Ann,born=1990-02-01`
    #[arg(long, value_name = "COLUMN=VALUE")]
    subject: String,
    /// Begin at this product's ports, `domain.product`; else at every port that has the columns
    #[arg(long)]
    product: Option<ProductName>,
    /// Why, for the record; must not name the subject
    #[arg(long, value_name = "TEXT", default_value = "not said")]
    reason: String,
    /// Do it
    #[arg(long)]
    apply: bool,
}

impl Erase {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let subject: Subject = self.subject.parse()?;
            let options = EraseOptions { product: self.product, reason: self.reason, apply: self.apply };
            let report = erase(&context.catalog().await?, &subject, &options).await?;
            let found = report.has_work();
            if context.json {
                printer::json(&report);
            } else {
                show(context, &report);
            }
            Ok(match (report.applied, report.proof.hits.is_empty(), found) {
                (true, false, _) => Exit::DataRejected,
                (_, _, false) if report.erasure.is_none() => Exit::NothingToDo,
                _ => Exit::Done,
            })
        })
    }
}

fn show(context: &Context, report: &EraseReport) {
    for p in &report.ports {
        printer::line(&format!(
            "{}  {} rows in {} files of {} snapshots ({})",
            p.port,
            thousands(p.rows as i64),
            p.files,
            p.snapshots,
            p.refs.join(", ")
        ));
    }
    for o in &report.landing {
        let what = match o.records {
            Some(n) => format!("{n} records"),
            None => "cannot be rewritten and goes as a whole".to_owned(),
        };
        let sources: Vec<&str> = o.sources.iter().map(String::as_str).collect();
        printer::line(&format!("landing {}  {what}  {}", o.sha256.get(..12).unwrap_or(&o.sha256), sources.join(", ")));
    }
    if report.registry_texts > 0 {
        printer::line(&format!("registry  {} texts", report.registry_texts));
    }
    if report.pending > 0 {
        printer::line(&format!("earlier erasure  {} files still to be removed", report.pending));
    }
    for port in &report.derived {
        printer::line(&format!("{port}  is made from these in another form: look at it yourself"));
    }
    if !report.has_work() && report.erasure.is_none() {
        return context.say("the subject is found nowhere");
    }
    if !report.applied {
        return context.say("this is a plan; `--apply` does it, and there is no way back");
    }
    let proof = &report.proof;
    for hit in &proof.hits {
        printer::line(&format!("still there  {}  {}", hit.what, hit.place));
    }
    let files =
        format!("{} files ({}) and {} texts searched", thousands(proof.files as i64), bytes(proof.bytes), proof.texts);
    match (proof.hits.is_empty(), proof.looked_for) {
        (true, "value") => context.say(&format!("proved: {files}, the subject is found nowhere")),
        (true, _) => context.say("proved: no table and no landed object has such a record"),
        (false, _) => printer::error(&format!("the subject is still in {} places", proof.hits.len())),
    }
}
