//! ODCS as OpenMetadata has it: what it writes is read, and what we write keeps to its model.
use meshwright_spec::{Contract, ContractFormat, PortName, Sources, export, import};
use serde_json::Value;

use crate::formats::{json, said, settings};

/// As its own exports are: values as text, custom properties as an object, members as a list, types of its own.
const THEIRS: &str = "apiVersion: v3.1.0
kind: DataContract
id: 7d1c
name: Daily
version: \"2.1.0\"
status: active
slaProperties:
- {property: freshness, value: \"24\", unit: hours, timezone: 'GMT+00:00 UTC'}
- {property: availability, value: \"99.9\", unit: percent}
team:
- {username: shop-data, role: owner}
roles:
- {role: analyst, access: read, firstLevelApprovers: [jo], customProperties: {a: 1}}
schema:
- name: daily
  physicalType: table
  customProperties: {tier: gold}
  properties:
  - {name: id, logicalType: long, required: true, primaryKey: true, primaryKeyPosition: 1}
  - {name: note, logicalType: text, customProperties: {masked: false}}
  - {name: price, logicalType: decimal, physicalType: 'decimal(9,2)', logicalTypeOptions: {defaultTimezone: Etc/UTC, minimum: 0}}
  - {name: blob, logicalType: bytes}
";

fn imported(format: ContractFormat, text: &str) -> Contract {
    let mut sources = Sources::default();
    let file = sources.add("daily.yaml", text);
    let (imported, found) = import(format, Some(&"daily".parse().unwrap()), file, &sources);
    imported.unwrap_or_else(|| panic!("{}", said(&found, &sources))).contract
}

fn port() -> PortName {
    "retail_shop.sales.daily".parse().unwrap()
}

#[test]
fn what_it_writes_is_read_and_comes_back() {
    let contract = imported(ContractFormat::OpenMetadata, THEIRS);
    let types: Vec<String> = contract.columns.iter().map(|column| column.data_type.to_string()).collect();
    assert_eq!(types, ["long", "string", "decimal(9,2)", "binary"]);
    assert_eq!(contract.key, ["id"]);
    assert!(contract.freshness.is_some());
    let back = export(&contract, &port(), ContractFormat::OpenMetadata, &settings(false));
    assert_eq!(json(&back), json(THEIRS));
}

/// Every place of a document below which its model wants something else than ODCS does.
fn violations(document: &Value) -> Vec<String> {
    let mut found = vec![];
    let mut refuse = |fits: bool, what: String| found.extend((!fits).then_some(what));
    let list = |key: &str| document[key].as_array().cloned().unwrap_or_default();
    refuse(document["apiVersion"] == "v3.1.0", "version".into());
    refuse(document["team"].is_array(), "team".into());
    for (key, item) in
        ["slaProperties", "customProperties"].iter().flat_map(|key| list(key).into_iter().map(move |i| (key, i)))
    {
        refuse(item["value"].is_string(), format!("{key}: {item}"));
    }
    for item in list("support") {
        refuse(item["url"].is_string(), format!("support: {item}"));
    }
    for item in list("roles").iter().chain(&list("servers")) {
        refuse(item.get("customProperties").is_none() && item.get("firstLevelApprovers").is_none(), item.to_string());
    }
    let mut elements = list("schema");
    while let Some(element) = elements.pop() {
        refuse(element["name"].is_string(), format!("an element without a name: {element}"));
        refuse(element.get("customProperties").is_none(), format!("custom properties of {}", element["name"]));
        let options = element["logicalTypeOptions"].as_object().cloned().unwrap_or_default();
        refuse(options.iter().all(|(key, value)| !key.contains("imum") || value.is_number()), format!("{options:?}"));
        let logical = element["logicalType"].as_str();
        refuse(!matches!(logical, Some("map" | "vector")), format!("{logical:?}"));
        for rule in element["quality"].as_array().into_iter().flatten() {
            for values in ["validValues", "missingValues"].map(|key| rule["arguments"][key].clone()) {
                refuse(values.as_array().is_none_or(|values| values.iter().all(Value::is_string)), rule.to_string());
            }
        }
        elements.extend(element["properties"].as_array().cloned().into_iter().flatten());
        elements.extend(element.get("items").cloned());
    }
    found
}

#[test]
fn what_we_write_keeps_to_its_model() {
    let everything = imported(ContractFormat::Odcs, include_str!("everything.odcs.yaml"));
    let mut sources = Sources::default();
    let file = sources.add("contracts/daily.toml", include_str!("everything.toml"));
    let native = Contract::parse(&"daily".parse().unwrap(), file, &sources).0.unwrap();
    for contract in [everything, native] {
        let text = export(&contract, &port(), ContractFormat::OpenMetadata, &crate::formats::with_team());
        assert_eq!(violations(&json(&text)), [""; 0], "{text}");
    }
}
