//! What checks of kind `drift` and `anomaly` compare with: the port in an earlier state, and what was measured for the
//! releases before.
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use datafusion::prelude::{SessionContext, col};
use iceberg::table::Table;
use meshwright_catalog::{Catalog, ReleaseRecord};
use meshwright_check::{Earlier, Profile};
use meshwright_spec::{Check, CheckKind, Contract, PortName};
use serde_json::Value;

use super::deferred::{failure_text, quoted};
use crate::failure::Result;
use crate::profile::of_frame;
use crate::scan::IcebergTable;
use crate::session::session;
use crate::when::{When, state_at};

/// A state by its name, and the rows of it that are meant.
type Asked = (Option<String>, Option<String>);

/// The answers.
#[derive(Default)]
pub(super) struct Before {
    states: HashMap<Asked, std::result::Result<Option<Arc<Earlier>>, String>>,
    /// By the check's id, the oldest first.
    histories: HashMap<String, Vec<f64>>,
}

impl Before {
    pub(super) fn earlier(&self, check: &Check) -> std::result::Result<Option<Arc<Earlier>>, String> {
        asked(check).and_then(|asked| self.states.get(&asked).cloned()).unwrap_or(Ok(None))
    }

    pub(super) fn history(&self, check: &Check) -> Vec<f64> {
        self.histories.get(&check.id).cloned().unwrap_or_default()
    }
}

fn asked(check: &Check) -> Option<Asked> {
    match &check.kind {
        CheckKind::Drift { baseline, .. } => Some((baseline.clone(), check.filter.clone())),
        _ => None,
    }
}

/// Reads what the contract's checks compare with. `judged` is the snapshot that is being checked: where it is a release
/// already, the one before it is meant.
pub(super) async fn before(
    catalog: Option<&Catalog>,
    contract: &Contract,
    port: &PortName,
    judged: Option<i64>,
) -> Before {
    let wanted = |check: &&Check| matches!(check.kind, CheckKind::Drift { .. } | CheckKind::Anomaly { .. });
    let wanted: Vec<&Check> = contract.checks.iter().filter(wanted).collect();
    let mut found = Before::default();
    let (Some(catalog), false) = (catalog, wanted.is_empty()) else { return found };
    let past = match Past::open(catalog, port, judged).await {
        Ok(past) => past,
        Err(failure) => {
            let why = failure_text(&failure);
            found.states = wanted.iter().filter_map(|c| asked(c)).map(|asked| (asked, Err(why.clone()))).collect();
            return found;
        }
    };
    for check in &wanted {
        if let Some(asked) = asked(check)
            && let Entry::Vacant(place) = found.states.entry(asked.clone())
        {
            let of = |other: &&Check| self::asked(other).as_ref() == Some(&asked);
            let columns: Vec<&str> = contract.checks.iter().filter(of).flat_map(|c| c.kind.columns()).collect();
            let state = past.state(contract, &asked, &columns).await.map_err(|failure| failure_text(&failure));
            place.insert(state.map(|state| state.map(Arc::new)));
        }
    }
    // numbers that cannot be looked up are no history, and without one nothing is said
    found.histories = past.histories(catalog, contract, port).await.unwrap_or_default();
    found
}

/// The port as it was released.
struct Past {
    table: Option<Table>,
    /// All, for looking names up.
    all: Vec<ReleaseRecord>,
    /// Those that were not taken back, without the judged one, newest first.
    releases: Vec<ReleaseRecord>,
    port: PortName,
}

impl Past {
    async fn open(catalog: &Catalog, port: &PortName, judged: Option<i64>) -> Result<Self> {
        let (table, all) = catalog.load_states(std::slice::from_ref(port), true).await?.pop().unwrap_or((None, vec![]));
        let stands = |r: &&ReleaseRecord| r.withdrawn_by.is_none() && Some(r.port.snapshot_id) != judged;
        let releases = all.iter().filter(stands).cloned().collect();
        Ok(Self { table, all, releases, port: port.clone() })
    }

    /// What the columns were like; none before the first release.
    async fn state(&self, contract: &Contract, asked: &Asked, columns: &[&str]) -> Result<Option<Earlier>> {
        let (Some(table), Some(newest)) = (&self.table, self.releases.first()) else { return Ok(None) };
        let (baseline, filter) = asked;
        let name = baseline.clone().unwrap_or_else(|| format!("r{}", newest.number));
        let state = state_at(&self.port, table, &self.all, &When::parse(&name))?;
        // under the names of now, but only those that there were then
        let now = table.current_schema_ref();
        let kept = |name: &&str| now.field_by_name(name).is_some_and(|f| state.schema.field_by_id(f.id).is_some());
        let mut columns: Vec<&str> = columns.iter().copied().filter(kept).collect();
        columns.sort_unstable();
        columns.dedup();
        if columns.is_empty() {
            return Ok(Some(Earlier { name, profile: Profile { rows: 1, columns: vec![] } }));
        }
        let ctx: SessionContext = session()?;
        let provider = IcebergTable::at(table.clone(), Some(state.snapshot), now)?;
        ctx.register_table("port", Arc::new(provider))?;
        let frame = match filter {
            Some(filter) => ctx.sql(&format!("select * from port where ({filter}) is true")).await?,
            None => ctx.table("port").await?,
        };
        let frame = frame.select(columns.iter().map(|column| col(quoted(column))).collect::<Vec<_>>())?;
        let is_secret = |tag: &String| tag.eq_ignore_ascii_case("pii") || tag.eq_ignore_ascii_case("sensitive");
        let secret = contract.columns.iter().filter(|c| c.tags.iter().any(is_secret)).map(|c| c.name.clone());
        let profile = of_frame(frame, secret.collect()).await?;
        Ok(Some(Earlier { name, profile }))
    }

    /// What checks of kind `anomaly` measured, release by release.
    async fn histories(
        &self,
        catalog: &Catalog,
        contract: &Contract,
        port: &PortName,
    ) -> Result<HashMap<String, Vec<f64>>> {
        let windows = contract.checks.iter().filter_map(|check| match &check.kind {
            CheckKind::Anomaly { window, .. } => Some((check, usize::try_from(*window).unwrap_or(usize::MAX))),
            _ => None,
        });
        let windows: Vec<(&Check, usize)> = windows.collect();
        let longest = windows.iter().map(|(_, window)| *window).max().unwrap_or(0);
        let mut found: HashMap<String, Vec<f64>> = HashMap::new();
        for (at, release) in self.releases.iter().take(longest).enumerate() {
            let results = catalog.check_results(&release.run, Some(port)).await?;
            for (check, _) in windows.iter().filter(|(_, window)| at < *window) {
                let own = results.iter().find(|record| record.check == check.id && record.result["kind"] == "anomaly");
                let own = own.and_then(|record| record.result["measured"]["value"].as_f64());
                let rows = release.port.rows as f64;
                let other = || twin(contract, check).and_then(|twin| number(&results, twin));
                let value = match &check.kind {
                    CheckKind::Anomaly { metric, .. } if metric == "row_count" && check.filter.is_none() => Some(rows),
                    _ => own.or_else(other),
                };
                found.entry(check.id.clone()).or_default().extend(value);
            }
        }
        found.values_mut().for_each(|values| values.reverse());
        Ok(found)
    }
}

/// A check that measures the same, so that its past counts for an anomaly check that is new.
fn twin<'a>(contract: &'a Contract, check: &Check) -> Option<&'a Check> {
    let CheckKind::Anomaly { metric, column: Some(column), .. } = &check.kind else { return None };
    contract.checks.iter().find(|other| {
        let same = matches!(&other.kind, CheckKind::Aggregate { column: c, function, .. } if c == column && function == metric);
        same && other.filter == check.filter
    })
}

fn number(results: &[meshwright_catalog::CheckRecord], check: &Check) -> Option<f64> {
    let record = results.iter().find(|record| record.check == check.id && record.result["kind"] == "aggregate")?;
    record.result.get("measured").and_then(Value::as_f64)
}
