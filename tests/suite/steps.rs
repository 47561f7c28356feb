//! Steps that fail while rows are computed, steps that would be wrong, steps alone, and stretches of time.
use crate::shop;
use crate::support::Mesh;

#[test]
fn a_step_that_fails_on_its_data_is_a_finding_at_its_query() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    product.write("sql/sale.sql", "select id, item, cast(100 / (id - 3) as double) as amount from till\n");
    product.mesh(["run"]).exits(65).says(&["M0504", "sql/sale.sql", "step `sale`"]);
    before.still_holds(&mesh);
}

#[test]
fn a_value_too_big_for_its_promise_is_a_finding_at_the_contract() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("contracts/sale.toml", "id     = { type = \"long\"", "id     = { type = \"int\"");
    product.write("sql/sale.sql", "select id + 3000000000 as id, item, amount from till\n");
    product.mesh(["run"]).exits(65).says(&["M0503", "contracts/sale.toml"]);
}

#[test]
fn a_subquery_of_several_rows_never_multiplies() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    let said = mesh.mesh(["query", "select id, (select amount from shop.sales.sale) as a from shop.sales.sale"]);
    said.exits(64).says(&["M0705", "limit 1"]);
    let one = "select id, (select max(amount) from shop.sales.sale) as a from shop.sales.sale";
    assert_eq!(mesh.rows(one).len(), 5);
    product.write("sql/sale.sql", "select id, item, (select amount from till) as amount from till\n");
    product.mesh(["check"]).exits(78).says(&["M0705", "sql/sale.sql"]);
}

#[test]
fn a_command_that_fails_is_a_finding_at_its_step() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit(
        "product.toml",
        "[steps.sale]",
        "[steps.sale]\nrun = [\"sh\", \"-c\", \"echo broken pot >&2; exit 3\"]",
    );
    product.mesh(["run"]).exits(78).says(&["M0411", "product.toml", "broken pot"]);
    product.edit("product.toml", "\"sh\", \"-c\", \"echo broken pot >&2; exit 3\"", "\"no-such-program\"");
    product.mesh(["run"]).exits(78).says(&["M0411", "no-such-program"]);
}

#[test]
fn one_step_runs_without_a_release() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.mesh(["run", "sale"]).exits(0).says(&["released nothing"]);
    assert!(mesh.mesh(["query", "select * from shop.sales.sale"]).code.is_some_and(|c| c == 66));
    product.mesh(["run", "sael"]).exits(66).says(&["did you mean `sale`"]);
}

#[test]
fn an_interval_reaches_the_steps_and_is_part_of_the_work() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    let sql = "select id, item, amount from till where id >= extract(day from date '{{ interval.start }}')\n";
    product.write("sql/sale.sql", sql);
    product.mesh(["run"]).exits(78).says(&["M0406", "interval"]);
    product.mesh(["run", "--interval", "2026-11-02..2026-12-01"]).exits(0);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 4);
    product.mesh(["run", "--interval", "2026-11-02..2026-12-01"]).exits(99);
    product.mesh(["run", "--interval", "2026-11-03..2026-12-01"]).exits(0);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 3);
    product.mesh(["run", "--interval", "2026-12-01..2026-11-01"]).exits(64);
}
