//! Checks that look beyond rows and bounds, through the real binary: order, distribution, drift, anomalies, references of
//! several columns; and how reports count what was declared and what ran.
use std::fmt::Write;

use serde_json::Value;

use crate::contracts::odcs;
use crate::shop;
use crate::support::{Mesh, Product, root};

fn results(report: &Value) -> &Vec<Value> {
    let port = if report["ports"].is_array() { &report["ports"][0] } else { &report["port"] };
    port["results"].as_array().unwrap_or_else(|| panic!("{report}"))
}

fn result<'a>(report: &'a Value, id: &str) -> &'a Value {
    results(report).iter().find(|r| r["id"] == id).unwrap_or_else(|| panic!("no `{id}` in {report}"))
}

/// Meter readings: keys of the check, the rows of (meter, at, value), and how many violate of how many, null of these.
const ORDERS: &[(&str, &str, &str, &str, &str)] = &[
    ("values that go up", "", "a 1 5, a 2 5, a 3 7", "passed", "0 violate of 3, 0 null"),
    ("a value that goes back", "", "a 1 5, a 2 4, a 3 7", "failed", "1 violate of 3, 0 null"),
    ("the order is that of `by`, not of the rows", "", "a 3 7, a 1 5, a 2 6", "passed", "0 violate of 3, 0 null"),
    ("a value far below goes back once", "", "a 1 9, a 2 1, a 3 2", "failed", "1 violate of 3, 0 null"),
    ("the same value twice, where that is strict", "strict = true", "a 1 5, a 2 5", "failed", "1 violate of 2, 0 null"),
    ("values that go down", "order = 'decreasing'", "a 1 5, a 2 4, a 3 6", "failed", "1 violate of 3, 0 null"),
    ("without a group", "", "a 1 5, b 2 1", "failed", "1 violate of 2, 0 null"),
    ("each group by itself", "group = ['meter']", "a 1 5, b 2 1, a 3 6, b 4 2", "passed", "0 violate of 4, 0 null"),
    (
        "a null in any of the columns",
        "group = ['meter']",
        "a 1 5, a 2 -, a - 1, - 3 1, a 4 6",
        "passed",
        "0 violate of 5, 3 null",
    ),
    ("NaN has no place in an order", "", "a 1 5, a 2 NaN, a 3 4", "failed", "2 violate of 3, 0 null"),
    ("the same place in the order", "", "a 1 5, a 1 4, a 2 5", "passed", "0 violate of 3, 0 null"),
    ("rows in scope alone", "where = \"meter = 'a'\"", "a 1 5, b 2 1, a 3 6", "passed", "0 violate of 2, 0 null"),
    ("some may go back", "at_most = 0.4", "a 1 5, a 2 4, a 3 7", "passed", "1 violate of 3, 0 null"),
    ("no rows in scope", "where = \"meter = 'z'\"", "a 1 5", "not_evaluated", "0 violate of 0, 0 null"),
];

const METERS: &str = "[product]\ndomain = \"grid\"\nname = \"meters\"\ntitle = \"Meters\"\ndescription = \"Readings.\"\n\
                      owner = { team = \"grid\" }\n[sources.reading]\nlocation = \"reading.csv\"\nnull = [\"\"]\n\
                      columns = { meter = \"string\", at = \"long\", value = \"double\" }\n[outputs.reading]\n";

const READINGS: &str = "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"A reading.\"\n[columns]\n\
                        meter = { type = \"string\" }\nat = { type = \"long\" }\nvalue = { type = \"double\" }\n";

fn readings(rows: &str) -> String {
    let line = |row: &str| format!("{}\n", row.trim().replace(' ', ",").replace('-', ""));
    format!("meter,at,value\n{}", rows.split(", ").map(line).collect::<String>())
}

#[test]
fn monotonic_means_what_the_table_says() {
    let mesh = Mesh::new();
    let mut table = "| question | `meter at value` | keys | outcome | found |\n|---|---|---|---|---|\n".to_owned();
    let mut wrong = vec![];
    for (question, keys, rows, outcome, found) in ORDERS {
        let product = mesh.product("meters", &[("product.toml", METERS)]);
        let keys = keys.replace('\'', if keys.contains("where") { "'" } else { "\"" });
        product.write(
            "contracts/reading.toml",
            format!(
                "{READINGS}[[checks]]\nid = \"order\"\nkind = \"monotonic\"\ncolumn = \"value\"\nby = \"at\"\n{keys}\n"
            ),
        );
        product.write("reading.csv", readings(rows));
        let said = product.mesh(["check", "reading.csv", "--port", "reading", "--json"]).json();
        let order = result(&said, "order");
        let counts = format!("{} violate of {}, {} null", order["violations"], order["rows_in_scope"], order["nulls"]);
        if (order["outcome"].as_str(), counts.as_str()) != (Some(outcome), found) {
            wrong.push(format!("{question}: {order}"));
        }
        let keys = if keys.is_empty() { String::new() } else { format!("`{keys}`") };
        writeln!(table, "| {question} | `{rows}` | {keys} | {outcome} | {found} |").unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let path = root().join("docs/checks.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let start = "<!-- order: written by the suite -->\n";
    let from = text.find(start).expect("docs/checks.md has a place for the table of orders") + start.len();
    let to = from + text[from..].find("<!-- end -->").unwrap();
    let fresh = format!("{}{table}{}", &text[..from], &text[to..]);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &fresh).unwrap();
        return;
    }
    assert!(text == fresh, "docs/checks.md is stale: run the tests once with UPDATE_DOCS=1");
}

#[test]
fn a_reading_that_goes_back_is_shown_and_keeps_the_run_from_release() {
    let mesh = Mesh::new();
    let product =
        mesh.product("meters", &[("product.toml", METERS), ("reading.csv", &readings("a 1 5, a 2 4, b 1 9"))]);
    let order =
        "[[checks]]\nid = \"order\"\nkind = \"monotonic\"\ncolumn = \"value\"\nby = \"at\"\ngroup = [\"meter\"]\n";
    product.write("contracts/reading.toml", format!("{READINGS}{order}"));
    let json = product.mesh(["run", "--json"]).exits(65).json();
    let found = result(&json, "order");
    assert_eq!((&found["violations"], &found["columns"]), (&1.into(), &serde_json::json!(["value", "at", "meter"])));
    let value = &found["sample"][0]["value"];
    assert_eq!(
        (&value["value"], &value["before"], &value["at"]),
        (&"4.0".into(), &"5.0".into(), &"2".into()),
        "{found}"
    );
    let file = product.mesh(["check", "reading.csv", "--port", "reading", "--json"]).exits(65).json();
    assert_eq!(result(&file, "order"), found, "a file gets the verdict of the run");
    // what must stay secret does so in the row before, too
    let secret = READINGS.replace("value = { type = \"double\" }", "value = { type = \"double\", tags = [\"pii\"] }");
    product.write("contracts/reading.toml", format!("{secret}{order}"));
    let json = product.mesh(["run", "--json"]).exits(65).json();
    let value = &result(&json, "order")["sample"][0]["value"];
    assert_eq!((&value["value"], &value["before"]), (&"***".into(), &"***".into()), "{json}");
}

/// Eight hundred sales of two items, prices from 0 to 39 times a factor.
fn till(factor: usize) -> String {
    let row = |n: usize| format!("{n},{},{}\n", ["tea", "cup"][n % 2], n % 40 * factor);
    format!("id,item,amount\n{}", (0..800).map(row).collect::<String>())
}

fn drifting<'a>(mesh: &'a Mesh, checks: &str) -> Product<'a> {
    let product = mesh.product("sales", shop::SALES);
    product.write("contracts/sale.toml", format!("{}{checks}", shop::CONTRACT));
    product.write("data/till.csv", till(1));
    product
}

#[test]
fn drift_is_judged_at_release_against_the_release_before_or_a_tag() {
    let mesh = Mesh::new();
    let product = drifting(
        &mesh,
        "\n[[checks]]\nid = \"as-before\"\nkind = \"drift\"\ncolumn = \"amount\"\nseverity = \"warning\"\n\
         \n[[checks]]\nid = \"tea-as-before\"\nkind = \"drift\"\ncolumn = \"amount\"\nwhere = \"item = 'tea'\"\nmethod = \"kolmogorov_smirnov\"\nseverity = \"warning\"\n",
    );
    let first = product.mesh(["run", "--json"]).exits(0).json();
    let found = result(&first, "as-before");
    assert_eq!(
        (&found["outcome"], &found["message"]),
        (&"not_evaluated".into(), &"there is no release to compare with".into())
    );
    product.mesh(["publish"]).exits(0);
    // a file is judged as the next run would be, before the mesh knows of it
    product.write("next.csv", till(3));
    let judged = product.mesh(["check", "next.csv", "--port", "sale", "--json"]).exits(0).json();
    product.write("data/till.csv", till(3));
    let ran = product.mesh(["run", "--json"]).exits(0).json();
    for id in ["as-before", "tea-as-before"] {
        let found = result(&ran, id);
        assert_eq!((&found["outcome"], &found["measured"]["baseline"]), (&"warned".into(), &"r1".into()), "{found}");
        assert!(found["measured"]["distance"].as_f64().unwrap() > 0.3, "{found}");
        assert_eq!(found["measured"], result(&judged, id)["measured"], "a file gets the verdict of the run");
    }
    assert_eq!(result(&ran, "tea-as-before")["measured"]["rows"], serde_json::json!([400, 400]));
    // the next release is as the one before it
    product.write("data/till.csv", till(3).replace("799,cup,117\n", ""));
    let again = product.mesh(["run", "--json"]).exits(0).json();
    let found = result(&again, "as-before");
    assert_eq!((&found["outcome"], &found["measured"]["baseline"]), (&"passed".into(), &"r2".into()), "{found}");
    let shown = product.mesh(["checks", "shop.sales.sale"]).exits(0);
    shown.says(&["as-before", "-w.", "jensen_shannon"]);

    // against a state that people agreed on; an error keeps the run from being released
    product.mesh(["tag", "shop.sales.sale", "agreed", "--at", "r1"]).exits(0);
    product.edit("contracts/sale.toml", "severity = \"warning\"\n", "baseline = \"agreed\"\n");
    product.edit("contracts/sale.toml", "version     = \"1.0.0\"", "version     = \"2.0.0\"");
    product.mesh(["publish"]).exits(0);
    let said = product.mesh(["run"]).exits(65);
    said.says(&["`as-before`", "from agreed", "0.1 matters"]);
    product.write("data/till.csv", till(1));
    product.mesh(["run"]).exits(0);
    // a state that nobody knows is a check that cannot be run, and that rejects
    product.edit("contracts/sale.toml", "baseline = \"agreed\"", "baseline = \"agrred\"");
    product.edit("contracts/sale.toml", "version     = \"2.0.0\"", "version     = \"3.0.0\"");
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(65).says(&["as-before", "agrred"]);
    // without a mesh nothing can be compared, and the report says so
    let alone = Mesh::new();
    let other = drifting(&alone, "\n[[checks]]\nid = \"as-before\"\nkind = \"drift\"\ncolumn = \"amount\"\n");
    let said = other.mesh(["check", "data/till.csv", "--port", "sale", "--json"]).exits(0).json();
    assert_eq!(result(&said, "as-before")["message"], "there is no release to compare with");
}

#[test]
fn an_anomaly_check_keeps_an_unusual_release_back() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    let rows =
        |n: usize| format!("id,item,amount\n{}", (0..n).map(|n| format!("{n},tea,{}\n", n % 7)).collect::<String>());
    product.write(
        "contracts/sale.toml",
        format!(
            "{}\n[[checks]]\nid = \"as-many\"\nkind = \"anomaly\"\n\n[[checks]]\nid = \"as-dear\"\nkind = \"anomaly\"\n\
             column = \"amount\"\nmetric = \"avg\"\n",
            shop::CONTRACT
        ),
    );
    for (at, n) in [100_u32, 103, 98, 101, 99].into_iter().enumerate() {
        product.write("data/till.csv", rows(n as usize));
        let ran = product.mesh(["run", "--json"]).exits(0).json();
        let found = result(&ran, "as-many");
        assert_eq!(found["outcome"], "not_evaluated", "{found}");
        assert!(found["message"].as_str().unwrap().contains(&format!("{at} of the 5 releases before")), "{found}");
        assert_eq!(found["measured"]["value"].as_f64(), Some(f64::from(n)), "{found}");
        let (ran, declared) = (&ran["ports"][0]["executed"], &ran["ports"][0]["declared"]);
        assert_eq!(ran, declared, "a check with nothing to judge has run");
    }
    product.mesh(["publish"]).exits(0);
    product.write("data/till.csv", rows(20));
    let judged = product.mesh(["check", "data/till.csv", "--port", "sale", "--json"]).exits(65).json();
    let said = product.mesh(["run"]).exits(65);
    said.says(&["`as-many`", "row_count is unusual: 20; 5 releases before let expect"]);
    let found = result(&judged, "as-many");
    assert_eq!((&found["outcome"], &found["measured"]["points"]), (&"failed".into(), &5.into()), "{found}");
    // the rejected number is no history
    product.write("data/till.csv", rows(102));
    let ran = product.mesh(["run", "--json"]).exits(0).json();
    assert_eq!(result(&ran, "as-many")["measured"]["points"], 5);
    assert_eq!(result(&ran, "as-dear")["outcome"], "passed", "{ran}");
    // the mean is followed, too
    product.write("data/till.csv", rows(101).replace(",tea,6\n", ",tea,600\n"));
    product.mesh(["run"]).exits(65).says(&["`as-dear`", "avg is unusual"]);
}

#[test]
fn shares_of_values_are_promised() {
    let mesh = Mesh::new();
    let shares = "\n[[checks]]\nid = \"half-tea\"\nkind = \"distribution\"\ncolumn = \"item\"\nvalues = [\"tea\", \"cup\"]\n\
                  shares = [0.5, 0.5]\n";
    let product = drifting(&mesh, shares);
    let ran = product.mesh(["run", "--json"]).exits(0).json();
    assert_eq!(result(&ran, "half-tea")["measured"]["counts"], serde_json::json!([400, 400, 0]));
    product.write("data/till.csv", till(1).replace(",cup,", ",pot,"));
    let said = product.mesh(["run"]).exits(65);
    said.says(&["`half-tea`", "cup: 0.0 % of 50.0 %", "others: 50.0 % of 0.0 %"]);
}

#[test]
fn several_columns_refer_to_a_row_of_another_port() {
    let mesh = Mesh::new();
    mesh.product("stock", shop::STOCK).released();
    let product = mesh.product("sales", shop::SALES);
    product.write(
        "contracts/sale.toml",
        format!(
            "{}\n[[checks]]\nid = \"in-stock\"\nkind = \"references\"\ncolumns = [\"item\", \"id\"]\n\
             references = \"depot.stock.level(item, pieces)\"\n",
            shop::CONTRACT
        ),
    );
    product.write("data/till.csv", "id,item,amount\n40,tea,1\n12,cup,1\n3,pot,1\n");
    product.mesh(["run"]).exits(0);
    product.write("data/till.csv", "id,item,amount\n12,tea,1\n40,cup,1\n3,pot,1\n");
    let judged = product.mesh(["check", "data/till.csv", "--port", "sale", "--json"]).exits(65).json();
    let ran = product.mesh(["run", "--json"]).exits(65).json();
    for report in [&judged, &ran] {
        let found = result(report, "in-stock");
        assert_eq!(found["violations"], 2, "each value exists, but not together: {found}");
        assert_eq!(found["expected"]["columns"], serde_json::json!(["item", "pieces"]));
        assert_eq!(found["sample"][0]["value"]["item"], "tea", "{found}");
    }
    product.edit("contracts/sale.toml", "level(item, pieces)", "level(item, piece)");
    product.mesh(["run"]).exits(65).says(&["in-stock", "piece"]);
    product.edit("contracts/sale.toml", "level(item, piece)", "level(item)");
    product.mesh(["check"]).exits(78).says(&["M1323", "contracts/sale.toml:"]);
}

#[test]
fn every_report_says_how_many_checks_were_declared_and_how_many_ran() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.write(
        "contracts/sale.toml",
        format!(
            "{}\n[[checks]]\nid = \"unrunnable\"\nkind = \"query\"\nsql = \"select count(*) from nowhere\"\nmax = 3\n",
            shop::CONTRACT
        ),
    );
    // id.required, item.required, key, amount.range, enough-rows, and one that cannot be run
    let ask = ["check", "data/till.csv", "--port", "sale"];
    let text = product.mesh(ask).exits(65);
    text.says(&["5 of 6 checks ran", "`unrunnable`", "nowhere"]);
    let json = product.mesh(ask.into_iter().chain(["--json"])).exits(65).json();
    assert_eq!((&json["port"]["declared"], &json["port"]["executed"]), (&6.into(), &5.into()));
    assert_eq!((&result(&json, "unrunnable")["outcome"], &json["accepted"]), (&"error".into(), &false.into()));
    let page = product.mesh(ask.into_iter().chain(["--format", "html"])).exits(65).out;
    assert!(page.contains("5 of 6 checks ran") && page.contains("not run") && page.contains("nowhere"), "{page}");
    let ran = product.mesh(["run", "--json"]).exits(65).json();
    assert_eq!((&ran["ports"][0]["declared"], &ran["ports"][0]["executed"]), (&6.into(), &5.into()));
    product.mesh(["run"]).exits(65).says(&["5 of 6 checks"]);
    // an unknown rule is an error with its place, and nothing is run
    product.edit("contracts/sale.toml", "kind = \"query\"", "kind = \"qeury\"");
    product.mesh(["check"]).exits(78).says(&["M0107", "did you mean `query`?", "contracts/sale.toml:20:"]);
    product.mesh(["run"]).exits(78).says(&["M0107"]);
    product.mesh(ask).exits(78).says(&["M0107"]);
    product.edit("contracts/sale.toml", "kind = \"qeury\"", "kind = \"query\"\nlimit = 3");
    product.mesh(["check"]).exits(78).says(&["M0102", "limit", "contracts/sale.toml:21:"]);
}

#[test]
fn rules_that_only_others_run_are_counted_as_declared() {
    let mesh = Mesh::new();
    let product = odcs(&mesh);
    let ran = product.mesh(["run", "--json"]).exits(0).json();
    let port = &ran["ports"][0];
    let (declared, executed) = (port["declared"].as_u64().unwrap(), port["executed"].as_u64().unwrap());
    assert_eq!(declared, executed + 1, "{ran}");
    let counts = format!("{executed} of {declared} checks ran");
    product.mesh(["publish"]).exits(0);
    let ask = ["check", "data/till.csv", "--port", "sale"];
    product.mesh(ask).exits(0).says(&[&counts]);
    product.mesh(ask.into_iter().chain(["--format", "html"])).exits(0).says(&[&counts]);
    product.mesh(["report", "shop.sales.sale"]).exits(0).says(&[&counts]);
    let json = product.mesh(["report", "shop.sales.sale", "--json"]).exits(0).json();
    assert_eq!((&json["declared"], &json["executed"]), (&declared.into(), &executed.into()), "{json}");
}
