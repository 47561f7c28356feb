//! Runs products: plans steps, writes Iceberg tables on a branch, checks them and releases them.
//!
//! [`Project`] reads a repository, [`run()`] runs it, [`publish()`] registers it, [`query()`] reads ports of any product.

mod accept;
mod anomalies;
mod at;
mod blame;
mod branches;
mod check;
mod check_file;
mod checks;
mod columns;
mod contract_diff;
mod counted;
mod dataset;
mod delete;
mod deleted_places;
mod describe;
mod diff;
mod erase;
mod events;
mod evolve;
mod execute;
mod failure;
mod feed;
mod git;
mod history;
mod ingest;
mod inputs;
mod interval;
mod lifecycle;
mod lineage;
mod maintain;
mod memory;
mod modes;
mod plain;
mod profile;
mod program;
mod project;
mod publish;
mod query;
mod report;
mod retry;
mod rollback;
mod run;
pub mod scan;
mod session;
mod source;
mod steps;
mod subquery;
mod suggest;
mod tables;
mod tags;
mod target;
mod unit_test;
mod when;
mod work_key;
mod write;

pub use accept::{AcceptReport, accept};
pub use anomalies::{Metric, anomalies};
pub use branches::{BranchOf, BranchPort, branches};
pub use check::{CheckReport, NotRun, check};
pub use check_file::{FileCheck, FileVerdict, check_file};
pub use contract_diff::{ContractDiff, Graded, Located, Side, contract_diff, contracts_at, locate};
pub use dataset::Dataset;
pub use delete::{DeleteReport, delete};
pub use describe::{Checks, ColumnOf, Description, OwnerOf, Promise, WaiverOf, describe, known};
pub use diff::{
    CellCounts, ColumnChange, ColumnDiff, Diff, DiffOptions, DiffReport, FileCounts, Renamed, Retyped, RowChange,
    RowCounts, StateOf, diff,
};
pub use erase::{EraseOptions, EraseReport, ErasedObject, ErasedPort, Hit, Proof, Subject, erase};
pub use events::{Event, Observer, Silent};
pub use failure::{Failure, Findings, Rejection, Result};
pub use git::person;
pub use history::{History, ReleasedState, SnapshotOf, history};
pub use interval::Interval;
pub use maintain::{
    Compaction, Expired, GcReport, KeptSnapshot, LandedDelivery, MaintainOptions, PortUpkeep, Relocation, Scratch,
    Work, gc, landed, maintain, relocate, verify_landing,
};
pub use profile::profile;
pub use project::Project;
pub use publish::{PublishReport, publish};
pub use query::{Read, Rows, query};
pub use report::{PortReport, Quarantine, RunReport};
pub use rollback::{BrokenInput, RollbackOptions, RollbackReport, RolledPort, roll_back};
pub use run::{RunOptions, run};
pub use suggest::suggest;
pub use tables::{Batches, TableWriter, TableWritten};
pub use tags::{NewTag, TagOf, tag, tags, untag};
pub use target::Target;
pub use unit_test::{TestResult, unit_tests};
