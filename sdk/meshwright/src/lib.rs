//! The traits, typed records and test kit that a Rust data product is written with.
//!
//! A Rust product is a small program that holds its author's code and no engine: `mesh run` starts it and exchanges
//! Arrow data with it. So it builds in seconds, a crash stays its own, and it outlives upgrades of the engine.
//!
//! | trait | what the author says with it |
//! |---|---|
//! | [`Ingest`] | where raw facts come from: a source |
//! | [`Serve`] | how the rows that ports serve are made: a step |
//! | [`Validate`] | what must hold beyond the contract's own checks: a check |
//! | [`Describe`] | what each of them is, for people; taken from doc comments by `#[derive(Describe)]` |
//! | [`DataProduct`] | which parts the product has |
//!
//! ```
//! use meshwright::prelude::*;
//!
//! /// The cities of the survey.
//! #[derive(Describe)]
//! struct Cities;
//!
//! #[derive(Debug, Clone, PartialEq, Record)]
//! struct City {
//!     name: String,
//!     people: Option<i64>,
//! }
//!
//! impl Ingest for Cities {
//!     fn schema(&self) -> SchemaRef {
//!         City::schema()
//!     }
//!
//!     fn read(&self, _window: &Window) -> Result<Batches> {
//!         Ok(Batches::rows([City { name: "Faya".into(), people: Some(18_000) }]))
//!     }
//! }
//!
//! /// Where people live.
//! #[derive(Describe)]
//! struct Survey;
//!
//! impl DataProduct for Survey {
//!     fn parts(&self) -> Parts {
//!         Parts::new().source("cities", Cities)
//!     }
//! }
//!
//! // in src/main.rs of a product: meshwright::main!(Survey);
//! let rows = meshwright::testing::source(&Cities).rows::<City>();
//! assert_eq!(rows[0].name, "Faya");
//! ```

// the derives write `::meshwright::…`, in this crate's own tests too
#[cfg(test)]
#[allow(unused_extern_crates, reason = "the lint does not see what derives write")]
extern crate self as meshwright;

#[cfg(not(unix))]
compile_error!(
    "a product's program speaks through a Unix socket: build it for Linux, macOS or the Linux subsystem of Windows"
);

mod batches;
mod describe;
mod error;
#[cfg(feature = "host")]
pub mod host;
mod ingest;
mod product;
#[doc(hidden)]
pub mod program;
mod record;
mod schema;
mod serve;
pub mod testing;
mod validate;
mod value;
mod window;
mod wire;

pub use batches::Batches;
pub use describe::Describe;
pub use error::{BoxError, Error, Kind, Result};
pub use ingest::Ingest;
pub use meshwright_derive::{Describe, Record};
pub use product::{DataProduct, Parts};
pub use record::Record;
pub use schema::mismatch;
pub use serve::{Input, Inputs, Serve};
pub use validate::{CheckOutcome, Severity, Validate};
pub use value::{Date, Decimal, Time, Timestamp, Timestamptz, TypeName, Uuid, Value};
pub use window::Window;

/// The parts of Arrow that the API speaks of.
pub mod arrow {
    pub use arrow_array as array;
    pub use arrow_buffer as buffer;
    pub use arrow_schema as schema;
    pub use arrow_select as select;
}

/// Everything that a product's `main.rs` usually names.
pub mod prelude {
    pub use crate::arrow::array::RecordBatch;
    pub use crate::arrow::schema::SchemaRef;
    pub use crate::{
        Batches, CheckOutcome, DataProduct, Date, Decimal, Describe, Error, Ingest, Input, Inputs, Parts, Record,
        Result, Serve, Severity, Time, Timestamp, Timestamptz, Uuid, Validate, Window,
    };
}

/// What the code written by the derives needs.
#[doc(hidden)]
pub mod derived {
    pub use crate::record::{array, batch, column, field, schema};
    pub use arrow_array::RecordBatch;
    pub use arrow_schema::SchemaRef;
}

/// The entry of a product's program: speaks with `mesh run`, and tells a person who starts it by hand what it is.
///
/// ```no_run
/// # use meshwright::prelude::*;
/// # /// Nothing yet.
/// # #[derive(Describe)]
/// # struct Survey;
/// # impl DataProduct for Survey {
/// #     fn parts(&self) -> Parts { Parts::new() }
/// # }
/// meshwright::main!(Survey);
/// ```
#[macro_export]
macro_rules! main {
    ($product:expr) => {
        fn main() -> ::std::process::ExitCode {
            $crate::program::main(&$product, env!("CARGO_PKG_NAME"))
        }
    };
}
