//! The words that `product.toml` is written with, as the parser knows them: for editors.
use super::{formats, outputs, steps};

pub(crate) fn formats() -> Vec<&'static str> {
    formats::KINDS.iter().map(|(word, _)| *word).collect()
}

pub(crate) fn materialize() -> Vec<&'static str> {
    steps::MATERIALIZE.iter().map(|(word, _)| *word).collect()
}

pub(crate) fn modes() -> Vec<&'static str> {
    outputs::MODES.iter().map(|(word, _)| *word).collect()
}
