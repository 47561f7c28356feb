//! `cargo test`: no mesh needed. `mesh test` runs the examples in `tests/` through SQL and Rust together.
use meshwright::testing;

use crate::daily::{Day, Hour};
use crate::*;

fn hour(hour: i32, passages: i32) -> Hour {
    let (counter, day) = ("K001".to_owned(), "2024-05-02".parse().unwrap());
    Hour { counter, day, hour, passages: Some(passages) }
}

fn day(passages: i64, peak_hour: Option<i32>) -> Day {
    let (counter, day) = ("K001".to_owned(), "2024-05-02".parse().unwrap());
    Day { counter, day, passages, peak_hour }
}

#[test]
fn the_first_of_two_equal_hours_is_the_peak() {
    let given = [hour(17, 40), hour(7, 40), hour(8, 3)];
    let found = testing::step(&Days).given("bicycles", &given).rows::<Day>();
    testing::assert_rows(&found, &[day(83, Some(7))]);
}

#[test]
fn a_day_without_bicycles_has_no_peak() {
    let found = testing::step(&Days).given("bicycles", &[hour(7, 0)]).rows::<Day>();
    testing::assert_rows(&found, &[day(0, None)]);
}

#[test]
fn the_source_yields_the_same_rows_again() {
    let rows = testing::source(&Passages).window(Window::all()).rows::<Passage>();
    assert_eq!(rows.len(), 21);
}

#[test]
fn a_line_with_a_missing_part_is_named() {
    let error = parse("K001 2024-05-02 06".to_owned()).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "`K001 2024-05-02 06` has not five parts");
}

#[test]
fn a_peak_at_night_is_found() {
    let days = [day(9, Some(3)), day(9, Some(12)), day(0, None)];
    assert_eq!(testing::check(&Commuters, &days).violations, 1);
}
