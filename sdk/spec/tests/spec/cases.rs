//! Runs the cases; `MESH_BLESS=1` writes what was found into the Markdown.
use std::fmt::Write;

use meshwright_spec::{
    Contract, Diagnostic, Flavor, MeshLock, Name, Product, Sources, diff, needed_bump, smallest_version,
};

use crate::markdown::{Case, cases, files};

#[test]
fn files_mean_what_the_cases_say() {
    let bless = std::env::var_os("MESH_BLESS").is_some();
    let mut failed = String::new();
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut blessed = text.clone();
        for case in cases(&text).iter().rev() {
            let found = outcome(case);
            if found != case.expected {
                let name = path.file_name().unwrap().to_string_lossy();
                writeln!(failed, "{name}: {}\n--- expected\n{}--- found\n{found}", case.title, case.expected).unwrap();
                blessed.replace_range(case.place.clone(), &found);
            }
        }
        if bless && blessed != text {
            std::fs::write(&path, blessed).unwrap();
        }
    }
    assert!(bless || failed.is_empty(), "{failed}(MESH_BLESS=1 writes what was found)");
}

/// What is said of a case's files, as text with a line feed at the end.
pub(crate) fn outcome(case: &Case) -> String {
    if let [(old, before), (new, after)] = &case.files[..]
        && (old.as_str(), new.as_str()) == ("old", "new")
    {
        return changes(&contract(before), &contract(after));
    }
    let mut sources = Sources::default();
    let (name, text) = &case.files[0];
    let mut words = name.split(' ');
    let path = words.next().unwrap();
    let file = sources.add(path, text);
    let (good, found) = match path {
        "product.toml" => {
            let flavor = if words.next() == Some("program") { Flavor::Program } else { Flavor::Declarative };
            let (product, found) = Product::parse(file, &sources, flavor);
            (product.map(|product| summary_of_product(&product)), found)
        }
        "mesh.lock" => {
            let (lock, found) = MeshLock::parse(file, &sources);
            (lock.map(|lock| lock.to_string()), found)
        }
        _ => {
            let (contract, found) = Contract::parse(&port(), file, &sources);
            (contract.map(|contract| summary_of_contract(&contract)), found)
        }
    };
    assert_eq!(good.is_none(), found.iter().any(Diagnostic::is_error), "{}", case.title);
    let mut said = found.iter().map(|found| format!("{}\n", found.render(&sources, false))).collect::<Vec<_>>();
    said.extend(good);
    said.join("\n")
}

fn port() -> Name {
    "daily".parse().unwrap()
}

fn contract(text: &str) -> Contract {
    let mut sources = Sources::default();
    let file = sources.add("contracts/daily.toml", text);
    let (contract, found) = Contract::parse(&port(), file, &sources);
    contract.unwrap_or_else(|| panic!("{found:?}"))
}

fn changes(old: &Contract, new: &Contract) -> String {
    let changes = diff(old, new);
    let mut text = String::new();
    for change in &changes {
        writeln!(text, "{:8}{}: {}", change.grade.as_str(), change.rule, change.message).unwrap();
    }
    assert_eq!(changes.is_empty(), old.checksum == new.checksum, "{changes:?}");
    let same = if old.checksum == new.checksum { "same" } else { "another" };
    let needed = needed_bump(&changes);
    writeln!(text, "-> {}, {}, {same} checksum", needed.as_str(), smallest_version(&old.version, needed)).unwrap();
    text
}

fn summary_of_product(product: &Product) -> String {
    let mut text = format!("{} \"{}\" of {}\n", product.name, product.title, product.owner.team);
    for input in &product.inputs {
        writeln!(text, "input {} = {} {} {:?}", input.name, input.port, input.version, input.columns).unwrap();
    }
    for source in &product.sources {
        writeln!(text, "source {} = {:?} {:?} {:?}", source.name, source.location, source.format, source.columns)
            .unwrap();
    }
    for step in &product.steps {
        writeln!(text, "step {} = {:?} {:?}", step.name, step.body, step.materialize).unwrap();
    }
    for output in &product.outputs {
        writeln!(text, "output {} = {} {:?} {:?}", output.name, output.from, output.contract, output.mode).unwrap();
    }
    text
}

fn summary_of_contract(contract: &Contract) -> String {
    let mut text = format!("{} {} {:?}\n", contract.version, contract.status, contract.freshness);
    for field in &contract.partition {
        writeln!(text, "partition {field}").unwrap();
    }
    for column in &contract.columns {
        let null = if column.required { "not null" } else { "or null" };
        writeln!(text, "column {}: {} {null}", column.name, column.data_type).unwrap();
    }
    for check in &contract.checks {
        let asked = &contract.text[check.span.start..check.span.end];
        let (dimension, severity) = (check.dimension.as_str(), check.severity.as_str());
        writeln!(text, "check {}: {:?} {dimension} {severity} {:?} <- {asked}", check.id, check.kind, check.tolerance)
            .unwrap();
    }
    for rule in &contract.declared {
        writeln!(text, "not run {}: {}", rule.id, rule.why).unwrap();
    }
    text
}
