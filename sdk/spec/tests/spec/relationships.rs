//! Foreign keys of ODCS are checks here, in both directions, and those that cannot be run say so.
use meshwright_spec::{CheckKind, Contract, ContractFormat, PortName, Sources, export, import};

use crate::formats::{json, read, said, settings};

const HEAD: &str = "apiVersion: v3.1.0\nkind: DataContract\nid: o\nversion: 1.0.0\nstatus: active\n";
const SCHEMA: &str = "schema:
- name: customers
  id: customers_obj
  properties: [{name: id, id: id_prop, logicalType: string}, {name: seq, logicalType: integer}]
- name: daily
  properties:
  - name: id
    logicalType: string
";

/// The document with these relationships at its column `customer`, and these at the table.
fn document(domain: &str, of_column: &str, of_table: &str) -> String {
    format!(
        "{HEAD}{domain}{SCHEMA}  - name: customer\n    logicalType: string\n    relationships: [{of_column}]\n  \
         relationships: [{of_table}]\n"
    )
}

fn contract(text: &str) -> Contract {
    let (contract, said) = read("contracts/daily.odcs.yaml", text);
    contract.unwrap_or_else(|| panic!("{said}\nin\n{text}"))
}

fn checked(contract: &Contract) -> Vec<String> {
    let refers = contract.checks.iter().filter_map(|check| match &check.kind {
        CheckKind::References { columns, port, targets } => {
            Some(format!("{}: {} -> {port}({})", check.id, columns.join(", "), targets.join(", ")))
        }
        _ => None,
    });
    refers.collect()
}

const SHOP: &str = "domain: shop\ndataProduct: sales\n";

#[test]
fn a_foreign_key_is_a_check() {
    for (domain, to, expected) in [
        (SHOP, "{to: customers.id}", "shop.sales.customers(id)"),
        (SHOP, "{to: schema/customers_obj/properties/id_prop, type: foreignKey}", "shop.sales.customers(id)"),
        (SHOP, "{to: [customers.id]}", "shop.sales.customers(id)"),
        (SHOP, "{to: daily.id}", "shop.sales.daily(id)"),
        ("", "{to: geo.places.countries.code}", "geo.places.countries(code)"),
    ] {
        let found = contract(&document(domain, to, ""));
        assert_eq!(checked(&found), [format!("customer.references: customer -> {expected}")], "{to}");
        assert!(found.declared.is_empty());
    }
    let table = contract(&document(SHOP, "", "{from: daily.customer, to: customers.id}"));
    assert_eq!(checked(&table), ["customer.references: customer -> shop.sales.customers(id)"]);
    // the same at both places is one, another one is a check of its own
    let both = document(SHOP, "{to: customers.id}, {to: a.b.c.d}", "{from: [daily.customer], to: [customers.id]}");
    assert_eq!(
        checked(&contract(&both)),
        ["customer.references: customer -> shop.sales.customers(id)", "customer-references-2: customer -> a.b.c(d)"]
    );
}

#[test]
fn what_cannot_be_looked_up_is_declared() {
    for (domain, of_column, of_table, why) in [
        ("", "{to: customers.id}", "", "`domain` and `dataProduct` are to be names"),
        ("domain: Shop\ndataProduct: sales\n", "{to: customers.id}", "", "are to be names"),
        (SHOP, "{to: 'other.yaml#/schema/a/properties/b'}", "", "neither in this document nor"),
        (SHOP, "{to: customers.nothing}", "", "neither in this document nor"),
        (SHOP, "", "{from: [daily.id, daily.customer], to: [customers.id, customers.seq]}", "several columns"),
        (SHOP, "", "{from: customers.id, to: customers.id}", "belongs to another table"),
    ] {
        let found = contract(&document(domain, of_column, of_table));
        assert!(checked(&found).is_empty(), "{:?}", checked(&found));
        assert_eq!(found.declared.len(), 1);
        assert!(found.declared[0].why.contains(why), "{:?}", found.declared);
    }
}

#[test]
fn a_reference_is_written_as_a_foreign_key_and_read_back() {
    let text = "[contract]\nversion = \"1.0.0\"\n[columns]\na = { type = \"string\", references = \"geo.places.countries(code)\" }\nb = { type = \"string\", references = \"geo.places.countries(the code)\" }\n";
    let (native, said) = read("contracts/daily.toml", text);
    let native = native.unwrap_or_else(|| panic!("{said}"));
    let port: PortName = "shop.sales.daily".parse().unwrap();
    let written = export(&native, &port, ContractFormat::Odcs, &settings(false));
    let properties = &json(&written)["schema"][0]["properties"];
    assert_eq!(properties[0]["relationships"][0]["to"], "geo.places.countries.code", "{written}");
    assert!(properties[0].get("customProperties").is_none());
    // what their words cannot say stays in ours
    assert_eq!(properties[1]["customProperties"][0]["value"], "geo.places.countries(the code)");
    assert_eq!(checked(&contract(&written)), checked(&native));
}

#[test]
fn an_import_has_the_check_and_gives_back_the_document() {
    let of_table = "{type: foreignKey, from: [daily.id, daily.customer], to: [customers.id, customers.seq]}";
    let text = document("domain: Retail Shop\ndataProduct: sales\n", "{to: customers.id, type: foreignKey}", of_table);
    let mut sources = Sources::default();
    let file = sources.add("orders.odcs.yaml", &text);
    let (imported, found) = import(ContractFormat::Odcs, Some(&"daily".parse().unwrap()), file, &sources);
    let imported = imported.unwrap_or_else(|| panic!("{}", said(&found, &sources)));
    assert!(imported.text.contains("references = \"retail_shop.sales.customers(id)\""), "{}", imported.text);
    assert_eq!(imported.contract.declared.len(), 1, "the key of two columns is kept and counted");
    let port: PortName = "retail_shop.sales.daily".parse().unwrap();
    let back = export(&imported.contract, &port, ContractFormat::Odcs, &settings(false));
    assert_eq!(json(&back), json(&text));
}
