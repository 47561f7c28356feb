//! Contracts once published: their text is frozen, and a version says how much has changed.
use crate::shop;
use crate::support::Mesh;

const NEW_COLUMN: &str = "tax    = { type = \"double\", description = \"Part that is tax\" }\n\n[[checks]]";

#[test]
fn a_change_under_the_same_version_is_refused_by_run_and_publish() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    product.edit("contracts/sale.toml", "max = 1000", "max = 500");
    for verb in ["run", "publish"] {
        product.mesh([verb]).exits(76).says(&["M0601", "contracts/sale.toml:2", "1.0.0"]);
    }
    before.still_holds(&mesh);
    // layout and comments are no change
    product.edit("contracts/sale.toml", "max = 500", "max   =   1000");
    product.edit("contracts/sale.toml", "[columns]", "# what a row holds\n[columns]");
    product.mesh(["run"]).exits(99);
}

#[test]
fn a_bump_that_is_too_small_is_refused_and_the_right_one_is_named() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    let original = product.read("contracts/sale.toml");
    for (from, to, too_small, needed) in [
        ("[[checks]]", NEW_COLUMN, "1.0.1", "1.1.0"),
        ("item   = { type = \"string\", required = true, description = \"What was sold\" }\n", "", "1.1.0", "2.0.0"),
        ("type = \"double\", min", "type = \"float\", min", "1.5.0", "2.0.0"),
    ] {
        product.write("contracts/sale.toml", &original);
        product.edit("contracts/sale.toml", from, to);
        product.edit("contracts/sale.toml", "1.0.0", too_small);
        product.mesh(["publish"]).exits(76).says(&["M0602", too_small, needed]);
    }
    before.still_holds(&mesh);
}

#[test]
fn a_new_version_is_pending_until_a_release_satisfies_it() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.edit("contracts/sale.toml", "[[checks]]", NEW_COLUMN);
    product.edit("contracts/sale.toml", "1.0.0", "1.1.0");
    product.write("sql/sale.sql", "select id, item, amount, amount * 0.2 as tax from till");
    product.mesh(["run"]).exits(76).says(&["M0607", "mesh publish"]);
    product.mesh(["publish"]).exits(0).says(&["1.1.0", "pending"]);
    let describe = || mesh.mesh(["describe", "shop.sales.sale", "--json"]).exits(0).json();
    assert_eq!(
        (&describe()["contract"]["version"], &describe()["pending_version"]),
        (&"1.0.0".into(), &"1.1.0".into())
    );

    product.mesh(["run"]).exits(0);
    assert_eq!(describe()["contract"]["version"], "1.1.0");
    assert!(describe()["pending_version"].is_null());
    assert_eq!(mesh.value("select round(sum(tax), 1) from shop.sales.sale"), 8.8);
    // the promise that held then comes with the data that were then
    let old = mesh.mesh(["describe", "shop.sales.sale", "--at", "r1", "--json"]).exits(0).json();
    assert_eq!(
        (&old["contract"]["version"], old["contract"]["columns"].as_array().unwrap().len()),
        (&"1.0.0".into(), 3)
    );
    mesh.mesh(["query", "select tax from shop.sales.sale", "--at", "r1"]).exits(64).says(&["M0702", "tax"]);
    let releases = mesh.releases("shop.sales.sale");
    assert_eq!(
        (&releases[0]["contract_version"], &releases[1]["contract_version"]),
        (&"1.1.0".into(), &"1.0.0".into())
    );
}

#[test]
fn a_renamed_column_keeps_its_history() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.edit("contracts/sale.toml", "item   = { type", "article = { renamed_from = \"item\", type");
    product.edit("contracts/sale.toml", "1.0.0", "2.0.0");
    product.write("sql/sale.sql", "select id, item as article, amount from till");
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    assert_eq!(mesh.value("select article from shop.sales.sale where id = 3"), "pot");
    assert_eq!(mesh.rows_at("select item from shop.sales.sale where id = 3", Some("r1"))[0]["item"], "pot");
}

#[test]
fn a_product_may_be_published_before_its_first_run() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.mesh(["publish"]).exits(0).says(&["pending"]);
    mesh.mesh(["list"]).exits(0).says(&["shop.sales.sale", "no release"]);
    mesh.mesh(["query", "select * from shop.sales.sale"]).exits(66).says(&["M0701", "no release yet"]);
    product.mesh(["run"]).exits(0);
    mesh.mesh(["list"]).exits(0).says(&["1.0.0"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 5);
}

#[test]
fn a_draft_may_change_its_mind() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.mesh(["run"]).exits(0);
    product.edit("contracts/sale.toml", "max = 1000", "max = 500");
    product.mesh(["run"]).exits(0);
    product.mesh(["publish", "--dry-run"]).exits(0).says(&["would publish"]);
    assert_eq!(mesh.mesh(["list", "--json"]).exits(0).json()["ports"].as_array().unwrap().len(), 0);
    product.mesh(["publish"]).exits(0);
    assert_eq!(mesh.mesh(["list", "--json"]).exits(0).json()["ports"].as_array().unwrap().len(), 1);
}
