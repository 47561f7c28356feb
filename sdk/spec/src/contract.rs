//! `contracts/<port>.toml`: the promise of an output port.
mod beyond;
#[cfg(feature = "full")]
mod canonical;
mod checks;
mod columns;
mod constraints;
mod elsewhere;
mod freshness;
mod kinds;
mod members;
mod over_time;
mod partition;
mod read;
mod references;
pub(crate) mod vocabulary;

use std::collections::BTreeMap;

use crate::document;
use crate::{Check, DataType, Diagnostic, Duration, Name, PortName, SourceFile, Sources, Span};
#[cfg(feature = "full")]
pub(crate) use canonical::kind as kind_json;
pub use constraints::FORMATS;
pub(crate) use constraints::compare;
pub use kinds::{AGGREGATES, percentile};
pub(crate) use read::contract as read_native;

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
    /// Violating rows go to the port's side table: at most so many of them, `Share(1.0)` for any number.
    pub quarantine: Option<crate::Tolerance>,
    /// SPDX identifier or name.
    pub license: Option<String>,
    /// What it may be used for.
    pub usage: Option<String>,
    /// What other systems know it by; it never changes.
    pub id: Option<String>,
    /// How long rows are kept.
    pub retention: Option<Duration>,
    /// The day after which a deprecated port is no longer served, as `2027-01-31`.
    pub sunset: Option<String>,
    /// The port to move to.
    pub successor: Option<PortName>,
    /// Rules that stand in the contract and are not run, with the reason.
    pub declared: Vec<Declared>,
    /// What a contract in another format says beyond this one: `[beyond]`, kept for the way back.
    pub beyond: Option<serde_json::Value>,
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
    /// Names that members of its structs had in the version before, by their paths in the column now: `town`,
    /// `element.town` in a list, `value.town` in a map.
    pub renamed_members: BTreeMap<String, String>,
    /// `domain.product.port(column)`
    pub references: Option<(PortName, String)>,
    /// Text of the default value, if any, as JSON.
    pub default: Option<serde_json::Value>,
    /// Why and since when it should not be used.
    pub deprecated: Option<String>,
    /// Who may see it, in the words of the organisation: `public`, `restricted`, ...
    pub classification: Option<String>,
    /// Whether its list of `values` may grow within a major version.
    pub open: bool,
    /// The column's id in the table, by which it is the same column under another name.
    pub field_id: Option<u64>,
    /// Place of its name.
    pub span: Span,
}

/// A rule that stands in a contract without being run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its id or name.
    pub id: String,
    /// Why: `in words`, or who runs it instead.
    pub why: String,
    /// Where it stands.
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
    /// Reads `contracts/<port>.toml` or `contracts/<port>.odcs.yaml`. Some only if nothing of error severity was found;
    /// all mistakes are reported at once. `port` is the port's own name. Without the feature `full` it is TOML.
    pub fn parse(port: &Name, file: usize, sources: &Sources) -> (Option<Contract>, Vec<Diagnostic>) {
        #[cfg(feature = "full")]
        if sources.get(file).is_some_and(is_odcs) {
            return crate::formats::odcs::contract(port, file, sources);
        }
        document::read(file, sources, |document, root| read::contract(port, document, root))
    }

    /// The contract with its checksum, once everything else is in it.
    #[cfg(feature = "full")]
    pub(crate) fn seal(mut self) -> Self {
        self.checksum = canonical::checksum(&self);
        self
    }

    /// What is only compared with a record needs no checksum.
    #[cfg(not(feature = "full"))]
    pub(crate) fn seal(self) -> Self {
        self
    }

    /// Whether it is written in the Open Data Contract Standard.
    pub fn is_odcs(&self) -> bool {
        says_odcs(&self.text)
    }

    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// By its name where that says it; a contract out of the registry has none.
fn is_odcs(source: &SourceFile) -> bool {
    match source.path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => false,
        Some("yaml" | "yml") => true,
        _ => says_odcs(&source.text),
    }
}

/// Whether a line says `apiVersion:` or `kind:`, which no line of TOML does.
fn says_odcs(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("apiVersion:") || line.starts_with("kind:"))
}
