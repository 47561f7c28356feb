//! `mesh check FILE --port PORT`: what a run would say, without a run.
use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use crate::shop;
use crate::support::{Mesh, Product};

/// The same sales, offered as they are delivered.
const PRODUCT: &str = r#"[product]
domain      = "shop"
name        = "orders"
title       = "Orders"
description = "As they come in."
owner       = { team = "shop-data" }

[sources.orders]
location = "data/orders.csv"
columns  = { id = "string", item = "string", amount = "double", at = "date" }

[outputs.orders]
"#;

const CONTRACT: &str = r#"[contract]
version     = "1.0.0"
status      = "active"
description = "One row per order."
key         = ["id"]

[columns]
id     = { type = "string", pattern = '^O-[0-9]+$' }
item   = { type = "string", required = true, values = ["tea", "cup", "pot"] }
amount = { type = "double", min = 0, max = 1000, tags = ["pii"] }

[[checks]]
id   = "cups-are-cheap"
kind = "expression"
sql  = "amount is null or amount < 20"
where = "item = 'cup'"

[[checks]]
id   = "few-items"
kind = "query"
sql  = "select count(distinct item) from port"
max  = 3
"#;

const GOOD: &str = "id,item,amount,at\nO-1,tea,2.5,2026-01-01\nO-2,cup,8,2026-01-01\nO-3,pot,,2026-01-02\n";
const BAD: &str = "id,item,amount,at\nO-1,tea,-2.5,2026-01-01\nO-1,cup,80,2026-01-01\n3,pan,NaN,2026-01-02\nO-4,,1,2026-01-02\n\
                   O-1,tea,2000,2026-01-02\n";

fn orders(mesh: &Mesh) -> Product<'_> {
    mesh.product("orders", &[("product.toml", PRODUCT), ("contracts/orders.toml", CONTRACT), ("data/orders.csv", GOOD)])
}

/// Results by id, without the places, which differ between a file and what a run wrote.
fn results(port: &Value) -> Vec<Value> {
    let mut all: Vec<Value> = port["results"].as_array().unwrap().clone();
    for result in &mut all {
        for sample in result["sample"].as_array_mut().unwrap() {
            sample.as_object_mut().unwrap().retain(|key, _| key != "file");
        }
    }
    all
}

#[test]
fn a_file_gets_the_verdict_of_a_run() {
    let mesh = Mesh::new();
    let product = orders(&mesh).released();
    let before = mesh.state();
    product.write("bad.csv", BAD);
    let judged = product.mesh(["check", "bad.csv", "--port", "orders", "--json"]).exits(65).json();
    before.still_holds(&mesh);

    product.write("data/orders.csv", BAD);
    let ran = product.mesh(["run", "--json"]).exits(65).json();
    assert_eq!(results(&judged["port"]), results(&ran["ports"][0]));
    for fact in ["port", "contract_version", "rows", "declared", "executed"] {
        assert_eq!(judged["port"][fact], ran["ports"][0][fact], "{fact}");
    }
    let by_id =
        |id: &str| judged["port"]["results"].as_array().unwrap().iter().find(|r| r["id"] == id).unwrap().clone();
    let key = by_id("key");
    assert_eq!((&key["violations"], &key["sample"][0]["value"]), (&2.into(), &"O-1".into()), "{key}");
    assert_eq!((&key["sample"][0]["file"], &key["sample"][0]["row"]), (&"bad.csv".into(), &0.into()), "{key}");
    assert_eq!(by_id("amount.range")["violations"], 3, "NaN is out of range");
    assert_eq!(by_id("cups-are-cheap")["violations"], 1);
    assert_eq!(by_id("few-items")["measured"], 3.0);
}

#[test]
fn parquet_is_judged_as_it_is_stored() {
    let mesh = Mesh::new();
    let product = orders(&mesh).released();
    // many equal texts are a dictionary, many different ones are not
    let sql = "with d as (select * from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as t(x)), \
               n as (select a.x + 10 * b.x + 100 * c.x + 1000 * e.x + 10000 * f.x + 1 as v from d a, d b, d c, d e, d f \
               where f.x < 5) \
               select 'O-' || cast(case when v = 777 then 7 else v end as varchar) as id, \
               case when v % 1000 = 5 then 'pan' else 'cup' end as item, \
               case when v = 9999 then cast('NaN' as double) else cast(v % 30 as double) end as amount, \
               cast('2026-01-01' as date) as at from n order by v";
    let file = product.dir.join("many.parquet");
    product.mesh(["query", sql, "--format", "parquet", "--output", file.to_str().unwrap()]).exits(0);
    product.edit("product.toml", "data/orders.csv", "many.parquet");
    let judged = product.mesh(["check", "many.parquet", "--port", "orders", "--json"]).exits(65).json();
    let by_id =
        |id: &str| judged["port"]["results"].as_array().unwrap().iter().find(|r| r["id"] == id).unwrap().clone();
    assert_eq!(judged["port"]["rows"], 50_000);
    assert_eq!(by_id("item.values")["violations"], 50);
    assert_eq!(by_id("amount.range")["violations"], 1);
    let key = by_id("key");
    assert_eq!((&key["violations"], &key["sample"][1]["row"]), (&1.into(), &776.into()), "{key}");
    assert_eq!(key["sample"][0]["key"]["id"], "O-7", "{key}");
    let cups = by_id("cups-are-cheap");
    let ran = product.mesh(["run", "--json"]).exits(65).json();
    let mut found = results(&judged["port"]);
    let mut expected = results(&ran["ports"][0]);
    for result in found.iter_mut().chain(&mut expected) {
        result.as_object_mut().unwrap().remove("sample");
    }
    assert_eq!(found, expected);
    assert!(cups["violations"].as_u64().unwrap() > 10_000);
}

#[test]
fn values_that_no_check_asks_for_must_be_readable_too() {
    let mesh = Mesh::new();
    let product = orders(&mesh);
    product.edit(
        "contracts/orders.toml",
        "[[checks]]\nid   = \"cups",
        "at = { type = \"date\" }\n\n[[checks]]\nid   = \"cups",
    );
    let product = product.released();
    product.write("torn.csv", "id,item,amount,at\nO-1,tea,1,2026-01-01\nO-2,tea,1,soon\n");
    let said = product.mesh(["check", "torn.csv", "--port", "orders"]).exits(65);
    said.says(&["torn.csv", "line 3", "`at`", "soon"]);
    // nanoseconds have no place among microseconds, whatever the footer says of them
    product.edit("contracts/orders.toml", "at = { type = \"date\" }", "at = { type = \"timestamp\", required = true }");
    product.edit("product.toml", "at = \"date\"", "at = \"timestamp\"");
    let sql = "select 'O-1' as id, 'tea' as item, cast(1 as double) as amount, \
               arrow_cast(1767225600000000001, 'Timestamp(Nanosecond, None)') as at";
    let file = product.dir.join("fine.parquet");
    product.mesh(["query", sql, "--format", "parquet", "--output", file.to_str().unwrap()]).exits(0);
    product.edit("product.toml", "data/orders.csv", "fine.parquet");
    product.mesh(["check", "fine.parquet", "--port", "orders"]).exits(65).says(&[
        "fine.parquet",
        "`at`",
        "nanoseconds",
    ]);
}

#[test]
fn what_footers_prove_is_what_rows_say() {
    let mesh = Mesh::new();
    let product = orders(&mesh).released();
    let rows = |name: &str, bad: &str| {
        let sql = format!(
            "select 'O-' || cast(v as varchar) as id, case when v = 3 then {bad} else 'cup' end as item, \
             cast(null as double) as amount, cast('2026-01-01' as date) as at \
             from (select unnest(range(1, 2001)) as v) as t"
        );
        let file = product.dir.join(name);
        product.mesh(["query", &sql, "--format", "parquet", "--output", file.to_str().unwrap()]).exits(0);
    };
    rows("a.parquet", "'tea'");
    rows("b.parquet", "'pan'");
    rows("c.parquet", "null");
    product.edit("product.toml", "data/orders.csv", "*.parquet");
    let judge = |files: &[&str]| {
        let words = ["check"].iter().chain(files).chain(&["--port", "orders", "--json"]).copied().collect::<Vec<_>>();
        product.mesh(words).json()["port"].clone()
    };
    let count = |port: &Value, id: &str| {
        let result = port["results"].as_array().unwrap().iter().find(|r| r["id"] == id).unwrap().clone();
        (
            result["violations"].as_u64().unwrap(),
            result["sample"][0]["file"].clone(),
            result["sample"][0]["row"].clone(),
        )
    };
    let clean = judge(&["a.parquet"]);
    assert_eq!((&clean["rows"], &clean["executed"]), (&2000.into(), &clean["declared"]));
    for id in ["item.values", "item.required", "amount.range", "key", "id.pattern", "cups-are-cheap"] {
        assert_eq!(count(&clean, id).0, 0, "{id}");
    }
    let mixed = judge(&["*.parquet"]);
    assert_eq!(mixed["rows"], 6000);
    assert_eq!(count(&mixed, "item.values"), (1, "b.parquet".into(), 2.into()));
    assert_eq!(count(&mixed, "item.required"), (1, "c.parquet".into(), 2.into()));
    assert_eq!(count(&mixed, "key").0, 4000);
    let ran = product.mesh(["run", "--json"]).exits(65).json();
    let without_sample = |port: &Value| {
        let mut all = results(port);
        all.iter_mut().for_each(|result| drop(result.as_object_mut().unwrap().remove("sample")));
        all
    };
    assert_eq!(without_sample(&mixed), without_sample(&ran["ports"][0]));
}

/// Ten row groups of a thousand rows: item `pan` and amount NaN in one of them each, a null item in a third, and one whose
/// items are so many that they are no dictionary.
fn row_groups(product: &Product<'_>, name: &str) {
    let group = |group: usize| {
        let rows = group * 1000..(group + 1) * 1000;
        let item = |row: usize| match (group, row % 1000) {
            (2, 7) => Some("pan".to_owned()),
            (5, 9) => None,
            (8, _) => Some(format!("{row} {}", "cup ".repeat(50))),
            (_, n) => Some(["tea", "cup", "pot"][n % 3].to_owned()),
        };
        let amount = |row: usize| if row == 4003 { f64::NAN } else { (row % 10) as f64 };
        let ids: StringArray = rows.clone().map(|row| Some(format!("O-{row}"))).collect();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(ids)),
            ("item", Arc::new(rows.clone().map(item).collect::<StringArray>())),
            ("amount", Arc::new(rows.clone().map(|row| Some(amount(row))).collect::<Float64Array>())),
            ("at", Arc::new(rows.map(|_| Some(20_000)).collect::<Date32Array>())),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
    };
    let settings =
        WriterProperties::builder().set_dictionary_page_size_limit(16 << 10).set_write_batch_size(64).build();
    let file = File::create(product.dir.join(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, group(0).schema(), Some(settings)).unwrap();
    for at in 0..10 {
        writer.write(&group(at)).unwrap();
        writer.flush().unwrap();
    }
    assert_eq!(writer.close().unwrap().num_row_groups(), 10);
}

#[test]
fn row_groups_that_are_not_proved_are_read() {
    let mesh = Mesh::new();
    let product = orders(&mesh).released();
    row_groups(&product, "many.parquet");
    product.edit("product.toml", "data/orders.csv", "many.parquet");
    let judged = product.mesh(["check", "many.parquet", "--port", "orders", "--json"]).exits(65).json();
    let found = |id: &str| {
        let result = results(&judged["port"]).into_iter().find(|r| r["id"] == id).unwrap();
        (result["violations"].as_u64().unwrap(), result["sample"][0]["row"].as_u64())
    };
    assert_eq!(judged["port"]["rows"], 10_000);
    assert_eq!(found("item.values"), (1001, Some(2007)));
    assert_eq!(found("item.required"), (1, Some(5009)));
    assert_eq!(found("amount.range"), (1, Some(4003)));
    assert_eq!((found("key").0, found("id.pattern").0), (0, 0));
    let ran = product.mesh(["run", "--json"]).exits(65).json();
    let without_sample = |port: &Value| {
        let mut all = results(port);
        all.iter_mut().for_each(|result| drop(result.as_object_mut().unwrap().remove("sample")));
        all
    };
    assert_eq!(without_sample(&judged["port"]), without_sample(&ran["ports"][0]));
}

#[test]
fn a_port_of_another_product_is_named_in_full() {
    let mesh = Mesh::new();
    orders(&mesh).released();
    std::fs::create_dir(mesh.path("elsewhere")).unwrap();
    let elsewhere = mesh.at("elsewhere");
    elsewhere.write("good.csv", "id,item,amount\nO-9,tea,1\n");
    elsewhere.write("one.ndjson", "{\"id\": \"O-9\", \"item\": \"tea\"}\n{\"id\": \"O-9\", \"item\": \"pan\"}\n");
    elsewhere.write("torn.csv", "id,item\nO-9,tea\n");
    elsewhere.write("data.txt", "id\n");
    let check = |file: &str, port: &str| elsewhere.mesh(["check", file, "--port", port]);
    check("good.csv", "shop.orders.orders").exits(0).says(&["good.csv would be accepted: 1 rows, 8 of 8 checks ran"]);
    check("one.ndjson", "shop.orders.orders").exits(65).says(&[
        "M0501",
        "`key`",
        "item.values",
        "shop.orders.orders@1.0.0",
    ]);
    check("torn.csv", "shop.orders.orders").exits(65).says(&["torn.csv", "amount"]);
    check("good.csv", "orders").exits(66).says(&["M1301", "domain.product.port"]);
    check("good.csv", "shop.orders.order").exits(66).says(&["shop.orders.orders"]);
    check("data.txt", "shop.orders.orders").exits(64).says(&["M1302", ".parquet"]);
    check("none.csv", "shop.orders.orders").exits(66).says(&["none.csv"]);
    check("*.csv", "shop.orders.orders").exits(65).says(&["torn.csv"]);
}

#[test]
fn rows_that_stay_are_part_of_the_verdict() {
    let mesh = Mesh::new();
    let product = orders(&mesh);
    product.edit("product.toml", "[outputs.orders]\n", "[outputs.orders]\nmode = \"append\"\n");
    let product = product.released();
    product.write("next.csv", "id,item,amount,at\nO-3,tea,1,2026-01-05\nO-7,tea,1,2026-01-05\n");
    let judged = product.mesh(["check", "next.csv", "--port", "orders", "--json"]).exits(65).json();
    assert_eq!(judged["port"]["rows"], 5, "an append is judged with what it joins");
    let key = judged["port"]["results"].as_array().unwrap().iter().find(|r| r["id"] == "key").unwrap();
    assert_eq!((&key["violations"], &key["sample"][0]["key"]["id"]), (&1.into(), &"O-3".into()));
}

#[test]
fn steps_and_other_sources_take_part() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.write("data/names.csv", "item,name\ntea,Tea\ncup,Cup\npot,Pot\nspoon,Spoon\n");
    product.write(
        "product.toml",
        product
            .read("product.toml")
            .replace("[steps.sale]", "[sources.names]\nlocation = \"data/names.csv\"\n\n[steps.sale]"),
    );
    product.write(
        "sql/sale.sql",
        "select t.id, n.name as item, t.amount from till t left join names n on n.item = t.item\n",
    );
    let product = product.released();
    product.write("next.csv", "id,item,amount\n8,tea,2\n9,pan,3\n");
    product.mesh(["check", "next.csv", "--port", "sale"]).exits(78).says(&["M0310", "--source", "till, names"]);
    let ask = ["check", "next.csv", "--port", "sale", "--source", "till"];
    product.mesh(ask).exits(65).says(&["item.required", "id = 9", "`enough-rows`"]);
    product.mesh(["check", "next.csv", "--port", "sale", "--source", "tilt"]).exits(78).says(&["tilt", "till, names"]);
}

#[test]
fn a_verdict_is_a_page_that_needs_nothing_else() {
    let mesh = Mesh::new();
    let product = orders(&mesh);
    product.write("bad.csv", BAD.replace("pan", "<script>alert(1)</script>"));
    let said = product.mesh(["check", "bad.csv", "--port", "orders", "--format", "html"]).exits(65);
    let page = &said.out;
    for part in [
        "<!doctype html>",
        "lang=\"en\"",
        "prefers-color-scheme: dark",
        "would be rejected",
        "item.values",
        "&lt;script&gt;",
    ] {
        assert!(page.contains(part), "no `{part}` in\n{page}");
    }
    for part in ["<script", "src=", "href=\"http", "url(", "@import", "2000"] {
        assert!(!page.contains(part), "`{part}` in\n{page}");
    }
    let file = product.dir.join("report.html");
    let ask = ["check", "data/orders.csv", "--port", "orders", "--format", "html", "--output", file.to_str().unwrap()];
    product.mesh(ask).exits(0).says(&["would be accepted"]);
    assert!(product.read("report.html").contains("would be accepted"));
    product.write("torn.csv", "id,item,amount,at\nO-1,tea,x,2026-01-01\n");
    let said = product.mesh(["check", "torn.csv", "--port", "orders", "--format", "html"]).exits(65);
    assert!(said.out.contains("cannot be read") && said.out.contains("line 2"), "{said}");
    assert!(!mesh.home().exists(), "judging makes no mesh");
}
