//! Modes of an output port: what happens to rows that are there already, also when several runs come at once.
use crate::at_once::run_at_once;
use crate::shop;
use crate::support::{Mesh, Product};

fn product<'a>(mesh: &'a Mesh, folder: &str, mode: &str) -> Product<'a> {
    let product = mesh.product(folder, shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", &format!("mode = \"{mode}\""));
    product.edit("product.toml", "data/till.csv", "data/*.csv");
    product.edit("contracts/sale.toml", "min  = 3", "min  = 1");
    product
}

fn rows(mesh: &Mesh) -> Vec<String> {
    let rows = mesh.rows("select id, item, amount from shop.sales.sale order by id, item");
    rows.iter().map(|r| format!("{} {} {}", r["id"], r["item"].as_str().unwrap(), r["amount"])).collect()
}

#[test]
fn append_adds_each_delivery_once() {
    let mesh = Mesh::new();
    let product = product(&mesh, "sales", "append");
    product.write("data/till.csv", "id,item,amount\n1,tea,2\n");
    product.mesh(["run"]).exits(0);
    product.mesh(["run"]).exits(99);
    product.write("data/till2.csv", "id,item,amount\n2,cup,3\n");
    product.mesh(["run"]).exits(0);
    assert_eq!(rows(&mesh), ["1 tea 2.0", "2 cup 3.0"]);
    // a key that was released before is found although the new delivery alone is right
    product.write("data/till3.csv", "id,item,amount\n1,pot,9\n");
    product.mesh(["run"]).exits(65).says(&["`key`", "id = 1"]);
    assert_eq!(rows(&mesh), ["1 tea 2.0", "2 cup 3.0"]);
}

#[test]
fn upsert_replaces_rows_of_the_same_key_and_keeps_the_others() {
    let mesh = Mesh::new();
    let product = product(&mesh, "sales", "upsert");
    product.write("data/till.csv", "id,item,amount\n1,tea,2\n2,cup,3\n");
    product.mesh(["run"]).exits(0);
    product.write("data/till.csv", "id,item,amount\n2,mug,4\n3,pot,9\n");
    product.mesh(["run"]).exits(0);
    assert_eq!(rows(&mesh), ["1 tea 2.0", "2 mug 4.0", "3 pot 9.0"]);
    assert_eq!(mesh.rows_at("select count(*) as n from shop.sales.sale", Some("r1"))[0]["n"], 2);
}

#[test]
fn replace_partitions_touches_no_other_partition() {
    let mesh = Mesh::new();
    let product = product(&mesh, "sales", "replace-partitions");
    product.edit("contracts/sale.toml", "key         = [\"id\"]", "key = [\"id\"]\npartition = [\"item\"]");
    product.write("data/till.csv", "id,item,amount\n1,tea,2\n2,cup,3\n3,cup,4\n");
    product.mesh(["run"]).exits(0);
    product.write("data/till.csv", "id,item,amount\n5,cup,5\n6,pot,6\n");
    product.mesh(["run"]).exits(0);
    assert_eq!(rows(&mesh), ["1 tea 2.0", "5 cup 5.0", "6 pot 6.0"]);
}

#[test]
fn one_delivery_that_several_runs_append_at_once_is_there_once() {
    let mesh = Mesh::new();
    let products = ["a", "b", "c"].map(|folder| product(&mesh, folder, "append"));
    for product in &products {
        // without a key nothing but the run itself keeps rows from coming twice
        product.edit("contracts/sale.toml", "key         = [\"id\"]\n", "");
    }
    for round in 1..=5 {
        for product in &products {
            product.write("data/till.csv", format!("id,item,amount\n{round},tea,1\n"));
        }
        let said = run_at_once(&products);
        assert!(said.iter().any(|s| s.code == Some(0)), "{}", said[0]);
        for other in &said {
            assert!([Some(0), Some(73), Some(99)].contains(&other.code), "{other}");
        }
        let found = rows(&mesh);
        assert_eq!(found.len(), round, "{found:?}");
    }
}

#[test]
fn upserts_at_once_lose_no_row_of_a_release() {
    let mesh = Mesh::new();
    let products = [0, 1, 2].map(|i| product(&mesh, &format!("p{i}"), "upsert"));
    let mut released = vec![];
    for round in 0..5 {
        for (i, product) in products.iter().enumerate() {
            product.write("data/till.csv", format!("id,item,amount\n{},tea,1\n", round * 10 + i));
        }
        for (i, said) in run_at_once(&products).iter().enumerate() {
            match said.code {
                Some(0) => released.push(format!("{} tea 1.0", round * 10 + i)),
                Some(73) => {}
                _ => panic!("{said}"),
            }
        }
        assert_eq!(rows(&mesh), released, "who said it released is there, who said it lost is not");
    }
}
