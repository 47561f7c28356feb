//! From nothing to a published port, and the second run that has nothing to do.
use crate::shop;
use crate::support::Mesh;

#[test]
fn a_new_product_runs_as_it_is_and_is_found_once_published() {
    let mesh = Mesh::new();
    mesh.mesh(["new", "climate/demo", "--set", "title=Air readings"]).exits(0).says(&["next: cd demo && mesh run"]);
    let product = mesh.at("demo");
    product.mesh(["check"]).exits(0).says(&["climate.demo is right"]);
    product.mesh(["test"]).exits(0).says(&["1 passed, 0 failed"]);
    assert!(!mesh.home().exists(), "check and test must not make a mesh");

    product.mesh(["run"]).exits(0).says(&["11 of 11 checks", "r1", "next: mesh publish"]);
    let count = "select count(*) from climate.demo.records";
    assert_eq!(mesh.value(count), 14, "the owner reads a draft by its full name");
    mesh.mesh(["search", "air"]).exits(0).says(&["no published port"]);
    assert_eq!(mesh.mesh(["list", "--json"]).exits(0).json()["ports"].as_array().unwrap().len(), 0);
    assert_eq!(mesh.mesh(["describe", "climate.demo.records", "--json"]).exits(0).json()["status"], "draft");

    product.mesh(["publish"]).exits(0).says(&["published", "climate.demo.records", "1.0.0"]);
    mesh.mesh(["list"]).exits(0).says(&["climate.demo.records", "Air readings"]);
    mesh.mesh(["search", "air"]).exits(0).says(&["climate.demo.records"]);
    mesh.mesh(["describe", "climate.demo.records"]).exits(0).says(&[
        "active",
        "14 rows",
        "11 passed",
        "degrees Celsius",
    ]);

    product.mesh(["run"]).exits(99).says(&["nothing to do", "r1"]);
    product.mesh(["publish"]).exits(0).says(&["unchanged"]);
    assert_eq!(mesh.releases("climate.demo.records").len(), 1);
}

#[test]
fn a_folder_that_is_taken_and_a_name_that_is_none_are_refused() {
    let mesh = Mesh::new();
    mesh.mesh(["new", "Climate/Demo"]).exits(64).says(&["did you mean `climate`"]);
    mesh.mesh(["new", "climate/demo"]).exits(0);
    let before = mesh.at("demo").read("product.toml");
    mesh.mesh(["new", "climate/demo"]).exits(73);
    assert_eq!(mesh.at("demo").read("product.toml"), before);
    mesh.mesh(["run"]).exits(66).says(&["M0120", "product.toml"]);
}

#[test]
fn nothing_to_do_means_the_same_work() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.mesh(["run"]).exits(99);
    product.write("sql/sale.sql", "-- the same in other words\nselect id,\n  item, amount\nfrom till");
    product.mesh(["run"]).exits(99);
    product.write("sql/sale.sql", "select id, upper(item) as item, amount from till");
    product.mesh(["run"]).exits(0);
    product.edit("data/till.csv", "1,tea,2.5", "1,tea,2.75");
    product.mesh(["run"]).exits(0);
    product.mesh(["run", "--force"]).exits(0);
    let numbers: Vec<_> = mesh.releases("shop.sales.sale").iter().map(|r| r["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    let outcomes: Vec<_> = mesh.runs("shop.sales").iter().map(|r| r["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(outcomes, ["released", "released", "released", "nothing_to_do", "nothing_to_do", "released"]);
}

#[test]
fn a_dry_run_and_a_branch_release_nothing() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.mesh(["run", "--dry-run"]).exits(0).says(&["would release  shop.sales.sale"]);
    assert!(!mesh.home().exists());
    let product = product.released();
    product.edit("data/till.csv", "1,tea,2.5", "1,tea,99");
    product.mesh(["run", "--branch", "trial"]).exits(0).says(&["`trial`"]);
    let sum = "select sum(amount) as s from shop.sales.sale";
    assert_eq!(mesh.rows(sum)[0]["s"], 44.0);
    assert_eq!(mesh.rows_at(sum, Some("trial"))[0]["s"], 140.5);
    assert_eq!(mesh.releases("shop.sales.sale").len(), 1);
}

#[test]
fn a_failing_unit_test_shows_the_difference() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.write(
        "tests/sale.toml",
        "[given]\ntill = [{ id = 1, item = \"tea\", amount = 2.5 }]\n[expect]\nsale = [{ id = 1, amount = 3.5 }]\n",
    );
    product.mesh(["test"]).exits(65).says(&["FAILED", "missing", "3.5", "2.5", "0 passed, 1 failed"]);
    product.edit("tests/sale.toml", "till =", "til =");
    product.mesh(["test"]).exits(78).says(&["M0409", "tests/sale.toml", "did you mean `till`"]);
}
