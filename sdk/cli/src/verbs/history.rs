//! `mesh history`
use clap::Args;
use meshwright_engine::{ReleasedState, SnapshotOf, history};
use meshwright_spec::PortName;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, thousands};

/// Show what happened to a port: snapshots with the run, release, contract and commit that made them, tags and branches
#[derive(Debug, Args)]
pub(crate) struct History {
    /// `domain.product.port`
    port: PortName,
    /// At most so many snapshots and releases, the newest [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl History {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let mut history = history(&context.catalog().await?, &self.port).await?;
            if let Some(limit) = self.limit {
                history.releases.truncate(limit);
                history.snapshots.truncate(limit);
            }
            if context.json {
                printer::json(&history);
                return Ok(Exit::Done);
            }
            if history.releases.is_empty() {
                context.say(&format!("`{}` has no release", self.port));
            }
            if !history.snapshots.is_empty() {
                let header = [
                    "RELEASE", "AT", "SNAPSHOT", "WHAT", "ROWS", "ADDED", "REMOVED", "CONTRACT", "RUN", "COMMIT",
                    "NAMES",
                ];
                let withdrawn =
                    |n: i64| history.releases.iter().any(|r| r.record.number == n && r.record.withdrawn_by.is_some());
                let rows: Vec<Vec<String>> = history.snapshots.iter().map(|s| cells(s, &withdrawn)).collect();
                printer::table(&header, &rows);
            }
            let notes: Vec<String> = history.releases.iter().flat_map(notes).collect();
            if !notes.is_empty() {
                printer::line("");
                notes.iter().for_each(|n| printer::line(n));
            }
            Ok(Exit::Done)
        })
    }
}

fn cells(s: &SnapshotOf, withdrawn: &impl Fn(i64) -> bool) -> Vec<String> {
    let number = |n: i64| if withdrawn(n) { format!("(r{n})") } else { format!("r{n}") };
    let release = match (&s.releases[..], s.outcome) {
        ([], Some(outcome)) => outcome.to_owned(),
        (releases, _) => releases.iter().map(|n| number(*n)).collect::<Vec<_>>().join(" "),
    };
    let names = s.tags.iter().chain(&s.branches).map(|n| n.name.clone()).collect::<Vec<_>>().join(" ");
    let plus = |sign: &str, n: i64| if n == 0 { String::new() } else { format!("{sign}{}", thousands(n)) };
    vec![
        release,
        s.at.clone(),
        s.snapshot_id.to_string(),
        s.operation.clone(),
        s.rows.map(thousands).unwrap_or_default(),
        plus("+", s.rows_added),
        plus("-", s.rows_removed),
        s.contract_version.clone().unwrap_or_default(),
        s.run.clone().unwrap_or_default(),
        s.git_commit.as_deref().map(short_commit).unwrap_or_default(),
        names,
    ]
}

/// Ten characters of a commit, and whether files had changed since.
fn short_commit(commit: &str) -> String {
    let (id, dirty) = commit.split_once('+').map_or((commit, ""), |(id, _)| (id, "+"));
    format!("{}{dirty}", id.chars().take(10).collect::<String>())
}

/// What no column says: decisions of people, and releases whose rows are gone.
fn notes(r: &ReleasedState) -> Vec<String> {
    let (n, mut out) = (r.record.number, vec![]);
    let by = r.record.by.as_deref().unwrap_or("somebody");
    let why = r.record.reason.as_deref().map(|w| format!(": {w}")).unwrap_or_default();
    if let Some(to) = r.record.back_to {
        out.push(format!("r{n} went back to r{to}, by {by}{why}"));
    }
    if r.record.kind == "accept" {
        let checks: Vec<&str> = r.waivers.iter().map(|w| w.check.as_str()).collect();
        let until = r.waivers.iter().find_map(|w| w.until.as_deref()).map(|u| format!(" until {u}"));
        let what = if checks.is_empty() { "a check of another port".to_owned() } else { checks.join(", ") };
        out.push(format!("r{n} was accepted although {what} did not hold{}, by {by}{why}", until.unwrap_or_default()));
    }
    if let Some(by) = r.record.withdrawn_by {
        out.push(format!("r{n} was taken back by r{by}"));
    }
    if r.expired {
        out.push(format!("r{n} of {} has expired: its rows are no longer kept", r.record.released_at));
    }
    out
}
