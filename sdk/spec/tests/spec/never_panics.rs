//! No text makes a parser panic, and nothing is refused without a reason.
use meshwright_spec::{Contract, DataType, Diagnostic, Flavor, MeshLock, Product, Sources};
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

fn texts() -> impl Strategy<Value = String> {
    let pieces =
        proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..24).prop_map(|pieces| pieces.concat());
    prop_oneof![pieces, any::<String>(), "[\\[\\]={}\"'.a-z0-9é\\n ,]{0,80}"]
}

fn parse(text: &str) -> Result<(), TestCaseError> {
    let mut sources = Sources::default();
    let file = sources.add("any.toml", text);
    let port = "daily".parse().unwrap();
    let reports = [
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
    parse(&format!("[{}b]\nc = 1", "a.".repeat(5_000))).unwrap();
}
