//! What the product does in Rust: a typed source, a step and a check. The SQL step `{{port}}` reads what they make.
#[cfg(test)]
mod tests;
use meshwright::prelude::*;
/// Readings as the stations deliver them.
#[derive(Describe)]
struct Sample;
/// One line of a delivery: `station,day,reading`.
#[derive(Debug, Clone, PartialEq, Record)]
struct Reading {
    station: String,
    day: Date,
    reading: Option<f64>,
}
impl Ingest for Sample {
    fn schema(&self) -> SchemaRef {
        Reading::schema()
    }
    fn read(&self, window: &Window) -> Result<Batches> {
        let text = std::fs::read_to_string("data/sample.csv")?;
        let mut rows = text.lines().skip(1).map(parse).collect::<Result<Vec<_>>>()?;
        rows.retain(|row| window.contains_day(row.day));
        Ok(Batches::rows(rows))
    }
}
fn parse(line: &str) -> Result<Reading> {
    let [station, day, reading] = line.split(',').collect::<Vec<_>>()[..] else {
        return Err(Error::invalid(format!("`{line}` has not three parts")).into());
    };
    let reading = if matches!(reading, "" | "NA") { None } else { Some(reading.parse()?) };
    Ok(Reading { station: station.to_owned(), day: day.parse()?, reading })
}

/// Stations are written in more than one way; this is the one way.
#[derive(Describe)]
struct Readings;
impl Serve for Readings {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::of::<Reading>("sample")]
    }
    fn schema(&self) -> SchemaRef {
        Reading::schema()
    }
    fn serve(&self, mut inputs: Inputs) -> Result<Batches> {
        let tidy = |row: Reading| Reading { station: row.station.trim().to_lowercase(), ..row };
        Ok(Batches::rows(inputs.rows("sample")?.map(|row| row.map(tidy)).collect::<Result<Vec<_>, _>>()?))
    }
}

/// A row of the port `{{port}}`, held against its contract when this is compiled.
#[derive(Debug, Clone, PartialEq, Record)]
#[record(contract = "contracts/{{port}}.toml")]
struct Mean {
    station: String,
    day: Date,
    readings: i64,
    mean: f64,
}
/// No mean above what has ever been measured on earth.
#[derive(Describe)]
struct Plausible;
impl Validate for Plausible {
    fn port(&self) -> &str {
        "{{port}}"
    }
    fn check(&self, rows: Batches) -> Result<CheckOutcome> {
        CheckOutcome::of_each(rows, |row: &Mean| (row.mean > 57.0).then(|| format!("{}: {}", row.station, row.mean)))
    }
}

/// The whole of it, by the names that `product.toml` and the queries use.
#[derive(Describe)]
struct Product;
impl DataProduct for Product {
    fn parts(&self) -> Parts {
        Parts::new().source("sample", Sample).step("readings", Readings).check("plausible", Plausible)
    }
}
meshwright::main!(Product);
