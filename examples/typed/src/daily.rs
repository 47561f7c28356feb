//! The port `daily`: its rows, the step that makes them and a check that neither a column line nor SQL could say.
use std::collections::BTreeMap;

use meshwright::prelude::*;

/// A row of `sql/bicycles.sql`.
#[derive(Debug, Clone, PartialEq, Record)]
pub struct Hour {
    pub counter: String,
    pub day: Date,
    pub hour: i32,
    pub passages: Option<i32>,
}

/// The day's bicycles and their busiest hour.
#[derive(Describe)]
pub struct Days;

/// A row of the port, held against its contract when this is compiled.
#[derive(Debug, Clone, PartialEq, Record)]
#[record(contract = "contracts/daily.toml")]
pub struct Day {
    pub counter: String,
    pub day: Date,
    pub passages: i64,
    pub peak_hour: Option<i32>,
}

impl Serve for Days {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::of::<Hour>("bicycles")]
    }

    fn schema(&self) -> SchemaRef {
        Day::schema()
    }

    fn serve(&self, mut inputs: Inputs) -> Result<Batches> {
        let mut days: BTreeMap<(String, Date), BTreeMap<i32, i64>> = BTreeMap::new();
        for hour in inputs.rows::<Hour>("bicycles")? {
            let hour = hour?;
            let hours = days.entry((hour.counter, hour.day)).or_default();
            *hours.entry(hour.hour).or_default() += i64::from(hour.passages.unwrap_or(0));
        }
        Ok(Batches::rows(days.into_iter().map(|((counter, day), hours)| Day {
            counter,
            day,
            passages: hours.values().sum(),
            peak_hour: peak(&hours),
        })))
    }
}

/// The first of the hours with the most passages.
fn peak(hours: &BTreeMap<i32, i64>) -> Option<i32> {
    let most = hours.values().copied().max().filter(|most| *most > 0)?;
    hours.iter().find(|(_, passages)| **passages == most).map(|(hour, _)| *hour)
}

/// Nobody's day has its peak at night: a counter that says so has a wrong clock.
#[derive(Describe)]
pub struct Commuters;

impl Validate for Commuters {
    fn port(&self) -> &str {
        "daily"
    }

    fn check(&self, rows: Batches) -> Result<CheckOutcome> {
        CheckOutcome::of_each(rows, |row: &Day| {
            let asleep = row.peak_hour.is_some_and(|hour| !(5..=22).contains(&hour));
            asleep.then(|| format!("{} on {}: most bicycles at {:?}", row.counter, row.day, row.peak_hour))
        })
    }
}
