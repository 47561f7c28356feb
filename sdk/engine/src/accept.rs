//! Releasing a rejected run after all, on somebody's word: what failed, who let it pass and why stays on record.
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use meshwright_catalog::{
    Catalog, Decided, Decision, Error, Finish, Held, Kind, NewRelease, RunOutcome, TableChange, Waiver, same_rows,
};
use meshwright_spec::{Diagnostic, PortName, ProductName, Sources};
use serde::Serialize;

use crate::failure::{Failure, Findings, Result};
use crate::retry::{ATTEMPTS, pause};
use crate::run::quarantine::side_table;

/// A rejected run that was released.
#[derive(Debug, Clone, Serialize)]
pub struct AcceptReport {
    /// The run.
    pub run: String,
    /// `domain.product`
    pub product: String,
    /// The release it is.
    pub release: i64,
    /// Its ports.
    pub ports: Vec<String>,
    /// What was let pass.
    pub waivers: Vec<Waiver>,
}

/// What is kept of a release that checks have rejected.
pub(crate) fn held(whole: &NewRelease) -> Held {
    Held {
        stands_on: whole.stands_on.unwrap_or(0),
        ports: whole.ports.clone(),
        inputs: whole.inputs.clone(),
        lineage: whole.lineage.clone(),
        work_key: whole.finish.work_key.clone(),
    }
}

/// Releases a rejected run with a waiver for every check that did not hold.
///
/// # Errors
/// [`Failure::Usage`] when the run cannot be accepted, [`Failure::Missing`] when its branch is gone, `Conflict` when
/// the product has been released since.
pub async fn accept(catalog: &Catalog, run: &str, reason: &str, until: Option<&str>, by: &str) -> Result<AcceptReport> {
    let id = run.strip_prefix("run-").unwrap_or(run);
    if reason.trim().is_empty() {
        return Err(usage("M1010", "a waiver needs a reason".to_owned(), "say why in `--reason`: readers will see it"));
    }
    let until = until.map(end_of).transpose()?;
    let record = catalog.run(id).await?;
    if record.outcome != RunOutcome::Rejected {
        let help = match record.release {
            Some(n) => format!("it is release r{n} already"),
            None => "only what checks have rejected can be accepted; `mesh runs` shows how runs ended".to_owned(),
        };
        let message = format!("run `{id}` is not a rejected one, it is {}", record.outcome.as_str().replace('_', " "));
        return Err(usage("M1008", message, &help));
    }
    let own = format!("run-{id}");
    if let Some(branch) = record.branch.as_deref().filter(|b| *b != own) {
        let message = format!("run `{id}` was told to write to branch `{branch}` and to release nothing");
        return Err(usage("M1008", message, "run without `--branch`; a rejected run of that kind can be accepted"));
    }
    let gone = || {
        let message = format!("what run `{id}` wrote is no longer kept");
        let d = Diagnostic::error("M1009", message).help("run again; `mesh branches` shows the branches that are kept");
        Failure::Missing(Findings::one(d, &Sources::default()))
    };
    let held = catalog.held_run(id).await?.ok_or_else(gone)?;
    let product: ProductName = record
        .product
        .parse()
        .map_err(|_| Error::new(Kind::Unexpected, "a run of the registry has no product").with("run", id))?;
    let newest = catalog.newest_release(&product).await?.first().map_or(0, |r| r.number);
    if newest != held.stands_on {
        return Err(Error::new(Kind::Conflict, format!("`{product}` has been released since: r{newest}"))
            .with("run", id)
            .help("run again: the work is done, and checked, on the new state")
            .into());
    }
    let at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let waivers: Vec<Waiver> = catalog
        .check_results(id, None)
        .await?
        .into_iter()
        .filter(|c| matches!(c.outcome.as_str(), "failed" | "error"))
        .map(|c| Waiver {
            run: id.to_owned(),
            port: c.port,
            check: c.check,
            reason: reason.trim().to_owned(),
            by: by.to_owned(),
            at: at.clone(),
            until: until.clone(),
        })
        .collect();
    let ports: Vec<PortName> = held.ports.iter().filter_map(|p| p.port.parse().ok()).collect();
    let checks: Vec<&str> = waivers.iter().map(|w| w.check.as_str()).collect();
    let message = format!("accepted by {by} although {} did not hold: {}", checks.join(", "), reason.trim());
    let new = NewRelease {
        product: product.to_string(),
        run: id.to_owned(),
        ports: held.ports.clone(),
        checks: vec![],
        inputs: held.inputs.clone(),
        lineage: held.lineage.clone(),
        finish: Finish { message: Some(message), work_key: held.work_key.clone(), detail: record.detail.clone() },
        stands_on: Some(held.stands_on),
        decision: Some(Decision {
            what: Decided::Accept(waivers.clone()),
            reason: Some(reason.trim().to_owned()),
            by: by.to_owned(),
        }),
    };
    for attempt in 0.. {
        let mut staged = vec![];
        for (port, released) in ports.iter().zip(&held.ports) {
            let table = catalog.try_load(port).await?.ok_or_else(gone)?;
            let head = table.metadata().snapshot_for_ref(&own).map(|s| s.snapshot_id());
            // a port that the run did not write stays as it is
            let main = table.metadata().current_snapshot_id().map(|id| same_rows(table.metadata(), id));
            if head.is_none() && main == Some(released.snapshot_id) {
                continue;
            }
            if head != Some(released.snapshot_id) {
                return Err(gone());
            }
            staged.push(catalog.stage(TableChange::fast_forward(&table, &own, None)?).await?);
            // the rows that the run set aside come with those that it kept
            let side = catalog.try_load(&side_table(port)?).await?;
            if let Some(table) = side.filter(|table| table.metadata().snapshot_for_ref(&own).is_some()) {
                staged.push(catalog.stage(TableChange::fast_forward(&table, &own, None)?).await?);
            }
        }
        match catalog.release(staged, &new).await {
            Err(e)
                if e.kind() == Kind::Conflict && attempt < ATTEMPTS && still(catalog, id, &product, newest).await? =>
            {
                pause(attempt).await;
            }
            Err(e) => return Err(e.into()),
            Ok(release) => {
                let ports = held.ports.into_iter().map(|p| p.port).collect();
                return Ok(AcceptReport { run: id.to_owned(), product: product.to_string(), release, ports, waivers });
            }
        }
    }
    unreachable!("the loop ends by returning")
}

/// Whether a lost race was about a table's metadata only, so that trying again can help.
async fn still(catalog: &Catalog, run: &str, product: &ProductName, newest: i64) -> Result<bool> {
    let rejected = catalog.run(run).await?.outcome == RunOutcome::Rejected;
    Ok(rejected && catalog.newest_release(product).await?.first().map_or(0, |r| r.number) == newest)
}

/// A day means its end.
fn end_of(text: &str) -> Result<String> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|d| d.and_hms_milli_opt(23, 59, 59, 999));
    let time = DateTime::parse_from_rfc3339(text).ok().map(|t| t.with_timezone(&Utc));
    let Some(until) = time.or(day.map(|d| d.and_utc())) else {
        return Err(usage("M1010", format!("`--until {text}` is no date"), "write it as 2026-12-31"));
    };
    if until <= Utc::now() {
        return Err(usage("M1010", format!("`--until {text}` has passed"), "name the day by which it will be mended"));
    }
    Ok(until.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn usage(code: &'static str, message: String, help: &str) -> Failure {
    Failure::Usage(Findings::one(Diagnostic::error(code, message).help(help), &Sources::default()))
}
