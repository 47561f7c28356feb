//! `mesh query`
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use futures::StreamExt;
use meshwright_engine::query;

use crate::context::Context;
use crate::exit::Exit;
use crate::rows::{Sink, write_error};

/// Read ports with SQL: tables are `domain.product.port`, of as many products as you like
#[derive(Debug, Args)]
#[command(
    after_help = "Example:  mesh query \"select country, sum(co2) from climate.emissions.country_year group by 1\" --format csv"
)]
pub(crate) struct Query {
    /// One `select`
    sql: String,
    /// As it was: release (r12), snapshot id, tag, branch or time
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
    /// How rows are written [default: table, or json with --json]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned text
    Table,
    /// One JSON object with columns and rows
    Json,
    /// One JSON object a row
    Ndjson,
    /// Separated values with a header
    Csv,
    /// An Apache Parquet file
    Parquet,
    /// An Arrow IPC stream
    Arrow,
}

impl Query {
    pub(crate) fn go(self, context: &Context) -> Exit {
        let default = if context.json { Format::Json } else { Format::Table };
        let format = self.format.unwrap_or(default);
        context.block_on(async {
            let mut rows = query(&context.catalog().await?, &self.sql, self.at.as_deref()).await?;
            let mut sink = Sink::open(format, self.output.as_deref(), &rows.schema)?;
            let mut count = 0;
            while let Some(batch) = rows.batches.next().await {
                let batch = batch?;
                count += batch.num_rows();
                sink.write(&batch).map_err(write_error)?;
            }
            let reads = rows.reads();
            sink.finish(&serde_json::json!({ "reads": &reads })).map_err(write_error)?;
            if context.is_verbose() {
                for read in &reads {
                    context.say(&format!("read {} of {} files of {}", read.files_read, read.files, read.port));
                }
            }
            if let Some(file) = &self.output {
                context.say(&format!("wrote {} rows to {}", crate::printer::thousands(count as i64), file.display()));
            }
            Ok(Exit::Done)
        })
    }
}
