//! The JSON Schemas for editors against every file that this repository holds, and against misspelt ones.
use std::path::{Path, PathBuf};

use meshwright_spec::{Contract, EditorSchema, Sources, editor_schema};
use serde_json::Value;

/// What a schema finds wrong with a value; it knows the words that ours use, and no others.
fn wrong(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = vec![];
    for (word, means) in schema.as_object().unwrap() {
        let fits = match word.as_str() {
            "$schema" | "title" | "description" => true,
            "type" => {
                let one = |name: &Value| match name.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "number" => value.is_number(),
                    "integer" => value.is_i64() || value.is_u64(),
                    other => panic!("type {other}"),
                };
                means.as_array().map_or_else(|| one(means), |names| names.iter().any(one))
            }
            "enum" => means.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= means.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= means.as_u64().unwrap()),
            "pattern" => {
                let pattern = regex::Regex::new(means.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "anyOf" => means.as_array().unwrap().iter().any(|schema| wrong(schema, value, at).is_empty()),
            "required" => {
                let has = |key: &Value| value.get(key.as_str().unwrap()).is_some();
                !value.is_object() || means.as_array().unwrap().iter().all(has)
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                found.extend(items.flat_map(|(n, item)| wrong(means, item, &format!("{at}[{n}]"))));
                true
            }
            "properties" | "additionalProperties" => {
                for (key, item) in value.as_object().into_iter().flatten() {
                    let own = schema["properties"].get(key);
                    let schema = if word == "properties" { own } else { Some(means).filter(|_| own.is_none()) };
                    match schema {
                        Some(Value::Bool(false)) => found.push(format!("{at}.{key}: unknown")),
                        Some(schema) => found.extend(wrong(schema, item, &format!("{at}.{key}"))),
                        None => {}
                    }
                }
                true
            }
            other => panic!("`{other}` stands in a schema and is not tested"),
        };
        if !fits {
            found.push(format!("{at}: {word} {means}, not {value}"));
        }
    }
    found
}

/// A template's file as it is for some product.
fn rendered(text: &str) -> Vec<String> {
    if !text.contains("{%") && !text.contains("{{") {
        return vec![text.to_owned()];
    }
    let part = |rust: bool| {
        let (mut out, mut shown) = (String::new(), true);
        for line in text.lines() {
            match line.trim() {
                line if line.starts_with("{% if") => shown = rust,
                "{% else %}" => shown = !shown,
                "{% endif %}" => shown = true,
                _ if shown => out.push_str(&format!("{line}\n")),
                _ => {}
            }
        }
        // any name will do
        regex::Regex::new(r"\{\{.*?\}\}").unwrap().replace_all(&out, "port").into_owned()
    };
    vec![part(true), part(false)]
}

/// All files of this kind in products and templates.
fn files(of: EditorSchema, folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let in_contracts = path.parent().is_some_and(|parent| parent.ends_with("contracts"));
        if path.is_dir() && !path.ends_with("target") {
            files(of, &path, found);
        } else if match of {
            EditorSchema::Product => path.ends_with("product.toml"),
            EditorSchema::Contract => in_contracts && path.extension().is_some_and(|end| end == "toml"),
        } {
            found.push(path);
        }
    }
}

fn value(text: &str) -> Value {
    let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
    serde_json::to_value(table).unwrap()
}

#[test]
fn every_file_here_is_accepted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (of, least) in [(EditorSchema::Product, 7), (EditorSchema::Contract, 7)] {
        let schema = editor_schema(of);
        let mut all = vec![];
        for folder in ["examples", "domains", "templates/domain"] {
            files(of, &root.join(folder), &mut all);
        }
        assert!(all.len() >= least, "{all:?}");
        for path in all {
            for text in rendered(&std::fs::read_to_string(&path).unwrap()) {
                assert_eq!(wrong(&schema, &value(&text), ""), [""; 0], "{}\n{text}", path.display());
            }
        }
    }
    let contract = editor_schema(EditorSchema::Contract);
    assert_eq!(wrong(&contract, &value(include_str!("everything.toml")), ""), [""; 0]);
}

#[test]
fn misspelt_keys_and_words_are_refused() {
    let contract = editor_schema(EditorSchema::Contract);
    let spaces = regex::Regex::new(" +=").unwrap();
    let squeezed = spaces.replace_all(include_str!("everything.toml"), " =").into_owned();
    for (from, to) in [
        ("version", "versoin"),
        ("[columns]", "[colums]"),
        ("required =", "requird ="),
        ("\nkind", "\nknid"),
        ("severity = \"warning\"", "severity = \"waring\""),
        ("kind = \"row_count\"", "kind = \"rowcount\""),
    ] {
        assert!(squeezed.contains(from), "{from}");
        let harmed = squeezed.replacen(from, to, 1);
        let Ok(table) = harmed.parse::<toml::Table>() else { panic!("{harmed}") };
        assert_ne!(wrong(&contract, &serde_json::to_value(table).unwrap(), ""), [""; 0], "{to}");
    }
    let product = editor_schema(EditorSchema::Product);
    let whole =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/formats/product.toml"));
    let whole = spaces.replace_all(&whole.unwrap(), " =").into_owned();
    for (from, to) in
        [("domain =", "domian ="), ("[sources.", "[source."), ("location =", "loction ="), ("team =", "tema =")]
    {
        assert!(whole.contains(from), "{from}\n{whole}");
        assert_ne!(wrong(&product, &value(&whole.replacen(from, to, 1)), ""), [""; 0], "{to}");
    }
}

/// What the parser says of a check of this kind with a key that no check has, under a code.
fn says(kind: &str, code: &str, start: &str) -> Vec<String> {
    let text = format!(
        "[contract]\nversion = \"1.0.0\"\n[columns]\na = \"int\"\n[[checks]]\nid = \"x\"\nkind = \"{kind}\"\nzzqqzz = 1\n"
    );
    let mut sources = Sources::default();
    let file = sources.add("contracts/daily.toml", text);
    let (_, found) = Contract::parse(&"daily".parse().unwrap(), file, &sources);
    let help = found.iter().filter(|found| found.code == code).flat_map(|found| found.help.clone());
    let list = help.filter_map(|help| help.strip_prefix(start).map(str::to_owned)).next();
    let list = list.unwrap_or_else(|| panic!("{kind}: {found:?}"));
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn every_kind_of_check_and_every_key_of_one_is_offered() {
    let schema = editor_schema(EditorSchema::Contract);
    let check = &schema["properties"]["checks"]["items"];
    let sorted = |mut words: Vec<String>| {
        words.sort();
        words.dedup();
        words
    };
    let kinds: Vec<String> = serde_json::from_value(check["properties"]["kind"]["enum"].clone()).unwrap();
    assert_eq!(sorted(kinds.clone()), sorted(says("zzqqzz", "M0107", "one of ")));
    let keys = check["properties"].as_object().unwrap().keys().cloned().collect();
    let of_kinds = kinds.iter().flat_map(|kind| says(kind, "M0102", "known here: ")).collect();
    assert_eq!(sorted(keys), sorted(of_kinds));
}
