//! Several processes at the same mesh: whole releases, no loss, no mixture.
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::shop;
use crate::support::{Mesh, Product, Said, on_every_home, start};

on_every_home! {
    runs_of_one_product_at_once_never_mix_their_data,
    appends_at_once_are_all_there_or_say_that_they_lost,
    eight_products_join_an_empty_mesh_at_once,
    a_reader_sees_only_whole_releases_of_all_ports,
}

/// `rows` sales whose item says which delivery they are of.
fn till(rows: usize, item: &str) -> String {
    (0..rows).fold("id,item,amount\n".to_owned(), |text, id| format!("{text}{id},{item},1\n"))
}

/// Item and number of rows, of each item.
fn items(mesh: &Mesh, at: Option<&str>) -> Vec<(String, u64)> {
    let rows = mesh.rows_at("select item, count(*) as n from shop.sales.sale group by item order by item", at);
    rows.iter().map(|r| (r["item"].as_str().unwrap().to_owned(), r["n"].as_u64().unwrap())).collect()
}

/// Starts all runs, then waits for all.
pub fn run_at_once(products: &[Product<'_>]) -> Vec<Said> {
    let children: Vec<_> = products.iter().map(|p| start(p.command(["run"]))).collect();
    children.into_iter().map(Said::after).collect()
}

fn runs_of_one_product_at_once_never_mix_their_data(mesh: &Mesh) {
    let products = ["a", "b", "c"].map(|folder| mesh.product(folder, shop::SALES));
    let mut first = 1;
    for round in 0..4 {
        let mut deliveries = vec![];
        for (i, product) in products.iter().enumerate() {
            let (rows, item) = (100 + round * 10 + i, format!("{round}-{i}"));
            product.write("data/till.csv", till(rows, &item));
            deliveries.push((item, rows as u64));
        }
        let said = run_at_once(&products);
        let won = said.iter().filter(|s| s.code == Some(0)).count();
        assert!(won > 0, "nobody won: {}", said[0]);
        for loser in said.iter().filter(|s| s.code != Some(0)) {
            assert!(loser.code == Some(73) && loser.err.contains("run again"), "{loser}");
        }
        // what readers see, and every release of the round, is one delivery as a whole
        for number in first..first + won {
            let [found] = &items(mesh, Some(&format!("r{number}")))[..] else { panic!("r{number} is a mixture") };
            assert!(deliveries.contains(found), "{found:?}");
        }
        assert!(matches!(&items(mesh, None)[..], [found] if deliveries.contains(found)));
        first += won;
        assert_eq!(mesh.releases("shop.sales.sale").len(), first - 1, "one release for each run that said so");
    }
}

fn appends_at_once_are_all_there_or_say_that_they_lost(mesh: &Mesh) {
    let products = [0, 1, 2].map(|i: usize| {
        let product = mesh.product(&format!("p{i}"), shop::SALES);
        product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
        product.write(
            "data/till.csv",
            format!("id,item,amount\n{}1,p{i},1\n{}2,p{i},1\n{}3,p{i},1\n", i + 1, i + 1, i + 1),
        );
        product
    });
    let said = run_at_once(&products);
    let mut expected = vec![];
    for (i, said) in said.iter().enumerate() {
        match said.code {
            Some(0) => expected.push((format!("p{i}"), 3)),
            Some(73) => {}
            _ => panic!("{said}"),
        }
    }
    assert!(!expected.is_empty());
    assert_eq!(items(mesh, None), expected, "who said it released is there, who said it lost is not");
    // whoever lost runs again and joins
    for (product, said) in products.iter().zip(&said) {
        if said.code == Some(73) {
            product.mesh(["run"]).exits(0);
        }
    }
    assert_eq!(items(mesh, None), [("p0".into(), 3), ("p1".into(), 3), ("p2".into(), 3)]);
}

fn eight_products_join_an_empty_mesh_at_once(mesh: &Mesh) {
    let products: Vec<_> = (0..8)
        .map(|i| {
            let product = mesh.product(&format!("p{i}"), shop::SALES);
            product.edit("product.toml", "\"sales\"", &format!("\"sales{i}\""));
            product.write("data/till.csv", till(10 + i, "tea"));
            product
        })
        .collect();
    for said in run_at_once(&products) {
        said.exits(0).says(&["r1"]);
    }
    let publishing: Vec<_> = products.iter().map(|p| start(p.command(["publish"]))).collect();
    for child in publishing {
        Said::after(child).exits(0).says(&["published"]);
    }
    let list = mesh.mesh(["list", "--json"]).exits(0).json();
    let listed: HashSet<_> = list["ports"].as_array().unwrap().iter().map(|p| p["port"].as_str().unwrap()).collect();
    assert_eq!(listed.len(), 8, "{list}");
    for i in 0..8 {
        let port = format!("shop.sales{i}.sale");
        assert!(listed.contains(port.as_str()));
        assert_eq!(mesh.value(&format!("select count(*) from {port}")), 10 + i);
        assert_eq!(mesh.releases(&port).len(), 1);
    }
}

/// One port more: how many sales each item has.
const ITEMS: &str = "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"One row per item.\"\nkey = [\"item\"]\n\
                     [columns]\nitem = { type = \"string\", required = true }\nsales = { type = \"long\" }\n";

fn a_reader_sees_only_whole_releases_of_all_ports(mesh: &Mesh) {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "[steps.sale]", "[steps.sale]\n[steps.item]\n[outputs.item]");
    product.write("sql/item.sql", "select item, count(*) as sales from till group by item");
    product.write("contracts/item.toml", ITEMS);
    let size = |n: u64| 1000 * (n + 1);
    product.write("data/till.csv", till(1000, "0"));
    let product = product.released();
    let sql = "select s.item as item, count(*) as n, (select max(item) from shop.sales.item) as other,
                      (select sum(sales) from shop.sales.item) as sales from shop.sales.sale s group by s.item";
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = vec![];
            while !done.load(Ordering::Relaxed) {
                let found = mesh.rows(sql);
                let [row] = &found[..] else { panic!("a mixture: {found:?}") };
                let n: u64 = row["item"].as_str().unwrap().parse().unwrap();
                assert_eq!(row["n"], size(n), "half a release");
                assert_eq!((&row["other"], &row["sales"]), (&row["item"], &row["n"]), "two ports of two releases");
                seen.push(n);
            }
            seen
        });
        for n in 1..8 {
            product.write("data/till.csv", till(size(n) as usize, &n.to_string()));
            product.mesh(["run"]).exits(0);
        }
        done.store(true, Ordering::Relaxed);
        let seen = reader.join().unwrap();
        assert!(seen.is_sorted(), "a reader went back in time: {seen:?}");
        assert!(seen.iter().collect::<HashSet<_>>().len() > 1, "the reader saw no change: {seen:?}");
    });
}
