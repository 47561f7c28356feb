//! Building `mesh` and testing it resolve the same features of the same crates, so that neither compiles DataFusion once
//! more. What tests depend on turns features on; `xtask/tables/Cargo.toml` turns them on everywhere.
use std::collections::{BTreeMap, BTreeSet};

use crate::Outcome;
use crate::checkout::cargo;
use crate::process;

/// Feature sets by package; there are several where programs of the build resolve their own.
type Resolved = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn check() -> Outcome {
    let tree = |edges| {
        let words = ["tree", "--workspace", "--locked", "-e", edges, "-f", "{p}|{f}", "--prefix", "none"];
        process::stdout_of(&mut cargo(&words)).map(|text| resolved(&text))
    };
    let differ = differing(&tree("no-dev")?, &tree("all")?);
    if differ.is_empty() {
        return Ok(());
    }
    Err(format!(
        "tests resolve other features than builds do; put these in xtask/tables/Cargo.toml\n{}",
        differ.join("\n")
    ))
}

fn resolved(tree: &str) -> Resolved {
    let mut out = Resolved::new();
    for line in tree.lines() {
        // packages of the workspace have their folders behind their versions
        if let Some((package, features)) = line.split_once('|').filter(|(package, _)| !package.contains('(')) {
            out.entry(package.to_owned()).or_default().insert(features.trim_end_matches(" (*)").to_owned());
        }
    }
    out
}

/// Packages that a build has in no form that the tests have too.
fn differing(build: &Resolved, tests: &Resolved) -> Vec<String> {
    let differs = |(package, sets): &(&String, &BTreeSet<String>)| {
        tests.get(*package).is_some_and(|wanted| wanted.is_disjoint(sets))
    };
    let shown = |(package, _): (&String, &BTreeSet<String>)| {
        let wanted: Vec<&str> = tests[package].iter().map(String::as_str).collect();
        format!("{package}: {}", wanted.join(" or "))
    };
    build.iter().filter(differs).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_only_tests_turn_on_is_found() {
        let build = resolved("a v1.0.0|std\nb v1.0.0|\nmine v1.0.0 (/here)|x\nc v2.0.0|std (*)\n");
        let tests = resolved("a v1.0.0|std,more\nb v1.0.0|\nmine v1.0.0 (/here)|y\nc v2.0.0|std\nd v1.0.0|std");
        assert_eq!(differing(&build, &tests), ["a v1.0.0: std,more"]);
        assert_eq!(differing(&tests, &tests), [""; 0]);
    }
}
