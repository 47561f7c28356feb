//! Diagnostics outside the cases: several files, JSON, colours, secrets.
use meshwright_spec::{Diagnostic, Sources, Span};
use serde_json::json;

fn promise() -> (Sources, Diagnostic) {
    let mut sources = Sources::default();
    let contract = sources.add("contracts/daily.toml", "[columns]\nmw_peak = { type = \"double\", required = true }\n");
    let sql = sources.add("sql/daily.sql", "select at, region, mw from meters\n");
    let found = Diagnostic::error("M0204", "port `daily` promises a column that its query does not return")
        .at(Span::new(contract, 10..17), "not among: at, region, mw")
        .at(Span::new(sql, 7..21), "these are returned")
        .help("add `max(mw) as mw_peak` to the query, or drop the column from the contract");
    (sources, found)
}

#[test]
fn places_in_several_files_are_shown_together() {
    let (sources, found) = promise();
    let expected = r#"error[M0204]: port `daily` promises a column that its query does not return
 --> contracts/daily.toml:2:1
  |
2 | mw_peak = { type = "double", required = true }
  | ^^^^^^^ not among: at, region, mw
  |
 ::: sql/daily.sql:1:8
  |
1 | select at, region, mw from meters
  |        -------------- these are returned
help: add `max(mw) as mw_peak` to the query, or drop the column from the contract"#;
    assert_eq!(found.render(&sources, false), expected);
    let colored = found.render(&sources, true);
    assert!(colored.contains("\u{1b}["), "{colored}");
    assert!(!found.render(&sources, false).contains('\u{1b}'));
}

#[test]
fn json_names_the_primary_place() {
    let (sources, found) = promise();
    let expected = json!({
        "code": "M0204",
        "severity": "error",
        "message": "port `daily` promises a column that its query does not return",
        "cause": [],
        "at": { "file": "contracts/daily.toml", "line": 2, "column": 1 },
        "help": "add `max(mw) as mw_peak` to the query, or drop the column from the contract",
        "also": [{ "file": "sql/daily.sql", "line": 1, "column": 8, "text": "these are returned" }],
    });
    assert_eq!(found.to_json(&sources), expected);
    let bare = Diagnostic::warning("M0405", "step `scratch` is used by nobody").to_json(&sources);
    assert_eq!((&bare["at"], &bare["help"]), (&json!(null), &json!(null)));
}

#[test]
fn secrets_are_neither_rendered_nor_serialised() {
    let mut sources = Sources::default();
    let file = sources.add("product.toml", "url = \"postgres://mesh:hunter2@db/mesh\"\n");
    let found = Diagnostic::error("M0110", "`postgres://mesh:hunter2@db/mesh` is no home")
        .at(Span::new(file, 6..39), "postgres://mesh:hunter2@db")
        .help("not postgres://mesh:hunter2@db");
    for text in [found.render(&sources, false), found.render(&sources, true), found.to_json(&sources).to_string()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn places_beyond_the_text_do_no_harm() {
    let mut sources = Sources::default();
    let file = sources.add("a.toml", "é");
    for (start, end) in [(0, 99), (1, 1), (1, 2), (50, 60), (2, 0)] {
        Diagnostic::error("M0101", "x").at(Span::new(file, start..end), "").render(&sources, false);
    }
    Diagnostic::error("M0101", "x").at(Span::new(7, 0..1), "").render(&sources, false);
}
