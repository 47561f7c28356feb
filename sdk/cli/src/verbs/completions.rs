//! `mesh completions`
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Print the completion script of a shell
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn go(self, _: &Context) -> Exit {
        let mut out = vec![];
        clap_complete::generate(self.shell, &mut crate::arguments::Arguments::command(), "mesh", &mut out);
        printer::line(String::from_utf8_lossy(&out).trim_end());
        Exit::Done
    }
}
