//! Mistakes in the product's own files: found at once, at their places, without reading data.
use crate::shop;
use crate::support::{Mesh, Product};

/// `mesh check` and `mesh run` both refuse, before a run is begun.
fn wrong(spoil: impl FnOnce(&Product<'_>), code: &str, says: &[&str]) {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    spoil(&product);
    product.mesh(["check"]).exits(78).says(&[code]).says(says);
    product.mesh(["run"]).exits(78).says(&[code]).says(says);
    before.still_holds(&mesh);
    mesh.mesh(["explain", code]).exits(0).says(&[code]);
}

#[test]
fn a_step_that_reads_an_unknown_table() {
    let spoil = |p: &Product<'_>| p.write("sql/sale.sql", "select id, item, amount\nfrom tills");
    wrong(spoil, "M0401", &["tills", "did you mean `till`", "sql/sale.sql:2:6"]);
}

#[test]
fn a_step_that_reads_an_unknown_column() {
    let spoil = |p: &Product<'_>| p.write("sql/sale.sql", "select id, itme as item, amount from till");
    wrong(spoil, "M0402", &["itme", "sql/sale.sql:1:12"]);
}

#[test]
fn a_column_that_is_promised_but_not_returned() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.mesh(["run"]).exits(0);
    product.edit("contracts/sale.toml", "[[checks]]", "tax = { type = \"double\" }\n\n[[checks]]");
    for verb in ["check", "run"] {
        product.mesh([verb]).exits(78).says(&["M0204", "tax", "contracts/sale.toml:13:1", "sql/sale.sql:1"]);
    }
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 5);
}

#[test]
fn an_unknown_key() {
    let spoil = |p: &Product<'_>| p.edit("product.toml", "location =", "locaton =");
    wrong(spoil, "M0102", &["locaton", "did you mean `location`", "product.toml:10:1"]);
}

#[test]
fn steps_that_wait_for_each_other() {
    let spoil = |p: &Product<'_>| {
        p.edit("product.toml", "[steps.sale]", "[steps.sale]\n[steps.other]");
        p.write("sql/sale.sql", "select * from other");
        p.write("sql/other.sql", "select * from sale");
    };
    wrong(spoil, "M0403", &["sale", "other"]);
}

#[test]
fn all_mistakes_are_shown_at_once() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "tags ", "tgas ");
    product.edit("product.toml", "format   = \"csv\"", "format   = \"cvs\"");
    product.edit("contracts/sale.toml", "type = \"long\"", "type = \"lnog\"");
    product.edit("contracts/sale.toml", "kind = \"row_count\"", "kind = \"rowcount\"");
    product.mesh(["check"]).exits(78).says(&[
        "did you mean `tags`",
        "did you mean `csv`",
        "did you mean `long`",
        "did you mean `row_count`",
        "4 errors",
    ]);
    assert_eq!(product.mesh(["check", "--json"]).exits(78).json()["errors"].as_array().unwrap().len(), 4);
}

#[test]
fn an_input_port_that_is_not_there_or_too_old() {
    let mesh = Mesh::new();
    mesh.product("stock", shop::STOCK).released();
    let product = mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    let text = product.read("product.toml");
    let with_input = |port: &str, version: &str| {
        product.write("product.toml", format!("{text}\n[inputs.level]\nport = \"{port}\"\nversion = \"{version}\"\n"));
        product.write("sql/sale.sql", "select id, item, amount from till where item in (select item from level)");
    };
    with_input("depot.stock.levels", "^1");
    product.mesh(["run"]).exits(66).says(&[
        "M0604",
        "depot.stock.levels",
        "did you mean `depot.stock.level`",
        "product.toml:",
    ]);
    with_input("depot.stock.level", "^2");
    product.mesh(["run"]).exits(66).says(&["M0605", "^2", "1.0.0"]);
    before.still_holds(&mesh);
    with_input("depot.stock.level", "^1");
    product.mesh(["run"]).exits(0);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 4);
}
