//! A port's rows, written and committed to the run's branch.
use std::collections::HashMap;
use std::time::Instant;

use iceberg::spec::{DataFile, Operation};
use iceberg::table::Table;
use meshwright_catalog::{Change, Error, Kind};
use meshwright_spec::{Contract, Output, PortName, WriteMode};
use serde_json::json;

use super::{BRANCH_AGE, Run, Written};
use crate::blame::on_data;
use crate::evolve::{Shaped, remember, shape};
use crate::execute::Execution;
use crate::failure::{Failure, Result};
use crate::inputs::ResolvedInput;
use crate::modes::{Replaced, replace_partitions, upsert};
use crate::retry::{ATTEMPTS, pause};
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
        let version = output.files.format_version;
        let mut shaped = shape(self.catalog, &port, contract, version).await?;
        shaped.keeps_values(output, contract, &self.project.sources)?;
        let main = shaped.table.metadata().current_snapshot_id();
        let frame = promised(execution.table(&output.from).await?, contract)?;
        let target = Target::of(&shaped, &output.files, &self.id);
        let written = write(&execution.ctx, frame, &target, execution.input_bytes).await;
        let files = written.map_err(|e| on_data(e, self.project, &output.from, Some(contract)))?;
        let rows = files.iter().map(|f| f.record_count() as i64).sum();
        let bytes: u64 = files.iter().map(DataFile::file_size_in_bytes).sum();
        let mut replaced = match self.replaced(&shaped, output, contract, &files, &target).await {
            Ok(replaced) => replaced,
            Err(e) => {
                discard(&shaped.table, &files).await;
                return Err(e);
            }
        };
        for attempt in 0.. {
            let turn = self.catalog.turn(&port).await;
            match self.commit(&shaped, output, contract, (&files, &replaced), key, inputs).await {
                Ok((table, snapshot_id)) => {
                    let ms = started.elapsed().as_millis() as u64;
                    self.events.tell(
                        "port.written",
                        json!({
                            "port": port, "rows": rows, "files": files.len(), "bytes": bytes,
                            "replaced_rows": replaced.rows, "replaced_files": replaced.removed.len(), "ms": ms,
                        }),
                    );
                    return Ok(Written { output, contract, port, table, snapshot_id, rows, files, side: None });
                }
                Err(Failure::Operation(e)) if e.kind() == Kind::Conflict && attempt < ATTEMPTS => {
                    drop(turn);
                    pause(attempt).await;
                    shaped = shape(self.catalog, &port, contract, version).await?;
                    // rows that stay were taken from this state: on another one, a foreign writer's say, they would undo it
                    let moved = shaped.table.metadata().current_snapshot_id() != main;
                    let reads_main = output.mode == WriteMode::Upsert || !replaced.kept.is_empty();
                    let reshaped = shaped.schema() != target.schema || shaped.spec() != target.spec;
                    if (moved && reads_main) || reshaped {
                        discard(&shaped.table, &files).await;
                        discard(&shaped.table, &replaced.kept).await;
                        return Err(overtaken(&port).into());
                    }
                    if moved {
                        replaced = self.replaced(&shaped, output, contract, &files, &target).await?;
                    }
                }
                Err(e) => {
                    discard(&shaped.table, &files).await;
                    discard(&shaped.table, &replaced.kept).await;
                    return Err(e);
                }
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// What becomes of main's files, by the port's mode.
    async fn replaced(
        &self,
        shaped: &Shaped,
        output: &Output,
        contract: &Contract,
        files: &[DataFile],
        target: &Target,
    ) -> Result<Replaced> {
        match output.mode {
            WriteMode::Append | WriteMode::Replace => Ok(Replaced::default()),
            WriteMode::Upsert => upsert(shaped, files, target, contract).await,
            WriteMode::ReplacePartitions => replace_partitions(shaped, files, target, &contract.sort).await,
        }
    }

    async fn commit(
        &self,
        shaped: &Shaped,
        output: &Output,
        contract: &Contract,
        (files, replaced): (&[DataFile], &Replaced),
        key: &str,
        inputs: &[ResolvedInput],
    ) -> Result<(Table, i64)> {
        let mut change = Change::append(files.iter().chain(&replaced.kept).cloned().collect());
        change.branch = self.branch.clone();
        change.branch_max_age_ms = Some(BRANCH_AGE);
        change.schema = shaped.next.clone();
        change.spec = shaped.layout.spec.clone();
        change.sort = shaped.layout.sort.clone();
        match output.mode {
            WriteMode::Append => {}
            WriteMode::Replace => {
                change.operation = Operation::Overwrite;
                change.remove_all = true;
            }
            WriteMode::Upsert | WriteMode::ReplacePartitions => {
                change.operation = Operation::Overwrite;
                change.removed.clone_from(&replaced.removed);
            }
        }
        let read: Vec<_> =
            inputs.iter().map(|i| json!([i.record.port, i.record.table_uuid, i.record.snapshot_id])).collect();
        change.properties = HashMap::from([
            ("mesh.run-id".to_owned(), self.id.clone()),
            ("mesh.work-key".to_owned(), key.to_owned()),
            ("mesh.contract-id".to_owned(), self.project.port(output).to_string()),
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
        let mut produced = change.produce(&shaped.table).await?;
        produced.change.updates.extend(remember(&shaped.table, &output.files));
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
