//! Hourly weather readings and what they say about each day.
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};

use meshwright::prelude::*;

/// Readings as the stations send them: `station;time;celsius`, one line an hour.
#[derive(Describe)]
struct Readings;

/// One line of a delivery.
#[derive(Debug, Clone, PartialEq, Record)]
struct Reading {
    station: String,
    at: Timestamp,
    celsius: Option<f64>,
}

impl Ingest for Readings {
    fn schema(&self) -> SchemaRef {
        Reading::schema()
    }

    fn read(&self, window: &Window) -> Result<Batches> {
        let window = *window;
        let lines = BufReader::new(File::open("data/readings.csv")?).lines();
        let rows = lines.map(|line| parse(&line?));
        Ok(Batches::try_rows(rows.filter(move |row| row.as_ref().map_or(true, |row| window.contains(row.at)))))
    }
}

fn parse(line: &str) -> Result<Reading> {
    let mut parts = line.split(';');
    let mut next = || parts.next().ok_or_else(|| Error::invalid(format!("`{line}` has too few parts")));
    let (station, at, celsius) = (next()?, next()?, next()?);
    let celsius = if celsius.is_empty() { None } else { Some(celsius.parse()?) };
    Ok(Reading { station: station.to_owned(), at: at.parse()?, celsius })
}

/// The mean of each station's readings of a day.
#[derive(Describe)]
struct DailyMeans;

/// A row of the port `daily`; its columns are checked against the contract when this is compiled.
#[derive(Debug, Clone, PartialEq, Record)]
#[record(contract = "examples/weather/contracts/daily.toml")]
struct Daily {
    station: String,
    day: Date,
    mean: f64,
}

impl Serve for DailyMeans {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::of::<Reading>("readings")]
    }

    fn schema(&self) -> SchemaRef {
        Daily::schema()
    }

    fn serve(&self, mut inputs: Inputs) -> Result<Batches> {
        let mut days: BTreeMap<(String, Date), (f64, u32)> = BTreeMap::new();
        for reading in inputs.rows::<Reading>("readings")? {
            let reading = reading?;
            if let Some(celsius) = reading.celsius {
                let day = days.entry((reading.station, reading.at.date())).or_default();
                *day = (day.0 + celsius, day.1 + 1);
            }
        }
        Ok(Batches::rows(days.into_iter().map(|((station, day), (sum, n))| Daily {
            station,
            day,
            mean: sum / f64::from(n),
        })))
    }
}

/// No daily mean outside what has ever been measured on earth.
#[derive(Describe)]
struct Plausible;

impl Validate for Plausible {
    fn port(&self) -> &str {
        "daily"
    }

    fn check(&self, rows: Batches) -> Result<CheckOutcome> {
        CheckOutcome::of_each(rows, |row: &Daily| {
            if (-90.0..=57.0).contains(&row.mean) {
                None
            } else {
                Some(format!("{} on {}: {} degrees", row.station, row.day, row.mean))
            }
        })
    }
}

/// Weather by station and day.
#[derive(Describe)]
struct Weather;

impl DataProduct for Weather {
    fn parts(&self) -> Parts {
        Parts::new().source("readings", Readings).step("daily", DailyMeans).check("plausible", Plausible)
    }
}

meshwright::main!(Weather);

#[cfg(test)]
mod tests {
    use super::*;
    use meshwright::testing;

    fn reading(at: &str, celsius: Option<f64>) -> Reading {
        Reading { station: "Chad".into(), at: at.parse().unwrap(), celsius }
    }

    #[test]
    fn missing_readings_do_not_count() {
        let given = [reading("2024-05-01T10:00", Some(30.0)), reading("2024-05-01T11:00", None)];
        let found = testing::step(&DailyMeans).given("readings", &given).rows::<Daily>();
        testing::assert_rows(
            &found,
            &[Daily { station: "Chad".into(), day: "2024-05-01".parse().unwrap(), mean: 30.0 }],
        );
    }

    #[test]
    fn the_source_yields_the_same_rows_again() {
        // an example has no package of its own, whose folder tests start in
        std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/weather")).unwrap();
        // reads twice, compares, checks the schema
        let rows = testing::source(&Readings).window(Window::all()).rows::<Reading>();
        assert!(!rows.is_empty());
    }

    #[test]
    fn impossible_heat_is_found() {
        let hot = Daily { station: "Chad".into(), day: "2024-05-01".parse().unwrap(), mean: 99.0 };
        assert_eq!(testing::check(&Plausible, &[hot]).violations, 1);
    }
}
