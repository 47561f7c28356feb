//! `mesh connect`
use clap::{Args, ValueEnum};
use meshwright_catalog::Database;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Print the snippet that reads this mesh from another program
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The program
    #[arg(value_enum)]
    program: Program,
    /// The port to read [default: the first published one]
    #[arg(long)]
    port: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Program {
    Pyiceberg,
    Duckdb,
    Polars,
    Pandas,
    Spark,
    Trino,
    Psql,
    Superset,
}

impl Connect {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let catalog = context.catalog().await?;
            let first = catalog.ports(None).await?.into_iter().next().map(|p| p.port);
            let port = self.port.or(first).unwrap_or_else(|| "domain.product.port".to_owned());
            let home = catalog.home();
            let (uri, driver) = match &home.database {
                Database::Sqlite(file) => (format!("sqlite:///{}", file.display()), "sql-sqlite"),
                Database::Postgres(_) => {
                    let url = home.database.to_string();
                    let place = url.split_once("://").map_or(url.as_str(), |(_, place)| place);
                    (format!("postgresql+psycopg2://{place}"), "sql-postgres")
                }
            };
            let open = format!(
                "from pyiceberg.catalog.sql import SqlCatalog\ncatalog = SqlCatalog(\"mesh\", uri=\"{uri}\", warehouse=\"{}\")\ntable = catalog.load_table(\"{port}\")",
                home.warehouse
            );
            let install = |packages: &str| format!("# pip install {}", packages.replace("sql-sqlite", driver));
            let snippet = match self.program {
                Program::Pyiceberg => format!("{}\n{open}\nprint(table.scan().to_arrow())", install("'pyiceberg[sql-sqlite,pyarrow]'")),
                Program::Pandas => format!("{}\n{open}\nframe = table.scan().to_pandas()", install("'pyiceberg[sql-sqlite,pandas]'")),
                Program::Polars => {
                    format!("{}\n{open}\nimport polars\nframe = polars.scan_iceberg(table).collect()", install("'pyiceberg[sql-sqlite,pyarrow]' polars"))
                }
                Program::Duckdb => format!(
                    "{}\n{open}\nimport duckdb\nrows = table.scan().to_arrow()\nprint(duckdb.sql(\"select * from rows limit 5\"))",
                    install("'pyiceberg[sql-sqlite,pyarrow]' duckdb")
                ),
                Program::Spark | Program::Trino | Program::Psql | Program::Superset => {
                    printer::error("this program needs a served mesh, which this version does not offer yet");
                    printer::hint("pyiceberg, duckdb, polars and pandas read an embedded mesh directly");
                    return Ok(Exit::Unavailable);
                }
            };
            if context.json {
                printer::json(&json!({ "port": port, "snippet": snippet }));
            } else {
                printer::line(&snippet);
            }
            Ok(Exit::Done)
        })
    }
}
