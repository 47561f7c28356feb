//! Contracts in other formats: what goes in comes out.
use std::path::{Path, PathBuf};

use meshwright_spec::{Contract, ContractFormat, Diagnostic, ExportSettings, Name, PortName, Sources, export, import};
use serde_json::Value;

/// A native contract that uses everything there is.
const EVERYTHING: &str = include_str!("everything.toml");

fn port() -> PortName {
    "climate.emissions.daily".parse().unwrap()
}

pub(crate) fn read(path: &str, text: &str) -> (Option<Contract>, String) {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let (contract, found) = Contract::parse(&"daily".parse().unwrap(), file, &sources);
    (contract, said(&found, &sources))
}

fn said(found: &[Diagnostic], sources: &Sources) -> String {
    found.iter().map(|found| found.render(sources, false)).collect::<Vec<_>>().join("\n")
}

fn contract(path: &str, text: &str) -> Contract {
    let (contract, said) = read(path, text);
    contract.unwrap_or_else(|| panic!("{said}\nin\n{text}"))
}

fn settings(newest: bool) -> ExportSettings {
    ExportSettings { newest, ..ExportSettings::default() }
}

#[test]
fn a_native_contract_is_the_same_promise_in_odcs() {
    let native = contract("contracts/daily.toml", EVERYTHING);
    for newest in [false, true] {
        let text = export(&native, &port(), ContractFormat::Odcs, &settings(newest));
        let mut odcs = contract("contracts/daily.odcs.yaml", &text);
        assert_eq!(odcs.id.take().as_deref(), Some("climate.emissions.daily"));
        // everything but the id, which an export has to have
        let changes = meshwright_spec::diff(&native, &odcs);
        assert!(changes.is_empty(), "{changes:#?}\n{text}");
        assert!(text.contains(if newest { "v3.2.0" } else { "v3.1.0" }));
    }
}

#[test]
fn a_contract_that_is_odcs_comes_out_as_it_went_in() {
    let native = contract("contracts/daily.toml", EVERYTHING);
    let mut text = export(&native, &port(), ContractFormat::Odcs, &settings(true));
    text.push_str(
        "price:\n  priceAmount: 9.95\n  priceCurrency: USD\nsupport:\n  - channel: '#help'\n    tool: slack\n",
    );
    let odcs = contract("contracts/daily.odcs.yaml", &text);
    let again = export(&odcs, &port(), ContractFormat::Odcs, &settings(true));
    assert_eq!(json(&again), json(&text));
}

#[test]
fn every_format_gives_back_the_columns() {
    let native = contract("contracts/daily.toml", EVERYTHING);
    for (name, format) in ContractFormat::ALL {
        let text = export(&native, &port(), format, &settings(false));
        let back = imported(format, &text);
        let columns = |contract: &Contract| -> Vec<String> {
            let column = |c: &meshwright_spec::Column| format!("{} {}", c.name, c.data_type);
            contract.columns.iter().map(column).collect()
        };
        assert_eq!(columns(&back), columns(&native), "{name}\n{text}");
        let again = export(&back, &port(), format, &settings(false));
        assert_eq!(json(&again), json(&text), "{name}");
    }
}

#[test]
fn official_examples_lose_nothing() {
    let folder = interop().join("odcs");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        skipped("official examples", &folder);
        return;
    };
    let mut whole = 0;
    let mut problems = vec![];
    for path in entries.map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut sources = Sources::default();
        let file = sources.add(path.file_name().unwrap(), &text);
        let (imported, found) = import(ContractFormat::Odcs, None, file, &sources);
        let Some(imported) = imported else {
            // parts of a contract that show one section only have no columns to promise
            let original = json(&text);
            let no_table = original["schema"]
                .as_array()
                .is_none_or(|objects| objects.iter().all(|object| object.get("properties").is_none()));
            if !no_table {
                problems.push(format!("{}:\n{}", path.display(), said(&found, &sources)));
            }
            continue;
        };
        let port: PortName = format!("climate.emissions.{}", imported.port).parse().unwrap();
        let out = export(&imported.contract, &port, ContractFormat::Odcs, &settings(false));
        if json(&out) == json(&text) {
            whole += 1;
        } else {
            problems.push(format!("{} differs:\n{out}\n{}", path.display(), imported.text));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(whole >= 5, "only {whole} were whole contracts");
}

fn imported(format: ContractFormat, text: &str) -> Contract {
    let mut sources = Sources::default();
    let file = sources.add("document", text);
    let name: Name = "daily".parse().unwrap();
    let (imported, found) = import(format, Some(&name), file, &sources);
    imported.unwrap_or_else(|| panic!("{}\n{text}", said(&found, &sources))).contract
}

/// YAML and JSON alike, as JSON.
fn json(text: &str) -> Value {
    serde_yaml_ng::from_str(text).unwrap()
}

fn interop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/interop")
}

pub(crate) fn skipped(what: &str, folder: &Path) {
    use std::io::Write;
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "SKIPPED {what}: {} is not there, `cargo xtask interop fetch` brings it", folder.display())
        .unwrap();
}

#[test]
fn a_product_keeps_what_its_document_said() {
    let product = "[product]\ndomain = \"shop\"\nname = \"sales\"\ntitle = \"Sales\"\nowner = { team = \"t\" }\n";
    let mut sources = Sources::default();
    let file = sources.add("product.toml", product);
    let (product, _) = meshwright_spec::Product::parse(file, &sources, meshwright_spec::Flavor::Program);
    let product = product.unwrap();
    let port = meshwright_spec::PublishedPort {
        name: "sale".to_owned(),
        version: "2.0.0".to_owned(),
        contract_id: "shop.sales.sale".to_owned(),
        description: String::new(),
        deprecated: false,
    };
    let export = meshwright_spec::ProductExport { product: &product, ports: vec![port], inputs: vec![], newest: false };
    let original = "apiVersion: v1.0.0\nkind: DataProduct\nid: fbe8d147\nname: Our sales\nstatus: draft\ntenant: T\n\
                    support: [{channel: help, url: 'https://example.org'}]\n\
                    outputPorts: [{name: sale, version: 1.0.0, contractId: c27, tags: [x]}]\n";
    let text = meshwright_spec::export_product(&export, Some(original));
    let said = json(&text);
    assert_eq!((&said["id"], &said["tenant"]), (&"fbe8d147".into(), &"T".into()), "{text}");
    assert_eq!(said["support"][0]["channel"], "help");
    let port = &said["outputPorts"][0];
    assert_eq!(
        (&port["version"], &port["contractId"], &port["tags"][0]),
        (&"2.0.0".into(), &"c27".into(), &"x".into())
    );
    let bare = json(&meshwright_spec::export_product(&export, None));
    assert_eq!((&bare["id"], &bare["status"]), (&"shop.sales".into(), &"active".into()));
}
