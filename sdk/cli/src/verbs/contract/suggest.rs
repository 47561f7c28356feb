//! `mesh contract suggest`
use std::path::PathBuf;

use clap::Args;
use meshwright_engine::{Failure, Findings, suggest};
use meshwright_spec::{Diagnostic, Sources};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::{pages, printer};

/// Suggest a contract from data: every rule says what it was measured on, and all of them hold on these data
#[derive(Debug, Args)]
#[command(after_help = "Example:  mesh contract suggest delivery.csv --output contracts/daily.toml")]
pub(crate) struct Suggest {
    /// A file, glob or address, or domain.product.port
    #[arg(value_name = "FILE|PORT")]
    subject: String,
    /// As it was: release (r12), snapshot id, tag, branch or time; for ports
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "output")]
    force: bool,
}

impl Suggest {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let output = self.output.as_ref().map(|path| context.dir.join(path));
            if let Some(path) = output.as_ref().filter(|path| path.exists() && !self.force) {
                let d = Diagnostic::error("M1304", format!("`{}` is there already", path.display()));
                let d = d.help("name another file, or write over it with `--force`");
                return Err(Failure::Usage(Findings::one(d, &Sources::default())));
            }
            let subject = context.subject(&self.subject, self.at.as_deref());
            let text = suggest(context.catalog_if_any().await?.as_ref(), &subject, &context.dir).await?;
            if let Some(folder) = output.as_ref().and_then(|path| path.parent()) {
                std::fs::create_dir_all(folder)?;
            }
            match (&output, context.json) {
                (None, true) => printer::json(&json!({ "subject": subject.name(), "contract": text })),
                _ => pages::deliver(&text, output.as_deref())?,
            }
            if let Some(path) = &output {
                context.say(&format!("wrote {}; read it before you use it", path.display()));
            }
            Ok(Exit::Done)
        })
    }
}
