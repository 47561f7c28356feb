//! Scaffolds a product: an embedded template, a few answers, a repository with its first commit.
//!
//! [`create`] asks the template's [`questions`], renders it with cargo-generate in a child process that knows nothing
//! of the user's environment, checks what came out, commits it with git and only then moves it to its place. Whatever
//! fails on the way leaves nothing behind.
//!
//! The child is this same program, started with the hidden verb [`RENDER_VERB`]; the program's `main` must hand that
//! verb to [`render_child_main`].
mod answers;
mod create;
mod error;
mod history;
mod inspect;
mod manifest;
mod place;
mod question;
mod render;

pub use answers::{Answers, Flavor};
pub use create::{Ask, Created, NewProduct, TEMPLATE, create};
pub use error::{ErrorKind, ScaffoldError};
pub use question::{Question, questions};
pub use render::{RENDER_VERB, render, render_child_main};
