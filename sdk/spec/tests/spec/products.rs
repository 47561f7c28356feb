//! Products of Bitol's standard: what goes in comes out, and what has changed since is what is said.
use meshwright_spec::{Flavor, Product, ProductExport, PublishedPort, Sources, export_product, import_product};
use serde_json::Value;

use crate::formats::{json, said};

/// Every key that the standard has in 1.1, and what its examples do: several versions of one port, names with blanks.
const EVERYTHING: &str = include_str!("everything.odps.yaml");

/// What an import of a document makes of it, read as a product.
pub(crate) fn imported(text: &str) -> Product {
    let mut sources = Sources::default();
    let file = sources.add("shop.odps.yaml", text);
    let (product, found) = import_product(file, &sources);
    let product = product.unwrap_or_else(|| panic!("{}", said(&found, &sources)));
    read(&product)
}

fn read(text: &str) -> Product {
    let mut sources = Sources::default();
    let file = sources.add("product.toml", text);
    let (product, found) = Product::parse(file, &sources, Flavor::Program);
    product.unwrap_or_else(|| panic!("{}\nin\n{text}", said(&found, &sources)))
}

/// The export of a product whose ports have no contracts yet.
pub(crate) fn exported(product: &Product, original: &str, newest: bool) -> String {
    let ports = product.outputs.iter().map(|output| PublishedPort {
        name: output.name.to_string(),
        version: None,
        contract_id: None,
        description: String::new(),
        deprecated: false,
    });
    export_product(&ProductExport { product, ports: ports.collect(), inputs: vec![], newest }, Some(original))
}

#[test]
fn everything_comes_back() {
    let product = imported(EVERYTHING);
    let ports: Vec<&str> = product.outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(ports, ["raw_sales", "raw_sales_v2", "raw_sales_v2_1", "summary"]);
    assert_eq!(product.inputs.len(), 1, "the input that names a port of a mesh is one");
    assert_eq!((product.owner.team.as_str(), product.owner.email.as_deref()), ("Shop data", Some("jo@example.org")));
    assert_eq!(json(&exported(&product, EVERYTHING, false)), json(EVERYTHING));
}

#[test]
fn a_change_since_the_import_is_what_is_said() {
    let product = imported(EVERYTHING);
    let port = |name: &str, version: &str| PublishedPort {
        name: name.to_owned(),
        version: Some(version.to_owned()),
        contract_id: Some(format!("shop.sales.{name}")),
        description: "Ours".to_owned(),
        deprecated: false,
    };
    // two of the four ports are left, one of them with a newer contract; and there is a new one
    let ports = vec![port("raw_sales_v2", "2.4.0"), port("summary", "0.3.0"), port("fresh", "1.0.0")];
    let export = ProductExport { product: &product, ports, inputs: vec![], newest: false };
    let document = json(&export_product(&export, Some(EVERYTHING)));
    let ports = document["outputPorts"].as_array().unwrap();
    let summary: Vec<[&str; 3]> =
        ports.iter().map(|p| ["name", "version", "contractId"].map(|key| p[key].as_str().unwrap())).collect();
    assert_eq!(
        summary,
        [["raw sales", "2.4.0", "c-2"], ["summary", "0.3.0", "c-4"], ["fresh", "1.0.0", "shop.sales.fresh"]]
    );
    assert_eq!(ports[0]["sbom"][0]["url"], "https://example.org/sbom", "what we have no words for stays");
    assert_eq!(document["tenant"], "Example");
}

#[test]
fn a_product_keeps_what_its_document_said() {
    let product = "[product]\ndomain = \"shop\"\nname = \"sales\"\ntitle = \"Sales\"\nowner = { team = \"t\" }\n";
    let mut sources = Sources::default();
    let file = sources.add("product.toml", product);
    let (product, _) = Product::parse(file, &sources, Flavor::Program);
    let product = product.unwrap();
    let port = PublishedPort {
        name: "sale".to_owned(),
        version: Some("2.0.0".to_owned()),
        contract_id: Some("shop.sales.sale".to_owned()),
        description: String::new(),
        deprecated: false,
    };
    let export = ProductExport { product: &product, ports: vec![port], inputs: vec![], newest: false };
    let original = "apiVersion: v1.0.0\nkind: DataProduct\nid: fbe8d147\nname: Our sales\nstatus: draft\ntenant: T\n\
                    support: [{channel: help, url: 'https://example.org'}]\n\
                    outputPorts: [{name: sale, version: 1.0.0, contractId: c27, tags: [x]}]\n";
    let text = export_product(&export, Some(original));
    let said: Value = json(&text);
    assert_eq!((&said["id"], &said["tenant"]), (&"fbe8d147".into(), &"T".into()), "{text}");
    assert_eq!(said["support"][0]["channel"], "help");
    let port = &said["outputPorts"][0];
    assert_eq!(
        (&port["version"], &port["contractId"], &port["tags"][0]),
        (&"2.0.0".into(), &"c27".into(), &"x".into())
    );
    let bare = json(&export_product(&export, None));
    assert_eq!((&bare["id"], &bare["status"]), (&"shop.sales".into(), &"active".into()));
}
