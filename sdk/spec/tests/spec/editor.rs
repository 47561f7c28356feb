//! The JSON Schemas for editors say what the parser does.
use meshwright_spec::{Contract, Diagnostic, EditorSchema, Flavor, Product, Sources, editor_schema};
use serde_json::Value;

/// The keys that the parser names when it meets one that it does not know.
fn known(path: &str, text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let found: Vec<Diagnostic> = match path {
        "product.toml" => Product::parse(file, &sources, Flavor::Program).1,
        _ => Contract::parse(&"daily".parse().unwrap(), file, &sources).1,
    };
    let help = found.iter().filter(|found| found.code == "M0102").flat_map(|found| found.help.clone());
    let list = help.filter_map(|help| help.strip_prefix("known here: ").map(str::to_owned)).next();
    let list = list.unwrap_or_else(|| panic!("{found:?}"));
    let mut keys: Vec<String> = list.split(", ").map(str::to_owned).collect();
    keys.sort();
    keys
}

fn keys(schema: &Value) -> Vec<String> {
    let mut keys: Vec<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    keys.sort();
    keys
}

#[test]
fn keys_are_those_of_the_parser() {
    let contract = editor_schema(EditorSchema::Contract);
    let columns = &contract["properties"]["columns"]["additionalProperties"]["anyOf"][1];
    let checks = &contract["properties"]["checks"]["items"];
    for (text, schema) in [
        ("[zzqqzz]\n[contract]\nversion = \"1.0.0\"\n[columns]\na = \"int\"", &contract),
        ("[contract]\nversion = \"1.0.0\"\nzzqqzz = 1\n[columns]\na = \"int\"", &contract["properties"]["contract"]),
        ("[contract]\nversion = \"1.0.0\"\n[columns]\na = { type = \"int\", zzqqzz = 1 }", columns),
        (
            "[contract]\nversion = \"1.0.0\"\n[columns]\na = \"int\"\n[[checks]]\nid = \"x\"\nkind = \"zzqqzz\"\nzzqqzz = 1",
            checks,
        ),
    ] {
        assert_eq!(keys(schema), known("contracts/daily.toml", text), "{text}");
    }
    let product = editor_schema(EditorSchema::Product);
    let part = |name: &str| &product["properties"][name];
    let many = |name: &str| &product["properties"][name]["additionalProperties"];
    let head = "[product]\ndomain = \"d\"\nname = \"n\"\ntitle = \"T\"\nowner = { team = \"t\" }\n";
    for (more, schema) in [
        ("[zzqqzz]\n", &product),
        ("zzqqzz = 1\n", part("product")),
        ("[mesh]\nurl = \"file:///a\"\nzzqqzz = 1\n", part("mesh")),
        ("[inputs.a]\nport = \"a.b.c\"\nzzqqzz = 1\n", many("inputs")),
        ("[sources.a]\nlocation = \"a.csv\"\nzzqqzz = 1\n", many("sources")),
        ("[steps.a]\nzzqqzz = 1\n", many("steps")),
        ("[outputs.a]\nzzqqzz = 1\n", many("outputs")),
        ("[outputs.a.files]\nzzqqzz = 1\n", &many("outputs")["properties"]["files"]),
    ] {
        assert_eq!(keys(schema), known("product.toml", &format!("{head}{more}")), "{more}");
    }
}

#[test]
fn words_are_those_of_the_parser() {
    let contract = editor_schema(EditorSchema::Contract);
    for kind in contract["properties"]["checks"]["items"]["properties"]["kind"]["enum"].as_array().unwrap() {
        let kind = kind.as_str().unwrap();
        let text = format!(
            "[contract]\nversion = \"1.0.0\"\n[columns]\na = \"int\"\n[[checks]]\nid = \"x\"\nkind = \"{kind}\"\n"
        );
        let mut sources = Sources::default();
        let file = sources.add("contracts/daily.toml", text);
        let (_, found) = Contract::parse(&"daily".parse().unwrap(), file, &sources);
        assert!(found.iter().all(|found| found.code != "M0107"), "{kind}: {found:?}");
    }
}
