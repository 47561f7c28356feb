//! Queries that must not be answered, and those that need no reading.
use serde_json::Value;

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

/// All rows of a table are counted without a file being read, and nothing else is taken for that.
#[test]
fn rows_are_counted_without_reading_where_all_of_them_are_meant() {
    let mesh = Mesh::new();
    let sales = mesh.product("sales", shop::SALES);
    sales.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    for rows in ["1,tea,2.5\n2,cup,8\n3,pan,3\n", "4,tea,1\n5,jug,NA\n"] {
        sales.write("data/till.csv", format!("id,item,amount\n{rows}"));
        sales.mesh(["run"]).exits(0);
    }
    let tea = "select count(*) as n from @ where item = 'tea'";
    for (sql, rows, read) in [
        ("select count(*) from @", "[[5]]", 0),
        ("select count(1) as a, count(*) + 1 as b from @ as sale", "[[5,6]]", 0),
        ("select count(*) as n from @ having count(*) > 5", "[]", 0),
        (
            "select a.n, b.m from (select count(*) as n from @) a cross join (select count(*) as m from @) b",
            "[[5,5]]",
            0,
        ),
        (&format!("select count(*) as n from @ union all {tea} order by 1"), "[[2],[5]]", 2),
        (tea, "[[2]]", 2),
        ("select count(*) filter (where item = 'tea') as n from @", "[[2]]", 2),
        ("select count(*) as n, max(id) as m from @", "[[5,5]]", 2),
        ("select count(*) as n from @ group by item having count(*) > 1", "[[2]]", 2),
        ("select count(*) as n from (select * from @ limit 2)", "[[2]]", 1),
        ("select count(amount) as n from @", "[[4]]", 2),
        ("select count(null) as n from @", "[[0]]", 2),
        ("select count(distinct 1) as n from @", "[[1]]", 2),
        ("select item from @ where (select count(*) from @) = 5 and id = 1", "[[\"tea\"]]", 1),
    ] {
        let said = mesh.mesh(["query", &sql.replace('@', "shop.sales.sale"), "--json"]).exits(0).json();
        let reads = said["metrics"]["reads"].as_array().unwrap();
        let found: u64 = reads.iter().map(|of| of["files_read"].as_u64().unwrap()).sum();
        let found_rows: Vec<Vec<&Value>> =
            said["rows"].as_array().unwrap().iter().map(|row| row.as_object().unwrap().values().collect()).collect();
        assert_eq!((serde_json::to_string(&found_rows).unwrap().as_str(), found), (rows, read), "{sql}");
    }
    let then = mesh.mesh(["query", "select count(*) from shop.sales.sale", "--at", "r1", "--json"]).exits(0).json();
    assert_eq!(then["rows"].to_string(), "[{\"count(*)\":3}]");
}
