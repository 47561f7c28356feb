//! `mesh maintain`
use std::time::Duration as Span;

use clap::{Args, ValueEnum};
use meshwright_engine::{MaintainOptions, PortUpkeep, Work, maintain};
use meshwright_spec::{Duration, PortName};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, bytes, thousands};

/// Keep ports fit: small files into large ones, old states and files that nobody names removed
#[derive(Debug, Args)]
#[command(
    after_help = "Shows what would be done; `--apply` does it. Tags, branches, the newest releases and what other products\nread stay readable, with the same rows.\n\nExample:  mesh maintain climate.emissions.country_year --keep 30d --apply"
)]
pub(crate) struct Maintain {
    /// `domain.product.port`, as many as you like
    ports: Vec<PortName>,
    /// Every port of the mesh
    #[arg(long, conflicts_with = "ports")]
    all: bool,
    /// Do this only
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    only: Vec<What>,
    /// Snapshots younger than this stay
    #[arg(long, value_name = "AGE", default_value = "30d", value_parser = age)]
    keep: Duration,
    /// So many of the newest releases stay, whatever their age
    #[arg(long, value_name = "N", default_value_t = 10)]
    keep_releases: usize,
    /// Files that nobody names go when they are older than this
    #[arg(long, value_name = "AGE", default_value = "3d", value_parser = age)]
    older_than: Duration,
    /// Bytes of a data file, such as 256MB; what the port's files say when not said
    #[arg(long, value_name = "SIZE", value_parser = size)]
    target_size: Option<u64>,
    /// Do it
    #[arg(long)]
    apply: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Small data files and manifests into large ones, sorted as the contract says
    Compact,
    /// Snapshots, tags and branches whose time is over, with their files
    Expire,
    /// Files in the tables' folders that nobody names
    Orphans,
}

/// An age such as `3d`.
pub(super) fn age(text: &str) -> Result<Duration, String> {
    text.parse().map_err(|e: meshwright_spec::DurationError| match e.suggestion {
        Some(near) => format!("{}; did you mean `{near}`?", e.message),
        None => e.message,
    })
}

fn size(text: &str) -> Result<u64, String> {
    let units = [("kB", 1_u64 << 10), ("MB", 1 << 20), ("GB", 1 << 30)];
    let found = units.into_iter().find_map(|(unit, times)| {
        text.strip_suffix(unit).and_then(|n| n.trim().parse::<u64>().ok()).and_then(|n| n.checked_mul(times))
    });
    found.filter(|n| *n > 0).ok_or_else(|| format!("`{text}` is not a size: a whole number and kB, MB or GB"))
}

impl Maintain {
    pub(crate) fn go(self, context: &Context) -> Exit {
        if self.ports.is_empty() && !self.all {
            printer::error("nothing is named to maintain");
            printer::hint("name ports, `mesh maintain domain.product.port`, or take them all with `--all`");
            return Exit::Usage;
        }
        let all = [Work::Compact, Work::Expire, Work::Orphans];
        let work = self.only.iter().map(|what| match what {
            What::Compact => Work::Compact,
            What::Expire => Work::Expire,
            What::Orphans => Work::Orphans,
        });
        let options = MaintainOptions {
            work: if self.only.is_empty() { all.to_vec() } else { work.collect() },
            keep: Span::from_secs(self.keep.seconds),
            keep_releases: self.keep_releases,
            orphan_age: Span::from_secs(self.older_than.seconds),
            target_size: self.target_size,
            apply: self.apply,
        };
        context.block_on(async {
            let catalog = context.catalog().await?;
            let ports = if self.all { catalog.tables().await? } else { self.ports.clone() };
            let mut done = vec![];
            for port in &ports {
                done.push(maintain(&catalog, port, &options).await?);
            }
            let work = done.iter().any(PortUpkeep::has_work);
            if context.json {
                printer::json(&json!({ "applied": self.apply, "ports": done }));
            } else {
                done.iter().for_each(show);
                match (work, self.apply) {
                    (false, _) => context.say("nothing to do"),
                    (true, false) => context.say("this is a plan; `--apply` does it"),
                    (true, true) => {}
                }
            }
            Ok(if self.apply && !work { Exit::NothingToDo } else { Exit::Done })
        })
    }
}

fn show(done: &PortUpkeep) {
    printer::line(&done.port);
    if let Some(c) = &done.compact {
        let said = match (&c.skipped, c.into, c.has_work()) {
            (Some(why), ..) => format!("left alone: {why}"),
            (None, Some(into), _) => {
                format!("{} data files became {into}, {} manifests were merged", c.rewritten, c.manifests)
            }
            (None, None, true) => format!(
                "{} of {} data files to rewrite ({}), {} files of deleted rows to work in, {} manifests",
                c.rewritten,
                c.files,
                bytes(c.bytes),
                c.delete_files,
                c.manifests
            ),
            (None, None, false) => format!("{} data files are fine as they are", c.files),
        };
        printer::line(&format!("  compact  {said}"));
    }
    if let Some(e) = &done.expire {
        let kept = e.kept.len();
        printer::line(&format!(
            "  expire   {} snapshots, {} tags and branches, {} files ({}); {kept} snapshots stay",
            e.snapshots.len(),
            e.refs.len(),
            thousands(e.files as i64),
            bytes(e.bytes)
        ));
        for (id, at) in &e.snapshots {
            printer::line(&format!("             - {id} of {at}"));
        }
        for r in &e.refs {
            printer::line(&format!("             - `{}`: {}", r.name, r.why));
        }
        for k in &e.kept {
            printer::line(&format!("             = {} kept by {}", k.snapshot_id, k.why));
        }
    }
    if let Some(o) = &done.orphans {
        let size: u64 = o.orphans.iter().map(|f| f.bytes).sum();
        let young = if o.left_alone > 0 { format!(", {} too young to tell", o.left_alone) } else { String::new() };
        printer::line(&format!("  orphans  {} files ({}){young}", o.orphans.len(), bytes(size)));
    }
    if done.applied && done.removed.files > 0 {
        printer::line(&format!(
            "  removed  {} files ({})",
            thousands(done.removed.files as i64),
            bytes(done.removed.bytes)
        ));
    }
}
