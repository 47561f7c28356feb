//! `mesh contract schema`
use clap::{Args, ValueEnum};
use meshwright_spec::{EditorSchema, editor_schema};

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Print the JSON Schema of a kind of file, for editors
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which files
    #[arg(value_enum, default_value = "contract")]
    file: File,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum File {
    /// `contracts/<port>.toml`
    Contract,
    /// `product.toml`
    Product,
}

impl Schema {
    pub(crate) fn go(self, _: &Context) -> Exit {
        let schema = editor_schema(match self.file {
            File::Contract => EditorSchema::Contract,
            File::Product => EditorSchema::Product,
        });
        printer::line(&format!("{schema:#}"));
        Exit::Done
    }
}
