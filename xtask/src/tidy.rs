//! `cargo xtask tidy`: the house rules, each one a small function in a file of its own.
//!
//! A rule takes what it judges as values and returns what it found, so that its tests can show it failing.
mod codes;
mod documents;
mod fences;
mod files;
mod rust_source;
mod sizes;
mod words;

use std::fmt;

use crate::checkout::root;
use crate::{Outcome, only_known};
use files::File;

/// Something a rule does not like.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// `path:line`, or the name of a crate.
    place: String,
    what: String,
    /// Whether it only asks to be looked at.
    warning: bool,
}

impl Finding {
    fn error(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), warning: false }
    }

    fn warning(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), warning: true }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.warning { "warning" } else { "error" };
        write!(f, "{level}: {}: {}", self.place, self.what)
    }
}

/// A rule over all files of the checkout.
type Rule = fn(&[File]) -> Vec<Finding>;

const RULES: &[(&str, Rule)] = &[
    ("sizes", sizes::rule),
    ("printing", words::printing),
    ("unwrap", words::unwrapping),
    ("unfinished", words::unfinished),
    ("private", words::private),
    ("codes", codes::rule),
    ("commands", documents::rule),
];

pub(crate) fn go(arguments: &[String]) -> Outcome {
    only_known(arguments, &[])?;
    let files = files::tracked(&root())?;
    let mut findings = Vec::new();
    for (name, rule) in RULES {
        findings.extend(rule(&files).into_iter().map(|f| (*name, f)));
    }
    findings.extend(fences::rule()?.into_iter().map(|f| ("fences", f)));
    findings.sort_by_key(|(_, f)| !f.warning);
    for (rule, finding) in &findings {
        eprintln!("{finding} [{rule}]");
    }
    let errors = findings.iter().filter(|(_, f)| !f.warning).count();
    if errors > 0 {
        return Err(format!("{errors} broken rules in {} files", files.len()));
    }
    println!("tidy: {} files, {} rules, {} warnings", files.len(), RULES.len() + 1, findings.len());
    Ok(())
}
