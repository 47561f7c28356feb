//! Evaluates every check of a contract in one pass over Arrow batches.
//!
//! A [`Suite`] is planned once from a contract and a schema. Each thread that reads data starts a [`Pass`], feeds it
//! batches, and in the end the passes are merged and finished into a [`Report`]:
//!
//! ```
//! use meshwright_check::{Context, NoExpressions, RowOrigin, Suite};
//! # use arrow::array::RecordBatch;
//! # fn judge(contract: &meshwright_spec::Contract, batches: &[RecordBatch]) -> meshwright_check::Report {
//! let suite = Suite::plan(contract, &batches[0].schema(), &NoExpressions);
//! let mut pass = suite.start();
//! let mut first_row = 0;
//! for batch in batches {
//!     pass.update(batch, RowOrigin { file: 0, first_row });
//!     first_row += batch.num_rows() as u64;
//! }
//! pass.finish(&Context::at(chrono::Utc::now()))
//! # }
//! ```
//!
//! What the checks mean, where tools differ: nulls pass all but `not_null`; NaN violates a range, is in no list of
//! values and is left out of aggregates, which say how often; -0.0 equals 0.0; bounds are inclusive; lengths are
//! characters; patterns are searched for, with `\d \w \s \b` in ASCII; a row with a null in a key is left out of
//! `unique`; shares are of all rows in scope; without rows nothing is judged.

pub mod anomaly;
mod bits;
mod bounds;
pub mod drift;
mod duplicates;
mod evidence;
mod frame;
mod integers;
mod key_index;
mod key_store;
mod keys;
mod kinds;
mod lanes;
mod pass;
mod plain;
mod planner;
mod profile;
mod prove;
mod report;
mod rule;
mod scalar;
mod score;
mod stable_hash;
mod statistics;
mod store;
mod suggest;
mod suite;
mod text;
mod verdict;

pub use frame::RowOrigin;
pub use pass::{Context, Pass};
pub use planner::{Earlier, Expressions, Known, NoExpressions, Predicate};
pub use profile::{Bin, ColumnProfile, DistinctCount, Lengths, Pattern, Profile, Profiler, Summary, TopValue};
pub use prove::{ColumnFacts, FileFacts};
pub use report::{CheckResult, Duplicates, Measured, Outcome, Report, Sample};
pub use score::Score;
pub use suggest::{Confidence, Suggestion, candidates};
pub use suite::{Deferred, Part, Suite};
