//! What can be typed.
use std::path::PathBuf;

use clap::{Args, Parser};

use crate::verbs::Verb;

/// Data products on Iceberg tables: scaffold, run, publish, discover, query.
#[derive(Debug, Parser)]
#[command(
    name = "mesh",
    version,
    disable_help_subcommand = true,
    after_help = "Start:  mesh new climate/emissions && cd emissions && mesh run\nRead:   mesh search co2 · mesh query \"select * from climate.emissions.country_year limit 5\""
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// Flags of every verb.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Work in this folder, as in git
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub(crate) directory: Option<PathBuf>,
    /// The mesh: a directory, file://, sqlite:// or postgres:// [default: MESH_URL, then product.toml, then your own]
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) mesh: Option<String>,
    /// Where a new mesh keeps its tables: s3://bucket/prefix or a directory [default: MESH_WAREHOUSE, then product.toml]
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) warehouse: Option<String>,
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say more; twice: trace
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say only what failed
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}
