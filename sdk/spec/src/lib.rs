//! The vocabulary of the mesh: product files, contracts, checks, versions and diagnostics.
//!
//! Light on purpose: no Arrow, no async runtime, no database. Everything here is a pure function of text. Without the
//! feature `full` only contracts in TOML are read, for the records of programs.
#![cfg_attr(not(feature = "full"), allow(dead_code, unused_imports))]

mod check;
#[cfg(feature = "full")]
mod codes;
mod contract;
mod data_type;
mod diagnostic;
#[cfg(feature = "full")]
mod diff;
mod document;
mod duration;
#[cfg(feature = "full")]
mod formats;
#[cfg(feature = "full")]
mod lock;
mod name;
mod nearest;
#[cfg(feature = "full")]
mod product;
#[cfg(feature = "full")]
mod schema;
mod secret;

pub use check::{Bounds, Check, CheckKind, Dimension, DriftMethod, FixOwner, OnViolation, Operator, Shares, Tolerance};
#[cfg(feature = "full")]
pub use codes::{Page, page, pages};
pub use contract::{AGGREGATES, Column, Contract, Declared, FORMATS, Freshness, PartitionField, Transform, percentile};
pub use data_type::{DataType, DataTypeError, StructField};
pub use diagnostic::{Diagnostic, Label, Severity, SourceFile, Sources, Span, redact};
#[cfg(feature = "full")]
pub use diff::{
    Change, ChangeRule, Consumer, Grade, Impact, change_rules, diff, impact, needed_bump, smallest_version,
};
pub use duration::{Duration, DurationError};
#[cfg(feature = "full")]
pub use formats::{
    ContractFormat, ExportSettings, Imported, ProductExport, PublishedPort, export, export_product, import,
    import_product,
};
#[cfg(feature = "full")]
pub use lock::{LockedInput, LockedSource, MeshLock};
pub use name::{Name, NameError, PortName, ProductName};
pub use nearest::nearest;
#[cfg(feature = "full")]
pub use product::{
    FileLayout, Flavor, Format, Input, Materialize, MeshHome, Output, Owner, Product, Source, Step, StepBody, WriteMode,
};
#[cfg(feature = "full")]
pub use schema::{EditorSchema, editor_schema};
pub use secret::Secret;
