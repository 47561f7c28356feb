//! Going back: a product's ports are again what an older release was. Only names of snapshots move; no data file is
//! written, and what is taken back stays readable under its own release number.
mod side;

use chrono::{DateTime, Utc};
use meshwright_catalog::{
    Catalog, Decided, Decision, Error, Finish, Kind, NewRelease, ReleaseRecord, RunOutcome, TableChange, same_rows,
};
use meshwright_spec::{Contract, Diagnostic, PortName, ProductName, Sources};
use serde::Serialize;
use serde_json::json;

use crate::failure::{Failure, Findings, Result};
use crate::retry::{ATTEMPTS, pause};
use crate::target::{Target, unknown};
use crate::when::{When, kept};

/// What `mesh rollback` is told.
#[derive(Debug, Clone, Default)]
pub struct RollbackOptions {
    /// The state to go back to; it must have been released.
    pub to: String,
    /// Why.
    pub reason: Option<String>,
    /// Who wants it.
    pub by: String,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Go back although products that read the ports cannot read what they were.
    pub break_consumers: bool,
}

/// What a rollback did, or would do.
#[derive(Debug, Clone, Serialize)]
pub struct RollbackReport {
    /// `domain.product`
    pub product: String,
    /// Nothing was done.
    pub dry_run: bool,
    /// The release that was newest.
    pub from: i64,
    /// The release whose state the ports have again.
    pub to: i64,
    /// The release it made; none: nothing was done.
    pub release: Option<i64>,
    /// Releases that are taken back.
    pub withdrawn: Vec<i64>,
    /// Every port of the product.
    pub ports: Vec<RolledPort>,
    /// Inputs of other products that cannot read the state gone back to.
    pub broken: Vec<BrokenInput>,
}

/// A port that goes back.
#[derive(Debug, Clone, Serialize)]
pub struct RolledPort {
    /// `domain.product.port`
    pub port: String,
    /// What readers saw.
    pub from_snapshot: Option<i64>,
    /// What they see from here on.
    pub to_snapshot: i64,
    /// Rows they saw.
    pub rows_before: Option<i64>,
    /// Rows they see from here on.
    pub rows_after: i64,
    /// The contract version that held.
    pub contract_from: String,
    /// The contract version that holds from here on.
    pub contract_to: String,
}

/// An input that a rollback would break.
#[derive(Debug, Clone, Serialize)]
pub struct BrokenInput {
    /// The product that reads.
    pub product: String,
    /// Its name for the input.
    pub input: String,
    /// The port.
    pub port: String,
    /// What it needs and would not have.
    pub needs: String,
}

/// Takes a product back to an older release, all ports together, as a new release.
///
/// # Errors
/// [`Failure::Breaking`] when a port or a reading product would be left without what it was promised, `Conflict` when
/// somebody else releases meanwhile.
pub async fn roll_back(
    catalog: &Catalog,
    target: &Target,
    options: &RollbackOptions,
) -> Result<Option<RollbackReport>> {
    let product = target.product();
    if let Target::Port(port) = target {
        crate::describe::known(catalog, port).await?;
    }
    for attempt in 0.. {
        let releases = catalog.product_releases(product).await?;
        let Some(newest) = releases.first().map(|r| r.number) else {
            if catalog.product(product).await?.is_none() {
                return Err(unknown(catalog, product).await?);
            }
            return Err(missing(
                "M1002",
                format!("`{product}` has no release yet"),
                "its owner makes one with `mesh run`",
            ));
        };
        let to = resolve(catalog, target, &releases, &options.to).await?;
        let of = |n: i64| releases.iter().filter(|r| r.number == n).collect::<Vec<_>>();
        let (now, then) = (of(newest), of(to));
        all_ports_were_there(product, &now, &then)?;
        let (report, changes) = plan(catalog, product, &now, &then, options).await?;
        let same_contracts = report.ports.iter().all(|p| p.contract_from == p.contract_to);
        if changes.is_empty() && same_contracts {
            return Ok(None);
        }
        if !report.broken.is_empty() && !options.break_consumers {
            return Err(breaking(&report));
        }
        if options.dry_run {
            return Ok(Some(report));
        }
        match release(catalog, product, &then, report, changes, options).await {
            // another run's branch moved a table's metadata: nothing that was decided here has changed by that
            Err(Failure::Operation(e))
                if e.kind() == Kind::Conflict
                    && attempt < ATTEMPTS
                    && catalog.newest_release(product).await?.first().map(|r| r.number) == Some(newest) =>
            {
                pause(attempt).await;
            }
            other => return other.map(Some),
        }
    }
    unreachable!("the loop ends by returning")
}

/// The release that a word names: only what was released can be gone back to.
async fn resolve(catalog: &Catalog, target: &Target, releases: &[ReleaseRecord], text: &str) -> Result<i64> {
    let tables = target.tables(catalog).await?;
    let with_rows = |id: i64| releases.iter().find(|r| r.port.snapshot_id == id).map(|r| r.number);
    let newest_with = |id: i64| {
        let same =
            tables.iter().filter_map(|(_, t)| t.metadata().snapshot_by_id(id).map(|_| same_rows(t.metadata(), id)));
        with_rows(id).or_else(|| same.filter_map(with_rows).max())
    };
    let product = target.product();
    let found = match When::parse(text) {
        When::Release(n) => releases.iter().find(|r| r.number == n).map(|r| r.number),
        When::Snapshot(id) => newest_with(id),
        When::Time(at) => releases.iter().find(|r| released(r).is_some_and(|t| t <= at)).map(|r| r.number),
        When::Ref(name) => {
            let named: Vec<i64> = tables
                .iter()
                .filter_map(|(_, t)| t.metadata().snapshot_for_ref(&name))
                .map(|s| s.snapshot_id())
                .collect();
            if !named.is_empty() && named.iter().all(|id| newest_with(*id).is_none()) {
                let message = format!("`{name}` names a state of `{product}` that was never released");
                return Err(missing("M1002", message, "`mesh accept RUN` releases a rejected run"));
            }
            named.into_iter().filter_map(newest_with).max()
        }
    };
    found.ok_or_else(|| {
        let help = format!("`mesh history {}.PORT` shows the releases", product);
        missing("M1002", format!("`{product}` has no release `{text}`"), &help)
    })
}

fn released(r: &ReleaseRecord) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(&r.released_at).ok().map(|t| t.with_timezone(&Utc))
}

/// A port that came after the release has no state to go back to.
fn all_ports_were_there(product: &ProductName, now: &[&ReleaseRecord], then: &[&ReleaseRecord]) -> Result<()> {
    let new: Vec<&str> =
        now.iter().map(|r| r.port.port.as_str()).filter(|port| then.iter().all(|t| t.port.port != *port)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let to = then.first().map_or(0, |r| r.number);
    let message =
        format!("`{product}` cannot go back to r{to}: {} came later and would be left without rows", list(&new));
    let d = Diagnostic::error("M1007", message).help("go back to a release that has all ports of the product");
    Err(Failure::Breaking(Findings::one(d, &Sources::default())))
}

async fn plan(
    catalog: &Catalog,
    product: &ProductName,
    now: &[&ReleaseRecord],
    then: &[&ReleaseRecord],
    options: &RollbackOptions,
) -> Result<(RollbackReport, Vec<TableChange>)> {
    let names: Vec<PortName> = then.iter().filter_map(|r| r.port.port.parse().ok()).collect();
    let tables = catalog.try_load_all(&names).await?;
    let (mut ports, mut changes, mut broken) = (vec![], vec![], vec![]);
    for ((record, name), table) in then.iter().zip(&names).zip(tables) {
        let table =
            table.ok_or_else(|| Error::new(Kind::NotFound, format!("port `{name}` has no table in this mesh")))?;
        let Some(state) = kept(&table, record.port.snapshot_id) else {
            let message = format!("release r{} of `{name}` has expired: its snapshot is no longer kept", record.number);
            return Err(missing("M1003", message, "go back to a newer release; `mesh tag` keeps states for longer"));
        };
        let id = state.snapshot_id();
        let current = table.metadata().current_snapshot();
        let before = now.iter().find(|r| r.port.port == record.port.port);
        let contract_from = before.map_or(&record.port, |r| &r.port);
        if contract_from.contract_checksum != record.port.contract_checksum {
            broken.extend(
                broken_by(catalog, name, &record.port.contract_checksum, &contract_from.contract_version).await?,
            );
        }
        ports.push(RolledPort {
            port: name.to_string(),
            from_snapshot: current.map(|s| s.snapshot_id()),
            to_snapshot: id,
            rows_before: current.and_then(|s| s.summary().additional_properties.get("total-records")?.parse().ok()),
            rows_after: record.port.rows,
            contract_from: contract_from.contract_version.clone(),
            contract_to: record.port.contract_version.clone(),
        });
        // the same rows in other files are left as they are
        let rows = |id: i64| same_rows(table.metadata(), id);
        if current.map(|s| rows(s.snapshot_id())) != Some(rows(id)) {
            changes.push(TableChange::roll_to(&table, id)?);
        }
        if let Some(at) = released(record).filter(|_| !options.dry_run) {
            changes.extend(side::back(catalog, name, at).await?);
        }
    }
    let (from, to) = (now.first().map_or(0, |r| r.number), then.first().map_or(0, |r| r.number));
    let report = RollbackReport {
        product: product.to_string(),
        dry_run: options.dry_run,
        from,
        to,
        release: None,
        withdrawn: (to + 1..=from).collect(),
        ports,
        broken,
    };
    Ok((report, changes))
}

/// Inputs of published products that the newer promise serves and the older one does not.
async fn broken_by(catalog: &Catalog, port: &PortName, checksum: &str, newer: &str) -> Result<Vec<BrokenInput>> {
    let Some(contract) = catalog.contract(port, checksum).await? else { return Ok(vec![]) };
    let contract: Contract = contract.parse()?;
    let mut out = vec![];
    for need in catalog.needs(port).await? {
        let serves = |version: &str| {
            let wanted = semver::VersionReq::parse(&need.version);
            wanted.ok().zip(version.parse().ok()).is_some_and(|(wanted, version)| wanted.matches(&version))
        };
        let lacking: Vec<&str> = need
            .columns
            .iter()
            .filter(|c| contract.columns.iter().all(|p| p.name != **c))
            .map(String::as_str)
            .collect();
        let needs = if serves(newer) && !serves(&contract.version.to_string()) {
            format!("version {}", need.version)
        } else if serves(newer) && !lacking.is_empty() {
            format!("columns {}", list(&lacking))
        } else {
            continue;
        };
        out.push(BrokenInput {
            product: need.product.clone(),
            input: need.input.clone(),
            port: port.to_string(),
            needs,
        });
    }
    Ok(out)
}

fn breaking(report: &RollbackReport) -> Failure {
    let message = format!("going back to r{} takes from reading products what they need", report.to);
    let mut d = Diagnostic::error("M1007", message);
    for b in &report.broken {
        d = d.help(format!("`{}` needs {} of `{}`, by its input `{}`", b.product, b.needs, b.port, b.input));
    }
    let d =
        d.help("go back to a release that keeps the promise, or say `--break-consumers`; their next runs then fail");
    Failure::Breaking(Findings::one(d, &Sources::default()))
}

async fn release(
    catalog: &Catalog,
    product: &ProductName,
    then: &[&ReleaseRecord],
    mut report: RollbackReport,
    changes: Vec<TableChange>,
    options: &RollbackOptions,
) -> Result<RollbackReport> {
    let run = uuid::Uuid::now_v7().simple().to_string();
    let guard = catalog.start_run(&run, product, "main", None).await?;
    let ended = async {
        let mut lineage = vec![];
        for port in then.iter().filter_map(|r| r.port.port.parse::<PortName>().ok()) {
            lineage.extend(catalog.lineage_of(&port).await?);
        }
        let why = options.reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
        let new = NewRelease {
            product: product.to_string(),
            run: run.clone(),
            ports: then.iter().map(|r| r.port.clone()).collect(),
            checks: vec![],
            inputs: vec![],
            lineage,
            finish: Finish {
                message: Some(format!("rolled back from r{} to r{} by {}{why}", report.from, report.to, options.by)),
                // the same work as then: what is there already need not be made again
                work_key: work_key_of(catalog, then).await?,
                detail: json!({ "rollback": { "from": report.from, "to": report.to } }),
            },
            stands_on: Some(report.from),
            decision: Some(Decision {
                what: Decided::Rollback(report.to),
                reason: options.reason.clone(),
                by: options.by.clone(),
            }),
        };
        let mut staged = vec![];
        for change in changes {
            staged.push(catalog.stage(change).await?);
        }
        Ok::<i64, Failure>(catalog.release(staged, &new).await?)
    }
    .await;
    if let Err(failure) = &ended {
        let message = match failure {
            Failure::Operation(e) => e.to_string(),
            _ => "the rollback failed".to_owned(),
        };
        let finish = Finish { message: Some(message), detail: json!({}), ..Finish::default() };
        if let Err(e) = catalog.finish_run(&run, RunOutcome::Failed, &[], &finish).await {
            tracing::warn!(error = %e, "the failed rollback could not be recorded as such");
        }
    }
    drop(guard);
    report.release = Some(ended?);
    Ok(report)
}

async fn work_key_of(catalog: &Catalog, then: &[&ReleaseRecord]) -> Result<Option<String>> {
    match then.first() {
        Some(release) => Ok(catalog.run(&release.run).await?.work_key),
        None => Ok(None),
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

fn missing(code: &'static str, message: String, help: &str) -> Failure {
    Failure::Missing(Findings::one(Diagnostic::error(code, message).help(help), &Sources::default()))
}
