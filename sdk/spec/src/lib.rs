//! The vocabulary of the mesh: product files, contracts, checks, versions and diagnostics.
//!
//! Light on purpose: no Arrow, no async runtime, no database. Everything here is a pure function of text.

mod check;
mod codes;
mod contract;
mod data_type;
mod diagnostic;
mod diff;
mod document;
mod duration;
mod formats;
mod lock;
mod name;
mod nearest;
mod product;
mod schema;
mod secret;

pub use check::{Bounds, Check, CheckKind, Dimension, FixOwner, OnViolation, Operator, Tolerance};
pub use codes::{Page, page, pages};
pub use contract::{AGGREGATES, Column, Contract, Declared, FORMATS, Freshness, PartitionField, Transform, percentile};
pub use data_type::{DataType, DataTypeError, StructField};
pub use diagnostic::{Diagnostic, Label, Severity, SourceFile, Sources, Span, redact};
pub use diff::{
    Change, ChangeRule, Consumer, Grade, Impact, change_rules, diff, impact, needed_bump, smallest_version,
};
pub use duration::{Duration, DurationError};
pub use formats::{
    ContractFormat, ExportSettings, Imported, ProductExport, PublishedPort, export, export_product, import,
    import_product,
};
pub use lock::{LockedInput, LockedSource, MeshLock};
pub use name::{Name, NameError, PortName, ProductName};
pub use nearest::nearest;
pub use product::{
    FileLayout, Flavor, Format, Input, Materialize, MeshHome, Output, Owner, Product, Source, Step, StepBody, WriteMode,
};
pub use schema::{EditorSchema, editor_schema};
pub use secret::Secret;
