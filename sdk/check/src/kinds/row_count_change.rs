//! `row_count_change`: the number of rows has neither dropped nor risen by more than a share since the last release.
//! Without a release, or after an empty one, there is nothing to compare with.
use serde_json::json;

use crate::frame::View;
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::store::{Reader, Writer};

#[derive(Clone, Copy)]
struct Change {
    max_drop: Option<f64>,
    max_rise: Option<f64>,
    rows: u64,
}

/// Plans the check.
pub(crate) fn plan(max_drop: Option<f64>, max_rise: Option<f64>) -> Box<dyn Rule> {
    Box::new(Change { max_drop, max_rise, rows: 0 })
}

impl Rule for Change {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(*self)
    }

    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        Some(Box::new(Self { rows: from.whole()?, ..*self }))
    }

    fn prove(&self, _: usize, facts: &crate::prove::Facts<'_>) -> Option<Box<dyn State>> {
        Some(Box::new(Self { rows: facts.rows(), ..*self }))
    }
}

impl State for Change {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        self.rows += view.in_scope;
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        self.rows += same::<Self>(other).rows;
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.whole(self.rows);
        true
    }

    fn finish(self: Box<Self>, end: &End<'_>) -> Measure {
        let before = match end.previous_rows {
            None => return Measure::Nothing("there is no release to compare with".into()),
            Some(0) => return Measure::Nothing("the last release has no rows to compare with".into()),
            Some(rows) => rows,
        };
        let change = (self.rows as f64 - before as f64) / before as f64;
        let violated =
            self.max_drop.is_some_and(|most| -change > most) || self.max_rise.is_some_and(|most| change > most);
        let measured = json!({ "rows": self.rows, "before": before, "change": change });
        Measure::Table { measured, violated, skipped: Skipped::default() }
    }
}
