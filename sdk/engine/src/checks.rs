//! All checks of a port, evaluated on the run's branch in one pass over its files.
mod deferred;
mod files;
mod predicate;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use datafusion::prelude::SessionContext;
use iceberg::table::Table;
use meshwright_catalog::{Catalog, CheckRecord, Error, Kind};
use meshwright_check::{Context, Pass, RowOrigin, Suite};
use meshwright_spec::{Check, CheckKind, Contract, Dimension, FixOwner, PortName, Severity, Tolerance};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use crate::columns::{arrow_schema, contract_columns, relaxed};
use crate::failure::Result;
use crate::program::Program;
use crate::report::PortReport;
use crate::scan::{IcebergTable, files as files_of};
use crate::session::session;
pub(crate) use deferred::measure;
use files::{Opened, Piece, Place, file_name, read, unreadable, with_dictionaries};
pub(crate) use predicate::Compiler;

/// Failing rows that are shown, per check.
pub(crate) const EVIDENCE: usize = 5;

/// A port's checks, answered.
pub(crate) struct CheckedPort {
    pub(crate) report: PortReport,
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
    let defaults = IcebergTable::at(table.clone(), None, columns.clone())?.defaults();
    let ids: Vec<Place> =
        columns.as_struct().fields().iter().map(|f| (f.name.clone(), f.id, defaults.get(&f.id).cloned())).collect();
    let paths: Vec<String> = live.iter().map(|f| f.path.clone()).collect();
    let (suite_contract, ctx) = (with_program_checks(contract, port, program), session()?);
    let work = tokio::task::spawn_blocking(move || one_pass(&suite_contract, &ctx, paths, &ids));
    let (suite, mut report) = work.await.map_err(|e| Error::new(Kind::Unexpected, "checking stopped").because(e))??;

    // what is promised to be never null may be null still: that is for the checks to say
    let columns = Arc::new(relaxed(&columns)?);
    let provider = Arc::new(IcebergTable::at(table.clone(), Some(snapshot), columns)?);
    for deferred in suite.deferred() {
        let measured = measure(catalog, provider.clone(), &deferred.kind, program).await;
        report.supply(&deferred.id, measured);
    }
    Ok(CheckedPort {
        report: PortReport { port: port.to_string(), contract_version: contract.version.to_string(), report },
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
                dimension: Dimension::Accuracy,
                owner: FixOwner::Internal,
                description: Some("made by the product's program".to_owned()),
                span: contract.version_span.clone(),
            });
        }
    }
    contract
}

fn one_pass(
    contract: &Contract,
    ctx: &SessionContext,
    paths: Vec<String>,
    ids: &[Place],
) -> Result<(Suite, meshwright_check::Report)> {
    let mut opened = vec![];
    let mut pieces = VecDeque::new();
    for (file, path) in paths.into_iter().enumerate() {
        let local = path.strip_prefix("file://").unwrap_or(&path).to_owned();
        let metadata =
            ArrowReaderMetadata::load(&std::fs::File::open(&local)?, ArrowReaderOptions::new()).map_err(unreadable)?;
        let mut first_row = 0;
        for (row_group, group) in metadata.metadata().row_groups().iter().enumerate() {
            pieces.push_back(Piece { file, row_group, first_row });
            first_row += group.num_rows() as u64;
        }
        opened.push(Opened { path: local, metadata });
    }
    let promised = arrow_schema(&contract_columns(contract));
    let schema = with_dictionaries(&promised, &opened, ids);
    let suite = Suite::plan(contract, &schema, &Compiler { ctx }).with_evidence(EVIDENCE);
    let needed: Vec<String> = suite.columns();
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(pieces.len()).max(1);
    let queue = Mutex::new(pieces);
    let passes: Vec<Result<Pass>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let mut pass = suite.start();
                    loop {
                        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                        let Some(piece) = next else { return Ok(pass) };
                        judge(&mut pass, &piece, &opened[piece.file], &needed, &schema, ids)?;
                    }
                })
            })
            .collect();
        let join = |h: std::thread::ScopedJoinHandle<'_, Result<Pass>>| {
            h.join().unwrap_or_else(|_| Err(Error::new(Kind::Unexpected, "a check stopped").into()))
        };
        handles.into_iter().map(join).collect()
    });
    let mut whole: Option<Pass> = None;
    for pass in passes {
        let pass = pass?;
        match &mut whole {
            None => whole = Some(pass),
            Some(all) => all.merge(pass),
        }
    }
    let names = opened.iter().map(|o| file_name(&o.path)).collect();
    let now = chrono::Utc::now();
    let context = Context { released_at: Some(now), files: names, ..Context::at(now) };
    let mut report = whole.unwrap_or_else(|| suite.start()).finish(&context);
    complete(&suite, &mut report, &opened, &schema, ids)?;
    Ok((suite, report))
}

fn judge(
    pass: &mut Pass,
    piece: &Piece,
    file: &Opened,
    needed: &[String],
    schema: &SchemaRef,
    ids: &[Place],
) -> Result<()> {
    let mut row = piece.first_row;
    for batch in read(file, Some(piece.row_group), None, needed, schema, ids)? {
        let batch = batch?;
        pass.update(&batch, RowOrigin { file: piece.file as u32, first_row: row });
        row += batch.num_rows() as u64;
    }
    Ok(())
}

/// Reads the rows whose values a pass does not keep, so that evidence shows them.
fn complete(
    suite: &Suite,
    report: &mut meshwright_check::Report,
    opened: &[Opened],
    schema: &SchemaRef,
    ids: &[Place],
) -> Result<()> {
    use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
    for (file, row) in report.incomplete() {
        let Some(source) = opened.get(file as usize) else { continue };
        let one = RowSelection::from(vec![RowSelector::skip(row as usize), RowSelector::select(1)]);
        for batch in read(source, None, Some(one), &suite.columns(), schema, ids)? {
            suite.complete(report, &batch?, RowOrigin { file, first_row: row });
        }
    }
    Ok(())
}
