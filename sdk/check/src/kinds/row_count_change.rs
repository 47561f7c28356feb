//! `row_count_change`: the number of rows has neither dropped nor risen by more than a share since the last release.
//! Without a release, or after an empty one, there is nothing to compare with.
use serde_json::json;

use super::rejudged::rejudged;
use super::row_count;
use crate::rule::{End, Measure, Rule};

/// Plans the check.
pub(crate) fn plan(max_drop: Option<f64>, max_rise: Option<f64>) -> Result<Box<dyn Rule>, String> {
    let judge = move |measure: Measure, end: &End<'_>| {
        let Measure::Table { measured, skipped, .. } = measure else { return measure };
        let before = match end.previous_rows {
            None => return Measure::Nothing("there is no release to compare with".into()),
            Some(0) => return Measure::Nothing("the last release has no rows to compare with".into()),
            Some(rows) => rows as f64,
        };
        let rows = measured.as_u64().unwrap_or_default();
        let change = (rows as f64 - before) / before;
        let violated = max_drop.is_some_and(|most| -change > most) || max_rise.is_some_and(|most| change > most);
        let measured = json!({ "rows": rows, "before": before as u64, "change": change });
        Measure::Table { measured, violated, skipped }
    };
    Ok(rejudged(row_count::plan(None, None)?, judge))
}
