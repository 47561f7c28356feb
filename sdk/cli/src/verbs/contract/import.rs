//! `mesh contract import`
use std::path::PathBuf;

use clap::Args;
use meshwright_engine::{Failure, Findings};
use meshwright_spec::{ContractFormat, Diagnostic, Name, Sources, import, import_product};
use serde_json::json;

use super::export::Format;
use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Write `contracts/<port>.toml` from a contract in another format
///
/// Everything that the document says is kept, under [beyond] where a contract here has no words for it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:  mesh contract import orders.odcs.yaml\n           \
                        mesh contract import schema.avsc --port orders\n           \
                        mesh contract import shop.odps.yaml --format bitol-product --stdout > product.toml")]
pub(crate) struct Import {
    /// The document
    file: PathBuf,
    /// Its format, where name and content do not tell
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The port it is the contract of; chooses among several tables
    #[arg(long)]
    port: Option<Name>,
    /// Print the contract instead of writing it
    #[arg(long)]
    stdout: bool,
    /// Replace a contract that is there
    #[arg(long)]
    force: bool,
}

impl Import {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let mut sources = Sources::default();
            let text = std::fs::read_to_string(context.dir.join(&self.file)).map_err(|e| {
                let d = Diagnostic::error("M0231", format!("{} cannot be read: {e}", self.file.display()));
                Failure::Missing(Findings::one(d, &Sources::default()))
            })?;
            let shown = self.file.display().to_string();
            let is_product = text.contains("kind: DataProduct");
            let found = ContractFormat::of(&shown, &text);
            let file = sources.add(&self.file, text);
            if self.format == Some(Format::BitolProduct) || (self.format.is_none() && is_product) {
                let (text, found) = import_product(file, &sources);
                let Some(text) = text else { return Err(Failure::Product(Findings::many(found, &sources))) };
                let done = self.write(context, "product.toml".into(), &text)?;
                // what it says beyond product.toml is put back by an export
                if !self.stdout {
                    let original = sources.get(file).map_or("", |source| source.text.as_str());
                    std::fs::write(context.dir.join("product.odps.yaml"), original)?;
                }
                return Ok(done);
            }
            let Some(format) = self.format.and_then(Format::contract).or(found) else {
                let d = Diagnostic::error("M0231", format!("the format of {shown} cannot be told"))
                    .help("name it with `--format`");
                return Err(Failure::Usage(Findings::one(d, &sources)));
            };
            let (imported, found) = import(format, self.port.as_ref(), file, &sources);
            let Some(imported) = imported else { return Err(Failure::Product(Findings::many(found, &sources))) };
            context.warn(&found, &sources);
            if context.json {
                let warnings: Vec<_> = found.iter().map(|found| found.to_json(&sources)).collect();
                printer::json(&json!({ "port": imported.port.as_str(), "text": imported.text, "warnings": warnings }));
                return Ok(Exit::Done);
            }
            self.write(context, PathBuf::from(format!("contracts/{}.toml", imported.port)), &imported.text)
        })
    }

    fn write(&self, context: &Context, path: PathBuf, text: &str) -> Result<Exit, Failure> {
        if self.stdout {
            printer::line(text.trim_end());
            return Ok(Exit::Done);
        }
        let target = context.dir.join(&path);
        if target.exists() && !self.force {
            let d = Diagnostic::error("M0231", format!("{} is there already", path.display()));
            let d = d.help("`--force` replaces it, `--stdout` prints what would be written");
            return Err(Failure::Usage(Findings::one(d, &Sources::default())));
        }
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&target, text)?;
        printer::line(&format!("wrote {}", path.display()));
        Ok(Exit::Done)
    }
}
