//! Upkeep of ports: small files become large ones, old states go, what nobody names is removed.
//!
//! Everything is planned first; a plan is what `mesh maintain` shows, and the same plan is what `--apply` carries out.
mod compact;
mod expire;
mod gc;
pub(crate) mod landing;
mod relocate;

use std::time::Duration;

use meshwright_catalog::{Catalog, Leftovers, Removed};
use meshwright_spec::PortName;
use serde::Serialize;

pub use compact::Compaction;
pub use expire::{Expired, KeptSnapshot};
pub use gc::{GcReport, Scratch, gc};
pub use landing::{Delivery as LandedDelivery, landed, verify_landing};
pub use relocate::{Relocation, relocate};

use crate::failure::Result;

/// What upkeep consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    /// Small files into large ones, and their manifests likewise.
    Compact,
    /// Old snapshots, names whose time is over, and the files that only they needed.
    Expire,
    /// Files that nobody names.
    Orphans,
}

/// How upkeep is done.
#[derive(Debug, Clone)]
pub struct MaintainOptions {
    /// What is done.
    pub work: Vec<Work>,
    /// Snapshots younger than this stay.
    pub keep: Duration,
    /// The newest releases stay, so many of them.
    pub keep_releases: usize,
    /// Files that nobody names go when they are older than this.
    pub orphan_age: Duration,
    /// Bytes that a data file should have; what the table says when not said.
    pub target_size: Option<u64>,
    /// Do it, rather than say what would be done.
    pub apply: bool,
}

/// Upkeep of one port, planned or done.
#[derive(Debug, Clone, Serialize)]
pub struct PortUpkeep {
    /// `domain.product.port`
    pub port: String,
    /// Whether it was done.
    pub applied: bool,
    /// Small files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compact: Option<Compaction>,
    /// Old states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire: Option<Expired>,
    /// Files that nobody names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orphans: Option<Leftovers>,
    /// Files that were removed.
    pub removed: Removed,
}

impl PortUpkeep {
    /// Whether there is or was anything to do.
    pub fn has_work(&self) -> bool {
        self.compact.as_ref().is_some_and(Compaction::has_work)
            || self.expire.as_ref().is_some_and(Expired::has_work)
            || self.orphans.as_ref().is_some_and(|o| !o.orphans.is_empty())
    }
}

/// Plans or does the upkeep of one port. Readers of any state that stays see the same rows before, while and after.
///
/// # Errors
/// `Conflict` when somebody else changed the table in a way that the plan cannot stand; what was done before stays done.
pub async fn maintain(catalog: &Catalog, port: &PortName, options: &MaintainOptions) -> Result<PortUpkeep> {
    catalog.load(port).await?;
    let does = |work: Work| options.work.contains(&work);
    let mut out = PortUpkeep {
        port: port.to_string(),
        applied: options.apply,
        compact: None,
        expire: None,
        orphans: None,
        removed: Removed::default(),
    };
    let mut add = |more: Removed| {
        out.removed = Removed { files: out.removed.files + more.files, bytes: out.removed.bytes + more.bytes };
    };
    if does(Work::Compact) {
        out.compact = Some(compact::compact(catalog, port, options).await?);
    }
    if does(Work::Expire) {
        let (expired, removed) = expire::expire(catalog, port, options).await?;
        out.expire = Some(expired);
        add(removed);
    }
    if does(Work::Orphans) {
        let leftovers = catalog.leftovers(port, options.orphan_age).await?;
        if options.apply {
            add(gc::remove(catalog, port, &leftovers).await?);
        }
        out.orphans = Some(leftovers);
    }
    Ok(out)
}
