//! Going back to an older release.
use serde_json::Value;

use crate::history::{SALE, data_files, diff, sell, two_ports};
use crate::shop;
use crate::support::{Mesh, Product};

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

#[test]
fn compaction_is_no_other_state() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    let product = product.released();
    for id in 6..9 {
        sell(&product, &format!("{id},urn,7\n{}1,urn,7\n{}2,urn,7\n", id, id));
        product.mesh(["run"]).exits(0);
    }
    sell(&product, "9,urn,-7\n");
    let run = product.mesh(["run", "--json"]).exits(65).json()["run"].as_str().unwrap().to_owned();
    mesh.mesh(["maintain", SALE, "--only", "compact", "--apply"]).exits(0);
    let head = mesh.mesh(["history", SALE, "--json"]).exits(0).json()["snapshots"][0].clone();
    assert_eq!(
        (&head["operation"], &head["current"], &head["releases"]),
        (&"replace".into(), &true.into(), &serde_json::json!([4])),
        "{head}"
    );
    assert_eq!(mesh.mesh(["describe", SALE, "--json"]).exits(0).json()["release"]["number"], 4);
    let same = diff(&mesh, &["--from", "r4", "--to", "main"]);
    assert_eq!((&same["same"], &same["files"]["only_after"]), (&true.into(), &0.into()), "{same}");
    mesh.mesh(["rollback", "shop.sales", "--to", "r4"]).exits(99);
    // a time is a release still, and what was rejected before can be let pass
    let now = "2999-01-01T00:00:00Z";
    assert_eq!(mesh.rows_at("select count(*) as n from shop.sales.sale", Some(now))[0]["n"], 14);
    mesh.mesh(["accept", &run, "--reason", "a refund"]).exits(0).says(&["r5"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 15);
    mesh.mesh(["rollback", "shop.sales", "--to", "r4"]).exits(0);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 14);
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
