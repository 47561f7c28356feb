//! Profiles, suggested contracts, drift, unusual releases and the data-quality page, as people use them.
use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::shop;
use crate::support::{Mesh, root, skip};

#[test]
fn a_file_and_the_port_made_of_it_have_the_same_profile() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.write("till.csv", shop::TILL.replace("NA", ""));
    let of_file = product.mesh(["profile", "till.csv", "--json"]).exits(0).json();
    let of_port = product.mesh(["profile", "sale", "--json"]).exits(0).json();
    assert_eq!(of_port["subject"], "shop.sales.sale");
    assert_eq!(of_file["profile"], of_port["profile"]);
    let amount = &of_file["profile"]["columns"][2];
    assert_eq!((&amount["nulls"], &amount["distinct"]["count"]), (&1.into(), &3.into()));
    assert_eq!(amount["summary"]["mean"], 11.0);
    let said = product.mesh(["profile", "till.csv", "--column", "amount"]).exits(0);
    said.says(&["amount", "Float64", "20.0 %", "quantiles", "exact", "frequent"]);
    product.mesh(["profile", "till.csv", "--column", "amont"]).exits(66).says(&["did you mean `amount`"]);
    product.mesh(["profile", "none.csv"]).exits(66).says(&["none.csv"]);
    product.mesh(["profile", "shop.sales.sales"]).exits(66).says(&["shop.sales.sale"]);
    product.write("people.csv", "name,email\nAda,ada@example.org\nBo,bo@example.org\n");
    let said = product.mesh(["profile", "people.csv", "--column", "email"]).exits(0).says(&["masked", "***"]);
    assert!(!said.out.contains("ada@"), "{said}");
}

/// Sales of forty days, two a day, with nothing unusual.
fn history() -> String {
    let row = |n: usize| {
        let (day, month) = (n / 2 % 28 + 1, n / 56 + 1);
        let item = ["tea", "cup", "pot"][n % 3];
        format!("{n},2026-{month:02}-{day:02},{item},SKU-{:06},{}\n", n * 7 % 40, (n % 17) as f64 / 2.0)
    };
    format!("id,at,item,sku,amount\n{}", (0..260).map(row).collect::<String>())
}

#[test]
fn a_suggested_contract_holds_on_its_data_and_says_why() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.write("sales.csv", history());
    let said = product.mesh(["contract", "suggest", "sales.csv", "--output", "contracts/sale.toml"]);
    said.exits(64).says(&["M1304", "--force"]);
    product.mesh(["contract", "suggest", "sales.csv", "--output", "contracts/sale.toml", "--force"]).exits(0);
    let text = product.read("contracts/sale.toml");
    for part in [
        "key         = [\"id\"]",
        "item = { type = \"string\", required = true, values = [\"cup\", \"pot\", \"tea\"] }",
        "pattern = \"^SKU-\\\\d{6}$\"",
        "amount = { type = \"double\", required = true, min = 0.0, max = 8.8 }",
        "confidence high",
        "260 rows",
        "kind = \"row_count\"",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    product.write("sql/sale.sql", "select * from till\n");
    product.edit("product.toml", "columns  = { id = \"long\", item = \"string\", amount = \"double\" }\n", "");
    product.write("data/till.csv", history());
    let ran = product.mesh(["run", "--json"]).exits(0).json();
    let results = ran["ports"][0]["results"].as_array().unwrap();
    assert!(results.len() > 8 && results.iter().all(|r| r["outcome"] == "passed"), "{results:#?}");
    // of the port that it now is, the same is suggested
    let again = product.mesh(["contract", "suggest", "sale"]).exits(0).out;
    let rules = |text: &str| text.lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rules(&again), rules(&text));
}

#[test]
fn few_rows_promise_little() {
    let mesh = Mesh::new();
    mesh.product("here", &[("few.csv", "id,name\n1,Ada\n2,Bo\n")]);
    let text = mesh.at("here").mesh(["contract", "suggest", "few.csv"]).exits(0).out;
    assert!(text.contains("Fewer than 200 rows") && text.contains("key         = [\"id\"]"), "{text}");
    assert!(!text.contains("min =") && !text.contains("[[checks]]"), "{text}");
}

/// Releases 2 and 3 of the emissions data have the same 24,016 keys; six columns were restated.
#[test]
fn a_suite_suggested_for_one_release_names_the_columns_that_the_next_restated() {
    let data = root().join("../shared/data/owid-co2");
    let (second, third) = ("owid-co2-data_2020-08-07_9f743dc.csv", "owid-co2-data_2020-11-27_da0fcf7.csv");
    if !data.join(second).exists() {
        return skip("suggested contracts of real data", "the data are not here");
    }
    let mesh = Mesh::new();
    let product = mesh.product(
        "co2",
        &[(
            "product.toml",
            "[product]\ndomain = \"climate\"\nname = \"co2\"\ntitle = \"CO2\"\ndescription = \"By country.\"\n\
             owner = { team = \"climate\" }\n[sources.owid]\nlocation = \"data/*.csv\"\n[outputs.owid]\n",
        )],
    );
    fs::create_dir_all(product.dir.join("data")).unwrap();
    fs::copy(data.join(second), product.dir.join("data/owid.csv")).unwrap();
    product.mesh(["contract", "suggest", "data/owid.csv", "--output", "contracts/owid.toml"]).exits(0);
    let text = product.read("contracts/owid.toml");
    assert!(text.contains("key         = [\"country\", \"year\"]"), "{text}");
    let judge = |file: &str| {
        let path = data.join(file);
        product.mesh(["check", path.to_str().unwrap(), "--port", "owid", "--json"]).json()
    };
    let flagged = |verdict: &Value| -> BTreeSet<String> {
        let results = verdict["port"]["results"].as_array().unwrap();
        let open = results.iter().filter(|r| r["outcome"] != "passed");
        open.flat_map(|r| r["columns"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned())).collect()
    };
    let files = [second, third];
    let (second, third) = (judge(second), judge(third));
    assert_eq!(second["port"]["rows"], 24_016);
    assert_eq!(flagged(&second), BTreeSet::new());
    let restated = [
        "co2_per_capita",
        "co2_per_gdp",
        "consumption_co2_per_capita",
        "consumption_co2_per_gdp",
        "share_global_cumulative_co2",
        "trade_co2_share",
    ];
    assert_eq!(flagged(&third), restated.map(str::to_owned).into());
    let as_it_was = |verdict: &Value| -> BTreeSet<String> {
        let results = verdict.as_array().unwrap().iter().filter(|r| r["kind"] == "fingerprint");
        let broken = results.filter(|r| r["outcome"] == "warned");
        broken.map(|r| r["columns"][0].as_str().unwrap().to_owned()).collect()
    };
    let restated: BTreeSet<String> = restated.map(str::to_owned).into();
    assert_eq!(as_it_was(&third["port"]["results"]), restated);
    // every other column has such a check, too, and it holds
    let results = third["port"]["results"].as_array().unwrap();
    assert_eq!(results.iter().filter(|r| r["kind"] == "fingerprint").count(), 36, "38 columns, two of them the key");

    // the same by runs; values so far beyond their range keep the release back until a person accepts them
    let first = product.mesh(["run", "--json"]).exits(0).json();
    assert_eq!(as_it_was(&first["ports"][0]["results"]), BTreeSet::new());
    fs::write(product.dir.join("data/owid.csv"), fs::read(data.join(files[1])).unwrap()).unwrap();
    let next = product.mesh(["run", "--json"]).exits(65).json();
    assert_eq!(as_it_was(&next["ports"][0]["results"]), restated);
    let run = mesh.runs("climate.co2")[0]["run"].as_str().unwrap().to_owned();
    product.mesh(["accept", &run, "--reason", "the producer mended its units"]).exits(0);

    // row by row, as a person asks when a warning came: as many cells as were restated
    let diff = product.mesh(["diff", "climate.co2.owid", "--from", "r1", "--to", "r2", "--json"]).exits(0).json();
    let columns = diff["columns"].as_array().unwrap_or_else(|| panic!("{diff}"));
    let cells =
        |c: &Value| ["added", "removed", "changed"].iter().map(|key| c[*key].as_u64().unwrap_or(0)).sum::<u64>();
    let differing = columns.iter().filter(|c| cells(c) > 0);
    let named = differing.clone().map(|c| c["name"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(named, restated);
    assert_eq!(differing.map(cells).sum::<u64>(), 65_100, "{columns:#?}");

    // and as a whole: the values moved by orders of magnitude, so distributions name the same columns
    let drifted = |args: &[&str]| -> BTreeSet<String> {
        let json = product.mesh([&["drift"], args, &["--json"]].concat()).exits(0).json();
        let drifted = json["drift"]["columns"].as_array().unwrap().iter().filter(|c| c["drifted"] == true);
        drifted.map(|c| c["column"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(drifted(&["climate.co2.owid", "--from", "r1", "--to", "r2"]), restated);

    // a single cell: the column's fingerprint tells, and no distribution does
    let text = fs::read_to_string(data.join(files[0])).unwrap();
    let header = text.lines().next().unwrap().split(',').position(|name| name == "co2").unwrap();
    let line = text.lines().find(|line| line.contains(",Chad,2000,")).unwrap();
    let mut cells: Vec<&str> = line.split(',').collect();
    let mended = format!("{}1", cells[header]);
    cells[header] = &mended;
    product.write("one-cell.csv", text.replace(line, &cells.join(",")));
    let judged = product.mesh(["check", "one-cell.csv", "--port", "owid", "--json"]).exits(0).json();
    assert_eq!(flagged(&judged), ["co2".to_owned()].into());
    fs::copy(data.join(files[0]), product.dir.join("before.csv")).unwrap();
    assert_eq!(drifted(&["one-cell.csv", "--against", "before.csv"]), BTreeSet::new());
}

#[test]
fn drift_is_between_releases_files_and_ports() {
    let mesh = Mesh::new();
    let row = |n: usize, factor: usize| format!("{n},{},{}\n", ["tea", "cup"][n % 2], n % 40 * factor);
    let till = |factor| format!("id,item,amount\n{}", (0..800).map(|n| row(n, factor)).collect::<String>());
    let product = mesh.product("sales", shop::SALES);
    product.write("data/till.csv", till(1));
    let product = product.released();
    product.mesh(["drift", "sale"]).exits(64).says(&["M1305", "--against"]);
    product.write("same.csv", till(1));
    product.mesh(["drift", "same.csv", "--against", "sale", "--exit-code"]).exits(0).says(&["0 of 3 columns drifted"]);
    product.write("data/till.csv", till(3));
    product.mesh(["run"]).exits(0);
    let said = product.mesh(["drift", "sale"]).exits(0);
    said.says(&["shop.sales.sale at r1 (800 rows) -> shop.sales.sale (800 rows)", "DRIFT", "1 of 3 columns drifted"]);
    product.mesh(["drift", "sale", "--from", "r1", "--to", "r2", "--exit-code"]).exits(65);
    let json = product.mesh(["drift", "same.csv", "--against", "sale", "--json"]).exits(0).json();
    let drifted: Vec<_> = json["drift"]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["drifted"] == true)
        .map(|c| &c["column"])
        .collect();
    assert_eq!(drifted, ["amount"]);
    product.write("other.csv", "x,y\n1,2\n");
    product.mesh(["drift", "other.csv", "--against", "sale"]).exits(64).says(&["M1303"]);
}

#[test]
fn an_unusual_release_is_seen_once_there_is_history() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    let till =
        |rows: usize| format!("id,item,amount\n{}", (0..rows).map(|n| format!("{n},tea,{n}.5\n")).collect::<String>());
    product.write("data/till.csv", till(100));
    let product = product.released();
    product.mesh(["anomalies", "shop.sales.sale", "--all"]).exits(0).says(&["0 of 5 releases before", "too early"]);
    for rows in [103, 98, 101, 99, 102] {
        product.write("data/till.csv", till(rows));
        product.mesh(["run"]).exits(0);
    }
    product.mesh(["anomalies", "shop.sales.sale", "--exit-code"]).exits(0).says(&["0 of", "are unusual"]);
    product.write("data/till.csv", till(20));
    product.mesh(["run"]).exits(0);
    let said = product.mesh(["anomalies", "shop.sales.sale", "--exit-code"]).exits(65);
    said.says(&["rows", "UNUSUAL", "20"]);
    let json = product.mesh(["anomalies", "shop.sales.sale", "--json"]).exits(0).json();
    let rows = json["metrics"].as_array().unwrap().iter().find(|m| m["metric"] == "rows").unwrap();
    assert_eq!((&rows["state"], &rows["series"][0][1]), (&"unusual".into(), &20.0.into()), "{rows}");
    let page = mesh.mesh(["report", "shop.sales.sale"]).exits(0).out;
    for part in ["<!doctype html>", "every check holds; unusual: rows", "r7", "enough-rows", "shop-data"] {
        assert!(page.contains(part), "no `{part}` in\n{page}");
    }
    let json = mesh.mesh(["report", "shop.sales.sale", "--json"]).exits(0).json();
    assert_eq!(json["results"].as_array().unwrap().len(), 5, "{json}");
}
