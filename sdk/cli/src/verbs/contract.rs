//! `mesh contract`: one file per thing that can be done with contracts.
mod suggest;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::exit::Exit;

/// Work with contracts
#[derive(Debug, Args)]
pub(crate) struct Contract {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Suggest(suggest::Suggest),
}

impl Contract {
    pub(crate) fn go(self, context: &Context) -> Exit {
        match self.verb {
            Verb::Suggest(v) => v.go(context),
        }
    }
}
