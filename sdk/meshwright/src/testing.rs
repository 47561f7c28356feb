//! The test kit: sources, steps and checks with rows in and rows out, under plain `cargo test`.
//!
//! Everything here fails a test by panicking, with the message that `mesh run` would show.
//!
//! ```
//! use meshwright::prelude::*;
//! use meshwright::testing;
//!
//! #[derive(Debug, Clone, PartialEq, Record)]
//! struct Number {
//!     n: i64,
//! }
//!
//! /// Only the even ones.
//! #[derive(Describe)]
//! struct Even;
//!
//! impl Serve for Even {
//!     fn inputs(&self) -> Vec<Input> {
//!         vec![Input::of::<Number>("numbers")]
//!     }
//!
//!     fn schema(&self) -> SchemaRef {
//!         Number::schema()
//!     }
//!
//!     fn serve(&self, mut inputs: Inputs) -> Result<Batches> {
//!         let numbers = inputs.rows::<Number>("numbers")?;
//!         Ok(Batches::try_rows(numbers.filter(|row| row.as_ref().map_or(true, |row| row.n % 2 == 0))))
//!     }
//! }
//!
//! let numbers: Vec<Number> = (1..=4).map(|n| Number { n }).collect();
//! let found = testing::step(&Even).given("numbers", &numbers).rows::<Number>();
//! testing::assert_rows(&found, &[Number { n: 4 }, Number { n: 2 }]);
//! ```
use std::fmt::Debug;

use crate::error::Error;
use crate::{Batches, CheckOutcome, DataProduct, Ingest, Inputs, Record, Result, Serve, Validate, Window};

/// A source under test.
#[must_use]
pub struct SourceTest<'a> {
    source: &'a dyn Ingest,
    window: Window,
}

/// Tests a source.
pub fn source(source: &dyn Ingest) -> SourceTest<'_> {
    SourceTest { source, window: Window::all() }
}

impl SourceTest<'_> {
    /// Reads this window instead of all there is.
    pub fn window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Its rows. Reads twice and fails if the second reading yields other rows: a run may be repeated after a crash.
    #[track_caller]
    pub fn rows<T: Record + PartialEq + Debug>(self) -> Vec<T> {
        let (first, second) = (or_fail(self.read()), or_fail(self.read()));
        if let Some(difference) = difference(&second, &first) {
            panic!("the source yields other rows when it is read again\n{difference}");
        }
        first
    }

    /// Its rows read once, or why there are none.
    pub fn try_rows<T: Record>(self) -> Result<Vec<T>, Error> {
        self.read()
    }

    fn read<T: Record>(&self) -> Result<Vec<T>, Error> {
        let read = || -> Result<Vec<T>> {
            Batches::new(self.source.schema(), self.source.read(&self.window)?).records().collect()
        };
        read().map_err(Error::from_box)
    }
}

/// A step under test.
#[must_use]
pub struct StepTest<'a> {
    step: &'a dyn Serve,
    inputs: Inputs,
}

/// Tests a step.
pub fn step(step: &dyn Serve) -> StepTest<'_> {
    StepTest { step, inputs: Inputs::new() }
}

impl StepTest<'_> {
    /// Hands it rows as one of its inputs.
    pub fn given<T: Record>(self, name: &str, rows: &[T]) -> Self {
        let batch = T::to_batch(rows);
        self.given_batches(name, Batches::new(T::schema(), [Ok::<_, Error>(batch)]))
    }

    /// Hands it batches as one of its inputs.
    pub fn given_batches(mut self, name: &str, batches: Batches) -> Self {
        self.inputs = self.inputs.with(name, batches);
        self
    }

    /// Its rows.
    #[track_caller]
    pub fn rows<T: Record>(self) -> Vec<T> {
        or_fail(self.try_rows())
    }

    /// Its rows, or why there are none.
    pub fn try_rows<T: Record>(self) -> Result<Vec<T>, Error> {
        let (schema, step, inputs) = (self.step.schema(), self.step, self.inputs);
        let serve = || -> Result<Vec<T>> { Batches::new(schema, step.serve(inputs)?).records().collect() };
        serve().map_err(Error::from_box)
    }
}

/// What a check finds in some rows.
#[track_caller]
pub fn check<T: Record>(check: &dyn Validate, rows: &[T]) -> CheckOutcome {
    let batches = Batches::new(T::schema(), [Ok::<_, Error>(T::to_batch(rows))]);
    or_fail(check.check(batches).map_err(Error::from_box))
}

/// Fails if something is wrong with the parts of a product.
#[track_caller]
pub fn assert_sound(product: &dyn DataProduct) {
    let problems = product.parts().problems();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Fails unless both have the same rows, in any order, and says which ones differ.
#[track_caller]
pub fn assert_rows<T: PartialEq + Debug>(found: &[T], expected: &[T]) {
    if let Some(difference) = difference(found, expected) {
        panic!("the rows are not the expected ones\n{difference}");
    }
}

fn difference<T: PartialEq + Debug>(found: &[T], expected: &[T]) -> Option<String> {
    let mut missing: Vec<&T> = expected.iter().collect();
    let mut extra = Vec::new();
    for row in found {
        match missing.iter().position(|other| *other == row) {
            // keeps the order: the usual case, rows in order, is then found at once
            Some(at) => drop(missing.remove(at)),
            None => extra.push(row),
        }
    }
    let lines = missing.iter().map(|row| format!("  missing {row:?}\n"));
    let lines: String = lines.chain(extra.iter().map(|row| format!("  extra   {row:?}\n"))).collect();
    (!lines.is_empty()).then_some(lines)
}

#[track_caller]
fn or_fail<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => match error.code_text() {
            Some(code) => panic!("{code}: {error}"),
            None => panic!("{error}"),
        },
    }
}
