//! Dependencies that a crate must never gain, asked of cargo.
use super::Finding;
use crate::checkout::{cargo, metadata};
use crate::process;

/// A crate and what must not be in its tree, with the features that its users get by default.
const FENCES: &[(&str, &[&str])] = &[
    ("meshwright-spec", &["arrow", "tokio", "sqlx", "datafusion", "iceberg", "opendal"]),
    // the last ones would cost every program's first build half a minute of computing
    ("meshwright", &["datafusion", "iceberg", "sqlx", "tokio", "opendal", "regex", "saphyr", "sha2", "toml_edit"]),
    ("meshwright-derive", &["arrow", "tokio", "datafusion", "iceberg", "sqlx"]),
    ("meshwright-check", &["datafusion", "iceberg", "sqlx", "tokio"]),
    ("meshwright-storage", &["arrow", "datafusion", "iceberg", "sqlx"]),
    ("meshwright-landing", &["datafusion", "iceberg", "sqlx"]),
    ("meshwright-catalog", &["datafusion"]),
    ("meshwright-scaffold", &["datafusion", "iceberg", "sqlx", "arrow", "tokio"]),
];

/// Only these may name DataFusion in their manifests; the last is measured beside it and released to nobody.
const HEAVY: &[&str] = &["meshwright-engine", "meshwright-server", "meshwright-bench-tables"];

pub(super) fn rule() -> Result<Vec<Finding>, String> {
    let mut found = Vec::new();
    for (package, forbidden) in FENCES {
        let tree = process::stdout_of(&mut cargo(&[
            "tree",
            "--package",
            package,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ]))?;
        found.extend(over_the_fence(package, forbidden, &tree));
    }
    let facts = metadata()?;
    for package in facts["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let direct = package["dependencies"].as_array().into_iter().flatten();
        let direct: Vec<&str> = direct.filter_map(|d| d["name"].as_str()).collect();
        found.extend(names_the_engine(name, &direct));
    }
    Ok(found)
}

/// Forbidden crates, and their families such as `arrow-array`, in a tree of one package a line.
fn over_the_fence(package: &str, forbidden: &[&str], tree: &str) -> Vec<Finding> {
    let names = || tree.lines().filter_map(|line| line.split_whitespace().next());
    let hits = forbidden.iter().filter_map(|family| {
        let member =
            |name: &&str| name == family || name.strip_prefix(family).is_some_and(|rest| rest.starts_with('-'));
        names().find(member).map(|name| Finding::error(package, format!("must not depend on `{name}`")))
    });
    hits.collect()
}

fn names_the_engine(package: &str, direct: &[&str]) -> Option<Finding> {
    let family = |name: &&&str| **name == "datafusion" || name.starts_with("datafusion-");
    let name = direct.iter().find(family).filter(|_| !HEAVY.contains(&package))?;
    Some(Finding::error(package, format!("names `{name}`; only {} may", HEAVY.join(" and "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_dependencies_are_found() {
        let tree = "meshwright-spec v0.1.0 (path)\nserde v1.0.0\narrow-array v58.4.1\ntokio-macros v2.0.0\n";
        let found = over_the_fence("meshwright-spec", &["arrow", "tokio", "sqlx"], tree);
        let what: Vec<&str> = found.iter().map(|f| f.what.as_str()).collect();
        assert_eq!(what, ["must not depend on `arrow-array`", "must not depend on `tokio-macros`"]);
    }

    #[test]
    fn only_the_engine_names_datafusion() {
        assert!(names_the_engine("meshwright-cli", &["serde", "datafusion-common"]).is_some());
        assert!(names_the_engine("meshwright-engine", &["datafusion"]).is_none());
    }
}
