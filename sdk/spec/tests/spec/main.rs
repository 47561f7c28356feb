//! What files mean and what is said of wrong ones, as Markdown in `tests/cases/`; and that no text makes a parser panic.

#![allow(clippy::unwrap_used)]

mod breaking_table;
mod cases;
mod diagnostics;
mod editor;
mod formats;
mod markdown;
mod never_panics;
mod official;
mod pages;
mod products;
mod relationships;
