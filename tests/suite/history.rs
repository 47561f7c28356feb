//! What a port was: history, tags, rejected runs that are kept and let pass, states of several ports at once.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::shop;
use crate::support::{Mesh, Product};

pub const SALE: &str = "shop.sales.sale";

const ITEMS: &str = "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"One row per item.\"\nkey = [\"item\"]\n\
                     [columns]\nitem = { type = \"string\", required = true }\nsales = { type = \"long\" }\n";

/// `shop.sales` with a second port: how many sales each item has.
pub fn two_ports(mesh: &Mesh) -> Product<'_> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "[steps.sale]", "[steps.sale]\n[steps.item]\n[outputs.item]");
    product.write("sql/item.sql", "select item, count(*) as sales from till group by item");
    product.write("contracts/item.toml", ITEMS);
    product
}

pub fn sell(product: &Product<'_>, rows: &str) {
    product.write("data/till.csv", format!("id,item,amount\n{rows}"));
}

/// Every file of table data.
pub fn data_files(mesh: &Mesh) -> BTreeSet<PathBuf> {
    fn walk(dir: &Path, out: &mut BTreeSet<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "parquet") {
                out.insert(path);
            }
        }
    }
    let mut out = BTreeSet::new();
    walk(&mesh.home().join("warehouse"), &mut out);
    out
}

pub fn diff(mesh: &Mesh, args: &[&str]) -> Value {
    let mut all = vec!["diff", SALE, "--json"];
    all.extend(args);
    mesh.mesh(all).exits(0).json()
}

#[test]
fn a_tag_keeps_a_state_of_all_ports() {
    let mesh = Mesh::new();
    let product = two_ports(&mesh).released();
    sell(&product, "1,tea,3\n2,tea,3\n3,tea,3\n");
    product.mesh(["run"]).exits(0);
    let made =
        mesh.mesh(["tag", "shop.sales", "training-2026", "--at", "r1", "--keep", "90d", "--json"]).exits(0).json();
    let tags = made["tags"].as_array().unwrap();
    assert_eq!(tags.len(), 2, "{made}");
    let until = chrono_days(tags[0]["kept_until"].as_str().unwrap());
    assert!((89..=90).contains(&until), "from now, not from the snapshot's time: {made}");
    let sql = "select (select count(*) from shop.sales.sale) as sales, (select count(*) from shop.sales.item) as items";
    let then = &mesh.rows_at(sql, Some("training-2026"))[0];
    assert_eq!((&then["sales"], &then["items"]), (&5.into(), &4.into()));
    mesh.mesh(["describe", SALE, "--at", "training-2026"]).exits(0).says(&["r1"]);
    mesh.mesh(["history", SALE]).exits(0).says(&["training-2026"]);
    mesh.mesh(["tag", "--list"]).exits(0).says(&["training-2026", "shop.sales.item", "r1"]);

    mesh.mesh(["tag", "shop.sales", "training-2026"]).exits(64).says(&["M1006", "--move"]);
    mesh.mesh(["tag", "shop.sales", "training-2026", "--move"]).exits(0).says(&["r2", "for ever"]);
    assert_eq!(mesh.rows_at(sql, Some("training-2026"))[0]["sales"], 3);
    for name in ["r12", "123", "2026-11-01", "main", "run-1", "a b", "-x", "a=b"] {
        let said = mesh.mesh(["tag", "shop.sales", "--at", "r1", "--", name]);
        assert_eq!(said.code, Some(64), "{said}");
        assert!(said.err.contains("M1005"), "{said}");
    }
    mesh.mesh(["tag", SALE, "only-here", "--at", "r1"]).exits(0);
    mesh.mesh(["query", sql, "--at", "only-here"]).exits(66).says(&["M1002", "shop.sales.item"]);
    mesh.mesh(["tag", "shop.sales", "training-2026", "--delete"]).exits(0);
    mesh.mesh(["query", sql, "--at", "training-2026"]).exits(66).says(&["M1002"]);
    mesh.mesh(["tag", "shop.sales", "training-2026", "--delete"]).exits(66).says(&["M1002"]);
    assert_eq!(
        mesh.mesh(["tag", "shop.sales", "--list", "--json"]).exits(0).json()["tags"].as_array().unwrap().len(),
        1
    );
}

/// Whole days from now to a time.
fn chrono_days(text: &str) -> i64 {
    let day = |text: &str| -> i64 {
        let numbers: Vec<i64> = text[..10].split('-').map(|n| n.parse().unwrap()).collect();
        let (y, m) = if numbers[1] > 2 { (numbers[0], numbers[1] - 3) } else { (numbers[0] - 1, numbers[1] + 9) };
        365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + numbers[2]
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64 / 86_400;
    day(text) - day("1970-01-01") - now
}

#[test]
fn a_rejected_run_is_kept_shown_and_let_pass_on_record() {
    let mesh = Mesh::new();
    let product = two_ports(&mesh).released();
    sell(&product, "1,tea,-3\n2,tea,3\n3,cup,3\n");
    let rejected = product.mesh(["run", "--json"]).exits(65).json();
    let (run, branch) = (rejected["run"].as_str().unwrap(), rejected["branch"].as_str().unwrap());
    assert_eq!(mesh.rows_at("select count(*) as n from shop.sales.sale", Some(branch))[0]["n"], 3);
    // what would change for readers
    assert_eq!(diff(&mesh, &["--to", branch])["rows"]["removed"], 2);
    let listed = mesh.mesh(["branches", "--json"]).exits(0).json();
    let b = &listed["branches"][0];
    assert_eq!(
        (&b["branch"], &b["outcome"], &b["acceptable"], b["ports"].as_array().unwrap().len()),
        (&branch.into(), &"rejected".into(), &true.into(), 2)
    );
    assert!((6..=7).contains(&chrono_days(b["kept_until"].as_str().unwrap())), "{b}");
    mesh.mesh(["branches", "shop.sales"]).exits(0).says(&[branch, "rejected by sale:amount.range", "mesh accept"]);
    mesh.mesh(["history", SALE]).exits(0).says(&["rejected", branch]);

    mesh.mesh(["accept", run]).exits(64);
    mesh.mesh(["accept", run, "--reason", " "]).exits(64).says(&["M1010"]);
    mesh.mesh(["accept", run, "--reason", "x", "--until", "2020-01-01"]).exits(64).says(&["M1010", "passed"]);
    mesh.mesh(["accept", "nobody", "--reason", "x"]).exits(66);
    let files = data_files(&mesh);
    let accepted = mesh
        .mesh(["accept", run, "--reason", "a refund, known to the till", "--until", "2999-12-31", "--json"])
        .exits(0)
        .json();
    assert_eq!((&accepted["release"], &accepted["waivers"][0]["check"]), (&2.into(), &"amount.range".into()));
    assert_eq!(data_files(&mesh), files);
    assert_eq!(
        (mesh.value("select count(*) from shop.sales.sale"), mesh.value("select count(*) from shop.sales.item")),
        (3.into(), 2.into())
    );
    let described = mesh.mesh(["describe", SALE, "--json"]).exits(0).json();
    let waiver = &described["waivers"][0];
    assert_eq!(
        (&waiver["check"], &waiver["reason"], &waiver["overdue"]),
        (&"amount.range".into(), &"a refund, known to the till".into(), &false.into())
    );
    assert_eq!((&described["release"]["kind"], &described["checks"]["failed"]), (&"accept".into(), &1.into()));
    mesh.mesh(["describe", SALE]).exits(0).says(&["let pass", "amount.range", "2999-12-31", "a refund"]);
    mesh.mesh(["runs", run]).exits(0).says(&["released", "let pass by"]);
    mesh.mesh(["history", SALE]).exits(0).says(&["r2 was accepted although amount.range did not hold"]);
    assert_eq!(mesh.mesh(["branches", "--json"]).exits(0).json()["branches"], serde_json::json!([]));
    mesh.mesh(["accept", run, "--reason", "again"]).exits(64).says(&["M1008", "r2"]);
    // the work is done: not rejected once more
    product.mesh(["run"]).exits(99);
}

#[test]
fn a_rejected_run_is_not_let_pass_over_a_newer_release() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    sell(&product, "1,tea,-3\n2,tea,3\n3,cup,3\n");
    let run = product.mesh(["run", "--json"]).exits(65).json()["run"].as_str().unwrap().to_owned();
    sell(&product, "1,tea,3\n2,tea,3\n3,cup,3\n4,cup,3\n");
    product.mesh(["run"]).exits(0);
    let before = mesh.state();
    mesh.mesh(["accept", &run, "--reason", "x"]).exits(73).says(&["released since", "r2"]);
    before.still_holds(&mesh);
    assert_eq!(mesh.mesh(["branches", "--json"]).exits(0).json()["branches"][0]["acceptable"], false);
    // going back to where the run began does not make it right: it is another release
    mesh.mesh(["rollback", "shop.sales", "--to", "r1"]).exits(0);
    mesh.mesh(["accept", &run, "--reason", "x"]).exits(73);
    mesh.mesh(["rollback", "shop.sales", "--to", "r2"]).exits(0);
    assert_eq!(mesh.rows("select * from shop.sales.sale order by id").len(), 4);
}

#[test]
fn rejected_deletes_can_be_let_pass_too() {
    let mesh = Mesh::new();
    two_ports(&mesh).released();
    let rejected = mesh.mesh(["delete", SALE, "--where", "id > 2", "--json"]).exits(65).json();
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 5);
    mesh.mesh(["accept", rejected["run"].as_str().unwrap(), "--reason", "a test shop"]).exits(0).says(&["enough-rows"]);
    let counts =
        "select (select count(*) from shop.sales.sale) as sales, (select count(*) from shop.sales.item) as items";
    assert_eq!((&mesh.rows(counts)[0]["sales"], &mesh.rows(counts)[0]["items"]), (&2.into(), &4.into()));
    assert_eq!(mesh.rows_at(counts, Some("r2")), mesh.rows(counts));
    mesh.mesh(["history", SALE]).exits(0).says(&["r2 was accepted although enough-rows did not hold"]);
}

#[test]
fn the_first_run_of_a_draft_can_be_let_pass() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("data/till.csv", "3,pot,31", "3,pot,-31");
    let run = product.mesh(["run", "--json"]).exits(65).json()["run"].as_str().unwrap().to_owned();
    let branch = format!("run-{run}");
    mesh.mesh(["describe", SALE, "--at", &branch]).exits(0).says(&["1.0.0", "draft"]);
    mesh.mesh(["accept", &branch, "--reason", "refunds are negative"]).exits(0).says(&["r1"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 5);
}

#[test]
fn a_snapshot_says_what_it_is() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    let history = mesh.mesh(["history", SALE, "--json"]).exits(0).json();
    let s = &history["snapshots"][0];
    assert_eq!(
        (&s["contract_id"], &s["contract_version"], &s["operation"]),
        (&SALE.into(), &"1.0.0".into(), &"overwrite".into())
    );
    assert!(s["contract_checksum"].as_str().unwrap().starts_with("sha256:"), "{s}");
    assert_eq!(
        (&s["run"], &s["releases"], &s["current"]),
        (&history["releases"][0]["run"], &serde_json::json!([1]), &true.into())
    );
    assert_eq!((&s["rows"], &s["rows_added"], &s["outcome"]), (&5.into(), &5.into(), &"released".into()));
    mesh.mesh(["history", SALE]).exits(0).says(&["RELEASE", "r1", "+5", "1.0.0", "main"]);
}

#[test]
fn a_release_number_is_not_said_of_two_products() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    mesh.product("stock", shop::STOCK).released();
    let sql = "select count(*) as n from shop.sales.sale s join depot.stock.level l on s.item = l.item";
    mesh.mesh(["query", sql, "--at", "r1"])
        .exits(64)
        .says(&["M1001", "shop.sales=r1,depot.stock=r1".split(',').next().unwrap()]);
    assert_eq!(mesh.rows_at(sql, Some("shop.sales=r1,depot.stock=r1"))[0]["n"], 4);
    assert_eq!(mesh.rows_at(sql, Some("shop.sales=r1"))[0]["n"], 4);
    mesh.mesh(["query", sql, "--at", "shop.sale=r1"]).exits(64).says(&["M1001"]);
    mesh.mesh(["query", "select * from shop.sales.sale", "--at", "traning"]).exits(66).says(&["M1002", "mesh history"]);
}

#[test]
fn a_reader_of_releases_and_times_sees_ports_of_one_release() {
    let mesh = Mesh::new();
    let product = two_ports(&mesh);
    let till = |n: usize| (0..n).map(|i| format!("{i},i{n},1\n")).collect::<String>();
    let size = |n: usize| 100 * n;
    sell(&product, &till(size(1)));
    let product = product.released();
    let sql =
        "select (select count(*) from shop.sales.sale) as rows, (select sum(sales) from shop.sales.item) as sales,
                      (select max(item) from shop.sales.item) as a, (select max(item) from shop.sales.sale) as b";
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) {
                // a moment that is not over when it is asked for, with releases coming in between
                let soon = "2999-01-01T00:00:00Z";
                for at in [None, Some(soon), Some("r1")] {
                    let row = &mesh.rows_at(sql, at)[0];
                    assert_eq!((&row["rows"], &row["a"]), (&row["sales"], &row["b"]), "two ports of two releases");
                    assert!(at != Some("r1") || row["rows"] == 100, "{row}");
                }
                seen += 1;
            }
            seen
        });
        for n in 2..7 {
            sell(&product, &till(size(n)));
            product.mesh(["run"]).exits(0);
            if n == 4 {
                mesh.mesh(["rollback", "shop.sales", "--to", "r2"]).exits(0);
            }
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 1);
    });
    // every release, by its number and by its own time
    for r in mesh.releases(SALE) {
        let (number, at) = (r["number"].as_i64().unwrap(), r["released_at"].as_str().unwrap());
        let (by_number, by_time) = (mesh.rows_at(sql, Some(&format!("r{number}"))), mesh.rows_at(sql, Some(at)));
        assert_eq!(by_number, by_time, "r{number}");
        assert_eq!((&by_time[0]["rows"], &by_time[0]["a"]), (&by_time[0]["sales"], &by_time[0]["b"]));
        assert_eq!(by_time[0]["rows"], r["rows"]);
    }
}
