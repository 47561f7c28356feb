//! The standards' own examples, where they are: what goes in comes out, and what is meant to be refused is.
use std::io::Write;
use std::path::{Path, PathBuf};

use meshwright_spec::{Contract, ContractFormat, Name, PortName, Sources, export, import};
use serde_json::Value;

use crate::formats::{json, said, settings};

/// The documents of a standard below `MESHWRIGHT_EXAMPLES`, or below what `cargo xtask interop fetch` has brought.
fn documents(suffix: &str) -> Vec<(PathBuf, String)> {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/interop");
    let folder = std::env::var_os("MESHWRIGHT_EXAMPLES").map_or(fetched, PathBuf::from);
    let mut found = vec![];
    below(&folder, suffix, &mut found);
    if found.is_empty() {
        let said = format!("SKIPPED official examples: no *{suffix} in {}", folder.display());
        say(&format!("{said}; `cargo xtask interop fetch` brings them"));
    }
    found.sort();
    found
}

fn below(folder: &Path, suffix: &str, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            below(&path, suffix, found);
        } else if path.to_string_lossy().ends_with(suffix) {
            found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn say(line: &str) {
    writeln!(std::io::stderr().lock(), "{line}").unwrap();
}

/// Examples of what a validator has to refuse lie beside the others.
fn is_negative(path: &Path) -> bool {
    path.to_string_lossy().contains("negative-tests")
}

/// The tables of a document; those without columns promise nothing.
fn tables(document: &Value) -> Vec<String> {
    let objects = document["schema"].as_array().into_iter().flatten();
    let with_columns = objects.filter(|object| object["properties"].as_array().is_some_and(|list| !list.is_empty()));
    with_columns.filter_map(|object| Some(object["name"].as_str()?.to_owned())).collect()
}

fn snake(text: &str) -> Option<Name> {
    text.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_").trim_matches('_').parse().ok()
}

#[test]
fn contracts_lose_nothing() {
    let mut problems = vec![];
    for (path, text) in documents(".odcs.yaml").iter().filter(|(path, _)| !is_negative(path)) {
        let original = json(text);
        // some of the examples have lost their version on the way here
        if !original["apiVersion"].as_str().is_some_and(|version| version.starts_with("v3.")) {
            say(&format!("  {}: not version 3", path.display()));
            continue;
        }
        let tables = tables(&original);
        // a document of many tables is as good as its share of them
        for table in tables.iter().step_by(1 + tables.len() / 16) {
            let mut sources = Sources::default();
            let file = sources.add(path.file_name().unwrap(), text);
            let port = snake(table).filter(|_| tables.len() > 1);
            let (imported, found) = import(ContractFormat::Odcs, port.as_ref(), file, &sources);
            let Some(imported) = imported else {
                problems.push(format!("{} {table}:\n{}", path.display(), said(&found, &sources)));
                continue;
            };
            let port: PortName = format!("climate.emissions.{}", imported.port).parse().unwrap();
            let out = export(&imported.contract, &port, ContractFormat::Odcs, &settings(false));
            if json(&out) != original {
                problems.push(format!("{} {table} differs:\n{out}\n{}", path.display(), imported.text));
            }
        }
        say(&format!("  {}: there and back, of {} tables", path.display(), tables.len()));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn products_lose_nothing() {
    for (path, text) in documents(".odps.yaml") {
        let product = crate::products::imported(&text);
        let out = crate::products::exported(&product, &text, false);
        assert_eq!(json(&out), json(&text), "{}", path.display());
        say(&format!("  {}: {} ports there and back", path.display(), product.outputs.len()));
    }
}

#[test]
fn what_is_meant_to_be_refused_is_refused() {
    let mut accepted = vec![];
    for (path, text) in documents(".odcs.yaml").iter().filter(|(path, _)| is_negative(path)) {
        let tables = tables(&json(text));
        let port = tables.first().and_then(|table| snake(table)).unwrap_or_else(|| "daily".parse().unwrap());
        let mut sources = Sources::default();
        let file = sources.add(path.file_name().unwrap(), text);
        let (contract, found) = Contract::parse(&port, file, &sources);
        let codes: Vec<&str> = found.iter().filter(|found| found.is_error()).map(|found| found.code).collect();
        say(&format!("  {}: {codes:?}", path.display()));
        if contract.is_some() || codes.iter().all(|code| *code == "M0227") {
            accepted.push(format!("{}:\n{}", path.display(), said(&found, &sources)));
        }
    }
    assert!(accepted.is_empty(), "{}", accepted.join("\n"));
}
