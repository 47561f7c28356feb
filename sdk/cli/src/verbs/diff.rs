//! `mesh diff`
use std::path::PathBuf;

use clap::Args;
use meshwright_engine::{CellCounts, DiffOptions, DiffReport, RowChange, StateOf, diff};
use meshwright_spec::PortName;
use serde_json::{Map, Value};

use super::query::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, thousands};
use crate::rows::{Sink, write_error};

/// Compare two states of a port by its key: rows and cells added, removed and changed
#[derive(Debug, Args)]
#[command(after_help = "Examples:  mesh diff climate.emissions.country_year --from r2 --to r3
           mesh diff climate.emissions.country_year --to run-0198c2 --format csv")]
pub(crate) struct Diff {
    /// `domain.product.port`
    port: PortName,
    /// The older state: release (r12), snapshot id, tag, branch or time [default: the release before --to]
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// The newer state [default: what readers see now]
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
    /// Columns that identify a row, instead of the contract's key
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', conflicts_with = "no_key")]
    key: Vec<String>,
    /// Compare whole rows, whatever the contract's key
    #[arg(long)]
    no_key: bool,
    /// Show at most so many differing rows, of each kind in the summary [default: 5; all with --format]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print the differing rows themselves, `change` first: added, removed, before, after
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write them to this file instead of stdout
    #[arg(short, long, value_name = "FILE", requires = "format")]
    output: Option<PathBuf>,
}

/// Differing rows of each kind in a summary.
const SAMPLE: usize = 5;

impl Diff {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let options = DiffOptions {
                from: self.from.clone(),
                to: self.to.clone(),
                key: self.key.clone(),
                no_key: self.no_key,
                sample: if self.format.is_some() { 0 } else { self.limit.unwrap_or(SAMPLE) },
                limit: self.limit,
            };
            let diff = diff(&context.catalog().await?, &self.port, options).await?;
            let Some(format) = self.format else {
                let report = diff.compare(None).await?;
                if context.json {
                    printer::json(&report);
                } else {
                    show(&report);
                }
                return Ok(Exit::Done);
            };
            let mut sink = Sink::open(format, self.output.as_deref(), &diff.schema())?;
            let mut write = |rows: arrow::array::RecordBatch| sink.write(&rows).map_err(write_error);
            let report = diff.compare(Some(&mut write)).await?;
            let counts = serde_json::json!({ "rows": report.rows, "cells": report.cells, "files": report.files });
            sink.finish(&counts).map_err(write_error)?;
            context.say(&rows_line(&report));
            Ok(Exit::Done)
        })
    }
}

fn show(report: &DiffReport) {
    let by = match report.key.is_empty() {
        true => "whole rows compared".to_owned(),
        false => format!("rows matched by {}", report.key.join(", ")),
    };
    printer::line(&format!("{}  {} -> {}  ({by})", report.port, state(&report.from), state(&report.to)));
    if report.same {
        printer::line(&format!("the same {} rows", thousands(report.to.rows as i64)));
        return;
    }
    let schema = &report.schema;
    for (what, names) in [("columns added", &schema.added), ("columns removed", &schema.removed)] {
        if !names.is_empty() {
            printer::line(&format!("{what}: {}", names.join(", ")));
        }
    }
    let renamed: Vec<String> = schema.renamed.iter().map(|r| format!("{} -> {}", r.from, r.to)).collect();
    if !renamed.is_empty() {
        printer::line(&format!("columns renamed: {}", renamed.join(", ")));
    }
    for r in &schema.retyped {
        printer::line(&format!("column retyped: {} from {} to {}", r.name, r.from, r.to));
    }
    printer::line(&rows_line(report));
    if !report.key.is_empty() {
        printer::line(&format!("cells: {}", counts(&report.cells)));
    }
    if report.rows.duplicate_keys > 0 {
        let keys = thousands(report.rows.duplicate_keys as i64);
        printer::line(&format!("{keys} keys have several rows in one state; those were matched as well as can be"));
    }
    if !report.columns.is_empty() {
        printer::line("");
        let number = |n: u64| thousands(n as i64);
        let mut columns: Vec<_> = report.columns.iter().collect();
        columns.sort_by_key(|c| std::cmp::Reverse(c.cells.total()));
        let rows: Vec<Vec<String>> = columns
            .iter()
            .map(|c| vec![c.name.clone(), number(c.cells.added), number(c.cells.removed), number(c.cells.changed)])
            .collect();
        printer::table(&["COLUMN", "ADDED", "REMOVED", "CHANGED"], &rows);
    }
    if !report.sample.is_empty() {
        printer::line("");
        for row in &report.sample {
            printer::line(&sample(row));
        }
    }
}

fn state(state: &StateOf) -> String {
    state.release.map_or_else(|| format!("snapshot {}", state.snapshot_id), |n| format!("r{n}"))
}

fn rows_line(report: &DiffReport) -> String {
    let (rows, number) = (&report.rows, |n: u64| thousands(n as i64));
    let changed = if report.key.is_empty() { String::new() } else { format!("{} changed, ", number(rows.changed)) };
    format!(
        "rows: {} added, {} removed, {changed}{} unchanged ({} -> {})",
        number(rows.added),
        number(rows.removed),
        number(rows.unchanged),
        number(report.from.rows),
        number(report.to.rows),
    )
}

fn counts(cells: &CellCounts) -> String {
    let number = |n: u64| thousands(n as i64);
    format!("{} added, {} removed, {} changed", number(cells.added), number(cells.removed), number(cells.changed))
}

/// `~ country = Chad, year = 2000: co2 0.2 -> 0.3`
fn sample(row: &RowChange) -> String {
    let mark = match row.change {
        "added" => '+',
        "removed" => '-',
        _ => '~',
    };
    let words = |cells: &Map<String, Value>| -> String {
        let word = |(name, value): (&String, &Value)| format!("{name} = {}", short(value));
        cells.iter().map(word).collect::<Vec<_>>().join(", ")
    };
    let count = row.count.filter(|n| *n > 1).map(|n| format!(" ({n} times)")).unwrap_or_default();
    if row.change != "changed" {
        return format!("{mark} {}{count}", words(&row.cells));
    }
    let cell = |(name, v): (&String, &Value)| format!("{name} {} -> {}", short(&v["from"]), short(&v["to"]));
    format!("{mark} {}: {}", words(&row.key), row.cells.iter().map(cell).collect::<Vec<_>>().join(", "))
}

fn short(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}
