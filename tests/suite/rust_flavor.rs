//! Products with a program in Rust: built with cargo against the facade of this repository.
use crate::support::{Mesh, Product, root};

/// A new product in Rust, with the dependencies that the example has locked: so they are built once for all.
fn new<'a>(mesh: &'a Mesh, name: &str) -> Product<'a> {
    mesh.mesh(["new", &format!("climate/{name}"), "--flavor", "rust"]).exits(0);
    let product = mesh.at(name);
    product.write("Cargo.lock", std::fs::read(root().join("examples/typed/Cargo.lock")).unwrap());
    product
}

#[test]
fn a_new_rust_product_runs_is_tested_and_can_reject_by_its_own_check() {
    let mesh = Mesh::new();
    let product = new(&mesh, "typed");
    product.mesh(["check"]).exits(0).says(&["climate.typed is right"]);
    product.mesh(["test"]).exits(0).says(&["1 passed, 0 failed"]);
    product.mesh(["run"]).exits(0).says(&["12 of 12 checks"]);
    assert_eq!(mesh.value("select count(*) from climate.typed.records"), 14);
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(99);

    // 58.5 degrees are within the contract's range; only the program's check knows better
    let state = mesh.state();
    product.edit("data/sample.csv", "harbour,2024-01-05,6.0", "harbour,2024-01-05,58.5");
    product.mesh(["run"]).exits(65).says(&["plausible", "58.5", "rejected"]);
    state.still_holds(&mesh);

    // what a delete leaves is judged by the program too, where the program is
    product.edit("contracts/records.toml", "\"1.0.0\"", "\"1.1.0\"");
    let contract = product.read("contracts/records.toml");
    product.write("contracts/records.toml", contract + "\n[[checks]]\nid = \"plausible\"\nkind = \"program\"\n");
    product.edit("data/sample.csv", "harbour,2024-01-05,58.5", "harbour,2024-01-05,6.0");
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    let port = "climate.typed.records";
    let away = "station = 'harbour' and day = date '2024-01-05'";
    mesh.mesh(["delete", port, "--where", away]).exits(65).says(&["plausible", "product's folder"]);
    assert_eq!(mesh.value(&format!("select count(*) from {port}")), 14);
    product.mesh(["delete", port, "--where", away]).exits(0).says(&["r3"]);
    let state = mesh.state();

    // a source that cannot be read is a failure with the program's words
    product.write("data/sample.csv", "station,day,reading\nharbour;2024-01-05\n");
    let said = product.mesh(["run"]);
    assert!(![Some(0), Some(70), Some(99)].contains(&said.code), "{said}");
    said.says(&["has not three parts"]);
    state.still_holds(&mesh);
}

#[test]
fn a_program_that_does_not_build_is_the_products_mistake() {
    let mesh = Mesh::new();
    let product = new(&mesh, "broken");
    product.edit("src/main.rs", "    mean: f64", "    mean: String");
    product.mesh(["run"]).exits(78).says(&["M0408", "src/main.rs"]);
    assert!(mesh.rows("select 1 as one").len() == 1, "the mesh is whole");
}
