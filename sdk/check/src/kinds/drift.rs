//! `drift`: the column's values are distributed as in another state of the port. An alarm needs a difference that is both
//! large enough to matter and too large for chance. Nulls are a bin of their own, and so are NaN.
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::Field;
use meshwright_spec::{Check, CheckKind, DriftMethod};
use serde_json::json;

use crate::drift::{ColumnDrift, by_chance, compare_one};
use crate::evidence::MASK;
use crate::frame::View;
use crate::planner::{Column, Earlier, Planner};
use crate::profile::ColumnState;
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::store::{Reader, Writer};

#[derive(Clone)]
struct Drift {
    name: String,
    column: Column,
    secret: bool,
    before: Option<Arc<Earlier>>,
    method: DriftMethod,
    threshold: f64,
    level: f64,
}

struct Seen {
    drift: Drift,
    state: ColumnState,
}

/// Plans the check.
pub(crate) fn plan(check: &Check, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let CheckKind::Drift { column: name, method, threshold, level, .. } = &check.kind else {
        return Err("it is no check of kind `drift`".into());
    };
    let column = planner.column(name)?;
    let secret = planner.is_secret(name);
    let (name, before) = (name.clone(), planner.earlier(check)?);
    Ok(Box::new(Drift { name, column, secret, before, method: *method, threshold: *threshold, level: *level }))
}

impl Rule for Drift {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(Seen { drift: self.clone(), state: ColumnState::new(&self.field()) })
    }

    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        let state = ColumnState::load(&self.field(), from)?;
        Some(Box::new(Seen { drift: self.clone(), state }))
    }
}

impl State for Seen {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        let array = view.frame.column(self.drift.column.index)?;
        match view.scope {
            None => self.state.update(array),
            Some(_) => {
                let scope: BooleanArray = (0..view.frame.rows).map(|row| Some(view.has(row))).collect();
                let array: ArrayRef = arrow::compute::filter(array, &scope).map_err(|error| error.to_string())?;
                self.state.update(&array);
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        self.state.merge(&same::<Self>(other).state);
    }

    fn save(&self, to: &mut Writer) -> bool {
        self.state.save(to);
        true
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Measure {
        let Self { drift, state } = *self;
        let Some(before) = &drift.before else {
            return Measure::Nothing("there is no release to compare with".into());
        };
        let rows = state.rows();
        if rows == 0 {
            return Measure::Nothing("no rows in scope".into());
        }
        let after = state.finish(rows, drift.secret);
        let Some(column) = before.profile.columns.iter().find(|column| column.name == drift.name) else {
            return Measure::Nothing(format!("{} has no column `{}` to compare with", before.name, drift.name));
        };
        if before.profile.rows == 0 {
            return Measure::Nothing(format!("{} has no rows in scope to compare with", before.name));
        }
        let as_numbers = drift.method == DriftMethod::KolmogorovSmirnov;
        match compare_one(column, &after, before.profile.rows, rows, as_numbers) {
            Some(found) => drift.told(&found, &before.name, (before.profile.rows, rows)),
            None => Measure::Nothing(format!("`{}` was of another type in {}", drift.name, before.name)),
        }
    }
}

impl Drift {
    fn field(&self) -> Field {
        Field::new(&self.name, self.column.data_type.clone(), true)
    }

    fn told(&self, found: &ColumnDrift, before: &str, rows: (u64, u64)) -> Measure {
        let (distance, chance) = match self.method {
            DriftMethod::JensenShannon => (found.jensen_shannon, found.p_value),
            DriftMethod::Psi => (found.psi, found.p_value),
            DriftMethod::KolmogorovSmirnov => (found.ks.unwrap_or_default(), found.ks_p.unwrap_or(1.0)),
            DriftMethod::ChiSquared => (found.cramers_v, found.chi_squared_p),
        };
        let violated = distance >= self.threshold && chance < self.level;
        let moved = |moved: &crate::drift::Moved| {
            let bin = moved.bin.as_str().map_or_else(|| moved.bin.to_string(), str::to_owned);
            format!("{bin}: {:.1} % -> {:.1} %", moved.before * 100.0, moved.after * 100.0)
        };
        let hidden = |bin: &str| bin == MASK;
        let named: Vec<String> =
            found.moved.iter().filter(|m| !m.bin.as_str().is_some_and(hidden)).map(moved).collect();
        let moved = if violated && !named.is_empty() { format!("; {}", named.join(", ")) } else { String::new() };
        let message = format!(
            "{} {distance:.3} from {before}, {} matters; {}{moved}",
            self.method.as_str(),
            self.threshold,
            by_chance(chance)
        );
        let measured = json!({
            "distance": distance, "p_value": chance, "baseline": before, "rows": [rows.0, rows.1], "moved": found.moved,
        });
        Measure::Told { measured, violated: Some(violated), skipped: Skipped::default(), message }
    }
}
