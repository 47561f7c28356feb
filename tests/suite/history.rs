//! What a port was: history, differences, going back, tags, rejected runs that are kept and let pass.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::real_data::real;
use crate::shop;
use crate::support::{Mesh, Product};

const SALE: &str = "shop.sales.sale";
const ITEMS: &str = "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"One row per item.\"\nkey = [\"item\"]\n\
                     [columns]\nitem = { type = \"string\", required = true }\nsales = { type = \"long\" }\n";

/// `shop.sales` with a second port: how many sales each item has.
fn two_ports(mesh: &Mesh) -> Product<'_> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "[steps.sale]", "[steps.sale]\n[steps.item]\n[outputs.item]");
    product.write("sql/item.sql", "select item, count(*) as sales from till group by item");
    product.write("contracts/item.toml", ITEMS);
    product
}

fn sell(product: &Product<'_>, rows: &str) {
    product.write("data/till.csv", format!("id,item,amount\n{rows}"));
}

/// Every file of table data.
fn data_files(mesh: &Mesh) -> BTreeSet<PathBuf> {
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

fn diff(mesh: &Mesh, args: &[&str]) -> Value {
    let mut all = vec!["diff", SALE, "--json"];
    all.extend(args);
    mesh.mesh(all).exits(0).json()
}

#[test]
fn a_difference_is_counted_by_row_and_by_cell() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    sell(&product, "1,tea,2.5\n2,cup,8\n3,pot,31\n4,jug,\n5,can,NaN\n");
    product.edit("contracts/sale.toml", "min = 0, max = 1000, ", "");
    let product = product.released();
    // 1 stays, 2 changes two cells, 3 goes, 4 gets a value, 5 stays NaN, 6 comes
    sell(&product, "6,urn,7\n5,can,NaN\n4,jug,4\n2,mug,9\n1,tea,2.5\n");
    product.mesh(["run"]).exits(0);
    let found = diff(&mesh, &["--from", "r1", "--to", "r2"]);
    assert_eq!(found["key"], serde_json::json!(["id"]));
    let rows = &found["rows"];
    assert_eq!(
        (&rows["added"], &rows["removed"], &rows["changed"], &rows["unchanged"]),
        (&1.into(), &1.into(), &2.into(), &2.into()),
        "{found}"
    );
    assert_eq!(
        (&found["cells"]["added"], &found["cells"]["removed"], &found["cells"]["changed"]),
        (&1.into(), &0.into(), &2.into())
    );
    let column = |name: &str| found["columns"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap().clone();
    assert_eq!(
        (&column("item")["changed"], &column("amount")["changed"], &column("amount")["added"]),
        (&1.into(), &1.into(), &1.into())
    );
    let sample =
        |change: &str| found["sample"].as_array().unwrap().iter().find(|s| s["change"] == change).unwrap().clone();
    assert_eq!(sample("changed")["cells"]["item"], serde_json::json!({ "from": "cup", "to": "mug" }));
    assert_eq!(
        (&sample("added")["cells"]["item"], &sample("removed")["cells"]["item"]),
        (&"urn".into(), &"pot".into())
    );
    // the other way round
    let back = diff(&mesh, &["--from", "r2", "--to", "r1"]);
    assert_eq!(
        (&back["rows"]["added"], &back["cells"]["removed"], &back["same"]),
        (&1.into(), &1.into(), &false.into())
    );
    assert_eq!(diff(&mesh, &["--from", "r2", "--to", "main"])["same"], true);
    // without words: the release before, and what readers see
    assert_eq!(diff(&mesh, &[])["rows"], found["rows"]);
    let text = mesh.mesh(["diff", SALE]).exits(0);
    text.says(&["r1 -> r2", "matched by id", "1 added, 1 removed, 2 changed, 2 unchanged (5 -> 5)", "item cup -> mug"]);
    let csv = mesh.mesh(["diff", SALE, "--from", "r1", "--to", "r2", "--format", "csv"]).exits(0);
    let lines: Vec<&str> = csv.out.lines().collect();
    assert_eq!(
        lines,
        [
            "change,id,item,amount",
            "before,2,cup,8.0",
            "after,2,mug,9.0",
            "removed,3,pot,31.0",
            "before,4,jug,",
            "after,4,jug,4.0",
            "added,6,urn,7.0"
        ]
    );
    let limited = mesh.mesh(["diff", SALE, "--format", "csv", "--limit", "2"]).exits(0);
    assert_eq!(limited.out.lines().count(), 3, "{limited}");
}

#[test]
fn columns_are_followed_across_renames_and_promotions() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.edit("contracts/sale.toml", "item   = { type", "article = { renamed_from = \"item\", type");
    product.edit("contracts/sale.toml", "[[checks]]", "tax    = { type = \"double\" }\n\n[[checks]]");
    product.edit("contracts/sale.toml", "1.0.0", "2.0.0");
    product.write("sql/sale.sql", "select id, item as article, amount, amount * 0.2 as tax from till");
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    let found = diff(&mesh, &[]);
    assert_eq!(
        (&found["rows"]["changed"], &found["rows"]["unchanged"], &found["same"]),
        (&0.into(), &5.into(), &false.into())
    );
    assert_eq!(found["schema"]["renamed"], serde_json::json!([{ "from": "item", "to": "article" }]));
    assert_eq!(found["schema"]["added"], serde_json::json!(["tax"]));
    assert_eq!(diff(&mesh, &["--from", "r2", "--to", "r1"])["schema"]["removed"], serde_json::json!(["tax"]));
}

#[test]
fn rows_without_a_key_are_compared_as_often_as_they_are_there() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("contracts/sale.toml", "key         = [\"id\"]\n", "");
    sell(&product, "1,tea,1\n1,tea,1\n1,tea,1\n2,cup,\n");
    let product = product.released();
    sell(&product, "2,cup,\n2,cup,\n1,tea,1\n3,pot,-0.0\n");
    product.mesh(["run"]).exits(0);
    let found = diff(&mesh, &[]);
    assert_eq!(found["key"], serde_json::json!([]));
    let rows = &found["rows"];
    assert_eq!(
        (&rows["added"], &rows["removed"], &rows["changed"], &rows["unchanged"]),
        (&2.into(), &2.into(), &0.into(), &2.into()),
        "{found}"
    );
    let removed = found["sample"].as_array().unwrap().iter().find(|s| s["change"] == "removed").unwrap();
    assert_eq!((&removed["count"], &removed["cells"]["item"]), (&2.into(), &"tea".into()));
    let csv = mesh.mesh(["diff", SALE, "--format", "csv"]).exits(0);
    assert_eq!(csv.out.lines().filter(|l| l.starts_with("removed,1,tea")).count(), 2, "{csv}");
    // a key by word of mouth; rows that share it are matched as well as can be
    let keyed = diff(&mesh, &["--key", "id"]);
    assert_eq!(
        (&keyed["rows"]["duplicate_keys"], &keyed["rows"]["added"], &keyed["rows"]["removed"]),
        (&2.into(), &2.into(), &2.into())
    );
    mesh.mesh(["diff", SALE, "--key", "idd"]).exits(64).says(&["M1004", "did you mean `id`?"]);
}

#[test]
fn what_both_states_share_is_not_read() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    let product = product.released();
    let first = data_files(&mesh);
    sell(&product, "6,urn,7\n7,vat,8\n8,wok,9\n");
    product.mesh(["run"]).exits(0);
    // the proof: without its file the first release cannot be read, and the difference can
    for file in &first {
        std::fs::remove_file(file).unwrap();
    }
    assert_ne!(mesh.mesh(["query", "select sum(amount) from shop.sales.sale"]).code, Some(0));
    let found = diff(&mesh, &[]);
    assert_eq!((&found["rows"]["added"], &found["rows"]["unchanged"]), (&3.into(), &5.into()), "{found}");
    assert_eq!((&found["files"]["shared"], &found["files"]["only_after"]), (&first.len().into(), &1.into()), "{found}");
}

#[test]
fn a_rollback_takes_all_ports_back_at_once_and_writes_no_data() {
    let mesh = Mesh::new();
    let product = two_ports(&mesh).released();
    sell(&product, "1,tea,3\n2,tea,3\n3,tea,3\n");
    product.mesh(["run"]).exits(0);
    let (files, bad) = (data_files(&mesh), mesh.rows("select * from shop.sales.item"));
    assert_eq!(bad.len(), 1);
    let planned = mesh.mesh(["rollback", "shop.sales", "--to", "r1", "--dry-run", "--json"]).exits(0).json();
    assert_eq!(
        (&planned["to"], &planned["release"], &planned["ports"][0]["rows_after"]),
        (&1.into(), &Value::Null, &4.into())
    );
    assert_eq!(mesh.rows("select * from shop.sales.item"), bad, "a dry run does nothing");

    // a port stands for its product
    let said = mesh.mesh(["rollback", SALE, "--to", "r1", "--reason", "prices were wrong", "--json"]).exits(0).json();
    assert_eq!((&said["release"], &said["withdrawn"]), (&3.into(), &serde_json::json!([2])));
    assert_eq!(data_files(&mesh), files, "only names moved");
    assert_eq!(
        (mesh.value("select count(*) from shop.sales.sale"), mesh.value("select count(*) from shop.sales.item")),
        (5.into(), 4.into())
    );
    assert_eq!(
        mesh.rows_at("select count(*) as n from shop.sales.sale", Some("r2"))[0]["n"],
        3,
        "what was taken back stays readable"
    );
    let releases = mesh.releases(SALE);
    assert_eq!(
        (&releases[0]["kind"], &releases[0]["back_to"], &releases[0]["reason"]),
        (&"rollback".into(), &1.into(), &"prices were wrong".into())
    );
    assert!(releases[0]["by"].is_string() && releases[1]["withdrawn_by"] == 3, "{releases:?}");
    mesh.mesh(["history", SALE]).exits(0).says(&["r1 r3", "(r2)", "went back to r1", "prices were wrong", "main"]);
    assert_eq!(mesh.mesh(["describe", SALE, "--at", "r1", "--json"]).exits(0).json()["release"]["number"], 1);
    assert_eq!(mesh.mesh(["describe", SALE, "--json"]).exits(0).json()["release"]["number"], 3);
    assert_eq!(mesh.runs("shop.sales")[0]["outcome"], "released");
    mesh.mesh(["rollback", "shop.sales", "--to", "r1"]).exits(99).says(&["nothing to do"]);

    // forward again, to what was taken back
    mesh.mesh(["rollback", "shop.sales", "--to", "r2"]).exits(0);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 3);
    assert!(mesh.releases(SALE).iter().all(|r| (r["withdrawn_by"] == 4) == (r["number"] == 3)));
    // the same work as the release that stands: nothing to do; other work goes on from it
    product.mesh(["run"]).exits(99);
    mesh.mesh(["rollback", "shop.sales", "--to", "r1"]).exits(0);
    product.mesh(["run"]).exits(0).says(&["r6"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 3);
}

#[test]
fn a_rollback_says_what_it_cannot_go_back_to() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    sell(&product, "1,tea,1\n2,tea,1\n3,tea,1\n");
    product.mesh(["run"]).exits(0);
    mesh.mesh(["rollback", "shop.sales", "--to", "r9"]).exits(66).says(&["M1002", "r9"]);
    mesh.mesh(["rollback", "shop.sale", "--to", "r1"]).exits(66).says(&["did you mean `shop.sales`?"]);
    sell(&product, "1,tea,-1\n");
    let branch = product.mesh(["run", "--json"]).exits(65).json()["branch"].as_str().unwrap().to_owned();
    mesh.mesh(["rollback", "shop.sales", "--to", &branch]).exits(66).says(&["never released", "mesh accept"]);
    // a port that came later has nothing to go back to
    let product = two_ports(&mesh);
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    let before = mesh.state();
    mesh.mesh(["rollback", "shop.sales", "--to", "r1"]).exits(76).says(&["M1007", "shop.sales.item"]);
    before.still_holds(&mesh);
}

/// A product that reads the sales; its input asks for a version and columns.
fn reader(mesh: &Mesh, version: &str) {
    let product = mesh.product(
        "prices",
        &[
            (
                "product.toml",
                "[product]\ndomain = \"depot\"\nname = \"prices\"\ntitle = \"Prices\"\ndescription = \"Of items.\"\nowner = { team = \"depot\" }\n\
                 [inputs.sale]\nport = \"shop.sales.sale\"\nversion = \"VERSION\"\n[steps.price]\n[outputs.price]\n",
            ),
            ("sql/price.sql", "select item, max(amount) as price from sale group by item"),
            (
                "contracts/price.toml",
                "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"One row per item.\"\nkey = [\"item\"]\n[columns]\n\
                 item = { type = \"string\", required = true }\nprice = { type = \"double\" }\n",
            ),
        ],
    );
    product.edit("product.toml", "VERSION", version);
    product.released();
}

/// `shop.sales` in two contract versions: r1 keeps 1.0.0, r2 keeps 1.1.0, which promises `tax`.
fn two_promises(mesh: &Mesh) -> Product<'_> {
    let product = mesh.product("sales", shop::SALES).released();
    product.edit(
        "contracts/sale.toml",
        "[[checks]]",
        "tax    = { type = \"double\", description = \"Part that is tax\" }\n\n[[checks]]",
    );
    product.edit("contracts/sale.toml", "1.0.0", "1.1.0");
    product.write("sql/sale.sql", "select id, item, amount, amount * 0.2 as tax from till");
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    product
}

#[test]
fn going_back_behind_a_contract_restores_the_promise_of_then() {
    let mesh = Mesh::new();
    let product = two_promises(&mesh);
    let said = mesh.mesh(["rollback", "shop.sales", "--to", "r1"]).exits(0);
    said.says(&["1.1.0 -> 1.0.0"]);
    let now = mesh.mesh(["describe", SALE, "--json"]).exits(0).json();
    assert_eq!((&now["contract"]["version"], &now["pending_version"]), (&"1.0.0".into(), &"1.1.0".into()));
    mesh.mesh(["query", "select tax from shop.sales.sale"]).exits(64).says(&["M0702"]);
    let then = mesh.mesh(["describe", SALE, "--at", "r2", "--json"]).exits(0).json();
    assert_eq!(then["contract"]["version"], "1.1.0");
    assert_eq!(mesh.rows_at("select round(sum(tax), 1) as t from shop.sales.sale", Some("r2"))[0]["t"], 8.8);
    // the next run keeps the newer promise again
    product.mesh(["run"]).exits(0);
    let now = mesh.mesh(["describe", SALE, "--json"]).exits(0).json();
    assert_eq!((&now["contract"]["version"], now.get("pending_version")), (&"1.1.0".into(), None));
    assert_eq!(mesh.value("select round(sum(tax), 1) from shop.sales.sale"), 8.8);
}

#[test]
fn going_back_behind_a_partitioning_by_a_new_column_is_a_whole_table() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.edit("contracts/sale.toml", "[[checks]]", "shelf  = { type = \"string\" }\n\n[[checks]]");
    product.edit("contracts/sale.toml", "license", "partition   = [\"identity(shelf)\"]\nlicense");
    product.edit("contracts/sale.toml", "1.0.0", "1.1.0");
    product.write("sql/sale.sql", "select id, item, amount, left(item, 1) as shelf from till");
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    mesh.mesh(["rollback", "shop.sales", "--to", "r1"]).exits(0);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 5);
    mesh.mesh(["query", "select shelf from shop.sales.sale"]).exits(64);
    product.mesh(["run"]).exits(0);
    assert_eq!(mesh.value("select count(distinct shelf) from shop.sales.sale"), 4);
    assert_eq!(mesh.rows_at("select count(distinct shelf) as n from shop.sales.sale", Some("r2"))[0]["n"], 4);
    assert_eq!(mesh.rows_at("select count(*) as n from shop.sales.sale", Some("r3"))[0]["n"], 5);
    // both times the same rows, although the column has another id now
    let found = diff(&mesh, &["--from", "r2", "--to", "r4"]);
    assert_eq!(
        (&found["rows"]["changed"], &found["rows"]["unchanged"], &found["same"]),
        (&0.into(), &5.into(), &true.into()),
        "{found}"
    );
}

#[test]
fn going_back_does_not_break_readers_unseen() {
    let mesh = Mesh::new();
    two_promises(&mesh);
    reader(&mesh, "^1.1");
    let before = mesh.state();
    mesh.mesh(["rollback", "shop.sales", "--to", "r1"]).exits(76).says(&[
        "M1007",
        "depot.prices",
        "^1.1",
        "--break-consumers",
    ]);
    before.still_holds(&mesh);
    mesh.mesh(["rollback", "shop.sales", "--to", "r1", "--break-consumers"]).exits(0).says(&["depot.prices"]);
    // what was taken back is nobody's input, not even of who could read nothing else
    mesh.at("prices").mesh(["run"]).exits(66).says(&["M0605", "1.0.0"]);
    mesh.mesh(["rollback", "shop.sales", "--to", "r2"]).exits(0);
    mesh.at("prices").mesh(["run"]).exits(99);
}

#[test]
fn deliveries_that_were_taken_back_are_taken_again() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    product.edit("product.toml", "data/till.csv", "data/*.csv");
    let product = product.released();
    product.write("data/till-2.csv", "id,item,amount\n6,urn,700\n");
    product.mesh(["run"]).exits(0);
    mesh.mesh(["rollback", "shop.sales", "--to", "r1"]).exits(0);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 5);
    // mended code, the same delivery
    product.write(
        "sql/sale.sql",
        "select id, item, case when amount > 100 then amount / 100 else amount end as amount from till",
    );
    product.mesh(["run"]).exits(0);
    assert_eq!(
        (
            mesh.value("select count(*) from shop.sales.sale"),
            mesh.value("select amount from shop.sales.sale where id = 6")
        ),
        (6.into(), 7.0.into())
    );
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
    assert_eq!(mesh.mesh(["branches", "--json"]).exits(0).json()["branches"][0]["acceptable"], false);
    // going back to where the run began does not make it right: it is another release
    mesh.mesh(["rollback", "shop.sales", "--to", "r1"]).exits(0);
    mesh.mesh(["accept", &run, "--reason", "x"]).exits(73);
    mesh.mesh(["rollback", "shop.sales", "--to", "r2"]).exits(0);
    assert_eq!(mesh.rows("select * from shop.sales.sale order by id").len(), 4);
    drop(before);
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

/// The three releases of the file, the oldest with titles for people in its header.
const OWID: [&str; 3] = ["2020-08-07_a96cbd0", "2020-08-07_9f743dc", "2020-11-27_da0fcf7"];

/// A header's words as a column's name.
fn name_of(title: &str) -> String {
    let low = title.to_lowercase();
    let words: Vec<&str> = low.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.join("_")
}

/// Writes product, step and contract for one of the files; returns its columns.
fn load_owid(product: &Product<'_>, file: &Path, version: &str, before: Option<&[String]>) -> Vec<String> {
    let header = std::fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned();
    let titles: Vec<&str> = header.split(',').collect();
    let columns: Vec<String> = titles.iter().map(|t| name_of(t)).collect();
    let data_type = |name: &str| match name {
        "iso_code" | "country" => "string",
        "year" => "int",
        _ => "double",
    };
    let typed: Vec<String> =
        titles.iter().zip(&columns).map(|(t, c)| format!("\"{t}\" = \"{}\"", data_type(c))).collect();
    product.write(
        "product.toml",
        format!(
            "[product]\ndomain = \"climate\"\nname = \"owid\"\ntitle = \"Emissions\"\ndescription = \"The whole file.\"\n\
             owner = {{ team = \"climate\" }}\n[sources.owid]\nlocation = \"{}\"\nformat = \"csv\"\nnull = [\"\"]\n\
             columns = {{ {} }}\n[steps.country_year]\n[outputs.country_year]\n",
            file.display(),
            typed.join(", ")
        ),
    );
    let selected: Vec<String> = titles.iter().zip(&columns).map(|(t, c)| format!("\"{t}\" as {c}")).collect();
    product.write("sql/country_year.sql", format!("select {} from owid", selected.join(", ")));
    let line = |(at, c): (usize, &String)| {
        let was = before.map(|b| &b[at]).filter(|b| *b != c);
        let renamed = was.map(|b| format!(", renamed_from = \"{b}\"")).unwrap_or_default();
        let required = if c == "country" || c == "year" { ", required = true" } else { "" };
        format!("{c} = {{ type = \"{}\"{required}{renamed} }}", data_type(c))
    };
    let lines: Vec<String> = columns.iter().enumerate().map(line).collect();
    product.write(
        "contracts/country_year.toml",
        format!(
            "[contract]\nversion = \"{version}\"\nstatus = \"active\"\ndescription = \"One row per country and year.\"\n\
             key = [\"country\", \"year\"]\n[columns]\n{}\n",
            lines.join("\n")
        ),
    );
    columns
}

#[test]
fn owid_releases_differ_by_exactly_what_is_known_of_them() {
    let files: Vec<PathBuf> = OWID.iter().filter_map(|f| real(&format!("owid-co2/owid-co2-data_{f}.csv"))).collect();
    let [titles, names, newest] = &files[..] else { return };
    let mesh = Mesh::new();
    let product = mesh.product("owid", &[]);
    let old = load_owid(&product, titles, "1.0.0", None);
    let product = product.released();
    let new = load_owid(&product, names, "2.0.0", Some(&old));
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    // the renames are of one version: the next contract has the columns as they are called now
    load_owid(&product, newest, "2.0.1", None);
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);

    let port = "climate.owid.country_year";
    let diff = |from: &str, to: &str| mesh.mesh(["diff", port, "--from", from, "--to", to, "--json"]).exits(0).json();
    let cells = |found: &Value| {
        ["added", "removed", "changed"].map(|k| found["cells"][k].as_i64().unwrap()).iter().sum::<i64>()
    };
    // 2020-08-07: 35 of 38 columns renamed, five per-capita columns computed anew
    let renamed = diff("r1", "r2");
    assert_eq!(renamed["schema"]["renamed"].as_array().unwrap().len(), 35);
    let rows = &renamed["rows"];
    assert_eq!((&rows["added"], &rows["removed"], &rows["changed"]), (&0.into(), &0.into(), &18_056.into()), "{rows}");
    assert_eq!((cells(&renamed), renamed["columns"].as_array().unwrap().len()), (65_171, 5));
    let first = "select max(annual_co2_emissions_mt) as most from climate.owid.country_year";
    let most = mesh.rows_at(first, Some("r1"))[0]["most"].clone();
    assert_eq!(most, mesh.rows_at("select max(co2) as most from climate.owid.country_year", Some("r2"))[0]["most"]);
    // 2020-11-27
    let found = diff("r2", "r3");
    let rows = &found["rows"];
    assert_eq!(
        (&rows["added"], &rows["removed"], &rows["changed"], &rows["unchanged"]),
        (&0.into(), &0.into(), &21_703.into(), &(24_016 - 21_703).into()),
        "{rows}"
    );
    assert_eq!((cells(&found), &found["cells"]["changed"]), (65_100, &65_100.into()));
    let changed = |name: &str| {
        found["columns"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap()["changed"].clone()
    };
    assert_eq!(
        [
            "co2_per_capita",
            "share_global_cumulative_co2",
            "co2_per_gdp",
            "trade_co2_share",
            "consumption_co2_per_capita",
            "consumption_co2_per_gdp"
        ]
        .map(changed),
        [20_464, 19_824, 14_940, 3_359, 3_331, 3_182].map(Value::from)
    );
    assert_eq!((found["columns"].as_array().unwrap().len(), &found["schema"]["renamed"]), (6, &serde_json::json!([])));
    assert_eq!(new.len(), 38);
}
