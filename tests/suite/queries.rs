//! Queries that must not be answered.
use crate::shop;
use crate::support::Mesh;

#[test]
fn an_unknown_port_is_named_with_its_neighbour() {
    let mesh = Mesh::new();
    mesh.mesh(["query", "select 1"]).exits(66).says(&["no mesh"]);
    mesh.mesh(["list"]).exits(66);
    mesh.product("sales", shop::SALES).released();
    mesh.mesh(["query", "select * from shop.sales.sales"]).exits(66).says(&["M0701", "did you mean `shop.sales.sale`"]);
    mesh.mesh(["query", "select * from sale"]).exits(66).says(&["M0701", "shop.sales.sale"]);
    mesh.mesh(["describe", "shop.sales.sael"]).exits(66).says(&["shop.sales.sale"]);
    mesh.mesh(["history", "shop.sales.sael"]).exits(66);
    mesh.mesh(["lineage", "shop.sales.sael"]).exits(66);
}

#[test]
fn a_statement_that_would_write_is_refused() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    let outside = mesh.path("outside.csv");
    for sql in [
        "delete from shop.sales.sale",
        "delete from shop.sales.sale where id = 1",
        "update shop.sales.sale set amount = 0",
        "insert into shop.sales.sale values (9, 'x', 1.0)",
        "insert into shop.sales.sale select * from shop.sales.sale",
        "drop table shop.sales.sale",
        "truncate table shop.sales.sale",
        "alter table shop.sales.sale drop column amount",
        "create table t as select * from shop.sales.sale",
        "create view v as select * from shop.sales.sale",
        "create external table t stored as csv location '/etc/passwd'",
        &format!("copy shop.sales.sale to '{}'", outside.display()),
        &format!("copy (select 1) to '{}' stored as csv", outside.display()),
        "set datafusion.execution.batch_size = 1",
        "explain analyze insert into shop.sales.sale values (9, 'x', 1.0)",
        "select 1; drop table shop.sales.sale",
    ] {
        let said = mesh.mesh(["query", sql]);
        assert!([Some(64), Some(66), Some(77), Some(78)].contains(&said.code), "{said}");
        assert!(said.out.is_empty() && said.err.contains("M070") && !said.err.contains("panicked"), "{said}");
    }
    assert!(!outside.exists());
    before.still_holds(&mesh);
}

#[test]
fn files_of_the_machine_are_no_tables() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    for sql in [
        "select * from '/etc/passwd'",
        "select * from \"data/till.csv\"",
        "select * from information_schema.tables",
        "select * from read_csv('/etc/passwd')",
    ] {
        let said = mesh.mesh(["query", sql]);
        assert!(said.code.is_some_and(|c| c != 0 && c != 70) && said.out.is_empty(), "{said}");
    }
}

#[test]
fn a_mistake_in_sql_is_shown_at_its_place() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    mesh.mesh(["query", "select itme from shop.sales.sale"]).exits(64).says(&["M0702", "itme"]);
    mesh.mesh(["query", "selec item from shop.sales.sale"]).exits(64).says(&["M0702"]);
    mesh.mesh(["query", ""]).exits(64).says(&["M070"]);
}
