//! No text makes a parser panic or fill the memory, and nothing is refused without a reason. Longer runs:
//! `cargo xtask fuzz`.
use meshwright_spec::{
    Contract, ContractFormat, DataType, Diagnostic, Flavor, MeshLock, Product, Sources, import, import_product,
};
use proptest::prelude::*;

use crate::counting::{cases, most};
use crate::harm::harmed;

/// Pieces that get further into the parsers than random letters do.
const PIECES: [&str; 48] = [
    "[product]\n",
    "[contract]\n",
    "[columns]\n",
    "[[checks]]\n",
    "[inputs.a]\n",
    "[sources.b]\n",
    "[steps.c]\n",
    "[outputs.c]\n",
    "[mesh]\n",
    "domain = \"d\"\n",
    "name = \"n\"\n",
    "title = 'T'\n",
    "owner = { team = \"t\" }\n",
    "version = \"1.0.0\"\n",
    "key = [\"x\", \"y\"]\n",
    "x = { type = \"int\", min = ",
    "y = { type = \"string\", pattern = ",
    "z = { type = \"timestamptz\", min = ",
    "w = { type = \"decimal(10,2)\", values = [",
    "\"\\u00e9\"",
    "'é('",
    "1",
    "-3",
    "2.5",
    "nan",
    "inf",
    "0xff",
    "2020-01-01",
    "2020-01-01T00:00:00+02:00",
    "12:00:00",
    "true",
    " }\n",
    "]\n",
    ", ",
    ", max = ",
    "id = \"i\"\n",
    "kind = \"range\"\n",
    "kind = \"aggregate\"\n",
    "column = \"x\"\n",
    "columns = []\n",
    "at_most = ",
    "from = \"q\"\n",
    "location = [",
    "partition = [\"bucket(é, x)\"]\n",
    "freshness = { column = \"z\" }\n",
    "lock = 1\n",
    "values = [[1], {}]\n",
    "references = \"a.b.c(d)\"\n",
];

/// The same for YAML.
const YAML: [&str; 40] = [
    "apiVersion: v3.1.0\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\n",
    "schema:\n",
    "  - name: daily\n",
    "    properties:\n",
    "      - name: a\n",
    "        logicalType: ",
    "string\n",
    "array\n        items: {logicalType: integer}\n",
    "object\n        properties: [{name: b, logicalType: date}]\n",
    "        physicalType: decimal(9,\n",
    "        logicalTypeOptions: {minimum: 1, exclusiveMaximum: '3'}\n",
    "        quality:\n",
    "          - metric: ",
    "nullValues\n",
    "rowCount\n",
    "            mustBe: ",
    "            mustBeBetween: [1, 1e400]\n",
    "            mustBeLessThan: -0\n            unit: percent\n",
    "            type: sql\n            query: \"${é}\"\n",
    "-1\n",
    ".nan\n",
    "0x\n",
    "&a [*a]\n",
    "&a b\n",
    "*a",
    "? [x]\n: y\n",
    "!!str 1\n",
    "- ",
    "  ",
    "\t",
    "|\n  text\n",
    "'é",
    "\"\\u00e9\"",
    "<<: *a\n",
    "---\n",
    "...\n",
    "#\u{fe0f}\n",
    "{\"type\": \"record\", \"name\": \"n\", \"fields\": [{\"name\": \"a\", \"type\": [\"null\", \"int\"]}]}",
    "{\"properties\": {\"a\": {\"type\": \"string\"}}}",
    "slaProperties: [{property: retention, value: 99999999999999999999, unit: y}]\n",
];

fn texts() -> impl Strategy<Value = String> {
    let pieces =
        proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..24).prop_map(|pieces| pieces.concat());
    let yaml = proptest::collection::vec(proptest::sample::select(&YAML[..]), 0..24).prop_map(|pieces| pieces.concat());
    prop_oneof![pieces, yaml, any::<String>(), "[\\[\\]={}\"'.a-z0-9é\\n ,]{0,80}"]
}

/// Documents with everything in them, and the ones that people start from.
const TOML: [&str; 6] = [
    include_str!("everything.toml"),
    include_str!("../../../../examples/formats/product.toml"),
    include_str!("../../../../domains/climate/emissions/product.toml"),
    include_str!("../../../../domains/finance/intensity/product.toml"),
    "lock = 1\n[inputs.gdp]\nport = \"a.b.c\"\nversion = \"1.0.0\"\nchecksum = \"sha256:00\"\n[inputs.gdp.columns]\na = \"int\"\n[sources.s]\na = \"int\"\n",
    "[contract]\nversion = \"1.0.0\"\n[columns]\na = \"list<struct<b: map<string, decimal(9,2)>>>\"\n[beyond.odcs]\na = [{ b = { \"@was\" = 1 } }]\n",
];

/// The same in YAML and JSON.
const FOREIGN: [&str; 6] = [
    include_str!("everything.odcs.yaml"),
    include_str!("everything.odps.yaml"),
    "{\"type\": \"record\",\n\"name\": \"n\",\n\"fields\": [\n{\"name\": \"a\",\n\"type\": [\"null\", {\"type\": \"map\",\n\"values\": \"int\"}]},\n{\"name\": \"b\",\n\"type\": {\"type\": \"bytes\",\n\"logicalType\": \"decimal\",\n\"precision\": 9,\n\"scale\": 2}}]}\n",
    "{\"type\": \"object\",\n\"title\": \"t\",\n\"required\": [\"a\"],\n\"properties\": {\n\"a\": {\"type\": \"string\",\n\"pattern\": \"^a\",\n\"maxLength\": 3},\n\"b\": {\"type\": [\"array\", \"null\"],\n\"items\": {\"type\": \"integer\"}}}}\n",
    "version: 2\nsources:\n- name: s\n  tables:\n  - name: daily\n    columns:\n    - name: a\n      data_type: numeric(9,2)\n      data_tests: [not_null, unique]\n",
    "{\"type\": \"struct\",\n\"schema-id\": 0,\n\"identifier-field-ids\": [1],\n\"fields\": [\n{\"id\": 1,\n\"name\": \"a\",\n\"required\": true,\n\"type\": {\"type\": \"list\",\n\"element-id\": 2,\n\"element\": \"long\",\n\"element-required\": true}}]}\n",
];

/// Trees, reports and their rendering cost a multiple of the text; a bomb costs more than any multiple.
fn bounded(text: &str, all: bool) -> Result<(), TestCaseError> {
    let mut outcome = Ok(());
    let held = most(|| outcome = if all { parse(text) } else { read_only(text) });
    let bound = (64 << 20) + 400 * text.len();
    prop_assert!(held < bound, "{held} bytes held for {} bytes of text", text.len());
    outcome
}

/// Reading without showing what was found, for texts of megabytes.
fn read_only(text: &str) -> Result<(), TestCaseError> {
    let mut sources = Sources::default();
    let (file, yaml) = (sources.add("any.toml", text), sources.add("any.odcs.yaml", text));
    let port = "daily".parse().unwrap();
    Product::parse(file, &sources, Flavor::Declarative);
    Contract::parse(&port, file, &sources);
    Contract::parse(&port, yaml, &sources);
    import(ContractFormat::Odcs, Some(&port), yaml, &sources);
    Ok(())
}

fn parse(text: &str) -> Result<(), TestCaseError> {
    let mut sources = Sources::default();
    let file = sources.add("any.toml", text);
    let port = "daily".parse().unwrap();
    let yaml = sources.add("any.odcs.yaml", text);
    let foreign = ContractFormat::ALL.iter().map(|(_, format)| {
        let (some, found) = import(*format, Some(&port), yaml, &sources);
        (some.is_some(), found)
    });
    let foreign: Vec<_> = foreign.collect();
    for (some, found) in &foreign {
        prop_assert!(*some || found.iter().any(Diagnostic::is_error), "{:?}", found);
    }
    import_product(yaml, &sources);
    let reports = [
        Contract::parse(&port, yaml, &sources).map_some(),
        Product::parse(file, &sources, Flavor::Declarative).map_some(),
        Product::parse(file, &sources, Flavor::Program).map_some(),
        Contract::parse(&port, file, &sources).map_some(),
        MeshLock::parse(file, &sources).map_some(),
    ];
    for (some, found) in reports {
        prop_assert_eq!(some, !found.iter().any(Diagnostic::is_error), "{:?}", found);
        // each is shown with its lines of the file, so some of many will do
        for diagnostic in found.iter().take(20) {
            diagnostic.render(&sources, false);
            diagnostic.to_json(&sources);
        }
    }
    Ok(())
}

trait MapSome {
    fn map_some(self) -> (bool, Vec<Diagnostic>);
}

impl<T> MapSome for (Option<T>, Vec<Diagnostic>) {
    fn map_some(self) -> (bool, Vec<Diagnostic>) {
        (self.0.is_some(), self.1)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(128), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files(text in texts()) {
        bounded(&text, true)?;
    }

    #[test]
    fn harmed_toml(text in harmed(&TOML)) {
        bounded(&text, true)?;
    }

    #[test]
    fn harmed_yaml(text in harmed(&FOREIGN)) {
        bounded(&text, true)?;
    }

    #[test]
    fn types(text in "[a-z<>(),: 0-9é]{0,40}") {
        if let Ok(data_type) = text.parse::<DataType>() {
            prop_assert_eq!(data_type.to_string().parse::<DataType>().unwrap(), data_type);
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    let whole = |text: String| bounded(&text, true).unwrap();
    whole(format!("a = {}", "[".repeat(20_000)));
    whole(format!("a = {}", "{a=".repeat(20_000)));
    whole("a.".repeat(5_000));
    whole("[".repeat(5_000));
    whole("- ".repeat(5_000));
    whole("? ".repeat(5_000));
    whole("{a: ".repeat(5_000));
    whole(format!("[{}b]\nc = 1", "a.".repeat(5_000)));
    whole((0..800).map(|level| format!("{}a:\n", " ".repeat(level))).collect());
    whole(format!(
        "[contract]\nversion = \"1.0.0\"\n[columns]\na = \"{}int{}\"",
        "list<".repeat(5_000),
        ">".repeat(5_000)
    ));
}

#[test]
fn bombs_are_refused() {
    // each alias doubles what it names; with maps, with merges, and named by themselves
    for (open, close) in [("[*a", "]"), ("{x: *a", "}")] {
        let doubling = (1..40).map(|n| {
            let other = if open == "[*a" { format!("*a{}", n - 1) } else { format!("y: *a{}", n - 1) };
            format!("a{n}: &a{n} {open}{}, {other}{close}\n", n - 1)
        });
        let text = format!("a0: &a0 [x, x, x]\n{}", doubling.collect::<String>());
        bounded(&text, true).unwrap();
    }
    bounded("a: &a [*a, *a]\n", true).unwrap();
    bounded("a: &a {<<: *a, b: *a}\n", true).unwrap();
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(3_000), "*a, ".repeat(3_000));
    bounded(&wide, true).unwrap();
}

#[test]
fn megabytes_are_read_in_bounds() {
    let mega = 1 << 20;
    for text in [
        format!("{} = 1\n", "k".repeat(mega)),
        format!("{}: 1\n", "k".repeat(mega)),
        format!("a = {}\n", "9".repeat(mega)),
        format!("a: {}\n", "9".repeat(mega)),
        format!("a = 0.{}1\n", "0".repeat(mega)),
        format!("a = \"{}\n", "\\u00e9".repeat(mega / 6)),
        format!("a: \"{}\"\n", "\\ud800".repeat(mega / 6)),
        "#\n".repeat(mega / 2),
        "\u{fe0f}".repeat(mega / 3),
        "\0".repeat(mega),
    ] {
        bounded(&text, false).unwrap();
    }
}
