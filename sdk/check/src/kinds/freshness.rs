//! `freshness`: the newest value of a date or time column, or the last release, is no older than allowed. A day is its
//! first moment and a time without zone is UTC. Without any value there is nothing fresh, which violates.
use arrow::array::{Array, ArrowPrimitiveType, PrimitiveArray};
use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, Utc};
use meshwright_spec::Duration;
use serde_json::json;

use crate::evidence::restore;
use crate::frame::View;
use crate::integers::with_integers;
use crate::plain::plain;
use crate::planner::{Column, Planner};
use crate::prove::Facts;
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::store::{Reader, Writer};

#[derive(Clone)]
struct Freshness {
    /// The column, and how many nanoseconds its unit has.
    column: Option<(Column, i128)>,
    max_age: Duration,
    newest: Option<i128>,
    rows: u64,
    nulls: u64,
}

/// Plans the check.
pub(crate) fn plan(
    column: Option<&str>,
    max_age: Duration,
    planner: &mut Planner<'_>,
) -> Result<Box<dyn Rule>, String> {
    let column = column.map(|name| planner.column(name)).transpose()?;
    let column = column.map(|column| unit(&column.data_type).map(|unit| (column, unit))).transpose()?;
    Ok(Box::new(Freshness { column, max_age, newest: None, rows: 0, nulls: 0 }))
}

fn unit(data_type: &DataType) -> Result<i128, String> {
    match data_type {
        DataType::Date32 => Ok(86_400_000_000_000),
        DataType::Date64 | DataType::Timestamp(TimeUnit::Millisecond, _) => Ok(1_000_000),
        DataType::Timestamp(TimeUnit::Second, _) => Ok(1_000_000_000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Ok(1_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Ok(1),
        other => Err(format!("a column of type {other} has no age")),
    }
}

impl Rule for Freshness {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(self.clone())
    }
    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        let mut state = self.clone();
        state.newest = if from.flag()? { Some(from.wide()?) } else { None };
        (state.rows, state.nulls) = (from.whole()?, from.whole()?);
        Some(Box::new(state))
    }

    fn prove(&self, _: usize, facts: &Facts<'_>) -> Option<Box<dyn State>> {
        let mut state = self.clone();
        if let Some((column, _)) = &self.column {
            let known = facts.column(column.index)?;
            (state.rows, state.nulls) = (facts.rows(), known.nulls?);
            if state.nulls < state.rows {
                state.newest = Some(known.range?.1);
            }
        }
        Some(Box::new(state))
    }
}

impl State for Freshness {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        let Some((column, _)) = &self.column else { return Ok(()) };
        let array = view.frame.column(column.index)?;
        self.rows += view.in_scope;
        self.nulls += view.nulls(array);
        let array = plain(array, column)?;
        let newest = with_integers!(array, values => newest(values, view), else None);
        self.newest = self.newest.max(newest);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.rows += other.rows;
        self.nulls += other.nulls;
        self.newest = self.newest.max(other.newest);
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.flag(self.newest.is_some());
        self.newest.into_iter().for_each(|newest| to.wide(newest));
        to.whole(self.rows);
        to.whole(self.nulls);
        true
    }

    fn finish(self: Box<Self>, end: &End<'_>) -> Measure {
        let Some((column, unit)) = &self.column else {
            return match end.released_at {
                Some(released_at) => self.judge(nanoseconds(released_at), json!(released_at.to_rfc3339()), end),
                None => Measure::Nothing("there is no release yet".into()),
            };
        };
        match self.newest {
            Some(newest) => self.judge(newest * unit, restore(&newest.to_le_bytes(), &column.data_type), end),
            None if self.rows == 0 => Measure::Nothing("no rows in scope".into()),
            None => self.table(json!(null), true),
        }
    }
}

impl Freshness {
    fn judge(&self, newest: i128, shown: serde_json::Value, end: &End<'_>) -> Measure {
        let age = nanoseconds(end.now) - newest;
        let seconds = age.div_euclid(1_000_000_000) as i64;
        let old = age > i128::from(self.max_age.seconds) * 1_000_000_000;
        self.table(json!({ "newest": shown, "age_seconds": seconds }), old)
    }

    fn table(&self, measured: serde_json::Value, violated: bool) -> Measure {
        Measure::Table { measured, violated, skipped: Skipped { nulls: self.nulls, nan: 0 } }
    }
}

fn newest<T>(array: &PrimitiveArray<T>, view: &View<'_>) -> Option<i128>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i128>,
{
    if view.scope.is_none() {
        return arrow::compute::max(array).map(Into::into);
    }
    let rows = (0..array.len()).filter(|row| view.has(*row) && array.is_valid(*row));
    rows.map(|row| array.value(row).into()).max()
}

fn nanoseconds(at: DateTime<Utc>) -> i128 {
    i128::from(at.timestamp()) * 1_000_000_000 + i128::from(at.timestamp_subsec_nanos())
}
