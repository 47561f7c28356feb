//! The end of a run: every port moves in one transaction, with lineage and results, or nothing does.
use iceberg::table::Table;
use meshwright_catalog::{Finish, Kind, LineageEdge, NewRelease, ReleasedPort, TableChange};
use meshwright_spec::{Contract, PortName};

use super::{Run, Written, records};
use crate::checks::CheckedPort;
use crate::failure::Result;
use crate::inputs::ResolvedInput;
use crate::lineage::{How, trace, trace_rows};
use crate::project::mode_name;
use crate::publish::product_record;
use crate::retry::{ATTEMPTS, pause};
use crate::steps::Plan;

impl Run<'_> {
    /// Everything that a release of this run records.
    pub(super) fn whole(
        &self,
        written: &[Written<'_>],
        checked: &[CheckedPort],
        plan: &Plan,
        inputs: &[ResolvedInput],
        (stands_on, finish): (Option<i64>, Finish),
    ) -> NewRelease {
        NewRelease {
            product: self.project.product.name.to_string(),
            run: self.id.clone(),
            ports: written
                .iter()
                .map(|w| ReleasedPort {
                    port: w.port.to_string(),
                    table_uuid: w.table.metadata().uuid().to_string(),
                    snapshot_id: w.snapshot_id,
                    contract_version: w.contract.version.to_string(),
                    contract_checksum: w.contract.checksum.clone(),
                    rows: total_rows(&w.table, w.snapshot_id).unwrap_or(w.rows),
                })
                .collect(),
            checks: records(checked),
            inputs: inputs.iter().map(|i| i.record.clone()).collect(),
            lineage: written.iter().flat_map(|w| self.lineage(w, plan, inputs)).collect(),
            finish,
            stands_on: Some(stands_on.unwrap_or(0)),
            decision: None,
        }
    }

    /// Makes product, ports and contracts known, as a draft where they are not published.
    pub(super) async fn register(&self, written: &[Written<'_>]) -> Result<()> {
        let ports: Vec<(PortName, &str, &Contract)> =
            written.iter().map(|w| (w.port.clone(), mode_name(w.output.mode), w.contract)).collect();
        Ok(self.catalog.register(&product_record(self.project), &ports).await?)
    }

    /// Moves every port in one transaction; a table that moved for another reason is staged again.
    pub(super) async fn release(&self, written: &[Written<'_>], new: NewRelease) -> Result<i64> {
        self.register(written).await?;
        for attempt in 0.. {
            let mut staged = vec![];
            for w in written {
                let table = self.catalog.load(&w.port).await?;
                staged.push(self.catalog.stage(TableChange::fast_forward(&table, &self.branch, None)?).await?);
                if let Some(side) = &w.side {
                    let table = self.catalog.load(side).await?;
                    staged.push(self.catalog.stage(TableChange::fast_forward(&table, &self.branch, None)?).await?);
                }
            }
            match self.catalog.release(staged, &new).await {
                Err(e) if e.kind() == Kind::Conflict && !e.is_lasting() && attempt < ATTEMPTS => pause(attempt).await,
                other => return Ok(other?),
            }
        }
        unreachable!("the loop ends by returning")
    }

    fn lineage(&self, w: &Written<'_>, plan: &Plan, inputs: &[ResolvedInput]) -> Vec<LineageEdge> {
        let edge = |column: &str, (table, source_column, how): (String, String, How)| {
            let input = inputs.iter().find(|i| i.input.name.as_str() == table);
            LineageEdge {
                port: w.port.to_string(),
                column: column.to_owned(),
                source_kind: if input.is_some() { "port" } else { "source" }.to_owned(),
                source: input.map_or(table, |i| i.input.port.to_string()),
                source_column,
                transformation: how.as_str().to_owned(),
            }
        };
        let from = w.output.from.as_str();
        let mut out = vec![];
        for column in &w.contract.columns {
            let found = trace(&plan.origins, from, &column.name);
            out.extend(found.into_iter().map(|o| edge(&column.name, o)));
        }
        out.extend(trace_rows(&plan.origins, from).into_iter().map(|o| edge("*", o)));
        out
    }
}

fn total_rows(table: &Table, snapshot: i64) -> Option<i64> {
    table.metadata().snapshot_by_id(snapshot)?.summary().additional_properties.get("total-records")?.parse().ok()
}
