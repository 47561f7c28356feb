//! Deleting rows of a port: a release of its own, through the same gate as a run's.
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use iceberg::spec::Operation;
use meshwright_catalog::{
    Catalog, Change, Error, Finish, Kind, NewRelease, ReleaseRecord, ReleasedPort, RunOutcome, TableChange,
};
use meshwright_spec::{Contract, Diagnostic, PortName, Sources, nearest};
use serde::Serialize;
use serde_json::json;

use crate::accept::held;
use crate::checks::{CheckedPort, check_port};
use crate::evolve::layout_of;
use crate::failure::{Failure, Findings, Rejection, Result};
use crate::modes::{Condition, Replaced, measure, rewrite};
use crate::program::Program;
use crate::project::Project;
use crate::scan::{FilePart, IcebergTable};
use crate::session::session;
use crate::write::{Target, discard};
use datafusion::catalog::TableProvider;

/// How long a rejected branch can be queried, in milliseconds: seven days.
const BRANCH_AGE: i64 = 7 * 24 * 3600 * 1000;

/// What `mesh delete` did, or would do.
#[derive(Debug, Clone, Serialize)]
pub struct DeleteReport {
    /// `domain.product.port`
    pub port: String,
    /// Rows for which the condition is true.
    pub rows: u64,
    /// Data files of the port.
    pub files: usize,
    /// Those that hold rows which leave and rows which stay: they are written again.
    pub files_rewritten: usize,
    /// Those of which nothing stays.
    pub files_dropped: usize,
    /// Nothing was written.
    pub dry_run: bool,
    /// The release it made.
    pub release: Option<i64>,
    /// The run it is recorded as.
    pub run: Option<String>,
    /// Milliseconds.
    pub elapsed_ms: u64,
}

/// Deletes the rows of a port for which `condition` is true, in one release.
///
/// Only files that hold such rows are written again. The port's contract must hold for what stays, or nothing happens.
/// Checks that the product's program makes need the product's files, `project`: without them those that the contract
/// names fail.
///
/// # Errors
/// [`Failure::Usage`] for a condition that decides nothing, [`Failure::Missing`] for a port without a release,
/// [`Failure::Rejected`] when what would stay breaks the contract.
pub async fn delete(
    catalog: &Catalog,
    port: &PortName,
    condition: &str,
    project: Option<&Project>,
    dry_run: bool,
) -> Result<DeleteReport> {
    let started = Instant::now();
    let released = catalog.newest_release(&port.product).await?;
    let Some(record) = released.iter().find(|r| r.port.port == port.to_string()) else {
        return Err(nothing_there(catalog, port).await?);
    };
    let table = catalog.load(port).await?;
    let Some(head) = table.metadata().current_snapshot().cloned() else {
        return Err(nothing_there(catalog, port).await?);
    };
    let contract = match catalog.contract(port, &record.port.contract_checksum).await? {
        Some(contract) => contract.parse()?,
        None => {
            return Err(Error::new(Kind::NotFound, format!("the contract of `{port}` is not in the registry")).into());
        }
    };
    let ctx = session()?;
    let old = IcebergTable::at(table.clone(), Some(head.clone()), table.current_schema_ref())?;
    let condition_of = Arc::new(Condition::parse(&ctx, condition, &old.schema())?);
    let (files, candidates) = (old.parts(None).await?.len(), old.parts(Some(condition_of.physical())).await?);
    let counts = measure(&old, candidates.clone(), condition_of.clone()).await?;
    let dropped = |(part, rows): &&(FilePart, u64)| part.left() == Some(*rows);
    let files_dropped = counts.iter().filter(dropped).count();
    let mut report = DeleteReport {
        port: port.to_string(),
        rows: counts.iter().map(|(_, rows)| rows).sum(),
        files,
        files_rewritten: counts.len() - files_dropped,
        files_dropped,
        dry_run,
        release: None,
        run: None,
        elapsed_ms: 0,
    };
    if !dry_run && report.rows > 0 {
        let program = match project {
            Some(project) => Program::start(project).await?,
            None => None,
        };
        catalog.reap_runs().await?;
        let id = uuid::Uuid::now_v7().simple().to_string();
        let guard = catalog.start_run(&id, &port.product, &format!("run-{id}"), None).await?;
        let (contract, program) = (&contract, program.as_ref());
        let work = Work { catalog, port, condition, contract, program, id: &id, released: &released };
        let spec = table.metadata().default_partition_spec().clone();
        let schema = table.current_schema_ref();
        let target = Target { schema, spec, files: layout_of(&table), run: id.clone(), table };
        let outcome = work.go(&old, candidates, condition_of, &target, head.snapshot_id()).await;
        if let Err(failure) = &outcome
            && !matches!(failure, Failure::Rejected(_))
        {
            let message = match failure {
                Failure::Operation(e) => e.to_string(),
                _ => "the rows could not be deleted".to_owned(),
            };
            let finish = Finish { message: Some(message), detail: json!({}), ..Default::default() };
            catalog.finish_run(&id, RunOutcome::Failed, &[], &finish).await?;
        }
        drop(guard);
        report.release = Some(outcome?);
        report.run = Some(id);
    }
    report.elapsed_ms = started.elapsed().as_millis() as u64;
    Ok(report)
}

/// One delete that does something.
struct Work<'a> {
    catalog: &'a Catalog,
    port: &'a PortName,
    condition: &'a str,
    contract: &'a Contract,
    program: Option<&'a Program>,
    id: &'a str,
    /// The product's newest release, port by port.
    released: &'a [ReleaseRecord],
}

impl Work<'_> {
    async fn go(
        &self,
        old: &IcebergTable,
        candidates: Vec<FilePart>,
        condition: Arc<Condition>,
        target: &Target,
        main: i64,
    ) -> Result<i64> {
        let branch = format!("run-{}", self.id);
        let replaced = rewrite(old, candidates, condition, target, &self.contract.sort).await?;
        let decide = async |table: &iceberg::table::Table| {
            if table.metadata().current_snapshot_id() != Some(main) {
                return Err(Error::new(Kind::Invalid, format!("somebody else wrote to `{}` first", self.port)));
            }
            Ok(self.change(&replaced, &branch))
        };
        let applied = match self.catalog.apply(self.port, decide).await {
            Ok(applied) => applied,
            Err(e) => {
                discard(&target.table, &replaced.kept).await;
                let lost = e.kind() == Kind::Invalid;
                return Err(if lost { overtaken(self.port) } else { e }.into());
            }
        };
        let snapshot = applied.snapshot_id;
        let checked =
            check_port(self.catalog, &applied.table, snapshot, self.port, self.contract, self.program).await?;
        let detail = json!({ "deleted": { "port": self.port, "where": self.condition, "rows": replaced.rows } });
        let total = applied
            .table
            .metadata()
            .snapshot_by_id(snapshot)
            .and_then(|s| s.summary().additional_properties.get("total-records").and_then(|n| n.parse().ok()));
        let mut new = self.record(snapshot, total.unwrap_or_default()).await?;
        new.checks = checked.records().collect();
        // the same inputs as before: a run with them has nothing to do, and does not bring the rows back
        let work_key = self.catalog.released_work_key(&self.port.product).await?;
        if checked.report.report.rejects() {
            new.finish.work_key = work_key;
            return Err(self.reject(checked, branch, detail, new).await?);
        }
        let message = Some(format!("deleted {} rows of `{}` where {}", replaced.rows, self.port, self.condition));
        new.finish = Finish { message, work_key, detail };
        let table = self.catalog.load(self.port).await?;
        let staged = self.catalog.stage(TableChange::fast_forward(&table, &branch, None)?).await?;
        Ok(self.catalog.release(vec![staged], &new).await?)
    }

    fn change(&self, replaced: &Replaced, branch: &str) -> Change {
        let mut change = Change::append(replaced.kept.clone());
        change.operation = if replaced.kept.is_empty() { Operation::Delete } else { Operation::Overwrite };
        change.branch = branch.to_owned();
        change.branch_max_age_ms = Some(BRANCH_AGE);
        change.removed.clone_from(&replaced.removed);
        change.properties = HashMap::from([
            ("mesh.run-id".to_owned(), self.id.to_owned()),
            ("mesh.deleted-where".to_owned(), self.condition.to_owned()),
            ("mesh.contract-id".to_owned(), self.port.to_string()),
            ("mesh.contract-version".to_owned(), self.contract.version.to_string()),
            ("mesh.contract-checksum".to_owned(), self.contract.checksum.clone()),
            ("mesh.sdk".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ]);
        change
    }

    /// The product's newest release once more, with another state of this port.
    async fn record(&self, snapshot_id: i64, rows: i64) -> Result<NewRelease> {
        let (mut ports, mut lineage) = (vec![], vec![]);
        for record in self.released {
            let port = record.port.clone();
            let name: PortName = port.port.parse().map_err(|_| {
                Error::new(Kind::Unexpected, "a released port has a name that is none").with("port", &port.port)
            })?;
            lineage.extend(self.catalog.lineage_of(&name).await?);
            ports.push(if name == *self.port { ReleasedPort { snapshot_id, rows, ..port } } else { port });
        }
        let inputs = match self.released.first() {
            Some(record) => self.catalog.run_inputs(&record.run).await?,
            None => vec![],
        };
        let (product, run) = (self.port.product.to_string(), self.id.to_owned());
        let stands_on = Some(self.released.first().map_or(0, |r| r.number));
        Ok(NewRelease { product, run, ports, inputs, lineage, stands_on, ..Default::default() })
    }

    async fn reject(
        &self,
        checked: CheckedPort,
        branch: String,
        detail: serde_json::Value,
        whole: NewRelease,
    ) -> Result<Failure> {
        self.catalog.hold_run(self.id, &self.port.product, &held(&whole)).await?;
        let message = Some(format!("what stays of `{}` breaks its contract", self.port));
        let finish = Finish { message, work_key: None, detail };
        let records: Vec<_> = checked.records().collect();
        self.catalog.finish_run(self.id, RunOutcome::Rejected, &records, &finish).await?;
        let mut sources = Sources::default();
        sources.add(format!("{}@{}", self.port, self.contract.version), self.contract.text.clone());
        let rejection = Rejection { run: self.id.to_owned(), branch, ports: vec![checked.report], sources };
        Ok(Failure::Rejected(Box::new(rejection)))
    }
}

async fn nothing_there(catalog: &Catalog, port: &PortName) -> Result<Failure> {
    let known: Vec<String> = catalog.tables().await?.iter().map(ToString::to_string).collect();
    let name = port.to_string();
    let near = nearest(&name, known.iter().map(String::as_str).filter(|k| *k != name));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`mesh list` shows the ports of this mesh; `mesh run` makes a release".to_owned(),
    };
    let d = Diagnostic::error("M1205", format!("port `{port}` has no release to delete from")).help(help);
    Ok(Failure::Missing(Findings::one(d, &Sources::default())))
}

fn overtaken(port: &PortName) -> Error {
    Error::new(Kind::Conflict, format!("somebody else wrote to `{port}` first"))
        .help("delete again: the condition is asked of the new state")
}
