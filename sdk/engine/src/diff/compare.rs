//! Rows of both states, matched and counted as they stream by in the order of the key.
use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{DataType, SchemaRef};
use meshwright_spec::PortName;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::columns::Columns;
use super::groups::Groups;
use super::report::{CellCounts, ColumnDiff, DiffReport, FileCounts, RowChange, RowCounts, StateOf};
use super::whole_rows::{Run, Runs};
use super::{DiffOptions, Trouble};
use crate::when::State;

/// A comparison under way.
pub(super) struct Comparison<'a> {
    columns: &'a Columns,
    shown: SchemaRef,
    sample: usize,
    /// Differing rows that are still wanted; none: nobody wants any.
    wanted: Option<usize>,
    rows: RowCounts,
    /// Rows seen of the older and of the newer state.
    seen: [u64; 2],
    cells: Vec<CellCounts>,
    samples: Vec<RowChange>,
    /// The last key's rows, until it is certain that there are no more of them.
    waiting: Option<RecordBatch>,
    runs: Runs,
}

/// Differing rows of one batch: its row and what it is.
#[derive(Default)]
pub(super) struct Differing {
    rows: Vec<u32>,
    labels: Vec<&'static str>,
}

impl Differing {
    fn push(&mut self, row: usize, label: &'static str) {
        self.rows.push(row as u32);
        self.labels.push(label);
    }
}

impl<'a> Comparison<'a> {
    pub(super) fn new(columns: &'a Columns, options: &DiffOptions, wants_rows: bool) -> Self {
        Self {
            columns,
            shown: columns.shown(),
            sample: options.sample,
            wanted: wants_rows.then_some(options.limit.unwrap_or(usize::MAX)),
            rows: RowCounts::default(),
            seen: [0, 0],
            cells: vec![CellCounts::default(); columns.matched.len()],
            samples: vec![],
            waiting: None,
            runs: Runs::default(),
        }
    }

    /// Compares one batch more; returns its differing rows, if they are wanted.
    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>, Trouble> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        match self.columns.key.is_empty() {
            true => self.whole_rows(&batch),
            false => {
                let batch = match self.waiting.take() {
                    Some(waiting) => concat_batches(&batch.schema(), [&waiting, &batch])?,
                    None => batch,
                };
                self.keyed(&batch, false)
            }
        }
    }

    /// Compares what was waiting for its key's other rows.
    pub(super) fn finish(&mut self) -> Result<Option<RecordBatch>, Trouble> {
        if self.columns.key.is_empty() {
            let last = self.runs.end();
            return Ok(self.count_runs(last.into_iter().collect())?);
        }
        match self.waiting.take() {
            Some(batch) => self.keyed(&batch, true),
            None => Ok(None),
        }
    }

    fn keyed(&mut self, batch: &RecordBatch, last: bool) -> Result<Option<RecordBatch>, Trouble> {
        let groups = Groups::new(batch, self.columns)?;
        let mut differing = Differing::default();
        let mut start = 0;
        while start < batch.num_rows() {
            let end = groups.end(start);
            if end == batch.num_rows() && !last {
                break;
            }
            self.group(batch, &groups, start, end, &mut differing)?;
            start = end;
        }
        if end_is_crowded(batch.num_rows() - start) {
            return Err(Trouble::Crowded(self.key_text(batch, start)?));
        }
        if start < batch.num_rows() {
            self.waiting = Some(batch.slice(start, batch.num_rows() - start));
        }
        Ok(self.hand_out(batch, differing)?)
    }

    /// All rows of one key, the older state's first.
    fn group(
        &mut self,
        batch: &RecordBatch,
        groups: &Groups,
        start: usize,
        end: usize,
        differing: &mut Differing,
    ) -> Result<(), Trouble> {
        let split = (start..end).find(|row| groups.is_newer(*row)).unwrap_or(end);
        let (mut older, mut newer): (Vec<usize>, Vec<usize>) = ((start..split).collect(), (split..end).collect());
        self.seen[0] += older.len() as u64;
        self.seen[1] += newer.len() as u64;
        if older.len() > 1 || newer.len() > 1 {
            if end_is_crowded(end - start) {
                return Err(Trouble::Crowded(self.key_text(batch, start)?));
            }
            self.rows.duplicate_keys += 1;
            // rows that are in both as they are, whatever their order
            older.retain(|a| match newer.iter().position(|b| groups.differing(*a, *b).next().is_none()) {
                Some(at) => {
                    newer.remove(at);
                    self.rows.unchanged += 1;
                    false
                }
                None => true,
            });
        }
        let pairs = older.len().min(newer.len());
        for (a, b) in older.iter().zip(&newer) {
            let different: Vec<usize> = groups.differing(*a, *b).collect();
            if different.is_empty() {
                self.rows.unchanged += 1;
                continue;
            }
            self.rows.changed += 1;
            for at in &different {
                self.cells[*at].count(groups.is_null(*at, *a), groups.is_null(*at, *b));
            }
            self.sample_changed(batch, (*a, *b), &different)?;
            differing.push(*a, "before");
            differing.push(*b, "after");
        }
        for row in &older[pairs..] {
            self.rows.removed += 1;
            self.sample_row(batch, *row, "removed", None)?;
            differing.push(*row, "removed");
        }
        for row in &newer[pairs..] {
            self.rows.added += 1;
            self.sample_row(batch, *row, "added", None)?;
            differing.push(*row, "added");
        }
        Ok(())
    }

    fn whole_rows(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>, Trouble> {
        let ended = self.runs.push(batch)?;
        Ok(self.count_runs(ended)?)
    }

    fn count_runs(&mut self, ended: Vec<Run>) -> Result<Option<RecordBatch>, arrow::error::ArrowError> {
        let mut out = vec![];
        for run in ended {
            let [was, is] = run.counts;
            self.seen[0] += was;
            self.seen[1] += is;
            self.rows.unchanged += was.min(is);
            self.rows.added += is.saturating_sub(was);
            self.rows.removed += was.saturating_sub(is);
            let Some(row) = run.row().filter(|_| was != is) else { continue };
            let label = if is > was { "added" } else { "removed" };
            self.sample_row(row, 0, label, Some(was.abs_diff(is)))?;
            for _ in 0..was.abs_diff(is) {
                if self.wanted.is_none_or(|wanted| wanted == 0) {
                    break;
                }
                let mut differing = Differing::default();
                differing.push(0, label);
                out.extend(self.hand_out(row, differing)?);
            }
        }
        match out.first() {
            Some(first) => Ok(Some(concat_batches(&first.schema(), &out)?)),
            None => Ok(None),
        }
    }

    fn hand_out(
        &mut self,
        batch: &RecordBatch,
        mut differing: Differing,
    ) -> Result<Option<RecordBatch>, arrow::error::ArrowError> {
        let Some(wanted) = self.wanted.filter(|_| !differing.rows.is_empty()) else { return Ok(None) };
        let mut kept = wanted.min(differing.rows.len());
        // a changed row is two lines: never one of them alone
        if kept > 0 && differing.labels[kept - 1] == "before" {
            kept -= 1;
        }
        differing.rows.truncate(kept);
        differing.labels.truncate(kept);
        self.wanted = Some(if kept < wanted && kept > 0 { wanted - kept } else { 0 });
        if kept == 0 {
            return Ok(None);
        }
        let rows = UInt32Array::from(differing.rows);
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(StringArray::from(differing.labels))];
        for at in 0..self.columns.matched.len() {
            arrays.push(take(batch.column(at), &rows, None)?);
        }
        Ok(Some(RecordBatch::try_new(self.shown.clone(), arrays)?))
    }

    fn room(&self, change: &str) -> bool {
        self.samples.iter().filter(|s| s.change == change).count() < self.sample
    }

    fn sample_changed(
        &mut self,
        batch: &RecordBatch,
        (a, b): (usize, usize),
        different: &[usize],
    ) -> Result<(), arrow::error::ArrowError> {
        if self.room("changed") {
            let key = self.key(batch, b)?;
            let mut cells = Map::new();
            for at in different {
                let (from, to) = (value(batch.column(*at), a)?, value(batch.column(*at), b)?);
                cells.insert(self.columns.matched[*at].name.clone(), json!({ "from": from, "to": to }));
            }
            self.samples.push(RowChange { change: "changed", key, cells, count: None });
        }
        Ok(())
    }

    fn sample_row(
        &mut self,
        batch: &RecordBatch,
        row: usize,
        change: &'static str,
        count: Option<u64>,
    ) -> Result<(), arrow::error::ArrowError> {
        if self.room(change) {
            let mut cells = Map::new();
            for (at, m) in self.columns.matched.iter().enumerate() {
                let has = if change == "added" { &m.after } else { &m.before };
                if has.is_some() {
                    cells.insert(m.name.clone(), value(batch.column(at), row)?);
                }
            }
            self.samples.push(RowChange { change, key: self.key(batch, row)?, cells, count });
        }
        Ok(())
    }

    fn key(&self, batch: &RecordBatch, row: usize) -> Result<Map<String, Value>, arrow::error::ArrowError> {
        let of = |at: &usize| Ok((self.columns.matched[*at].name.clone(), value(batch.column(*at), row)?));
        self.columns.key.iter().map(of).collect()
    }

    fn key_text(&self, batch: &RecordBatch, row: usize) -> Result<String, arrow::error::ArrowError> {
        let key = self.key(batch, row)?;
        Ok(key.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", "))
    }

    pub(super) fn report(
        self,
        port: &PortName,
        (from, to): (&State, &State),
        shared_rows: u64,
        files: FileCounts,
    ) -> DiffReport {
        let mut rows = self.rows;
        rows.unchanged += shared_rows;
        let mut cells = CellCounts::default();
        let mut columns = vec![];
        for (m, found) in self.columns.matched.iter().zip(&self.cells) {
            cells.add(found);
            if found.total() > 0 {
                columns.push(ColumnDiff { name: m.name.clone(), cells: *found });
            }
        }
        let state = |state: &State, seen: u64| StateOf {
            snapshot_id: state.snapshot.snapshot_id(),
            release: state.release.as_ref().map(|r| r.number),
            contract_version: state.snapshot.summary().additional_properties.get("mesh.contract-version").cloned(),
            rows: seen + shared_rows,
        };
        DiffReport {
            port: port.to_string(),
            from: state(from, self.seen[0]),
            to: state(to, self.seen[1]),
            same: rows.added + rows.removed + rows.changed == 0 && self.columns.change.is_empty(),
            key: self.columns.key_names(),
            rows,
            cells,
            columns,
            schema: self.columns.change.clone(),
            sample: self.samples,
            files,
        }
    }
}

/// Rows of one key that are matched with each other; more of them are no key's rows.
const CROWD: usize = 1000;

fn end_is_crowded(rows: usize) -> bool {
    rows > CROWD
}

/// One cell for people and JSON. JSON has no word for NaN and the infinities.
fn value(column: &ArrayRef, row: usize) -> Result<Value, arrow::error::ArrowError> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    if matches!(column.data_type(), DataType::Float32 | DataType::Float64) {
        let text = arrow::util::display::array_value_to_string(column, row)?;
        if text.parse::<f64>().is_ok_and(|v| !v.is_finite()) {
            return Ok(Value::String(text));
        }
    }
    let batch = RecordBatch::try_from_iter([("v", column.slice(row, 1))])?;
    let mut writer = arrow::json::LineDelimitedWriter::new(vec![]);
    writer.write(&batch)?;
    writer.finish()?;
    let mut object: Value = serde_json::from_slice(&writer.into_inner()).unwrap_or_default();
    Ok(object["v"].take())
}
