//! One row for each kind of change that other tools judge, with our grade and the rule that says it.
use meshwright_spec::{Contract, Grade, change_rules, diff, impact, needed_bump};

use crate::formats::read;

const BASE: &str = r#"[contract]
version = "1.0.0"
status = "active"
key = ["id"]
freshness = "24h"
retention = "365d"
id = "orders"

[columns]
id = { type = "long" }
n = { type = "int" }
f = { type = "float" }
d = { type = "decimal(9,2)" }
day = { type = "date" }
at = { type = "timestamp" }
s = { type = "string", max_length = 10 }
must = { type = "string", required = true }
may = { type = "string" }
one = { type = "string", unique = true }
ten = { type = "int", max = 10 }
kind = { type = "string", values = ["a", "b"] }
grow = { type = "string", values = ["a", "b"], open = true }
mail = { type = "string", classification = "internal" }

[[checks]]
id = "rows"
kind = "row_count"
min = 100

[[checks]]
id = "soft"
kind = "row_count"
min = 1
severity = "warning"
"#;

const ODCS: &str = "apiVersion: v3.1.0\nkind: DataContract\nid: orders\nversion: 1.0.0\nstatus: active\nservers:\n  - server: main\n    type: s3\n    location: s3://a/b\nschema:\n  - name: daily\n    physicalName: t1\n    properties:\n      - name: at\n        logicalType: timestamp\n        logicalTypeOptions: {timezone: false}\n";

/// What changes, from which text to which, the grade, the rule.
type Row = (&'static str, &'static str, &'static str, Grade, &'static str);

use Grade::{Major, Minor, Patch, Refused};

const ROWS: &[Row] = &[
    (
        "add optional column",
        "[[checks]]\nid = \"rows\"",
        "new = { type = \"int\" }\n[[checks]]\nid = \"rows\"",
        Minor,
        "column-added",
    ),
    (
        "add required column",
        "[[checks]]\nid = \"rows\"",
        "new = { type = \"int\", required = true }\n[[checks]]\nid = \"rows\"",
        Minor,
        "required-column-added",
    ),
    ("drop column", "may = { type = \"string\" }\n", "", Major, "column-removed"),
    (
        "rename column",
        "may = { type = \"string\" }",
        "might = { type = \"string\", renamed_from = \"may\" }",
        Major,
        "column-renamed",
    ),
    (
        "reorder columns",
        "n = { type = \"int\" }\nf = { type = \"float\" }",
        "f = { type = \"float\" }\nn = { type = \"int\" }",
        Patch,
        "columns-reordered",
    ),
    ("int to long", "n = { type = \"int\" }", "n = { type = \"long\" }", Minor, "type-widened"),
    ("float to double", "\"float\"", "\"double\"", Minor, "type-widened"),
    ("decimal(9,2) to (12,2)", "decimal(9,2)", "decimal(12,2)", Minor, "type-widened"),
    ("decimal scale", "decimal(9,2)", "decimal(9,3)", Major, "type-changed"),
    ("int to string", "n = { type = \"int\" }", "n = { type = \"string\" }", Major, "type-changed"),
    ("long to int", "id = { type = \"long\" }", "id = { type = \"int\" }", Major, "type-changed"),
    ("int to double", "n = { type = \"int\" }", "n = { type = \"double\" }", Major, "type-changed"),
    ("date to timestamp", "\"date\"", "\"timestamp\"", Major, "type-changed"),
    ("timestamp to timestamptz", "\"timestamp\"", "\"timestamptz\"", Major, "type-changed"),
    ("string to binary", "may = { type = \"string\" }", "may = { type = \"binary\" }", Major, "type-changed"),
    (
        "required to optional",
        "must = { type = \"string\", required = true }",
        "must = { type = \"string\" }",
        Major,
        "column-made-optional",
    ),
    (
        "optional to required",
        "may = { type = \"string\" }",
        "may = { type = \"string\", required = true }",
        Minor,
        "column-made-required",
    ),
    ("drop key", "key = [\"id\"]\n", "", Major, "key-removed"),
    ("drop unique", ", unique = true", "", Major, "check-removed"),
    ("add unique", "may = { type = \"string\" }", "may = { type = \"string\", unique = true }", Minor, "check-added"),
    ("widen range", "max = 10", "max = 20", Minor, "range-widened"),
    ("widen length", "max_length = 10", "max_length = 20", Minor, "range-widened"),
    ("narrow range", "max = 10", "max = 9", Minor, "range-narrowed"),
    (
        "enum: add value",
        "kind = { type = \"string\", values = [\"a\", \"b\"]",
        "kind = { type = \"string\", values = [\"a\", \"b\", \"c\"]",
        Major,
        "values-added",
    ),
    (
        "open enum: add value",
        "grow = { type = \"string\", values = [\"a\", \"b\"]",
        "grow = { type = \"string\", values = [\"a\", \"b\", \"c\"]",
        Minor,
        "values-added",
    ),
    (
        "enum: remove value",
        "kind = { type = \"string\", values = [\"a\", \"b\"]",
        "kind = { type = \"string\", values = [\"a\"]",
        Minor,
        "values-removed",
    ),
    ("loosen rule", "min = 100", "min = 50", Major, "check-loosened"),
    ("remove rule", "[[checks]]\nid = \"rows\"\nkind = \"row_count\"\nmin = 100\n", "", Major, "check-removed"),
    ("loosen warning", "min = 1\n", "min = 0\n", Minor, "check-loosened"),
    ("tighten rule", "min = 100", "min = 200", Minor, "check-tightened"),
    ("freshness 24h to 48h", "24h", "48h", Major, "freshness-loosened"),
    ("retention shrinks", "365d", "30d", Major, "retention-shortened"),
    ("contract id", "id = \"orders\"", "id = \"other\"", Refused, "id-changed"),
    ("status active to retired", "\"active\"", "\"retired\"", Refused, "status-changed"),
    ("version goes backwards", "1.0.0", "0.9.0", Refused, "version-lowered"),
    ("classification raised", "internal", "restricted", Major, "classification-raised"),
    (
        "pii tag",
        "may = { type = \"string\" }",
        "may = { type = \"string\", tags = [\"pii\"] }",
        Major,
        "classification-raised",
    ),
    (
        "description",
        "may = { type = \"string\" }",
        "may = { type = \"string\", description = \"x\" }",
        Patch,
        "description-changed",
    ),
    ("enforcement switched off", "\"active\"", "\"draft\"", Refused, "status-changed"),
];

const ODCS_ROWS: &[Row] = &[
    (
        "server removed",
        "servers:\n  - server: main\n    type: s3\n    location: s3://a/b\n",
        "",
        Major,
        "server-removed",
    ),
    ("server moved", "s3://a/b", "s3://c/d", Major, "server-moved"),
    ("server of another type", "type: s3", "type: sftp", Major, "server-moved"),
    ("physical name", "physicalName: t1", "physicalName: t2", Minor, "physical-name-changed"),
    ("timezone flips", "timezone: false", "timezone: true", Major, "type-changed"),
];

fn contract(path: &str, text: &str) -> Contract {
    let (contract, said) = read(path, text);
    contract.unwrap_or_else(|| panic!("{said}"))
}

#[test]
fn each_kind_of_change_has_its_grade() {
    let mut wrong = vec![];
    for (path, base, rows) in [("a.toml", BASE, ROWS), ("a.odcs.yaml", ODCS, ODCS_ROWS)] {
        let old = contract(path, base);
        for (what, from, to, grade, rule) in rows {
            assert!(base.contains(from), "{what}: nothing to replace");
            let new = contract(path, &base.replacen(from, to, 1));
            let changes = diff(&old, &new);
            if needed_bump(&changes) != *grade
                || !changes.iter().any(|change| change.rule == *rule && change.grade == *grade)
            {
                wrong.push(format!("{what}: {changes:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_that_a_diff_names_is_listed() {
    for (path, base, rows) in [("a.toml", BASE, ROWS), ("a.odcs.yaml", ODCS, ODCS_ROWS)] {
        for (_, from, to, ..) in rows {
            for change in diff(&contract(path, base), &contract(path, &base.replacen(from, to, 1))) {
                assert!(change_rules().iter().any(|rule| rule.id == change.rule), "{change:?}");
            }
        }
    }
}

#[test]
fn a_rename_is_known_by_the_id_in_the_table() {
    let with = |name: &str| {
        format!("[contract]\nversion = \"1.0.0\"\n[columns]\n{name} = {{ type = \"int\", field_id = 4 }}\n")
    };
    let changes = diff(&contract("a.toml", &with("old")), &contract("a.toml", &with("new")));
    assert_eq!(changes.iter().map(|change| change.rule).collect::<Vec<_>>(), ["column-renamed"]);
    assert_eq!(changes[0].was.as_deref(), Some("old"));
}

#[test]
fn members_are_renamed_by_their_paths() {
    let rules = |old: &str, new: &str| {
        let with = |line: &str| format!("[contract]\nversion = \"1.0.0\"\n[columns]\nc = {{ {line} }}\n");
        let changes = diff(&contract("a.toml", &with(old)), &contract("a.toml", &with(new)));
        changes.iter().map(|change| (change.rule, change.grade)).collect::<Vec<_>>()
    };
    let then = "type = \"list<struct<a: int, b: struct<x: int>>>\"";
    let now = "type = \"list<struct<c: int, b: struct<y: long>>>\"";
    let said = format!("{now}, renamed_members = {{ \"element.c\" = \"a\", \"element.b.y\" = \"x\" }}");
    assert_eq!(rules(then, now), [("member-removed", Major)]);
    assert_eq!(rules(then, &said), [("member-renamed", Major)]);
    // said once, it is no news; and two names may be swapped
    assert_eq!(rules(&said, &said), []);
    assert_eq!(rules(&said, now), [("renaming-noted", Patch)]);
    let two = "type = \"struct<a: int, b: int>\"";
    let swapped = format!("{two}, renamed_members = {{ a = \"b\", b = \"a\" }}");
    assert_eq!(rules(two, &swapped), [("member-renamed", Major)]);
}

#[test]
fn those_who_use_a_column_are_told_apart() {
    let old = contract("a.toml", BASE);
    let new = contract("a.toml", &BASE.replace("may = { type = \"string\" }\n", ""));
    let consumer = |product: &str, columns: &[&str]| meshwright_spec::Consumer {
        product: product.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
    };
    let all = [consumer("a.uses", &["id", "may"]), consumer("b.other", &["id"]), consumer("c.unknown", &[])];
    let found = impact(&diff(&old, &new), &all);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].consumers, ["a.uses", "c.unknown"]);
}
