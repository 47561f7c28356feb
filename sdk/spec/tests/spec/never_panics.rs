//! No text makes a parser panic, and nothing is refused without a reason.
use meshwright_spec::{Contract, ContractFormat, DataType, Diagnostic, Flavor, MeshLock, Product, Sources, import};
use proptest::prelude::*;

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
    let reports = [
        Contract::parse(&port, yaml, &sources).map_some(),
        Product::parse(file, &sources, Flavor::Declarative).map_some(),
        Product::parse(file, &sources, Flavor::Program).map_some(),
        Contract::parse(&port, file, &sources).map_some(),
        MeshLock::parse(file, &sources).map_some(),
    ];
    for (some, found) in reports {
        prop_assert_eq!(some, !found.iter().any(Diagnostic::is_error), "{:?}", found);
        for diagnostic in &found {
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
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files(text in texts()) {
        parse(&text)?;
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
    parse(&format!("a = {}", "[".repeat(50_000))).unwrap();
    parse(&format!("a = {}", "{a=".repeat(50_000))).unwrap();
    parse(&"a.".repeat(5_000)).unwrap();
    parse(&"[".repeat(5_000)).unwrap();
    parse(&"- ".repeat(5_000)).unwrap();
    parse(&"{a: ".repeat(5_000)).unwrap();
    // each alias doubles what it names
    let doubling: String = (1..40).map(|n| format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1)).collect();
    parse(&format!("a0: &a0 [x]\n{doubling}")).unwrap();
    parse(&format!("[{}b]\nc = 1", "a.".repeat(5_000))).unwrap();
}
