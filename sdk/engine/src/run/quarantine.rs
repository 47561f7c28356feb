//! Rows that violate checks which quarantine: they go to the port's side table, the rest stays on the run's branch, and
//! both are released together.
//!
//! The rows are those that the checks' one pass named, so that nothing is judged twice. Only rows that this run wrote
//! are moved: a violation among rows that were released before still rejects. Of a repeated value every row that was
//! written goes, because nobody can say which of them is right.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use iceberg::spec::{DataFile, Operation};
use iceberg::table::Table;
use meshwright_catalog::{Change, Error, Kind};
use meshwright_check::Report;
use meshwright_spec::{Contract, DataType, FileLayout, OnViolation, PortName, Tolerance, WriteMode};
use serde_json::json;

use super::{BRANCH_AGE, Run, Written};
use crate::checks::{Bad, CheckedPort, Place, check_port, places, split_rows};
use crate::evolve::shape;
use crate::failure::Result;
use crate::program::Program;
use crate::report::Quarantine;
use crate::write::{Target, discard, write_rows};

/// The side table of a port.
pub(crate) fn side_table(port: &PortName) -> Result<PortName> {
    let name = format!("{port}__quarantine");
    let invalid = |e| Error::new(Kind::Invalid, format!("`{name}` cannot be a table's name")).because(e);
    Ok(name.parse().map_err(invalid)?)
}

impl Run<'_> {
    /// Moves the violating rows of a checked port to its side table, and checks what stays.
    pub(super) async fn quarantine(
        &self,
        port: &mut Written<'_>,
        mut checked: CheckedPort,
        program: Option<&Program>,
    ) -> Result<CheckedPort> {
        let moves = |c: &meshwright_spec::Check| c.on_violation == OnViolation::Quarantine;
        if !port.contract.checks.iter().any(moves) {
            return Ok(checked);
        }
        let side = side_table(&port.port)?;
        let bad = bad_rows(&checked, port);
        let rows: u64 = bad.values().map(|rows| rows.len() as u64).sum();
        if let Some(refused) = too_many(port.contract, &checked.report.report, rows) {
            checked.report.quarantine = Some(Quarantine { table: side.to_string(), rows, refused: Some(refused) });
            return Ok(checked);
        }
        if rows == 0 {
            // what the release before held back is not what this one does
            if port.output.mode == WriteMode::Replace && self.catalog.try_load(&side).await?.is_some() {
                self.set_aside(port, &side, &bad).await?;
            }
            return Ok(checked);
        }
        self.set_aside(port, &side, &bad).await?;
        self.take_out(port, &bad).await?;
        self.events.tell("port.quarantined", json!({ "port": port.port, "table": side, "rows": rows }));

        let mut after =
            check_port(self.catalog, &port.table, port.snapshot_id, &port.port, port.contract, program).await?;
        for result in &mut after.report.report.results {
            let moved = |rows: &Bad| rows.values().filter(|ids| ids.contains(&result.id)).count() as u64;
            let count: u64 = bad.values().map(moved).sum();
            result.quarantined = (count > 0).then_some(count);
        }
        after.report.quarantine = Some(Quarantine { table: side.to_string(), rows, refused: None });
        Ok(after)
    }

    /// Writes the rows that go, with their reasons, to the run's branch of the side table.
    async fn set_aside(&self, port: &mut Written<'_>, side: &PortName, bad: &BTreeMap<String, Bad>) -> Result<()> {
        let contract = side_contract(port.contract);
        let _turn = self.catalog.turn(side).await;
        let shaped = shape(self.catalog, side, &contract, None).await?;
        let (ids, io) = (ids_of(&port.table, port.snapshot_id)?, port.table.file_io());
        let mut files = vec![];
        let target = Target::of(&shaped, &FileLayout::default(), &self.id);
        for (at, (path, rows)) in bad.iter().enumerate() {
            let mut batches = vec![];
            for batch in split_rows(io, path, port.contract, &ids, rows.clone(), false).await? {
                let batch = batch?;
                if batch.num_rows() > 0 {
                    batches.push(self.with_run(&batch)?);
                }
            }
            let Some(schema) = batches.first().map(RecordBatch::schema) else { continue };
            let rows = futures::stream::iter(batches.into_iter().map(Ok));
            files.extend(write_rows(Box::pin(RecordBatchStreamAdapter::new(schema, rows)), &target, at).await?);
        }
        let mut change = Change::append(files.clone());
        change.branch.clone_from(&self.branch);
        change.branch_max_age_ms = Some(BRANCH_AGE);
        change.schema = shaped.next.clone();
        change.spec = shaped.layout.spec.clone();
        change.sort = shaped.layout.sort.clone();
        if port.output.mode == WriteMode::Replace {
            change.operation = Operation::Overwrite;
            change.remove_all = true;
        }
        change.properties.insert("mesh.run-id".to_owned(), self.id.clone());
        change.properties.insert("mesh.quarantine-of".to_owned(), port.port.to_string());
        self.commit_change(&shaped.table, change, &files).await?;
        port.side = Some(side.clone());
        Ok(())
    }

    /// Rewrites the files that hold such rows without them.
    async fn take_out(&self, port: &mut Written<'_>, bad: &BTreeMap<String, Bad>) -> Result<()> {
        let ids = ids_of(&port.table, port.snapshot_id)?;
        let snapshot = port.table.metadata().snapshot_by_id(port.snapshot_id).cloned();
        let snapshot = snapshot.ok_or_else(|| Error::new(Kind::Unexpected, "the run's snapshot is gone"))?;
        let _turn = self.catalog.turn(&port.port).await;
        let shaped = shape(self.catalog, &port.port, port.contract, port.output.files.format_version).await?;
        let target = Target::of(&shaped, &port.output.files, &format!("{}-kept", self.id));
        let mut files = vec![];
        for (at, (path, rows)) in bad.iter().enumerate() {
            let arrow = crate::columns::arrow_schema(&crate::columns::contract_columns(port.contract));
            let batches = split_rows(port.table.file_io(), path, port.contract, &ids, rows.clone(), true).await?;
            let batches = batches
                .map(|batch| batch.map_err(|failure| datafusion::error::DataFusionError::Execution(failure.said())));
            let stream = RecordBatchStreamAdapter::new(arrow, futures::stream::iter(batches));
            files.extend(write_rows(Box::pin(stream), &target, at).await?);
        }
        files.retain(|file| file.record_count() > 0);
        let mut change = Change::append(files.clone());
        change.branch.clone_from(&self.branch);
        change.branch_max_age_ms = Some(BRANCH_AGE);
        change.schema = shaped.next.clone();
        change.spec = shaped.layout.spec.clone();
        change.sort = shaped.layout.sort.clone();
        change.operation = Operation::Overwrite;
        change.removed = bad.keys().cloned().collect();
        change.properties = snapshot
            .summary()
            .additional_properties
            .iter()
            .filter(|(key, _)| key.starts_with("mesh."))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let moved: usize = bad.values().map(BTreeMap::len).sum();
        change.properties.insert("mesh.quarantined-rows".to_owned(), moved.to_string());
        let (table, snapshot_id) = self.commit_change(&shaped.table, change, &files).await?;
        (port.table, port.snapshot_id) = (table, snapshot_id);
        port.rows -= moved as i64;
        Ok(())
    }

    async fn commit_change(&self, table: &Table, change: Change, files: &[DataFile]) -> Result<(Table, i64)> {
        let produced = change.produce(table).await?;
        let (id, written) = (produced.snapshot_id, produced.written);
        match self.catalog.commit(produced.change).await {
            Ok(table) => Ok((table, id)),
            Err(e) => {
                for file in written {
                    let _ = table.file_io().delete(&file).await;
                }
                discard(table, files).await;
                Err(e.into())
            }
        }
    }

    /// The rows with the run that set them aside, and when.
    fn with_run(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let now = chrono::Utc::now().timestamp_micros();
        let run: ArrayRef = Arc::new(StringArray::from(vec![self.id.as_str(); rows]));
        let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![now; rows]).with_timezone("+00:00"));
        let fields = batch.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
        let columns = fields.into_iter().zip(batch.columns().to_vec()).map(|(name, array)| (name, array, true));
        let added = [("_run".to_owned(), run, true), ("_quarantined_at".to_owned(), at, true)];
        Ok(RecordBatch::try_from_iter_with_nullable(columns.chain(added))?)
    }
}

/// By data file that this run wrote, the rows that violate checks which quarantine.
fn bad_rows(checked: &CheckedPort, port: &Written<'_>) -> BTreeMap<String, Bad> {
    let own: BTreeSet<&str> = port.files.iter().map(DataFile::file_path).collect();
    let mut bad: BTreeMap<String, Bad> = BTreeMap::new();
    for result in &checked.report.report.results {
        for (file, row) in &result.rows {
            let Some(path) = checked.files.get(*file as usize).filter(|path| own.contains(path.as_str())) else {
                continue;
            };
            bad.entry(path.clone()).or_default().entry(*row).or_default().push(result.id.clone());
        }
    }
    bad
}

/// Why so many rows cannot be set aside, if they cannot.
fn too_many(contract: &Contract, report: &Report, rows: u64) -> Option<String> {
    let over = |most: Tolerance, found: u64, of: u64| match most {
        Tolerance::Rows(most) => found > most,
        Tolerance::Share(most) => of > 0 && found as f64 / of as f64 > most,
    };
    let said = |most: Tolerance| match most {
        Tolerance::Rows(most) => format!("{most} rows"),
        Tolerance::Share(most) => format!("{} % of the rows", most * 100.0),
    };
    for check in contract.checks.iter().filter(|c| c.on_violation == OnViolation::Quarantine) {
        let result = report.results.iter().find(|r| r.id == check.id)?;
        // without `at_most` a check lets any number go
        let limited = check.tolerance != Tolerance::Rows(0);
        let found = result.duplicates.map_or(result.violations, |d| d.rows);
        if limited && over(check.tolerance, found, result.rows_in_scope) {
            return Some(format!(
                "{found} rows violate `{}`, which quarantines at most {}",
                check.id,
                said(check.tolerance)
            ));
        }
    }
    let most = contract.quarantine.filter(|most| over(*most, rows, report.rows))?;
    Some(format!("{rows} of {} rows would be quarantined, the contract allows at most {}", report.rows, said(most)))
}

/// The side table's columns: the port's, none required, and why, by which run and when a row came there. Names of a
/// contract begin with a letter, so these cannot be taken.
fn side_contract(contract: &Contract) -> Contract {
    let mut side = contract.clone();
    let Some(pattern) = contract.columns.first() else { return side };
    let column = |name: &str, data_type: DataType, description: &str| {
        let mut column = pattern.clone();
        name.clone_into(&mut column.name);
        column.data_type = data_type;
        column.description = Some(description.to_owned());
        (column.unit, column.renamed_from, column.references, column.default) = (None, None, None, None);
        column.renamed_members.clear();
        column.tags.clear();
        column
    };
    side.columns.push(column("_failed", DataType::List(Box::new(DataType::String)), "Ids of the checks it violates"));
    side.columns.push(column("_run", DataType::String, "The run that set it aside"));
    side.columns.push(column("_quarantined_at", DataType::Timestamptz, "When"));
    side.columns.iter_mut().for_each(|column| column.required = false);
    (side.key, side.partition, side.sort, side.checks) = (vec![], vec![], vec![], vec![]);
    side
}

fn ids_of(table: &Table, snapshot_id: i64) -> Result<Vec<Place>> {
    let snapshot = table.metadata().snapshot_by_id(snapshot_id);
    let snapshot = snapshot.ok_or_else(|| Error::new(Kind::Unexpected, "the run's snapshot is gone"))?;
    places(table, &snapshot.schema(table.metadata())?)
}
