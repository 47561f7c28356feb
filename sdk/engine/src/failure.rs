//! Why something did not succeed, in the kinds that exit codes tell apart.
use meshwright_catalog::{Error, Kind};
use meshwright_spec::{Diagnostic, Sources};

use crate::report::PortReport;

/// What is said of a query that failed while its rows were computed.
pub(crate) const QUERY_FAILED: &str = "a query failed";

/// Result of an operation on a product or the mesh.
pub type Result<T> = std::result::Result<T, Failure>;

/// A failure, with everything that is to be said about it.
#[derive(Debug)]
pub enum Failure {
    /// The product's own files are wrong.
    Product(Findings),
    /// What was asked for makes no sense, such as a query that cannot be planned.
    Usage(Findings),
    /// Delivered data are malformed.
    Data(Findings),
    /// A file, port or state that was named is not there.
    Missing(Findings),
    /// A service or address does not answer.
    Unavailable(Findings),
    /// A change that would break the promise of a published contract.
    Breaking(Findings),
    /// Checks failed; published data are untouched.
    Rejected(Box<Rejection>),
    /// An operation failed.
    Operation(Error),
}

/// Diagnostics and the files they point into.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// What was found, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// The files.
    pub sources: Sources,
    /// For defects of delivered data, the same facts for machines.
    pub facts: Vec<serde_json::Value>,
}

/// A run that the gate refused.
#[derive(Debug)]
pub struct Rejection {
    /// The run.
    pub run: String,
    /// The branch that keeps what was refused, for a few days.
    pub branch: String,
    /// Results of every port.
    pub ports: Vec<PortReport>,
    /// The files that results point into.
    pub sources: Sources,
}

impl Failure {
    /// In one sentence, for the registry and for events.
    pub(crate) fn said(&self) -> String {
        match self {
            Self::Product(f)
            | Self::Usage(f)
            | Self::Data(f)
            | Self::Missing(f)
            | Self::Unavailable(f)
            | Self::Breaking(f) => {
                f.diagnostics.first().map_or_else(String::new, |d| format!("{}: {}", d.code, d.message))
            }
            Self::Rejected(r) => {
                format!("rejected by the checks of {} ports", r.ports.iter().filter(|p| p.report.rejects()).count())
            }
            Self::Operation(e) => e.to_string(),
        }
    }
}

impl Findings {
    /// One finding.
    pub fn one(diagnostic: Diagnostic, sources: &Sources) -> Self {
        Self { diagnostics: vec![diagnostic], sources: sources.clone(), facts: vec![] }
    }

    /// Several findings.
    pub fn many(diagnostics: Vec<Diagnostic>, sources: &Sources) -> Self {
        Self { diagnostics, sources: sources.clone(), facts: vec![] }
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self::Operation(e)
    }
}

impl From<iceberg::Error> for Failure {
    fn from(e: iceberg::Error) -> Self {
        Self::Operation(e.into())
    }
}

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Self {
        Self::Operation(e.into())
    }
}

impl From<arrow::error::ArrowError> for Failure {
    fn from(e: arrow::error::ArrowError) -> Self {
        Self::Operation(Error::new(Kind::Unexpected, "an operation on columns failed").because(e))
    }
}

/// What the engine under the steps reports; defects of delivered data travel inside and are taken out again.
impl From<datafusion::error::DataFusionError> for Failure {
    fn from(e: datafusion::error::DataFusionError) -> Self {
        crate::source::defect_in(e).unwrap_or_else(|e| {
            let e = *e;
            if let Some(error) = Error::in_store(&e) {
                return Self::Operation(error.because(e.strip_backtrace()));
            }
            let e = e.strip_backtrace();
            Self::Operation(Error::new(Kind::Invalid, QUERY_FAILED).because(e))
        })
    }
}

/// A failure of DataFusion as one short text without its internal prefixes.
pub(crate) trait Plain {
    fn strip_backtrace(self) -> String;
}

impl Plain for datafusion::error::DataFusionError {
    fn strip_backtrace(self) -> String {
        let text = self.find_root().to_string();
        let text = text.split("\n\nbacktrace:").next().unwrap_or_default();
        let prefixes = [
            "Error during planning: ",
            "Execution error: ",
            "Schema error: ",
            "External error: ",
            "Arrow error: ",
            "SQL error: ",
        ];
        let mut text = text.trim();
        while let Some(rest) = prefixes.iter().find_map(|p| text.strip_prefix(p)) {
            text = rest;
        }
        text.to_owned()
    }
}
