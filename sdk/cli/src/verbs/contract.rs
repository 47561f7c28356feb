//! `mesh contract`
mod diff;
mod export;
mod import;
mod schema;
mod suggest;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::exit::Exit;

/// Suggest and compare contracts, read and write them in other formats
#[derive(Debug, Args)]
pub(crate) struct Contract {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Diff(diff::Diff),
    Suggest(suggest::Suggest),
    Import(import::Import),
    Export(export::Export),
    Schema(schema::Schema),
    Rules(diff::Rules),
}

impl Contract {
    pub(crate) fn go(self, context: &Context) -> Exit {
        match self.what {
            What::Diff(v) => v.go(context),
            What::Suggest(v) => v.go(context),
            What::Import(v) => v.go(context),
            What::Export(v) => v.go(context),
            What::Schema(v) => v.go(context),
            What::Rules(v) => v.go(context),
        }
    }
}
