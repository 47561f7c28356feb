//! Runs products: plans steps, writes Iceberg tables on a branch, checks them and releases them.
//!
//! [`Project`] reads a repository, [`run()`] runs it, [`publish()`] registers it, [`query()`] reads ports of any product.

mod blame;
mod check;
mod checks;
mod columns;
mod delete;
mod describe;
mod events;
mod evolve;
mod execute;
mod failure;
mod git;
mod ingest;
mod inputs;
mod interval;
mod lineage;
mod modes;
mod program;
mod project;
mod publish;
mod query;
mod report;
mod run;
pub mod scan;
mod session;
mod source;
mod steps;
mod subquery;
mod unit_test;
mod when;
mod work_key;
mod write;

pub use check::{CheckReport, check, check_file};
pub use delete::{DeleteReport, delete};
pub use describe::{Checks, ColumnOf, Description, OwnerOf, Promise, describe, known};
pub use events::{Event, Observer, Silent};
pub use failure::{Failure, Findings, Rejection, Result};
pub use interval::Interval;
pub use project::Project;
pub use publish::{PublishReport, publish};
pub use query::{Read, Rows, query};
pub use report::{PortReport, RunReport};
pub use run::{RunOptions, run};
pub use unit_test::{TestResult, unit_tests};
