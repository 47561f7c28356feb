//! `columns`: the data have the columns that are named (all of the contract where none is), by choice no others, by
//! choice in this order. Types are not its matter: a port's values are written in the promised types, or not at all.
use serde_json::{Map, Value, json};

use crate::frame::View;
use crate::planner::Planner;
use crate::rule::{End, Measure, Rule, Skipped, State};
use crate::store::{Reader, Writer};

#[derive(Clone)]
struct Columns {
    named: Vec<String>,
    extra: bool,
    ordered: bool,
    /// The columns of the planned schema, for callers that say nothing of the data's.
    planned: Vec<String>,
}

/// Plans the check.
pub(crate) fn plan(named: &[String], extra: bool, ordered: bool, planner: &Planner<'_>) -> Box<dyn Rule> {
    let named = match named {
        [] => planner.promised(),
        named => named.to_vec(),
    };
    Box::new(Columns { named, extra, ordered, planned: planner.found() })
}

impl Rule for Columns {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(self.clone())
    }

    fn load(&self, limit: usize, _: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        Some(self.start(limit))
    }

    fn prove(&self, limit: usize, _: &crate::prove::Facts<'_>) -> Option<Box<dyn State>> {
        Some(self.start(limit))
    }
}

impl State for Columns {
    fn update(&mut self, _: &View<'_>) -> Result<(), String> {
        Ok(())
    }

    fn merge(&mut self, _: Box<dyn State>) {}

    fn save(&self, _: &mut Writer) -> bool {
        true
    }

    fn finish(self: Box<Self>, end: &End<'_>) -> Measure {
        let found = end.columns.unwrap_or(self.planned.as_slice());
        let missing: Vec<&String> = self.named.iter().filter(|name| !found.contains(name)).collect();
        let extra: Vec<&String> = found.iter().filter(|name| !self.named.contains(name)).collect();
        let (here, asked): (Vec<&String>, Vec<&String>) = (
            found.iter().filter(|name| self.named.contains(name)).collect(),
            self.named.iter().filter(|name| found.contains(name)).collect(),
        );
        let disordered = self.ordered && here != asked;
        let mut measured = Map::new();
        if !missing.is_empty() {
            measured.insert("missing".into(), json!(missing));
        }
        if !extra.is_empty() {
            measured.insert("extra".into(), json!(extra));
        }
        if disordered {
            measured.insert("order".into(), json!(here));
        }
        let violated = !missing.is_empty() || (!self.extra && !extra.is_empty()) || disordered;
        let measured = if measured.is_empty() { json!("as expected") } else { Value::Object(measured) };
        Measure::Table { measured, violated, skipped: Skipped::default() }
    }
}
