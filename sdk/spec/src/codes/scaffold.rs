//! M08xx: new products.
use super::Page;

pub(super) const PAGES: &[Page] = &[Page {
    code: "M0801",
    title: "a product cannot be scaffolded",
    what: "`mesh new` was given an answer that the template does not take, or a folder that is not empty.",
    why: "A half-made repository, or one laid over somebody's files, helps nobody; nothing is left behind.",
    example: "mesh new climate/emissions --set titel=Emissions",
    fix: "The message names the answer or folder; `mesh new --help` says what can be answered.",
}];
