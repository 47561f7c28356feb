//! A product that does everything that can go wrong.
use std::sync::Arc;

use meshwright::arrow::array::{ArrayRef, Int32Array, Int64Array};
use meshwright::prelude::*;

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Number {
    pub(crate) n: i64,
    pub(crate) text: Option<String>,
}

pub(crate) fn number(n: i64) -> Number {
    Number { n, text: (n % 3 > 0).then(|| format!("{n:0>100}")) }
}

/// Numbers from 0, as many as the window has microseconds.
#[derive(Describe)]
pub(crate) struct Numbers;

impl Ingest for Numbers {
    fn schema(&self) -> SchemaRef {
        Number::schema()
    }

    fn read(&self, window: &Window) -> Result<Batches> {
        println!("this goes to stdout");
        eprintln!("and this, with postgres://me:hunter2@db/x, to stderr");
        let end = window.to().map_or(10, |to| to.0);
        Ok(Batches::rows((0..end).map(number)))
    }
}

/// A source that goes wrong in the way it is told to.
#[derive(Describe)]
pub(crate) struct Wrong(pub(crate) &'static str);

impl Ingest for Wrong {
    fn schema(&self) -> SchemaRef {
        Number::schema()
    }

    fn read(&self, _window: &Window) -> Result<Batches> {
        let how = self.0;
        eprintln!("about to go wrong: {how}");
        let rows = (0..100_000).map(move |n| {
            if n == 50_000 {
                match how {
                    "fail" => return Err(Error::unavailable("the agency does not answer").because("timed out").into()),
                    "panic" => panic!("row {n} is cursed"),
                    "abort" => std::process::abort(),
                    "exit" => std::process::exit(3),
                    _ => {}
                }
            }
            Ok(number(n))
        });
        match how {
            "type" => {
                let n: ArrayRef = Arc::new(Int32Array::from(vec![1]));
                let batch = RecordBatch::try_from_iter_with_nullable([("n", n, false)])?;
                Ok(Batches::new(batch.schema(), [Ok::<_, Error>(batch)]))
            }
            _ => Ok(Batches::try_rows(rows)),
        }
    }
}

/// Every row again, as it comes.
#[derive(Describe)]
pub(crate) struct Again;

impl Serve for Again {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::of::<Number>("numbers")]
    }

    fn schema(&self) -> SchemaRef {
        Number::schema()
    }

    fn serve(&self, mut inputs: Inputs) -> Result<Batches> {
        let rows = inputs.rows::<Number>("numbers")?;
        let mut count = 0;
        Ok(Batches::try_rows(rows.inspect(move |_| {
            count += 1;
            if count == 1_000_000 {
                eprintln!("peak {}", peak_memory());
            }
        })))
    }
}

/// Highest memory use so far, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

#[derive(Debug, Clone, PartialEq, Record)]
pub(crate) struct Sum {
    pub(crate) sum: i64,
}

/// Rows before anything is read, then all of `right`, then all of `left`; never `unread`.
#[derive(Describe)]
pub(crate) struct Crosswise;

impl Serve for Crosswise {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::of::<Number>("left"), Input::any("right"), Input::any("unread")]
    }

    fn schema(&self) -> SchemaRef {
        Sum::schema()
    }

    fn serve(&self, mut inputs: Inputs) -> Result<Batches> {
        let early = (0..200_000).map(|sum| Ok(Sum { sum }));
        let (right, left) = (inputs.rows::<Number>("right")?, inputs.rows::<Number>("left")?);
        let sums = [Box::new(right) as Box<dyn Iterator<Item = Result<Number>> + Send>, Box::new(left)];
        let late =
            sums.into_iter().map(|rows| Ok(Sum { sum: rows.map(|row| row.map(|row| row.n)).sum::<Result<i64>>()? }));
        Ok(Batches::try_rows(early.chain(late)))
    }
}

/// Panics at once.
#[derive(Describe)]
pub(crate) struct Panics;

impl Serve for Panics {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::any("numbers")]
    }

    fn schema(&self) -> SchemaRef {
        Sum::schema()
    }

    fn serve(&self, _inputs: Inputs) -> Result<Batches> {
        let empty: Vec<i64> = Vec::new();
        Ok(Batches::rows([Sum { sum: empty[0] }]))
    }
}

/// No negative numbers.
#[derive(Describe)]
pub(crate) struct Positive;

impl Validate for Positive {
    fn port(&self) -> &str {
        "numbers"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn check(&self, rows: Batches) -> Result<CheckOutcome> {
        CheckOutcome::of_each(rows, |row: &Number| (row.n < 0).then(|| format!("{} is negative", row.n)))
    }
}

/// Looks at the first batch only.
#[derive(Describe)]
pub(crate) struct FirstOnly;

impl Validate for FirstOnly {
    fn port(&self) -> &str {
        "numbers"
    }

    fn check(&self, mut rows: Batches) -> Result<CheckOutcome> {
        let first = rows.next().transpose()?.map_or(0, |batch| batch.num_rows() as u64);
        Ok(CheckOutcome { rows: first, message: Some("only a sample".to_owned()), ..CheckOutcome::new() })
    }
}

/// Trouble of all kinds.
#[derive(Describe)]
pub(crate) struct Trouble;

impl DataProduct for Trouble {
    fn parts(&self) -> Parts {
        let parts = Parts::new()
            .source("numbers", Numbers)
            .step("again", Again)
            .step("crosswise", Crosswise)
            .step("panics", Panics)
            .check("positive", Positive)
            .check("first-only", FirstOnly);
        ["fail", "panic", "abort", "exit", "type"].into_iter().fold(parts, |parts, how| parts.source(how, Wrong(how)))
    }
}

/// One batch of a column of another type, under the right name.
pub(crate) fn misfit() -> RecordBatch {
    let n: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    RecordBatch::try_from_iter([("m", n)]).unwrap()
}
