//! What checks mean, seen from outside: a contract in TOML, a few rows, the report.
#![expect(clippy::unwrap_used, reason = "a test fails where something is missing")]
mod chance;
mod support;

mod conformance;
mod duplicates;
mod evidence;
mod failures;
mod kept;
mod nulls_and_numbers;
mod scope;
mod splits;
mod tables;
mod texts;
mod vocabulary;

mod anomaly;
mod drift;
mod drift_levels;
mod fingerprint;
mod profile;
