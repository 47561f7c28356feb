//! The words that a contract is written with, as the parser knows them: for editors.
use super::{checks, kinds, read};

pub(crate) fn status() -> Vec<&'static str> {
    read::STATUS.iter().map(|(word, _)| *word).collect()
}

pub(crate) fn severities() -> Vec<&'static str> {
    checks::SEVERITIES.iter().map(|(word, _)| *word).collect()
}

pub(crate) fn owners() -> Vec<&'static str> {
    checks::OWNERS.iter().map(|(word, _)| *word).collect()
}

pub(crate) fn on_violation() -> Vec<&'static str> {
    checks::ON_VIOLATION.iter().map(|(word, _)| *word).collect()
}

pub(crate) fn dimensions() -> Vec<&'static str> {
    checks::DIMENSIONS.iter().map(|(word, _)| *word).collect()
}

/// Kinds of checks by all their names.
pub(crate) fn kinds() -> Vec<&'static str> {
    kinds::KINDS.iter().flat_map(|kind| [Some(kind.name), kind.alias]).flatten().collect()
}

/// Every key that some kind of check has.
pub(crate) fn check_keys() -> Vec<&'static str> {
    kinds::ALL_KEYS.to_vec()
}
