//! A run: ingest -> landing -> steps -> branch -> checks -> release of all the product's ports, or nothing.
mod branch;
pub(crate) mod quarantine;
mod release;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use iceberg::spec::DataFile;
use iceberg::table::Table;
use meshwright_catalog::{Catalog, CheckRecord, Error, Finish, Kind, NewRelease, RunOutcome, RunRecord, same_rows};
use meshwright_landing::Resource;
use meshwright_spec::{Contract, Diagnostic, Name, Output, PortName, WriteMode, nearest};
use serde_json::json;

use crate::accept::held;
use crate::blame::{on_data, place};
use crate::checks::{CheckedPort, check_port};
use crate::events::{Events, Observer};
use crate::execute::{Ingredients, bases, execute};
use crate::failure::{Failure, Rejection, Result};
use crate::ingest::{Ingested, ingest};
use crate::inputs::{ResolvedInput, resolve};
use crate::lifecycle::notices;
use crate::program::Program;
use crate::project::Project;
use crate::publish::frozen_promises;
use crate::report::RunReport;
use crate::source::Delivery;
use crate::steps::{Plan, plan};
use crate::work_key::work_key;

/// How long a rejected branch can be queried, in milliseconds: seven days.
const BRANCH_AGE: i64 = 7 * 24 * 3600 * 1000;

/// What `mesh run` can be told.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Write to this branch of every port and release nothing.
    pub branch: Option<String>,
    /// Compute this step and what it reads, and release nothing.
    pub step: Option<String>,
    /// Release even when the newest release has the same inputs, code and contract.
    pub force: bool,
}

/// Runs a product.
///
/// # Errors
/// [`Failure::Rejected`] when the gate refuses; published data are untouched after every failure.
pub async fn run(
    project: &Project,
    catalog: &Catalog,
    options: &RunOptions,
    observer: &dyn Observer,
) -> Result<RunReport> {
    catalog.reap_runs().await?;
    frozen_promises(project, catalog, true).await?;
    let ending = notices(project, catalog).await?;
    if ending.iter().any(Diagnostic::is_error) {
        return Err(project.fail(ending));
    }
    let id = uuid::Uuid::now_v7().simple().to_string();
    let branch = options.branch.clone().unwrap_or_else(|| format!("run-{id}"));
    let events = Events::new(&id, observer);
    let guard = catalog.start_run(&id, &project.product.name, &branch, project.git.commit.as_deref()).await?;
    events.tell("run.started", json!({ "product": project.product.name, "commit": project.git.commit }));

    let started = Instant::now();
    let mut run = Run { project, catalog, options, id: id.clone(), branch, events, finished: false, warnings: ending };
    let outcome = run.go(started).await;
    if let Err(failure) = &outcome
        && !run.finished
    {
        let message = failure.said();
        run.events.tell("run.failed", json!({ "message": message }));
        let finish = Finish { message: Some(message), detail: json!({}), ..Default::default() };
        if let Err(e) = catalog.finish_run(&id, RunOutcome::Failed, &[], &finish).await {
            tracing::warn!(error = %e, "the failed run could not be recorded as such");
        }
    }
    drop(guard);
    outcome
}

struct Run<'a> {
    project: &'a Project,
    catalog: &'a Catalog,
    options: &'a RunOptions,
    id: String,
    branch: String,
    events: Events<'a>,
    /// The registry knows how it ended.
    finished: bool,
    warnings: Vec<Diagnostic>,
}

/// A port whose rows are on the run's branch.
struct Written<'a> {
    output: &'a Output,
    contract: &'a Contract,
    port: PortName,
    table: Table,
    snapshot_id: i64,
    rows: i64,
    /// The data files that this run wrote.
    files: Vec<DataFile>,
    /// The side table, where the run's branch of it has something to release.
    side: Option<PortName>,
}

impl Run<'_> {
    async fn go(&mut self, started: Instant) -> Result<RunReport> {
        let (project, catalog) = (self.project, self.catalog);
        let program = Program::start(project).await?;
        let inputs = resolve(project, catalog).await?;
        let mut ingested = ingest(project, catalog, program.as_ref(), &self.id, &self.events).await?;
        let plan = self.plan(&ingested, &inputs, program.as_ref()).await?;
        self.warnings.extend(plan.warnings.iter().cloned());
        project.write_lock(&self.lock(&ingested, &inputs).await?)?;

        let key = work_key(project, &plan, &ingested.deliveries, &inputs, program.as_ref());
        let whole = self.options.branch.is_none() && self.options.step.is_none();
        if !self.options.force && whole && self.stands(&key).await? {
            return self.nothing_to_do(&key, started).await;
        }
        if let Some(step) = &self.options.step {
            return self.one_step(step, &plan, &ingested, &inputs, program.as_ref(), started).await;
        }
        let stands_on = self.newest().await?;
        let mut written = vec![];
        // appending ports take only what no release has taken yet, all others take everything
        for appending in [false, true] {
            let outputs: Vec<_> =
                project.outputs().filter(|(o, _)| (o.mode == WriteMode::Append) == appending).collect();
            if outputs.is_empty() {
                continue;
            }
            let deliveries =
                if appending { self.fresh(&ingested.deliveries).await? } else { ingested.deliveries.clone() };
            let parts = Ingredients {
                project,
                plan: &plan,
                bases: bases(&deliveries, &inputs)?,
                program: program.as_ref(),
                wanted: outputs.iter().map(|(o, _)| o.from.clone()).collect(),
                scratch: Some(catalog.scratch(&self.id)),
            };
            let execution = execute(parts, &self.events).await.map_err(|e| place(e, self.project))?;
            for (output, contract) in outputs {
                written.push(self.write(&execution, output, contract, &key, &inputs).await?);
            }
        }
        // in the order of the product's file, whatever was computed first
        written.sort_by_key(|w| project.product.outputs.iter().position(|o| o.name == w.output.name));
        let mut checked = vec![];
        for port in &mut written {
            let found = self.check(port, program.as_ref()).await?;
            let found = self.quarantine(port, found, program.as_ref()).await?;
            self.tell_failed(&found);
            checked.push(found);
        }
        let detail = json!({
            "resources": ingested.hashes(),
            "scores": checked.iter().map(|c| (c.report.port.clone(), json!(c.report.report.score))).collect::<HashMap<_, _>>(),
            "quarantined": checked.iter().filter_map(|c| {
                let moved = c.report.quarantine.as_ref().filter(|q| q.refused.is_none())?;
                Some((c.report.port.clone(), moved.rows))
            }).collect::<HashMap<_, _>>(),
            "rows": written.iter().map(|w| (w.port.to_string(), w.rows)).collect::<HashMap<_, _>>(),
        });
        let finish = Finish { message: None, work_key: Some(key), detail };
        let whole = self.whole(&written, &checked, &plan, &inputs, (stands_on, finish.clone()));
        if checked.iter().any(|c| c.report.report.rejects()) {
            return Err(self.reject(&written, checked, whole).await?);
        }
        if self.options.branch.is_some() {
            let outcome =
                Finish { message: Some(format!("left on branch `{}`", self.branch)), work_key: None, ..finish };
            catalog.finish_run(&self.id, RunOutcome::NothingToDo, &records(&checked), &outcome).await?;
            self.finished = true;
            return self.report("branch", None, checked, started).await;
        }
        ingested.settle(project)?;
        // what was read of this product's own past must still be its newest state; a release after this question finds
        // that the branch started before it
        if self.newest().await? != stands_on {
            return Err(Error::new(Kind::Conflict, format!("somebody else released `{}` first", project.product.name))
                .help("run again: the work is done on the new state")
                .into());
        }
        let number = self.release(&written, whole).await?;
        self.finished = true;
        let elapsed = started.elapsed().as_millis() as u64;
        self.events.tell("run.released", json!({ "release": number, "ms": elapsed }));
        self.report("released", Some(number), checked, started).await
    }

    /// Computes one step to see that it works and how many rows it makes.
    async fn one_step(
        &mut self,
        step: &str,
        plan: &Plan,
        ingested: &Ingested,
        inputs: &[ResolvedInput],
        program: Option<&Program>,
        started: Instant,
    ) -> Result<RunReport> {
        let Some(name) = plan.order.iter().find(|n| n.as_str() == step).cloned() else {
            let near = nearest(step, plan.order.iter().map(Name::as_str)).map(|n| format!("did you mean `{n}`?"));
            return Err(Error::new(Kind::NotFound, format!("this product has no step `{step}`"))
                .help(near.unwrap_or_else(|| "`mesh check --json` lists the steps".to_owned()))
                .into());
        };
        let parts = Ingredients {
            project: self.project,
            plan,
            bases: bases(&ingested.deliveries, inputs)?,
            program,
            wanted: vec![name.clone()],
            scratch: Some(self.catalog.scratch(&self.id)),
        };
        let execution = execute(parts, &self.events).await.map_err(|e| place(e, self.project))?;
        let rows =
            execution.table(&name).await?.count().await.map_err(|e| on_data(e.into(), self.project, &name, None))?;
        let ms = started.elapsed().as_millis() as u64;
        self.events.tell("step.finished", json!({ "step": name, "rows": rows, "ms": ms }));
        let finish =
            Finish { message: Some(format!("computed step `{name}` only")), detail: json!({}), ..Default::default() };
        self.catalog.finish_run(&self.id, RunOutcome::NothingToDo, &[], &finish).await?;
        self.finished = true;
        self.report("computed", None, vec![], started).await
    }

    async fn newest(&self) -> Result<Option<i64>> {
        Ok(self.catalog.newest_release(&self.project.product.name).await?.first().map(|r| r.number))
    }

    async fn plan(&self, ingested: &Ingested, inputs: &[ResolvedInput], program: Option<&Program>) -> Result<Plan> {
        let mut tables = vec![];
        for d in &ingested.deliveries {
            tables.push((d.source.name.clone(), Some(d.schema())));
        }
        for i in inputs {
            tables.push((i.input.name.clone(), Some(i.arrow()?)));
        }
        plan(self.project, tables, &program.map(Program::steps).unwrap_or_default()).await
    }

    /// Deliveries without the resources that a release of this product has taken already.
    async fn fresh(&self, deliveries: &[Delivery]) -> Result<Vec<Delivery>> {
        let runs = self.catalog.runs(Some(&self.project.product.name), i64::MAX).await?;
        // what a rollback has taken back is not in the port, so it has not been taken
        let withdrawn = self.catalog.withdrawn(&self.project.product.name).await?;
        let stands = |r: &&RunRecord| r.release.is_none_or(|n| !withdrawn.contains_key(&n));
        let released = runs.iter().filter(|r| r.outcome == RunOutcome::Released).filter(stands);
        let taken: HashSet<(String, String)> = released
            .filter_map(|r| r.detail["resources"].as_object())
            .flatten()
            .flat_map(|(source, hashes)| hashes.as_array().into_iter().flatten().map(move |h| (source, h)))
            .filter_map(|(source, hash)| Some((source.clone(), hash.as_str()?.to_owned())))
            .collect();
        let fresh = |d: &Delivery| {
            let keep = |r: &&Resource| !taken.contains(&(d.source.name.to_string(), r.sha256.clone()));
            Delivery { resources: Arc::new(d.resources.iter().filter(keep).cloned().collect()), ..d.clone() }
        };
        Ok(deliveries.iter().map(fresh).collect())
    }

    async fn lock(&self, ingested: &Ingested, inputs: &[ResolvedInput]) -> Result<meshwright_spec::MeshLock> {
        let mut lock = meshwright_spec::MeshLock { inputs: vec![], sources: ingested.inferred.clone() };
        for i in inputs {
            if let Some(record) = self.catalog.current_contract(&i.input.port).await? {
                lock.inputs.push(crate::inputs::locked(&i.input, &record)?);
            }
        }
        Ok(lock)
    }

    /// Whether the newest release was made by the same work and is what readers see.
    async fn stands(&self, key: &str) -> Result<bool> {
        let product = &self.project.product.name;
        if self.catalog.released_work_key(product).await?.as_deref() != Some(key) {
            return Ok(false);
        }
        for release in self.catalog.newest_release(product).await? {
            let Ok(port) = release.port.port.parse() else { return Ok(false) };
            let Some(table) = self.catalog.try_load(&port).await? else { return Ok(false) };
            // compaction makes a new state of the same rows
            let head = table.metadata().current_snapshot_id();
            if head.map(|id| same_rows(table.metadata(), id)) != Some(release.port.snapshot_id) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn nothing_to_do(&mut self, key: &str, started: Instant) -> Result<RunReport> {
        let newest = self.catalog.newest_release(&self.project.product.name).await?;
        let release = newest.first().map(|r| r.number);
        let message = format!("release r{} has the same inputs, code and contract", release.unwrap_or(0));
        let finish = Finish { message: Some(message), work_key: Some(key.to_owned()), detail: json!({}) };
        self.catalog.finish_run(&self.id, RunOutcome::NothingToDo, &[], &finish).await?;
        self.finished = true;
        self.events.tell("run.nothing_to_do", json!({ "release": release }));
        self.report("nothing_to_do", release, vec![], started).await
    }

    async fn report(
        &self,
        outcome: &'static str,
        release: Option<i64>,
        checked: Vec<CheckedPort>,
        started: Instant,
    ) -> Result<RunReport> {
        let product = self.catalog.product(&self.project.product.name).await?;
        Ok(RunReport {
            run: self.id.clone(),
            product: self.project.product.name.to_string(),
            outcome,
            release,
            branch: (outcome == "branch").then(|| self.branch.clone()),
            draft: product.is_none_or(|p| p.published_at.is_none()),
            ports: checked.into_iter().map(|c| c.report).collect(),
            elapsed_ms: started.elapsed().as_millis() as u64,
            warnings: self.warnings.clone(),
        })
    }

    async fn check(&self, port: &Written<'_>, program: Option<&Program>) -> Result<CheckedPort> {
        let started = Instant::now();
        let name = port.port.to_string();
        let checked =
            check_port(self.catalog, &port.table, port.snapshot_id, &port.port, port.contract, program).await?;
        let report = &checked.report.report;
        let ms = started.elapsed().as_millis() as u64;
        let facts = json!({ "port": name, "declared": report.declared, "executed": report.executed, "rows": report.rows, "ms": ms });
        self.events.tell("port.checked", facts);
        Ok(checked)
    }

    fn tell_failed(&self, checked: &CheckedPort) {
        for result in &checked.report.report.results {
            if matches!(result.outcome, meshwright_check::Outcome::Failed | meshwright_check::Outcome::Error) {
                let facts = json!({
                    "port": checked.report.port, "check": result.id, "message": result.message, "violations": result.violations,
                });
                self.events.tell("check.failed", facts);
            }
        }
    }

    async fn reject(
        &mut self,
        written: &[Written<'_>],
        checked: Vec<CheckedPort>,
        whole: NewRelease,
    ) -> Result<Failure> {
        let failed: Vec<String> = checked
            .iter()
            .flat_map(|c| c.report.report.results.iter().map(move |r| (c, r)))
            .filter(|(_, r)| matches!(r.outcome, meshwright_check::Outcome::Failed | meshwright_check::Outcome::Error))
            .map(|(c, r)| format!("{}:{}", c.report.port.rsplit('.').next().unwrap_or_default(), r.id))
            .collect();
        let message = format!("rejected by {}", failed.join(", "));
        // what a person needs to release it after all, on a named branch as little as any other run there
        if self.options.branch.is_none() {
            self.register(written).await?;
            self.catalog.hold_run(&self.id, &self.project.product.name, &held(&whole)).await?;
        }
        let finish = Finish { message: Some(message.clone()), work_key: None, ..whole.finish };
        self.catalog.finish_run(&self.id, RunOutcome::Rejected, &records(&checked), &finish).await?;
        self.finished = true;
        self.events.tell("run.rejected", json!({ "branch": self.branch, "message": message }));
        Ok(Failure::Rejected(Box::new(Rejection {
            run: self.id.clone(),
            branch: self.branch.clone(),
            ports: checked.into_iter().map(|c| c.report).collect(),
            sources: self.project.sources.clone(),
        })))
    }
}

fn records(checked: &[CheckedPort]) -> Vec<CheckRecord> {
    checked.iter().flat_map(CheckedPort::records).collect()
}
