//! Old states of a port go, with the files that only they needed.
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use meshwright_catalog::{Catalog, Expiry, GoneRef, Kind, Reach, Removed, Retention, RunOutcome};
use meshwright_spec::PortName;
use serde::Serialize;

use super::MaintainOptions;
use crate::failure::Result;

/// How often an expiry is planned again after another commit won.
const ATTEMPTS: u32 = 8;

/// A snapshot that stays.
#[derive(Debug, Clone, Serialize)]
pub struct KeptSnapshot {
    /// Its id.
    pub snapshot_id: i64,
    /// What keeps it.
    pub why: String,
}

/// Expiry of one port, planned or done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Expired {
    /// Snapshots that go, oldest first, with the time at which they were made.
    pub snapshots: Vec<(i64, String)>,
    /// Tags and branches that go.
    pub refs: Vec<GoneRef>,
    /// Snapshots that stay.
    pub kept: Vec<KeptSnapshot>,
    /// Files that only they needed.
    pub files: u64,
    /// Their bytes, as far as they are known.
    pub bytes: u64,
}

impl Expired {
    /// Whether there is or was anything to do.
    pub fn has_work(&self) -> bool {
        !self.snapshots.is_empty() || !self.refs.is_empty()
    }
}

pub(super) async fn expire(
    catalog: &Catalog,
    port: &PortName,
    options: &MaintainOptions,
) -> Result<(Expired, Removed)> {
    for attempt in 0.. {
        let table = catalog.load(port).await?;
        let retention = retention(catalog, port, options).await?;
        let plan = Expiry::plan(&table, &retention, Utc::now().timestamp_millis())?;
        let mut out = described(&plan);
        if plan.is_empty() {
            return Ok((out, Removed::default()));
        }
        let before = Reach::of(&table).await?;
        let gone = before.without(&Reach::of(&plan.preview()?).await?);
        out.files = gone.len() as u64;
        out.bytes = gone.values().sum();
        if !options.apply {
            return Ok((out, Removed::default()));
        }
        match catalog.commit(plan.change).await {
            Ok(after) => {
                // the commit is certain; what it still reaches is read from what it wrote
                let gone = before.without(&Reach::of(&after).await?);
                let removed = catalog.remove_files(table.metadata().location(), gone).await;
                return Ok((out, removed));
            }
            Err(e) if e.kind() == Kind::Conflict && attempt < ATTEMPTS => {}
            Err(e) => return Err(e.into()),
        }
    }
    unreachable!("the loop ends by returning")
}

fn described(plan: &Expiry) -> Expired {
    let at = |ms: i64| {
        let time: Option<DateTime<Utc>> = DateTime::from_timestamp_millis(ms);
        time.map(|t| t.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
    };
    Expired {
        snapshots: plan.snapshots.iter().map(|s| (s.snapshot_id, at(s.at_ms))).collect(),
        refs: plan.refs.clone(),
        kept: plan.kept.iter().map(|(id, why)| KeptSnapshot { snapshot_id: *id, why: why.clone() }).collect(),
        files: 0,
        bytes: 0,
    }
}

/// What the registry holds on to: the newest releases, and what other products' newest releases were made from.
async fn retention(catalog: &Catalog, port: &PortName, options: &MaintainOptions) -> Result<Retention> {
    let mut pinned: BTreeMap<i64, String> = BTreeMap::new();
    for release in catalog.releases(port).await?.into_iter().take(options.keep_releases.max(1)) {
        pinned.entry(release.port.snapshot_id).or_insert_with(|| format!("release r{}", release.number));
    }
    for (snapshot, product) in catalog.read_by(port).await? {
        pinned.entry(snapshot).or_insert_with(|| format!("read by {product}"));
    }
    catalog.reap_runs().await?;
    let runs = catalog.runs(Some(&port.product), i64::MAX).await?;
    let dead = runs.iter().filter(|r| matches!(r.outcome, RunOutcome::Interrupted | RunOutcome::Failed));
    let dead_branches: BTreeSet<String> = dead.map(|r| format!("run-{}", r.run)).collect();
    Ok(Retention { keep_ms: i64::try_from(options.keep.as_millis()).unwrap_or(i64::MAX), pinned, dead_branches })
}
