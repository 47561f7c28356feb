//! What files mean and what is said of wrong ones, as Markdown in `tests/cases/`; and that no text makes a parser panic.

#![allow(clippy::unwrap_used)]

mod breaking_table;
mod cases;
#[path = "../../../../tests/memory/counting.rs"]
mod counting;
mod diagnostics;
mod editor;
mod formats;
mod harm;
mod markdown;
mod never_panics;
mod official;
mod openmetadata;
mod pages;
mod products;
mod relationships;
mod schemas;
