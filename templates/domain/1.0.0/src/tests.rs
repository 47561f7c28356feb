//! `cargo test`: no mesh needed. `mesh test` runs the examples in `tests/` through SQL and Rust together.
use meshwright::testing;

use crate::*;

fn reading(station: &str, reading: Option<f64>) -> Reading {
    Reading { station: station.into(), day: "2024-01-01".parse().unwrap(), reading }
}

fn mean(mean: f64) -> Mean {
    Mean { station: "harbour".into(), day: "2024-01-01".parse().unwrap(), readings: 1, mean }
}

#[test]
fn stations_get_one_spelling() {
    let given = [reading(" Harbour", Some(4.0)), reading("HARBOUR", None)];
    let found = testing::step(&Readings).given("sample", &given).rows::<Reading>();
    testing::assert_rows(&found, &[reading("harbour", Some(4.0)), reading("harbour", None)]);
}

#[test]
fn the_source_yields_the_same_rows_again() {
    let rows = testing::source(&Sample).window(Window::all()).rows::<Reading>();
    assert_eq!(rows.len(), 20);
}

#[test]
fn impossible_heat_is_found() {
    assert_eq!(testing::check(&Plausible, &[mean(99.0), mean(9.0)]).violations, 1);
}
