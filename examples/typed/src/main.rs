//! What the product does in Rust: a typed source here, the port's rows and a check in `daily.rs`. Between the two
//! stands a step in SQL, `sql/bicycles.sql`.
mod daily;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufRead, BufReader};

use meshwright::prelude::*;

use daily::{Commuters, Days};

/// What the counters report, one file in a format of its own that no declared source could read.
#[derive(Describe)]
struct Passages;

/// One line: `counter day hour vehicle passages`.
#[derive(Debug, Clone, PartialEq, Record)]
struct Passage {
    counter: String,
    day: Date,
    hour: i32,
    vehicle: String,
    passages: i32,
}

impl Ingest for Passages {
    fn schema(&self) -> SchemaRef {
        Passage::schema()
    }

    fn read(&self, window: &Window) -> Result<Batches> {
        let window = *window;
        let lines = BufReader::new(File::open("data/passages.txt")?).lines();
        let rows = lines.filter_map(|line| line.map_or_else(|error| Some(Err(error.into())), parse));
        Ok(Batches::try_rows(rows.filter(move |row| row.as_ref().map_or(true, |row| window.contains_day(row.day)))))
    }
}

/// Comments and empty lines are no passages.
fn parse(line: String) -> Option<Result<Passage>> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        [] | ["#", ..] => None,
        [counter, day, hour, vehicle, passages] => Some(passage(counter, day, hour, vehicle, passages)),
        _ => Some(Err(Error::invalid(format!("`{line}` has not five parts")).into())),
    }
}

fn passage(counter: &str, day: &str, hour: &str, vehicle: &str, passages: &str) -> Result<Passage> {
    Ok(Passage {
        counter: counter.to_owned(),
        day: day.parse()?,
        hour: hour.parse()?,
        vehicle: vehicle.to_owned(),
        passages: passages.parse()?,
    })
}

/// The whole of it, by the names that `product.toml` and the queries use.
#[derive(Describe)]
struct Bicycles;

impl DataProduct for Bicycles {
    fn parts(&self) -> Parts {
        Parts::new().source("passages", Passages).step("daily", Days).check("commuters", Commuters)
    }
}

meshwright::main!(Bicycles);
