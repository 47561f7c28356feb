//! What writing does to files: only those that hold what changes are written again, and they lie as asked.
use std::collections::BTreeSet;
use std::path::PathBuf;

use meshwright_catalog::{Catalog, Home};
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::shop;
use crate::support::{Mesh, Product};

const PORT: &str = "shop.sales.sale";

/// Paths of the port's data files.
fn files(mesh: &Mesh) -> BTreeSet<PathBuf> {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let home = Home::parse(mesh.home().to_str().unwrap(), None).unwrap();
        let table = Catalog::open_existing(home).await.unwrap().load(&PORT.parse().unwrap()).await.unwrap();
        let head = table.metadata().current_snapshot().unwrap();
        let found = meshwright_engine::scan::files(&table, head).await.unwrap();
        found.into_iter().map(|f| f.path.trim_start_matches("file://").into()).collect()
    })
}

/// All data files on disk.
fn on_disk(mesh: &Mesh) -> usize {
    let mut stack = vec![mesh.home().join("warehouse/shop/sales/sale/data")];
    let mut count = 0;
    while let Some(folder) = stack.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { stack.push(path) } else { count += 1 }
        }
    }
    count
}

fn sales<'a>(mesh: &'a Mesh, mode: &str) -> Product<'a> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", &format!("mode = \"{mode}\""));
    product.edit("contracts/sale.toml", "min  = 3", "min  = 2");
    product
}

/// One delivery, one release, one more file.
fn deliver(product: &Product<'_>, ids: &[u32], item: &str) {
    let rows: String = ids.iter().map(|id| format!("{id},{item},{id}\n")).collect();
    product.write("data/till.csv", format!("id,item,amount\n{rows}"));
    product.mesh(["run"]).exits(0);
}

fn rows(mesh: &Mesh) -> Vec<String> {
    let rows = mesh.rows(&format!("select id, item from {PORT} order by id"));
    rows.iter().map(|r| format!("{} {}", r["id"], r["item"].as_str().unwrap())).collect()
}

#[test]
fn an_upsert_writes_only_files_that_hold_one_of_its_keys() {
    let mesh = Mesh::new();
    let product = sales(&mesh, "upsert");
    deliver(&product, &[1, 2, 3], "tea");
    let first = files(&mesh);
    deliver(&product, &[4, 6], "cup");
    let two = files(&mesh);
    assert!(two.is_superset(&first) && two.len() == 2);
    // 5 lies between the second file's bounds and is not in it
    deliver(&product, &[5, 7], "pot");
    let three = files(&mesh);
    assert!(three.is_superset(&two) && three.len() == 3, "{three:?}");
    deliver(&product, &[6, 8], "jug");
    let four = files(&mesh);
    assert_eq!(four.intersection(&three).count(), 2, "only the file with 6 is written again");
    assert!(four.is_superset(&first));
    assert_eq!(rows(&mesh), ["1 tea", "2 tea", "3 tea", "4 cup", "5 pot", "6 jug", "7 pot", "8 jug"]);
    // every key of a file: nothing of it stays, so nothing of it is written
    deliver(&product, &[1, 2, 3], "new");
    assert_eq!(files(&mesh).intersection(&four).count(), four.len() - 1);
    assert_eq!(mesh.rows_at(&format!("select count(*) as n from {PORT}"), Some("r1"))[0]["n"], 3);
}

#[test]
fn an_upsert_may_bring_a_new_column() {
    let mesh = Mesh::new();
    let product = sales(&mesh, "upsert");
    deliver(&product, &[1, 2], "tea");
    product.edit("product.toml", "item = \"string\"", "item = \"string\", size = \"int\"");
    product.edit("contracts/sale.toml", "item   =", "size = { type = \"int\" }\nitem   =");
    product.write("sql/sale.sql", "select id, size, item, amount from till");
    product.write("data/till.csv", "id,item,amount,size\n2,cup,3,40\n");
    product.mesh(["run"]).exits(0);
    let rows = mesh.rows(&format!("select id, item, size from {PORT} order by id"));
    assert_eq!((&rows[0]["size"], &rows[1]["size"]), (&serde_json::Value::Null, &40.into()));
}

#[test]
fn a_delete_is_a_release_and_writes_only_files_that_match() {
    let mesh = Mesh::new();
    let product = sales(&mesh, "append");
    deliver(&product, &[1, 2, 3], "tea");
    deliver(&product, &[4, 5], "cup");
    deliver(&product, &[6, 7], "pot");
    let before = files(&mesh);
    let plan = mesh.mesh(["delete", PORT, "--where", "id in (2, 4, 5)", "--dry-run", "--json"]).exits(0).json();
    assert_eq!((&plan["rows"], &plan["files"]), (&3.into(), &3.into()));
    assert_eq!(
        (&plan["files_rewritten"], &plan["files_dropped"], &plan["release"]),
        (&1.into(), &1.into(), &serde_json::Value::Null)
    );
    assert_eq!((files(&mesh), on_disk(&mesh)), (before.clone(), 3), "a dry run changes nothing");

    mesh.mesh(["delete", PORT, "--where", "id in (2, 4, 5)"]).exits(0).says(&[
        "deleted 3 rows of shop.sales.sale in release r4",
        "1 of 3 files written again, 1 dropped, 1 untouched",
    ]);
    assert_eq!(rows(&mesh), ["1 tea", "3 tea", "6 pot", "7 pot"]);
    assert_eq!(files(&mesh).intersection(&before).count(), 1);
    assert_eq!(mesh.rows_at(&format!("select count(*) as n from {PORT}"), Some("r3"))[0]["n"], 7, "history stays");
    assert_eq!(mesh.releases(PORT).len(), 4);
    let run = &mesh.runs("shop.sales")[0];
    assert!(run["message"].as_str().unwrap().contains("deleted 3 rows"), "{run}");
    // the deliveries are the ones that were taken: a run has nothing to do and brings nothing back
    product.mesh(["run"]).exits(99);
    let lineage = mesh.mesh(["lineage", PORT, "--json"]).exits(0).json();
    assert!(lineage.to_string().contains("till"), "{lineage}");

    // nulls are neither true nor false, and stay
    product.write("data/till.csv", "id,item,amount\n8,jug,NA\n9,jug,1\n");
    product.mesh(["run"]).exits(0);
    mesh.mesh(["delete", PORT, "--where", "not (amount > 3)"]).exits(0);
    assert_eq!(rows(&mesh), ["6 pot", "7 pot", "8 jug"]);
    mesh.mesh(["delete", PORT, "--where", "id = 77"]).exits(99).says(&["nothing to delete"]);
}

#[test]
fn a_delete_that_breaks_the_contract_or_makes_no_sense_changes_nothing() {
    let mesh = Mesh::new();
    let product = sales(&mesh, "append");
    deliver(&product, &[1, 2, 3], "tea");
    let before = (files(&mesh), rows(&mesh));
    mesh.mesh(["delete", PORT, "--where", "id > 1"]).exits(65).says(&["enough-rows"]);
    assert_eq!(mesh.runs("shop.sales")[0]["outcome"], "rejected");
    for (condition, why) in [
        ("amount", "type"),
        ("nobody = 1", "nobody"),
        ("id in (select id from shop.sales.sale)", "not found"),
        ("exists (select 1)", "another query"),
        ("random() < 0.5", "another answer each time"),
        ("count(*) > 1", "more than one row"),
        ("id = ", "M1204"),
    ] {
        let said = mesh.mesh(["delete", PORT, "--where", condition]).exits(64).says(&["M1204"]);
        assert!(said.err.contains(why), "{condition}: {said}");
    }
    mesh.mesh(["delete", "shop.sales.sael", "--where", "id = 1"])
        .exits(66)
        .says(&["M1205", "did you mean `shop.sales.sale`?"]);
    assert_eq!((files(&mesh), rows(&mesh)), before);
    assert_eq!(mesh.releases(PORT).len(), 1);
}

#[test]
fn files_lie_as_the_product_asks() {
    let mesh = Mesh::new();
    let product = sales(&mesh, "append");
    product.edit(
        "product.toml",
        "[outputs.sale]",
        "[outputs.sale.files]\nbloom = [\"item\"]\ndictionary = [\"item\"]\nrow_group = \"64kB\"\n[outputs.sale]",
    );
    product.edit("contracts/sale.toml", "key         = [\"id\"]", "key = [\"id\"]\nsort = [\"item\"]");
    let text: String = (0..30_000).map(|id| format!("{id},item {:05},1\n", (id * 7919) % 30_000)).collect();
    product.write("data/till.csv", format!("id,item,amount\n{text}"));
    product.mesh(["run"]).exits(0);
    for path in files(&mesh) {
        let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let groups = reader.metadata().row_groups();
        assert!(groups.len() > 1, "64 kB hold no 30,000 rows");
        for group in groups {
            let bloom = |name: &str| {
                let column = group.columns().iter().find(|c| c.column_path().string() == name).unwrap();
                (column.bloom_filter_offset().is_some(), column.dictionary_page_offset().is_some())
            };
            assert_eq!((bloom("item"), bloom("id")), ((true, true), (false, false)));
        }
    }
    assert_eq!(mesh.value(&format!("select count(*) from {PORT} where item = 'item 00077'")), 1);
    assert_eq!(mesh.value(&format!("select count(*) from {PORT} where item = 'item 00077x'")), 0);
    product.edit("product.toml", "bloom = [\"item\"]", "bloom = [\"itme\"]");
    product.mesh(["check"]).exits(78).says(&["M1202", "did you mean `item`?"]);
    product.edit("product.toml", "bloom = [\"itme\"]", "size = \"12 parsecs\"");
    product.mesh(["check"]).exits(78).says(&["M1201", "64kB"]);
}

#[test]
fn many_partitions_at_once_are_one_file_each() {
    let mesh = Mesh::new();
    let product = sales(&mesh, "replace");
    product.edit("contracts/sale.toml", "key         = [\"id\"]", "key = [\"id\"]\npartition = [\"item\"]");
    let text: String = (0..3000).map(|id| format!("{id},item {:03},1\n", (id * 7919) % 600)).collect();
    product.write("data/till.csv", format!("id,item,amount\n{text}"));
    product.mesh(["run"]).exits(0);
    assert_eq!(files(&mesh).len(), 600);
    let per_item = format!(
        "select count(*) from (select item from {PORT} group by item having count(*) = 5 and count(distinct id) = 5)"
    );
    assert_eq!(mesh.value(&per_item), 600);
    let read = mesh.mesh(["query", &format!("select * from {PORT} where item = 'item 123'"), "--json"]).exits(0).json();
    assert_eq!(read["metrics"]["reads"][0]["files_read"], 1);
}
