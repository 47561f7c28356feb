//! Reading what was released: as it is and as it was, where it comes from, how each run ended.
use crate::shop;
use crate::support::Mesh;

#[test]
fn a_port_is_read_as_it_was_by_release_snapshot_and_time() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.write("data/till.csv", format!("{}6,tray,10\n", shop::TILL));
    product.mesh(["run"]).exits(0);
    let releases = mesh.releases("shop.sales.sale");
    let [second, first] = &releases[..] else { panic!("{releases:?}") };
    assert_eq!((&first["rows"], &second["rows"]), (&5.into(), &6.into()));

    let count = "select count(*) as n from shop.sales.sale";
    let text = |v: &serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    for (release, rows) in [(first, 5), (second, 6)] {
        let whens = [format!("r{}", release["number"]), text(&release["snapshot_id"]), text(&release["released_at"])];
        for when in whens {
            assert_eq!(mesh.rows_at(count, Some(&when))[0]["n"], rows, "at {when}");
            let said = mesh.mesh(["describe", "shop.sales.sale", "--at", &when, "--json"]).exits(0).json();
            assert_eq!((&said["rows"], &said["snapshot_id"]), (&rows.into(), &release["snapshot_id"]), "at {when}");
        }
    }
    for nowhen in ["r3", "42", "2001-01-01T00:00:00Z", "run-none"] {
        mesh.mesh(["query", count, "--at", nowhen]).exits(66).says(&["shop.sales.sale", "mesh history"]);
    }
}

#[test]
fn lineage_goes_both_ways_through_steps_and_products() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    let report = mesh.product(
        "report",
        &[
            (
                "product.toml",
                r#"[product]
domain = "shop"
name = "report"
title = "Turnover"
description = "By item."
owner = { team = "shop-data" }
[inputs.sold]
port = "shop.sales.sale"
version = "^1"
[steps.item]
[outputs.item]
"#,
            ),
            ("sql/item.sql", "select upper(item) as item, sum(amount) as turnover from sold where id > 0 group by 1"),
            (
                "contracts/item.toml",
                "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"One row per item.\"\nkey = [\"item\"]\n\
                 [columns]\nitem = { type = \"string\", required = true }\nturnover = { type = \"double\" }\n",
            ),
        ],
    );
    report.released();
    let up = mesh.mesh(["lineage", "shop.report.item", "--column", "turnover", "--json"]).exits(0).json();
    let from: Vec<_> = up["upstream"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["source"].as_str().unwrap(), e["source_column"].as_str().unwrap()))
        .collect();
    assert!(from.contains(&("shop.sales.sale", "amount")), "{up}");
    assert!(
        !up["upstream"].as_array().unwrap().iter().any(|e| e["column"] == "turnover" && e["source_column"] == "item"),
        "{up}"
    );
    let down = mesh.mesh(["lineage", "shop.sales.sale", "--column", "amount", "--json"]).exits(0).json();
    assert!(
        down["downstream"]
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["port"] == "shop.report.item" && e["column"] == "turnover"),
        "{down}"
    );
    assert!(
        down["upstream"].as_array().unwrap().iter().any(|e| e["source"] == "till" && e["source_kind"] == "source"),
        "{down}"
    );
    mesh.mesh(["describe", "shop.sales.sale"]).exits(0).says(&["read by", "shop.report"]);

    // a new release of the input is new work for its reader, and the lock says which contract it was checked against
    assert!(report_lock(&mesh).contains("shop.sales.sale"));
    mesh.at("report").mesh(["run"]).exits(99);
    mesh.at("sales").edit("data/till.csv", "2,cup,8", "2,cup,9");
    mesh.at("sales").mesh(["run"]).exits(0);
    mesh.at("report").mesh(["run"]).exits(0);
    assert_eq!(mesh.value("select turnover from shop.report.item where item = 'CUP'"), 9.0);
    let run = mesh.runs("shop.report")[0]["run"].as_str().unwrap().to_owned();
    let said = mesh.mesh(["runs", &run, "--json"]).exits(0).json();
    let newest = &mesh.releases("shop.sales.sale")[0]["snapshot_id"];
    assert_eq!(&said["inputs"][0]["snapshot_id"], newest, "the run records what it read");
}

fn report_lock(mesh: &Mesh) -> String {
    mesh.at("report").read("mesh.lock")
}

#[test]
fn a_product_reads_ports_of_many_products_in_one_statement() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    mesh.product("stock", shop::STOCK).released();
    let sql = "select s.item, count(*) as sold, max(l.pieces) as left from shop.sales.sale s
               join depot.stock.level l on l.item = s.item group by s.item order by s.item";
    let rows = mesh.rows(sql);
    let rows: Vec<_> = rows.iter().map(|r| format!("{} {} {}", r["item"], r["sold"], r["left"])).collect();
    assert_eq!(rows, ["\"cup\" 1 12", "\"pot\" 1 3", "\"tea\" 2 40"]);
}
