//! A port's rows, written and committed to the run's branch.
use std::collections::HashMap;
use std::time::Instant;

use iceberg::spec::{DataFile, Operation};
use iceberg::table::Table;
use meshwright_catalog::{Change, Error, Kind};
use meshwright_spec::{Contract, Output, PortName, WriteMode};
use serde_json::json;

use super::{ATTEMPTS, BRANCH_AGE, Run, Written, pause};
use crate::blame::on_data;
use crate::evolve::{Shaped, shape};
use crate::execute::Execution;
use crate::failure::{Failure, Result};
use crate::inputs::ResolvedInput;
use crate::write::{Target, discard, promised, write};

impl Run<'_> {
    /// Writes a port's rows and commits them to the run's branch.
    pub(super) async fn write<'b>(
        &self,
        execution: &Execution,
        output: &'b Output,
        contract: &'b Contract,
        key: &str,
        inputs: &[ResolvedInput],
    ) -> Result<Written<'b>> {
        let started = Instant::now();
        let port = self.project.port(output);
        let mut shaped = shape(self.catalog, &port, contract).await?;
        // rows of an upsert were computed from this state: on another one, a foreign writer's say, they would undo it
        let main = shaped.table.metadata().current_snapshot_id();
        let mut frame = promised(execution.table(&output.from).await?, contract)?;
        if output.mode == WriteMode::Upsert {
            frame = crate::modes::upsert(&execution.ctx, frame, &shaped, contract).await?;
        }
        let target = Target { table: shaped.table.clone(), schema: shaped.schema(), run: self.id.clone() };
        let written = write(&execution.ctx, frame, &target, execution.input_bytes).await;
        let files = written.map_err(|e| on_data(e, self.project, &output.from, Some(contract)))?;
        let rows = files.iter().map(|f| f.record_count() as i64).sum();
        let bytes: u64 = files.iter().map(DataFile::file_size_in_bytes).sum();
        for attempt in 0.. {
            match self.commit(&shaped, output, contract, &files, key, inputs).await {
                Ok((table, snapshot_id)) => {
                    let ms = started.elapsed().as_millis() as u64;
                    self.events.tell(
                        "port.written",
                        json!({ "port": port, "rows": rows, "files": files.len(), "bytes": bytes, "ms": ms }),
                    );
                    return Ok(Written { output, contract, port, table, snapshot_id, rows });
                }
                Err(Failure::Operation(e)) if e.kind() == Kind::Conflict && attempt < ATTEMPTS => {
                    pause(attempt).await;
                    shaped = shape(self.catalog, &port, contract).await?;
                    if output.mode == WriteMode::Upsert && shaped.table.metadata().current_snapshot_id() != main {
                        discard(&shaped.table, &files).await;
                        return Err(overtaken(&port).into());
                    }
                }
                Err(e) => {
                    discard(&shaped.table, &files).await;
                    return Err(e);
                }
            }
        }
        unreachable!("the loop ends by returning")
    }

    async fn commit(
        &self,
        shaped: &Shaped,
        output: &Output,
        contract: &Contract,
        files: &[DataFile],
        key: &str,
        inputs: &[ResolvedInput],
    ) -> Result<(Table, i64)> {
        let mut change = Change::append(files.to_vec());
        change.branch = self.branch.clone();
        change.branch_max_age_ms = Some(BRANCH_AGE);
        change.schema = shaped.next.clone();
        match output.mode {
            WriteMode::Append => {}
            WriteMode::Replace | WriteMode::Upsert => {
                change.operation = Operation::Overwrite;
                change.remove_all = true;
            }
            WriteMode::ReplacePartitions => {
                change.operation = Operation::Overwrite;
                change.removed = crate::modes::touched(&shaped.table, files).await?;
            }
        }
        let read: Vec<_> =
            inputs.iter().map(|i| json!([i.record.port, i.record.table_uuid, i.record.snapshot_id])).collect();
        change.properties = HashMap::from([
            ("mesh.run-id".to_owned(), self.id.clone()),
            ("mesh.work-key".to_owned(), key.to_owned()),
            ("mesh.contract-version".to_owned(), contract.version.to_string()),
            ("mesh.contract-checksum".to_owned(), contract.checksum.clone()),
            ("mesh.sdk".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("mesh.inputs".to_owned(), serde_json::Value::from(read).to_string()),
        ]);
        if let Some(interval) = &self.project.interval {
            change.properties.insert("mesh.interval".to_owned(), interval.to_string());
        }
        if let Some(commit) = &self.project.git.commit {
            change.properties.insert("mesh.git".to_owned(), commit.clone());
        }
        let produced = change.produce(&shaped.table).await?;
        let (id, written) = (produced.snapshot_id, produced.written);
        match self.catalog.commit(produced.change).await {
            Ok(table) => Ok((table, id)),
            Err(e) => {
                for file in written {
                    let _ = shaped.table.file_io().delete(&file).await;
                }
                Err(e.into())
            }
        }
    }
}

fn overtaken(port: &PortName) -> Error {
    Error::new(Kind::Conflict, format!("somebody else wrote to `{port}` first"))
        .help("run again: the work is done on the new state")
}
