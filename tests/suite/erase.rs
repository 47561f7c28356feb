//! Erasure: a planted subject is found nowhere afterwards, and history stays readable.
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::interop::{python, says};
use crate::shop;
use crate::support::{Mesh, Product, on_every_home};
use crate::upkeep::states;

on_every_home! {
    a_planted_subject_is_found_nowhere_afterwards,
    records_are_taken_out_of_every_format_and_compression,
}

const NAME: &str = "Zebulon Quirke";
const PORT: &str = "shop.sales.sale";

/// Sales with Zebulon among them, sold again under another column's name by a product of its own.
fn planted(mesh: &Mesh) -> (Product<'_>, Product<'_>) {
    let sales = mesh.product("sales", shop::SALES);
    sales.edit("contracts/sale.toml", "max = 1000", "max = 5000");
    sales.write("data/till.csv", format!("id,item,amount\n1,tea,2.5\n2,cup,8\n3,pot,31\n4,{NAME},4711\n5,spoon,NA\n"));
    let sales = sales.released();
    // a second release, whose rows are others
    sales.write("data/till.csv", format!("id,item,amount\n1,tea,2.5\n4,{NAME},4711\n6,{NAME},1\n7,fork,2\n"));
    sales.mesh(["run"]).exits(0);
    // and a rejected one, whose check results show the row
    sales.write("data/till.csv", format!("id,item,amount\n1,tea,2\n2,cup,2\n9,{NAME},-5\n"));
    sales.mesh(["run"]).exits(65);
    let report = mesh.product("report", REPORT);
    (sales, report.released())
}

/// A product that reads the sales.
const REPORT: &[(&str, &str)] = &[
    (
        "product.toml",
        r#"[product]
domain      = "office"
name        = "report"
title       = "What was sold"
description = "Every customer's sales."
owner       = { team = "office" }

[inputs.sale]
port    = "shop.sales.sale"
version = "^1"

[steps.customer]

[outputs.customer]

[steps.total]

[outputs.total]
"#,
    ),
    ("sql/customer.sql", "select item as customer, id as sale from sale\n"),
    ("sql/total.sql", "select count(*) as sales from sale\n"),
    (
        "contracts/customer.toml",
        r#"[contract]
version     = "1.0.0"
status      = "active"
description = "One row per sale."
partition   = ["customer"]

[columns]
customer = { type = "string", required = true, description = "Who", tags = ["pii"] }
sale     = { type = "long", description = "Which" }
"#,
    ),
    (
        "contracts/total.toml",
        r#"[contract]
version     = "1.0.0"
status      = "active"
description = "One row."

[columns]
sales = { type = "long", description = "How many" }
"#,
    ),
];

/// Files of the mesh that hold a text: in their name, in their bytes, or in a Parquet file's columns.
fn holders(mesh: &Mesh, text: &str) -> Vec<String> {
    let holds = |name: &String, bytes: &[u8]| {
        let parquet = bytes.starts_with(b"PAR1") && shown(bytes).contains(text);
        parquet || name.contains(text) || bytes.windows(text.len()).any(|w| w == text.as_bytes())
    };
    mesh.everything().into_iter().filter(|(name, bytes)| holds(name, bytes)).map(|(name, _)| name).collect()
}

/// A Parquet file as a person sees it.
fn shown(bytes: &[u8]) -> String {
    let rows = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::copy_from_slice(bytes)).unwrap().build().unwrap();
    let batches: Vec<_> = rows.map(|batch| batch.unwrap()).collect();
    arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string()
}

/// The same by another program's eyes: every column of every Parquet file, decoded.
fn decoded(mesh: &Mesh, python: &Path, text: &str) -> String {
    let script = format!(
        "import glob, pyarrow.parquet as pq\nhits = [f for f in glob.glob('{}/**/*.parquet', recursive=True) \
         if '{text}' in str(pq.read_table(f, partitioning=None).to_pydict())]\nprint(len(hits))",
        mesh.home().display()
    );
    says(python, mesh, &script)
}

fn erase(mesh: &Mesh, args: &[&str]) -> Value {
    let subject = format!("item={NAME}");
    let all = ["erase", "--subject", &subject, "--json"].into_iter().chain(args.iter().copied());
    mesh.mesh(all).exits(0).json()
}

#[test]
fn a_plan_names_everything_and_changes_nothing() {
    let mesh = Mesh::new();
    planted(&mesh);
    let before = mesh.state();
    let plan = erase(&mesh, &[]);
    let ports: Vec<&str> = plan["ports"].as_array().unwrap().iter().map(|p| p["port"].as_str().unwrap()).collect();
    assert_eq!(ports, ["office.report.customer", PORT], "{plan}");
    assert_eq!(plan["ports"][1]["snapshots"], 3, "two releases and the rejected branch: {plan}");
    assert_eq!(plan["ports"][1]["rows"], 4, "{plan}");
    assert_eq!(plan["landing"].as_array().unwrap().len(), 3, "{plan}");
    assert_eq!(plan["derived"][0], "office.report.total", "{plan}");
    assert!(plan["registry_texts"].as_u64().unwrap() > 0, "{plan}");
    assert!(!plan["proof"]["hits"].as_array().unwrap().is_empty(), "{plan}");
    before.still_holds(&mesh);
    mesh.mesh(["erase", "--subject", &format!("item={NAME}")]).exits(0).says(&["this is a plan", "no way back"]);
    mesh.mesh(["erase", "--subject", "Zebulon"]).exits(64).says(&["--subject email="]);
}

fn a_planted_subject_is_found_nowhere_afterwards(mesh: &Mesh) {
    let (sales, _) = planted(mesh);
    let before = states(mesh, PORT);
    assert!(holders(mesh, NAME).len() > 6, "{:?}", holders(mesh, NAME));
    let snapshots = mesh.releases(PORT).iter().map(|r| r["snapshot_id"].clone()).collect::<Vec<_>>();

    let done = erase(mesh, &["--reason", "ticket 4712", "--apply"]);
    assert!(done["proof"]["hits"].as_array().unwrap().is_empty(), "{done}");
    assert!(done["proof"]["files"].as_u64().unwrap() > 10, "{done}");
    assert_eq!(holders(mesh, NAME), [""; 0]);
    assert_eq!(holders(mesh, "Quirke"), [""; 0]);

    // history is what it was, without the subject's rows, under the same names
    let after = states(mesh, PORT);
    for (release, rows) in &before {
        let expected: Vec<&String> = rows.iter().filter(|row| !row.contains(NAME)).collect();
        assert_eq!(after[release].iter().collect::<Vec<_>>(), expected, "{release}");
    }
    let releases = mesh.releases(PORT);
    assert_eq!(releases.iter().map(|r| r["snapshot_id"].clone()).collect::<Vec<_>>(), snapshots);
    assert_eq!(releases.iter().map(|r| r["rows"].as_i64().unwrap()).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(mesh.value("select count(*) from office.report.customer"), 2);
    // with a catalog in a file that it can open
    if let Some(python) = python().filter(|_| mesh.set("MESH_WAREHOUSE").is_none()) {
        assert_eq!(decoded(mesh, &python, "Quirke"), "0");
        let script = "
for name in ['shop.sales.sale', 'office.report.customer']:
    table = catalog.load_table(name)
    print(sorted(table.scan(snapshot_id=s.snapshot_id).to_arrow().num_rows for s in table.snapshots()))";
        assert_eq!(says(&python, mesh, script), "[2, 2, 4]\n[2]");
    }
    // what was received is verified against what it became
    mesh.mesh(["landing", "verify"]).exits(0).says(&["3 redacted", "0 damaged"]);
    let list = mesh.mesh(["landing", "list", "--json"]).exits(0).json();
    assert!(list["deliveries"].as_array().unwrap().iter().any(|d| d["state"] == "redacted"), "{list}");
    // nothing is left to do, and work goes on
    let subject = format!("item={NAME}");
    mesh.mesh(["erase", "--subject", &subject, "--apply"]).exits(99).says(&["found nowhere"]);
    mesh.mesh(["gc", "--older-than", "0s", "--apply"]).exits(99);
    sales.write("data/till.csv", "id,item,amount\n1,tea,2.5\n2,cup,8\n8,bowl,3\n");
    sales.mesh(["run"]).exits(0).says(&["r3"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 3);
}

fn records_are_taken_out_of_every_format_and_compression(mesh: &Mesh) {
    let sales = mesh.product("sales", shop::SALES);
    sales.edit("product.toml", "\"data/till.csv\"", "[\"data/a.csv\", \"data/b.csv.gz\"]");
    sales.write("data/a.csv", format!("id,item,amount\r\n1,\"tea, green\",2\r\n2,\"{NAME}\",3\r\n"));
    sales.write("data/b.csv", format!("id,item,amount\n3,{NAME},4\n4,cup,5\n5,pot,6\n"));
    assert!(std::process::Command::new("gzip").arg(sales.dir.join("data/b.csv")).status().unwrap().success());
    let sales = sales.released();
    sales.edit("product.toml", "[\"data/a.csv\", \"data/b.csv.gz\"]", "\"data/c.ndjson\"");
    sales.edit("product.toml", "\"csv\"\nnull     = [\"\", \"NA\"]", "\"ndjson\"");
    let line = |id: usize, item: &str| format!("{{\"id\": {id}, \"item\": \"{item}\", \"amount\": 1}}\n");
    sales.write("data/c.ndjson", [line(1, "tea"), line(2, NAME), line(3, "cup"), line(4, "pot")].concat());
    sales.mesh(["run"]).exits(0);
    let done = erase(mesh, &["--apply"]);
    assert_eq!(done["landing"].as_array().unwrap().len(), 3, "{done}");
    assert!(done["landing"].as_array().unwrap().iter().all(|o| o["records"] == 1), "{done}");
    assert_eq!(holders(mesh, NAME), [""; 0]);
    let landed: Vec<String> =
        mesh.landing().below("objects").all().into_values().filter_map(|bytes| String::from_utf8(bytes).ok()).collect();
    assert!(landed.contains(&"id,item,amount\r\n1,\"tea, green\",2\r\n".to_owned()), "{landed:?}");
    assert!(landed.contains(&[line(1, "tea"), line(3, "cup"), line(4, "pot")].concat()), "{landed:?}");
    assert_eq!(mesh.rows_at("select count(*) as n from shop.sales.sale", Some("r1"))[0]["n"], 3);
}

#[test]
fn a_subject_of_states_that_are_gone_is_forgotten_too() {
    let mesh = Mesh::new();
    let (sales, _) = planted(&mesh);
    sales.write("data/till.csv", "id,item,amount\n1,tea,2\n2,cup,2\n3,pot,2\n");
    sales.mesh(["run"]).exits(0);
    let expire = ["maintain", PORT, "--only", "compact,expire", "--keep", "0s", "--keep-releases", "1", "--apply"];
    mesh.mesh(expire).exits(0);
    // manifests remember files that are gone from the disk, with bounds that name the subject
    let done = erase(&mesh, &["--apply"]);
    assert!(done["proof"]["hits"].as_array().unwrap().is_empty(), "{done}");
    assert_eq!(holders(&mesh, NAME), [""; 0]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 3);
    sales.mesh(["run"]).exits(99);
}

/// The owner of the shop is a `team`, and so says the database.
#[test]
fn a_short_value_is_not_taken_for_a_part_of_a_longer_word() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    mesh.mesh(["erase", "--subject", "item=tea", "--apply"]).exits(0).says(&["proved"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 3);
    mesh.mesh(["erase", "--subject", "item=tea", "--apply"]).exits(99).says(&["found nowhere"]);
    // side by side with another value in a table that nobody knows, and in a page that is free
    let Some(python) = python() else { return };
    let plant = || {
        let script = format!(
            "import sqlite3\ndb = sqlite3.connect('{}')\ndb.execute('pragma secure_delete = off')\n\
             db.execute('create table note(a, b)')\n\
             db.execute(\"insert into note values ('tea', 'main'), ('shop', 'team')\")\ndb.commit()\ndb.close()\nprint()",
            mesh.home().join("catalog.db").display()
        );
        says(&python, &mesh, &script);
    };
    let hits = || {
        let plan = mesh.mesh(["erase", "--subject", "item=tea", "--json"]).exits(0).json();
        plan["proof"]["hits"].to_string()
    };
    plant();
    assert!(hits().contains("note.a"), "{}", hits());
    plant_gone(&mesh, &python);
    assert!(hits().contains("catalog.db") && !hits().contains("note.a"), "{}", hits());
    mesh.mesh(["erase", "--subject", "item=tea", "--apply"]).exits(99).says(&["found nowhere"]);
}

/// The table of the planted value is dropped; its page stays in the database's file.
fn plant_gone(mesh: &Mesh, python: &Path) {
    let script = format!(
        "import sqlite3\ndb = sqlite3.connect('{}')\ndb.execute('pragma secure_delete = off')\n\
         db.execute('drop table note')\ndb.commit()\ndb.execute('pragma wal_checkpoint(truncate)')\ndb.close()\nprint()",
        mesh.home().join("catalog.db").display()
    );
    says(python, mesh, &script);
}

#[test]
fn a_number_is_erased_in_its_column_and_nowhere_else() {
    let mesh = Mesh::new();
    let sales = mesh.product("sales", shop::SALES);
    sales.write("data/till.csv", "id,item,amount\n2,tea,8\n8,cup,2\n3,pot,31\n9,jug,1\n");
    sales.released();
    let said = mesh.mesh(["erase", "--subject", "id=8", "--apply", "--json"]).exits(0).json();
    assert_eq!((&said["ports"][0]["rows"], &said["landing"][0]["records"]), (&1.into(), &1.into()), "{said}");
    assert_eq!(said["proof"]["looked_for"], "records");
    assert_eq!(mesh.value("select sum(id) from shop.sales.sale"), 14);
    let both = mesh.mesh(["erase", "--subject", "id=2,item=cup", "--apply"]);
    both.exits(99);
    mesh.mesh(["erase", "--subject", "id=2,item=tea", "--apply"]).exits(0).says(&["proved"]);
    assert_eq!(mesh.value("select sum(id) from shop.sales.sale"), 12);
}
