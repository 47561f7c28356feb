//! All checks of a port, evaluated on the run's branch in one pass over its files.
mod before;
mod deferred;
mod facts;
mod files;
mod known;
mod order;
mod pass;
mod predicate;
mod rows;
mod states;

use std::sync::Arc;

use iceberg::table::Table;
use meshwright_catalog::{Catalog, CheckRecord, Error, Kind};
use meshwright_spec::{Check, CheckKind, Contract, Dimension, FixOwner, OnViolation, PortName, Severity, Tolerance};

use crate::columns::relaxed;
use crate::failure::Result;
use crate::program::Program;
use crate::report::PortReport;
use crate::scan::{IcebergTable, files as files_of};
use crate::session::session;
pub(crate) use deferred::measure;
pub(crate) use facts::{facts_by_name, is_kept};
pub(crate) use files::{Opened, Place, places};
pub(crate) use known::{KnownValues, known_values};
use pass::{Data, one_pass};
pub(crate) use predicate::Compiler;
pub(crate) use rows::{Bad, split_rows};
use states::States;

/// Failing rows that are shown, per check.
pub(crate) const EVIDENCE: usize = 5;

/// A port's checks, answered.
pub(crate) struct CheckedPort {
    pub(crate) report: PortReport,
    /// Paths of the data files by their number in the results.
    pub(crate) files: Vec<String>,
}

impl CheckedPort {
    /// As the registry keeps them.
    pub(crate) fn records(&self) -> impl Iterator<Item = CheckRecord> + '_ {
        self.report.report.results.iter().map(|r| CheckRecord {
            port: self.report.port.clone(),
            check: r.id.clone(),
            outcome: word(serde_json::to_value(r.outcome)),
            severity: word(serde_json::to_value(r).map(|v| v["severity"].clone())),
            result: serde_json::to_value(r).unwrap_or_default(),
        })
    }
}

fn word(value: serde_json::Result<serde_json::Value>) -> String {
    value.ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Checks one snapshot of a port against its contract.
pub(crate) async fn check_port(
    catalog: &Catalog,
    table: &Table,
    snapshot_id: i64,
    port: &PortName,
    contract: &Contract,
    program: Option<&Program>,
) -> Result<CheckedPort> {
    let snapshot = table.metadata().snapshot_by_id(snapshot_id).cloned();
    let snapshot =
        snapshot.ok_or_else(|| Error::new(Kind::NotFound, format!("`{port}` has no snapshot {snapshot_id}")))?;
    let live = files_of(table, &snapshot).await?;
    let columns = snapshot.schema(table.metadata())?;
    let ids = places(table, &columns)?;
    let files: Vec<String> = live.iter().map(|f| f.path.clone()).collect();
    let whole_contract = with_program_checks(contract, port, program);
    let known = known_values(Some(catalog), &whole_contract, port, Some((table, snapshot_id))).await;
    let previous_rows = catalog.releases(port).await?.first().and_then(|r| u64::try_from(r.port.rows).ok());
    // what is promised to be never null may be null still: that is for the checks to say
    let columns = Arc::new(relaxed(&columns)?);
    let provider = Arc::new(IcebergTable::at(table.clone(), Some(snapshot), columns)?);
    let ctx = session()?;
    let far = |path: &str| path.contains("://") && !path.starts_with("file://");
    let (suite, mut report) = if live.iter().any(|f| f.has_deletes || far(&f.path)) {
        rows::as_read(&whole_contract, &Compiler { ctx: &ctx, known: &known }, &ids, previous_rows, &provider).await?
    } else {
        // a trial's files are gone at once, and nothing of them is to be left in the mesh
        let kept = table.metadata().location().starts_with(&catalog.home().warehouse);
        let states = || States::of_table(&catalog.check_states(), &table.metadata().uuid().to_string());
        let states = kept.then(states);
        let work = tokio::task::spawn_blocking(move || {
            let (contract, files, ids) = (&whole_contract, &live[..], &ids[..]);
            let data = Data { contract, files, ids, previous_rows, states };
            one_pass(&data, &Compiler { ctx: &ctx, known: &known })
        });
        work.await.map_err(|e| Error::new(Kind::Unexpected, "checking stopped").because(e))??
    };
    for deferred in suite.deferred() {
        let measured = measure(provider.clone(), contract, deferred, program).await;
        report.supply(&deferred.id, measured);
    }
    Ok(CheckedPort {
        report: PortReport {
            port: port.to_string(),
            contract_version: contract.version.to_string(),
            quarantine: None,
            report,
        },
        files,
    })
}

/// The contract's checks and those that the product's program makes of this port, whether a line asks for them or not.
fn with_program_checks(contract: &Contract, port: &PortName, program: Option<&Program>) -> Contract {
    let mut contract = contract.clone();
    let own = program.map(Program::checks).unwrap_or_default();
    for (name, _) in own.into_iter().filter(|(_, of)| of == port.port.as_str()) {
        let asked = contract.checks.iter().any(|c| matches!(&c.kind, CheckKind::Program { name: n } if *n == name));
        if !asked {
            contract.checks.push(Check {
                id: name.clone(),
                kind: CheckKind::Program { name },
                filter: None,
                tolerance: Tolerance::Rows(0),
                severity: Severity::Error,
                on_violation: OnViolation::Block,
                dimension: Dimension::Accuracy,
                owner: FixOwner::Internal,
                description: Some("made by the product's program".to_owned()),
                span: contract.version_span.clone(),
            });
        }
    }
    contract
}
