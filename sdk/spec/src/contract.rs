//! `contracts/<port>.toml`: the promise of an output port.
mod canonical;
mod checks;
mod columns;
mod constraints;
mod freshness;
mod kinds;
mod partition;
mod read;
mod references;

use crate::document;
use crate::{Check, DataType, Diagnostic, Duration, Name, PortName, Sources, Span};
pub(crate) use canonical::kind as kind_json;
pub use constraints::FORMATS;
pub(crate) use constraints::compare;

/// A whole contract, valid in itself.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Semantic version of the promise.
    pub version: semver::Version,
    /// `draft`, `active`, `deprecated` or `retired`.
    pub status: String,
    /// What a row is.
    pub description: String,
    /// Columns that together are unique and not null; may be empty.
    pub key: Vec<String>,
    /// Hidden partitioning.
    pub partition: Vec<PartitionField>,
    /// Order of rows within files.
    pub sort: Vec<String>,
    /// How old the newest release or row may be.
    pub freshness: Option<Freshness>,
    /// SPDX identifier or name.
    pub license: Option<String>,
    /// What it may be used for.
    pub usage: Option<String>,
    /// Columns in the order of the file.
    pub columns: Vec<Column>,
    /// Everything to be checked, in the order of the file: what key, freshness and column lines imply
    /// (ids `key`, `freshness`, `<column>.required`, `<column>.range`, ...) and then the `[[checks]]`.
    pub checks: Vec<Check>,
    /// The text it was read from, as it stands in the file.
    pub text: String,
    /// `sha256:<hex>` over the canonical form: the same promise has the same checksum, whatever its layout.
    pub checksum: String,
    /// Index of the file in [`crate::Sources`].
    pub file: usize,
    /// Place of the version.
    pub version_span: Span,
}

/// One promised column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Never null.
    pub required: bool,
    /// Meaning, for people.
    pub description: Option<String>,
    /// Unit of measure.
    pub unit: Option<String>,
    /// Words such as `pii`.
    pub tags: Vec<String>,
    /// The name it had in the version before.
    pub renamed_from: Option<String>,
    /// `domain.product.port(column)`
    pub references: Option<(PortName, String)>,
    /// Text of the default value, if any, as JSON.
    pub default: Option<serde_json::Value>,
    /// Why and since when it should not be used.
    pub deprecated: Option<String>,
    /// Place of its name.
    pub span: Span,
}

/// How old data may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freshness {
    /// Since the last release.
    Release(Duration),
    /// Age of the newest value of a date or time column.
    Column {
        /// The column.
        column: String,
        /// Greatest age.
        max_age: Duration,
    },
}

/// One field of the hidden partitioning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionField {
    /// Source column.
    pub column: String,
    /// What is done to its values.
    pub transform: Transform,
}

/// Iceberg's partition transforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// The value itself.
    Identity,
    /// Hash modulo n.
    Bucket(u32),
    /// Truncated to width n.
    Truncate(u32),
    /// Years since 1970.
    Year,
    /// Months since 1970-01.
    Month,
    /// Days since 1970-01-01.
    Day,
    /// Hours since 1970-01-01 00:00.
    Hour,
}

impl Contract {
    /// Reads `contracts/<port>.toml`. Some only if nothing of error severity was found; all mistakes are reported at
    /// once. `port` is the port's own name.
    pub fn parse(port: &Name, file: usize, sources: &Sources) -> (Option<Contract>, Vec<Diagnostic>) {
        document::read(file, sources, |document, root| read::contract(port, document, root))
    }

    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
