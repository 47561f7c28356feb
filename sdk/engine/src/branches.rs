//! Branches beside what readers see: rejected runs that are kept for a time, and runs that were told to release nothing.
use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use iceberg::spec::MAIN_BRANCH;
use meshwright_catalog::{Catalog, RefKind, refs};
use serde::Serialize;

use crate::failure::Result;
use crate::target::{Target, tables_of};

/// A branch, the same one in every port of a product that it was written to.
#[derive(Debug, Clone, Serialize)]
pub struct BranchOf {
    /// `domain.product`
    pub product: String,
    /// Its name, as `--at` takes it.
    pub branch: String,
    /// The run that wrote it last.
    pub run: Option<String>,
    /// How that run ended.
    pub outcome: Option<&'static str>,
    /// What is said of it.
    pub message: Option<String>,
    /// When it was written to last, RFC 3339.
    pub at: String,
    /// When maintenance may drop it, RFC 3339; none: never.
    pub kept_until: Option<String>,
    /// Its time is over; it reads until maintenance has dropped it.
    pub over: bool,
    /// `mesh accept` can release it: it was rejected, and nothing was released since.
    pub acceptable: bool,
    /// Its ports.
    pub ports: Vec<BranchPort>,
}

/// One port's part of a branch.
#[derive(Debug, Clone, Serialize)]
pub struct BranchPort {
    /// `domain.product.port`
    pub port: String,
    /// The branch's head.
    pub snapshot_id: i64,
    /// Rows in it.
    pub rows: Option<i64>,
}

/// Branches of a port, a product or the whole mesh, newest first; `main` is none of them.
///
/// # Errors
/// `NotFound` when the mesh knows no such port or product.
pub async fn branches(catalog: &Catalog, target: Option<&Target>) -> Result<Vec<BranchOf>> {
    let tables = tables_of(catalog, target).await?;
    let now = Utc::now();
    let mut found: BTreeMap<(String, String), BranchOf> = BTreeMap::new();
    for (port, table) in tables {
        for r in refs(&table)?.into_iter().filter(|r| r.kind == RefKind::Branch && r.name != MAIN_BRANCH) {
            let Some(head) = table.metadata().snapshot_by_id(r.snapshot_id) else { continue };
            let summary = &head.summary().additional_properties;
            let at = DateTime::from_timestamp_millis(head.timestamp_ms())
                .map_or_else(String::new, |t| t.to_rfc3339_opts(SecondsFormat::Millis, true));
            let product = port.product.to_string();
            let branch = found.entry((product.clone(), r.name.clone())).or_insert_with(|| BranchOf {
                product,
                branch: r.name.clone(),
                run: summary.get("mesh.run-id").cloned(),
                outcome: None,
                message: None,
                at: at.clone(),
                kept_until: r.kept_until.clone(),
                over: r.is_over(now),
                acceptable: false,
                ports: vec![],
            });
            branch.at = branch.at.clone().max(at);
            let rows = summary.get("total-records").and_then(|v| v.parse().ok());
            branch.ports.push(BranchPort { port: port.to_string(), snapshot_id: r.snapshot_id, rows });
        }
    }
    let mut out: Vec<BranchOf> = found.into_values().collect();
    for branch in &mut out {
        let Some(run) = &branch.run else { continue };
        // a run of a mesh that was restored from its tables alone is not in the registry
        let Ok(record) = catalog.run(run).await else { continue };
        branch.outcome = Some(record.outcome.as_str());
        branch.message = record.message;
        if let (Some(held), Ok(product)) = (catalog.held_run(run).await?, branch.product.parse()) {
            let newest = catalog.newest_release(&product).await?.first().map_or(0, |r| r.number);
            branch.acceptable = newest == held.stands_on;
        }
    }
    out.sort_by(|a, b| b.at.cmp(&a.at));
    Ok(out)
}
