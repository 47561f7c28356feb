//! The products of this repository run, pass their own tests and are published, from copies.
use crate::support::{Mesh, Product};

fn lives(product: &Product<'_>, name: &str) {
    product.mesh(["check"]).exits(0).says(&[&format!("{name} is right")]);
    product.mesh(["test"]).exits(0).says(&["1 passed, 0 failed"]);
    product.mesh(["run"]).exits(0).says(&["released"]);
    product.mesh(["publish"]).exits(0).says(&["published"]);
    product.mesh(["run"]).exits(99);
}

#[test]
fn emissions_feed_intensity_through_an_input_port() {
    let mesh = Mesh::new();
    let intensity = mesh.copy_of("domains/finance/intensity", "intensity");
    intensity.mesh(["run"]).exits(66).says(&["M0604", "climate.emissions.country_year", "product.toml:"]);

    lives(&mesh.copy_of("domains/climate/emissions", "emissions"), "climate.emissions");
    lives(&intensity, "finance.intensity");
    assert_eq!(mesh.value("select count(*) from climate.emissions.country_year"), 190);
    let sql = "select count(*) as n, count(distinct i.iso_code) as countries, sum(abs(i.co2 - e.co2)) as off,
                      max(abs(i.intensity - round(e.co2 * 1e9 / i.gdp, 4))) as rounding
               from finance.intensity.country_year i
               join climate.emissions.country_year e on e.iso_code = i.iso_code and e.year = i.year";
    let row = &mesh.rows(sql)[0];
    assert_eq!((&row["n"], &row["countries"], &row["off"]), (&170.into(), &10.into(), &0.0.into()), "{row}");
    assert!(row["rounding"].as_f64().unwrap() < 1e-9, "{row}");
    mesh.mesh(["describe", "climate.emissions.country_year"]).exits(0).says(&["finance.intensity"]);
}

#[test]
fn plants_are_merged() {
    let mesh = Mesh::new();
    lives(&mesh.copy_of("domains/energy/plants", "plants"), "energy.plants");
    let twice =
        "select count(*) from (select country, name_key from energy.plants.plant group by 1, 2 having count(*) > 1)";
    assert_eq!(mesh.value(twice), 0);
    assert!(mesh.value("select max(reports) from energy.plants.plant").as_i64().unwrap() > 1);
}

#[test]
fn examples_run() {
    let mesh = Mesh::new();
    lives(&mesh.copy_of("examples/minimal", "minimal"), "library.loans");
    lives(&mesh.copy_of("examples/formats", "formats"), "logistics.parcels");
    assert_eq!(mesh.value("select count(distinct city) from logistics.parcels.scan where city = 'Zürich'"), 1);
}

#[test]
fn the_typed_example_runs() {
    let mesh = Mesh::new();
    let product = mesh.copy_of("examples/typed", "typed");
    let facade = crate::support::root().join("sdk/meshwright");
    product.edit("Cargo.toml", "../../sdk/meshwright", facade.to_str().unwrap());
    lives(&product, "mobility.bicycles");
    let said = mesh.mesh(["lineage", "mobility.bicycles.daily", "--json"]).exits(0).json();
    assert!(said["upstream"].as_array().unwrap().iter().any(|e| e["source"] == "passages"), "{said}");
}
