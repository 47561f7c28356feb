//! `mesh explain`
use clap::Args;
use meshwright_spec::{nearest, page, pages};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Explain a diagnostic's code, or list them all
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// `M` and four digits
    code: Option<String>,
}

impl Explain {
    pub(crate) fn go(self, context: &Context) -> Exit {
        let Some(code) = self.code else {
            if context.json {
                let all: Vec<_> = pages().iter().map(|p| json!({ "code": p.code, "title": p.title })).collect();
                printer::json(&json!({ "codes": all }));
            } else {
                for p in pages() {
                    printer::line(&format!("{}  {}", p.code, p.title));
                }
            }
            return Exit::Done;
        };
        let Some(p) = page(&code) else {
            printer::error(&format!("there is no diagnostic `{code}`"));
            if let Some(near) = nearest(&code, pages().iter().map(|p| p.code)) {
                printer::hint(&format!("did you mean `{near}`? `mesh explain` lists them all"));
            }
            return Exit::NotFound;
        };
        if context.json {
            printer::json(
                &json!({ "code": p.code, "title": p.title, "what": p.what, "why": p.why, "example": p.example, "fix": p.fix }),
            );
            return Exit::Done;
        }
        printer::line(&format!("{}: {}", p.code, p.title));
        for (name, text) in
            [("What it does", p.what), ("Why it matters", p.why), ("Example", p.example), ("Fix", p.fix)]
        {
            printer::line(&format!("\n{name}"));
            for line in text.lines() {
                printer::line(&format!("  {line}"));
            }
        }
        Exit::Done
    }
}
