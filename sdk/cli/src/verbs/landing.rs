//! `mesh landing`
use clap::{Args, Subcommand};
use meshwright_engine::{landed, verify_landing};
use meshwright_spec::ProductName;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer::{self, bytes, thousands};

/// Look at raw bytes as received: list deliveries, or hash everything again
#[derive(Debug, Args)]
pub(crate) struct Landing {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Hash every landed object again; exits with 65 when one is not what was received
    Verify,
    /// Show deliveries, newest first
    List {
        /// Only those of this product, `domain.product`
        #[arg(long)]
        product: Option<ProductName>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

impl Landing {
    pub(crate) fn go(self, context: &Context) -> Exit {
        match self.what {
            What::Verify => verify(context),
            What::List { product, limit } => list(context, product.as_ref(), limit),
        }
    }
}

fn verify(context: &Context) -> Exit {
    context.block_on(async {
        let found = verify_landing(&context.catalog().await?).await?;
        let sound = found.damaged.is_empty();
        if context.json {
            printer::json(&found);
            return Ok(if sound { Exit::Done } else { Exit::DataRejected });
        }
        for one in &found.damaged {
            printer::line(&format!("{:<8} {}  {}", one.kind, one.sha256, one.path));
            for location in &one.locations {
                printer::line(&format!("         came from {location}"));
            }
        }
        let redacted = if found.redacted > 0 { format!(", {} redacted", found.redacted) } else { String::new() };
        context.say(&format!(
            "{} objects, {}{redacted}, {} damaged",
            thousands(found.objects as i64),
            bytes(found.bytes),
            found.damaged.len()
        ));
        if !sound {
            printer::hint("fetch what is damaged again where it came from, or restore it from a backup of `landing/`");
        }
        Ok(if sound { Exit::Done } else { Exit::DataRejected })
    })
}

fn list(context: &Context, product: Option<&ProductName>, limit: usize) -> Exit {
    context.block_on(async {
        let deliveries = landed(&context.catalog().await?, product, limit).await?;
        if context.json {
            printer::json(&json!({ "deliveries": deliveries }));
            return Ok(Exit::Done);
        }
        if deliveries.is_empty() {
            context.say("nothing has landed");
            return Ok(Exit::Done);
        }
        let rows: Vec<Vec<String>> = deliveries
            .iter()
            .map(|d| {
                let a = &d.attempt;
                let hash = a.sha256.as_deref().map_or("-", |h| h.get(..12).unwrap_or(h));
                vec![
                    d.at.clone(),
                    format!("{}:{}", a.product, a.source),
                    d.state.to_owned(),
                    a.bytes.map(bytes).unwrap_or_default(),
                    hash.to_owned(),
                    a.location.clone(),
                ]
            })
            .collect();
        printer::table(&["AT", "SOURCE", "STATE", "BYTES", "SHA256", "LOCATION"], &rows);
        Ok(Exit::Done)
    })
}
