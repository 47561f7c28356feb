//! `[steps.<name>]`: transformations.
use std::path::PathBuf;

use super::{Materialize, Step, StepBody, read};
use crate::Diagnostic;
use crate::document::{Table, Value};

pub(super) const MATERIALIZE: [(&str, Materialize); 2] = [("view", Materialize::View), ("table", Materialize::Table)];

pub(super) fn steps(section: &Table<'_>) -> Vec<Step> {
    section.entries().iter().filter_map(|entry| step(entry.key, &entry.value)).collect()
}

fn step(key: &str, value: &Value<'_>) -> Option<Step> {
    let name = value.key_name(key);
    let table = value.table(format!("[steps.{key}]"))?;
    let materialize = table.get("materialize").map_or(Some(Materialize::View), |value| value.choice(&MATERIALIZE));
    let sql = table.get("sql");
    let run = table.get("run");
    let body = match (sql, run) {
        (Some(sql), Some(run)) => {
            table.document.report(
                Diagnostic::error("M0115", format!("{} has both `sql` and `run`", table.place()))
                    .at(run.whole_line(), "a command step")
                    .at(sql.whole_line(), "a SQL step")
                    .help("drop one, or make two steps of it"),
            );
            None
        }
        (Some(sql), None) => sql.path().map(StepBody::Sql),
        (None, Some(run)) => read::command(run).map(StepBody::Command),
        (None, None) => Some(StepBody::Sql(PathBuf::from(format!("sql/{key}.sql")))),
    };
    table.reject_unknown();
    Some(Step { name: name?, body: body?, materialize: materialize?, span: table.span.clone() })
}
