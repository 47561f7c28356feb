//! What is told of a finished run.
use meshwright_spec::Diagnostic;
use serde::Serialize;

/// All checks of one port, answered.
#[derive(Debug, Clone, Serialize)]
pub struct PortReport {
    /// `domain.product.port`
    pub port: String,
    /// Version of the contract it was checked against.
    pub contract_version: String,
    /// Rows that went to the side table, or would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
    /// The answers.
    #[serde(flatten)]
    pub report: meshwright_check::Report,
}

/// Rows that violate checks which quarantine.
#[derive(Debug, Clone, Serialize)]
pub struct Quarantine {
    /// The side table, read by this name as a port is.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// Why they were not set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A run that succeeded.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// Its id.
    pub run: String,
    /// `domain.product`
    pub product: String,
    /// `released`, `nothing_to_do`, `branch` or `computed` (one step).
    pub outcome: &'static str,
    /// The release it made, or the one that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<i64>,
    /// The branch it left, when it was told to release nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Whether the product is still a draft.
    pub draft: bool,
    /// Results of every port.
    pub ports: Vec<PortReport>,
    /// Milliseconds from start to end.
    pub elapsed_ms: u64,
    /// What planning found suspicious in the product's files.
    #[serde(skip)]
    pub warnings: Vec<Diagnostic>,
}
