//! Bad rows that wait beside the port while the rest is released, and what is kept of checks.
use serde_json::{Value, json};

use crate::shop;
use crate::support::{Mesh, Product, on_every_home};

on_every_home! { bad_rows_wait_beside_the_port, every_row_of_a_repeated_key_waits, a_rollback_takes_the_quarantine_along }

/// The shop with a contract that quarantines, and a till of seven rows of which three are bad.
fn quarantining<'a>(mesh: &'a Mesh, how: &str) -> Product<'a> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("contracts/sale.toml", "key         = [\"id\"]", &format!("key         = [\"id\"]\n{how}"));
    product.write(
        "data/till.csv",
        "id,item,amount\n1,tea,2.5\n2,cup,-8\n3,pot,31\n4,tea,4000\n5,,1\n6,spoon,NA\n7,cup,9\n",
    );
    product
}

const SIDE: &str = "shop.sales.sale__quarantine";

fn bad_rows_wait_beside_the_port(mesh: &Mesh) {
    let product = quarantining(mesh, "quarantine = true");
    let said = product.mesh(["run"]).exits(0);
    said.says(&["quarantined 3 rows", SIDE]);
    product.mesh(["publish"]).exits(0);
    let ids = |port: &str| -> Vec<Value> {
        mesh.rows(&format!("select id from {port} order by id")).into_iter().map(|row| row["id"].clone()).collect()
    };
    assert_eq!(ids("shop.sales.sale"), [1, 3, 6, 7].map(Value::from));
    assert_eq!(ids(SIDE), [2, 4, 5].map(Value::from));
    let rows = mesh.rows(&format!("select id, item, amount, _failed, _run, _quarantined_at from {SIDE} order by id"));
    assert_eq!(rows[0]["_failed"], json!(["amount.range"]));
    assert_eq!((&rows[2]["item"], &rows[2]["_failed"]), (&Value::Null, &json!(["item.required"])));
    let run = mesh.runs("shop.sales")[0]["run"].clone();
    assert!(rows.iter().all(|row| row["_run"] == run && row["_quarantined_at"].is_string()), "{rows:?}");

    // the same delivery mended: a replaced port holds nothing back any more
    product.write("data/till.csv", shop::TILL);
    let json = product.mesh(["run", "--json"]).exits(0).json();
    assert!(json["ports"][0]["quarantine"].is_null(), "{json}");
    assert_eq!(ids(SIDE), Vec::<Value>::new());
}

#[test]
fn what_is_told_of_quarantined_rows() {
    let mesh = Mesh::new();
    let product = quarantining(&mesh, "quarantine = { at_most = 0.5 }");
    let json = product.mesh(["run", "--json"]).exits(0).json();
    let port = &json["ports"][0];
    assert_eq!(port["quarantine"], json!({ "table": SIDE, "rows": 3 }));
    let result = |id: &str| port["results"].as_array().unwrap().iter().find(|r| r["id"] == id).unwrap().clone();
    let range = result("amount.range");
    assert_eq!(
        (&range["outcome"], &range["violations"], &range["quarantined"]),
        (&json!("passed"), &json!(0), &json!(2))
    );
    assert!(result("key")["quarantined"].is_null());
    assert_eq!(port["rows"], 4, "what is released is what is counted");
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 4);
    product.mesh(["publish"]).exits(0);
    assert_eq!(mesh.releases("shop.sales.sale")[0]["rows"], 4);
}

#[test]
fn too_many_bad_rows_reject_the_run() {
    let mesh = Mesh::new();
    let product = quarantining(&mesh, "quarantine = { at_most = 2 }");
    product.mesh(["run"]).exits(65).says(&["M0505", "3 of 7 rows would be quarantined", "at most 2 rows", "rejected"]);
    assert_eq!(mesh.releases("shop.sales.sale").len(), 0);
    product.edit("contracts/sale.toml", "at_most = 2", "at_most = 3");
    product.mesh(["run"]).exits(0).says(&["quarantined 3 rows"]);
}

#[test]
fn one_check_can_quarantine_and_the_others_reject() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    let check = "\n[[checks]]\nid = \"cheap\"\nkind = \"range\"\ncolumn = \"amount\"\nmax = 100\non_violation = \"quarantine\"\nat_most = 1\n";
    product.write("contracts/sale.toml", format!("{}{check}", product.read("contracts/sale.toml")));
    product.edit("data/till.csv", "3,pot,31", "3,pot,310");
    product.mesh(["run"]).exits(0).says(&["quarantined 1 rows"]);
    assert_eq!(mesh.rows(&format!("select id, _failed from {SIDE}")), [json!({ "id": 3, "_failed": ["cheap"] })]);
    // two are more than it takes
    product.edit("data/till.csv", "2,cup,8", "2,cup,800");
    product.mesh(["run"]).exits(65).says(&["M0505", "2 rows violate `cheap`"]);
    // a check that blocks is not helped by one that quarantines
    product.edit("data/till.csv", "2,cup,800", "2,cup,-8");
    product.mesh(["run"]).exits(65).says(&["M0501", "amount.range"]);
    // the side table stays what the last release made of it
    assert_eq!(mesh.value(&format!("select count(*) from {SIDE}")), 1);
}

fn every_row_of_a_repeated_key_waits(mesh: &Mesh) {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    product.edit("contracts/sale.toml", "key         = [\"id\"]", "key         = [\"id\"]\nquarantine  = true");
    product.write("data/till.csv", "id,item,amount\n1,tea,1\n2,cup,2\n2,cup,3\n3,pot,4\n9,jug,1\n");
    product.mesh(["run"]).exits(0).says(&["quarantined 2 rows"]);
    // an appended row that repeats a released one waits; the released one stays
    product.write("data/till.csv", "id,item,amount\n3,pot,40\n4,tea,5\n");
    product.mesh(["run"]).exits(0).says(&["quarantined 1 rows"]);
    let released = mesh.rows("select id, amount from shop.sales.sale order by id");
    assert_eq!(released.iter().map(|r| r["id"].clone()).collect::<Vec<_>>(), [1, 3, 4, 9].map(Value::from));
    assert_eq!(released[1]["amount"], 4.0);
    let aside = mesh.rows(&format!("select id, amount from {SIDE} order by amount"));
    assert_eq!(aside.iter().map(|r| r["amount"].clone()).collect::<Vec<_>>(), [2.0, 3.0, 40.0].map(Value::from));
}

#[test]
fn what_checks_found_is_kept_and_shown() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.edit("data/till.csv", "2,cup,8", "2,cup,-8");
    product.mesh(["run"]).exits(65);
    mesh.mesh(["checks", "shop.sales.sale"]).exits(0).says(&["amount.range", ".F", "enough-rows", "score 80 %"]);
    mesh.mesh(["checks", "shop.sales.sale", "--check", "amount.range"]).exits(0).says(&[
        "rejected",
        "released",
        "1 of 5 rows",
    ]);
    let json = mesh.mesh(["checks", "shop.sales.sale", "--json"]).exits(0).json();
    let runs = json["runs"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[0]["outcome"], &runs[1]["outcome"]), (2, &json!("rejected"), &json!("released")));
    assert_eq!(runs[0]["score"]["port"], 0.8, "one of five rows fails the one check of accuracy");
    assert_eq!(
        runs[1]["score"],
        json!({ "port": 1.0, "dimensions": runs[1]["score"]["dimensions"], "not_evaluated": 0.0 })
    );
    mesh.mesh(["describe", "shop.sales.sale"]).exits(0).says(&["score 100 %"]);
    mesh.mesh(["checks", "shop.sales.nobody"]).exits(66);
}

#[test]
fn an_append_reads_what_was_appended() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    product.mesh(["run"]).exits(0);
    let states = || {
        let mut found = walk(&mesh.home().join("checks"));
        found.retain(|(path, _)| path.extension().is_some_and(|end| end == "state" || end == "keys"));
        found
    };
    let first = states();
    assert_eq!(first.len(), 2, "{first:?}");
    product.write("data/till.csv", "id,item,amount\n6,tea,1\n");
    product.mesh(["run"]).exits(0);
    let second = states();
    assert_eq!(second.len(), 4, "{second:?}");
    assert!(first.iter().all(|kept| second.contains(kept)), "what was found in the first file is kept as it was");
    // a repeated key across files is found, although only one of them is read
    product.write("data/till.csv", "id,item,amount\n6,tea,2\n");
    product.mesh(["run"]).exits(65).says(&["`key`", "id = 6"]);
    // and nothing depends on what is kept
    std::fs::remove_dir_all(mesh.home().join("checks")).unwrap();
    product.mesh(["run"]).exits(65).says(&["`key`", "id = 6"]);
    product.write("data/till.csv", "id,item,amount\n7,tea,2\n");
    product.mesh(["run"]).exits(0);
}

fn walk(dir: &std::path::Path) -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
    let mut found = vec![];
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        match entry.path().is_dir() {
            true => found.extend(walk(&entry.path())),
            false => found.push((entry.path(), entry.metadata().unwrap().modified().unwrap())),
        }
    }
    found.sort();
    found
}

#[test]
fn references_and_queries_name_their_rows() {
    let mesh = Mesh::new();
    mesh.product("stock", shop::STOCK).released();
    let product = mesh.product("sales", shop::SALES);
    let checks = "\n[[checks]]\nid = \"known\"\nkind = \"references\"\ncolumn = \"item\"\nreferences = \"depot.stock.level(item)\"\nseverity = \"warning\"\nwhere = \"id > 1\"\n\
                  [[checks]]\nid = \"dear\"\nkind = \"query_rows\"\nsql = \"select id, amount from port where amount > 30\"\nseverity = \"warning\"\n\
                  [[checks]]\nid = \"steady\"\nkind = \"row_count_change\"\nmax_drop = 0.2\n";
    product.write("contracts/sale.toml", format!("{}{checks}", product.read("contracts/sale.toml")));
    let json = product.mesh(["run", "--json"]).exits(0).json();
    let result = |json: &Value, id: &str| {
        json["ports"][0]["results"].as_array().unwrap().iter().find(|r| r["id"] == id).unwrap().clone()
    };
    let known = result(&json, "known");
    assert_eq!((&known["violations"], &known["rows_in_scope"]), (&json!(1), &json!(4)), "{known}");
    assert_eq!((&known["sample"][0]["value"], &known["sample"][0]["key"]["id"]), (&json!("spoon"), &json!(5)));
    let dear = result(&json, "dear");
    assert_eq!((&dear["violations"], &dear["sample"][0]["value"]["id"]), (&json!(1), &json!("3")), "{dear}");
    assert_eq!(result(&json, "steady")["outcome"], "not_evaluated");
    product.write("data/till.csv", "id,item,amount\n1,tea,2.5\n2,cup,8\n3,pot,31\n");
    product.mesh(["run"]).exits(65).says(&["steady", "before = 5"]);
}

#[test]
fn an_accepted_run_brings_its_quarantine_along() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    let check = "\n[[checks]]\nid = \"cheap\"\nkind = \"range\"\ncolumn = \"amount\"\nmax = 100\non_violation = \"quarantine\"\n";
    product.write("contracts/sale.toml", format!("{}{check}", product.read("contracts/sale.toml")));
    product.edit("contracts/sale.toml", "\"1.0.0\"", "\"1.1.0\"");
    product.edit("data/till.csv", "3,pot,31", "3,pot,310");
    product.edit("data/till.csv", "2,cup,8", "2,cup,-8");
    product.mesh(["publish"]).exits(0);
    let json = product.mesh(["run", "--json"]).exits(65).json();
    let run = json["run"].as_str().unwrap();
    assert!(mesh.mesh(["query", &format!("select * from {SIDE}")]).code != Some(0), "nothing of it is released");
    product.mesh(["accept", run, "--reason", "the till is being mended"]).exits(0);
    assert_eq!(mesh.value(&format!("select id from {SIDE}")), 3);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 4);
}

fn a_rollback_takes_the_quarantine_along(mesh: &Mesh) {
    let product = quarantining(mesh, "quarantine = true");
    let delivery = product.read("data/till.csv");
    product.write("data/till.csv", shop::TILL);
    let product = product.released();
    product.write("data/till.csv", &delivery);
    product.mesh(["run"]).exits(0).says(&["r2", "quarantined 3 rows"]);
    product.write("data/till.csv", delivery.replace("2,cup,-8", "2,cup,8"));
    product.mesh(["run"]).exits(0).says(&["r3", "quarantined 2 rows"]);
    let aside = || mesh.value(&format!("select count(*) from {SIDE}"));
    let back = |to: &str| {
        mesh.mesh(["rollback", "shop.sales", "--to", to, "--dry-run"]).exits(0);
        mesh.mesh(["rollback", "shop.sales", "--to", to]).exits(0);
        (mesh.value("select count(*) from shop.sales.sale"), aside())
    };
    assert_eq!(aside(), 2);
    assert_eq!(back("r2"), (4.into(), 3.into()));
    // nothing was set aside then
    assert_eq!(back("r1"), (5.into(), 0.into()));
    // a release that a rollback made is a state like any other
    assert_eq!(back("r4"), (4.into(), 3.into()));
    assert_eq!(back("r3"), (5.into(), 2.into()));
    // and runs go on from there
    product.write("data/till.csv", shop::TILL);
    product.mesh(["run"]).exits(0);
    assert_eq!(aside(), 0);
}
