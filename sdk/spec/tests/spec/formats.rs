//! Contracts in other formats: what goes in comes out.
use meshwright_spec::{Contract, ContractFormat, Diagnostic, ExportSettings, Name, PortName, Sources, export, import};
use serde_json::Value;

/// A native contract that uses everything there is.
const EVERYTHING: &str = include_str!("everything.toml");

/// Every key that the official examples of ODCS 3.0 to 3.2 use, and the ones that none of them does.
const EVERYTHING_ODCS: &str = include_str!("everything.odcs.yaml");

fn port() -> PortName {
    "climate.emissions.daily".parse().unwrap()
}

pub(crate) fn read(path: &str, text: &str) -> (Option<Contract>, String) {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let (contract, found) = Contract::parse(&"daily".parse().unwrap(), file, &sources);
    (contract, said(&found, &sources))
}

pub(crate) fn said(found: &[Diagnostic], sources: &Sources) -> String {
    found.iter().map(|found| found.render(sources, false)).collect::<Vec<_>>().join("\n")
}

fn contract(path: &str, text: &str) -> Contract {
    let (contract, said) = read(path, text);
    contract.unwrap_or_else(|| panic!("{said}\nin\n{text}"))
}

pub(crate) fn settings(newest: bool) -> ExportSettings {
    ExportSettings { newest, ..ExportSettings::default() }
}

pub(crate) fn with_team() -> ExportSettings {
    let team = serde_json::json!({ "name": "shop", "members": [{ "username": "jo@example.org", "role": "owner" }] });
    ExportSettings { team: Some(team), ..ExportSettings::default() }
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
fn an_import_of_everything_gives_back_everything() {
    let mut sources = Sources::default();
    let file = sources.add("shop.odcs.yaml", EVERYTHING_ODCS);
    for table in ["daily", "customers"] {
        let (imported, found) = import(ContractFormat::Odcs, Some(&table.parse().unwrap()), file, &sources);
        let imported = imported.unwrap_or_else(|| panic!("{}", said(&found, &sources)));
        let port: PortName = format!("retail_shop.sales.{table}").parse().unwrap();
        let out = export(&imported.contract, &port, ContractFormat::Odcs, &settings(false));
        assert_eq!(json(&out), json(EVERYTHING_ODCS), "{}", imported.text);
    }
    // and as it is, where all of it can be promised
    let whole = contract("contracts/daily.odcs.yaml", EVERYTHING_ODCS);
    assert_eq!(json(&export(&whole, &port(), ContractFormat::Odcs, &settings(false))), json(EVERYTHING_ODCS));
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

fn imported(format: ContractFormat, text: &str) -> Contract {
    let mut sources = Sources::default();
    let file = sources.add("document", text);
    let name: Name = "daily".parse().unwrap();
    let (imported, found) = import(format, Some(&name), file, &sources);
    imported.unwrap_or_else(|| panic!("{}\n{text}", said(&found, &sources))).contract
}

/// YAML and JSON alike, as JSON.
pub(crate) fn json(text: &str) -> Value {
    serde_yaml_ng::from_str(text).unwrap()
}
