//! `mesh search`
use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Find published ports by words in names, titles, descriptions, tags and columns
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// All of them must be found
    #[arg(required = true)]
    words: Vec<String>,
}

impl Search {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let words = self.words.join(" ");
            let hits = context.catalog().await?.search(&words).await?;
            if context.json {
                printer::json(&json!({ "words": words, "hits": hits }));
                return Ok(Exit::Done);
            }
            if hits.is_empty() {
                context.say(&format!("no published port speaks of `{words}`; `mesh list` shows all"));
                return Ok(Exit::Done);
            }
            let rows: Vec<Vec<String>> =
                hits.iter().map(|h| vec![h.port.clone(), h.title.clone(), h.matched.join(", ")]).collect();
            printer::table(&["PORT", "TITLE", "FOUND IN"], &rows);
            context.say(&format!("next: mesh describe {}", hits[0].port));
            Ok(Exit::Done)
        })
    }
}
