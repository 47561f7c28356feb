//! `mesh describe`
use clap::Args;
use meshwright_engine::{Description, describe};
use meshwright_spec::PortName;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, bytes, thousands};

/// Show a port: its promise, how it stands, who answers for it
#[derive(Debug, Args)]
pub(crate) struct Describe {
    /// `domain.product.port`
    port: PortName,
    /// As it was: release (r12), snapshot id, tag, branch or time
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
}

impl Describe {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let d = describe(&context.catalog().await?, &self.port, self.at.as_deref()).await?;
            if context.json {
                printer::json(&d);
            } else {
                show(&d);
            }
            Ok(Exit::Done)
        })
    }
}

fn show(d: &Description) {
    let line = |name: &str, value: String| printer::line(&format!("{name:<11} {value}"));
    printer::line(&d.port);
    printer::line(&d.title);
    printer::line("");
    if !d.description.is_empty() {
        line("rows", d.description.clone());
    }
    line("contract", format!("{} ({})", d.contract.version, d.status));
    if let Some(sunset) = &d.contract.sunset {
        line("ends", sunset.clone());
    }
    if let Some(successor) = &d.contract.successor {
        line("move to", successor.clone());
    }
    if let Some(pending) = &d.pending_version {
        line("pending", format!("{pending}, current with the next release that satisfies it"));
    }
    match &d.owner.email {
        Some(email) => line("owner", format!("{} <{email}>", d.owner.team)),
        None => line("owner", d.owner.team.clone()),
    }
    if !d.tags.is_empty() {
        line("tags", d.tags.join(", "));
    }
    if let Some(license) = &d.contract.license {
        line("license", license.clone());
    }
    if let Some(usage) = &d.contract.usage {
        line("usage", usage.clone());
    }
    if let Some(r) = &d.release {
        let taken_back = r.withdrawn_by.map(|by| format!(", taken back by r{by}")).unwrap_or_default();
        line("release", format!("r{} of {}{taken_back}", r.number, r.released_at));
    }
    if let (Some(rows), Some(size)) = (d.rows, d.bytes) {
        line("size", format!("{} rows, {}", thousands(rows), bytes(size.max(0) as u64)));
    }
    let c = &d.checks;
    if c.passed + c.warned + c.failed + c.error + c.not_evaluated > 0 {
        let mut parts = vec![format!("{} passed", c.passed)];
        for (n, word) in
            [(c.warned, "warned"), (c.failed, "failed"), (c.error, "not run"), (c.not_evaluated, "without rows")]
        {
            if n > 0 {
                parts.push(format!("{n} {word}"));
            }
        }
        if let Some(score) = d.score["port"].as_f64() {
            // rounded down, so that only what holds altogether is 100 %
            parts.push(format!("score {} %", (score * 1000.0).floor() / 10.0));
        }
        line("checks", parts.join(", "));
    }
    for w in &d.waivers {
        let until = w.waiver.until.as_deref().map(|u| format!(", until {u}")).unwrap_or_default();
        let overdue = if w.overdue { " (overdue)" } else { "" };
        line("let pass", format!("{}{until}{overdue}, by {}: {}", w.waiver.check, w.waiver.by, w.waiver.reason));
    }
    if !d.contract.key.is_empty() {
        line("key", d.contract.key.join(", "));
    }
    if !d.consumers.is_empty() {
        line("read by", d.consumers.join(", "));
    }
    if let Some(commit) = &d.git_commit {
        line("commit", commit.clone());
    }
    printer::line("");
    let rows: Vec<Vec<String>> = d
        .contract
        .columns
        .iter()
        .map(|c| {
            let unit = c.unit.as_deref().map(|u| format!(" [{u}]")).unwrap_or_default();
            let name = if c.required { format!("{} *", c.name) } else { c.name.clone() };
            vec![name, c.data_type.clone(), format!("{}{unit}", c.description.as_deref().unwrap_or_default())]
        })
        .collect();
    printer::table(&["COLUMN", "TYPE", "MEANING"], &rows);
    printer::line("* never null");
}
