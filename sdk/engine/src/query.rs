//! SQL over ports of any product, by `domain.product.port`.
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider};
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use futures::stream::BoxStream;
use meshwright_catalog::Catalog;
use meshwright_spec::{Diagnostic, PortName, Sources, Span, nearest};
use serde::Serialize;

use crate::at::At;
use crate::counted::counted;
use crate::failure::{Failure, Findings, Plain, Result};
use crate::plain::{plain_column, plain_field};
use crate::scan::IcebergTable;
use crate::session::query_session;
use crate::subquery::many_rows;
use crate::when::state_at;

/// Rows of a query, as they are computed.
pub struct Rows {
    /// Their columns.
    pub schema: SchemaRef,
    /// Batches of up to 8192 rows.
    pub batches: BoxStream<'static, Result<RecordBatch>>,
    scanned: Vec<(String, Arc<IcebergTable>)>,
}

/// What a query read of one port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Read {
    /// `domain.product.port`
    pub port: String,
    /// The state it was read at: `--at` with this id reads the same again.
    pub snapshot_id: Option<i64>,
    /// Data files of the state it was read at, once for each scan.
    pub files: usize,
    /// Those of them that could hold matching rows and were opened.
    pub files_read: usize,
}

impl Rows {
    /// What was read of each port, as far as it is decided when the query is planned.
    pub fn reads(&self) -> Vec<Read> {
        let read = |(port, table): &(String, Arc<IcebergTable>)| {
            let seen = table.pruning();
            let snapshot_id = table.snapshot_id();
            Read { port: port.clone(), snapshot_id, files: seen.files, files_read: seen.files - seen.pruned }
        };
        self.scanned.iter().map(read).collect()
    }
}

/// Plans a `select` and starts it. All ports are read as they are at one moment, so that ports of one product are of
/// one release. `at` (a release, snapshot, tag, branch or time) holds for every port it names; `product=WHEN` or
/// `port=WHEN`, several of them with commas between, for some.
///
/// # Errors
/// [`Failure::Usage`] for SQL that cannot be planned, [`Failure::Missing`] for ports that are not there.
pub async fn query(catalog: &Catalog, sql: &str, at: Option<&str>) -> Result<Rows> {
    let mut sources = Sources::default();
    let file = sources.add("query", sql);
    let ctx = query_session()?;
    let wrong = |e: datafusion::error::DataFusionError| {
        let span = e.diagnostic().and_then(|d| d.span);
        let span = span.map_or(Span { file, start: 0, end: sql.len() }, |s| Span {
            file,
            start: crate::steps::offset(sql, s.start.line, s.start.column),
            end: crate::steps::offset(sql, s.end.line, s.end.column),
        });
        let d = Diagnostic::error("M0702", "the query cannot be planned").at(span, e.strip_backtrace());
        Failure::Usage(Findings::one(d, &sources))
    };
    // a copy, which costs more than parsing; what is registered below is in it too
    let state = ctx.state();
    let dialect = state.config_options().sql_parser.dialect;
    let statement = state.sql_to_statement(sql, &dialect).map_err(wrong)?;
    let at = at.map(At::parse).transpose()?;
    let mut found = vec![];
    let mut scanned = vec![];
    let mut schemas: HashMap<String, Arc<MemorySchemaProvider>> = HashMap::new();
    let references = state.resolve_table_references(&statement).map_err(wrong)?;
    let names: Vec<String> = references.iter().map(ToString::to_string).collect();
    let named: Vec<PortName> = names.iter().filter_map(|n| n.parse().ok()).collect();
    if let Some(at) = &at {
        at.fits(&named)?;
    }
    // all ports at one moment: a release between two of them must not be seen in halves
    let states = catalog.load_states(&named, at.is_some()).await?;
    let mut states: HashMap<PortName, _> = named.iter().cloned().zip(states).collect();
    for name in names {
        let port: Option<PortName> = name.parse().ok();
        let state = port.as_ref().and_then(|p| states.remove(p));
        let (Some(port), Some((Some(table), releases))) = (port, state) else {
            found.push(unknown(catalog, &name, file, sql).await?);
            continue;
        };
        let when = at.as_ref().and_then(|at| at.of(&port));
        let (snapshot, schema) = match when {
            Some(when) => {
                let state = state_at(&port, &table, &releases, when)?;
                (Some(state.snapshot), state.schema)
            }
            None => (table.metadata().current_snapshot().cloned(), table.current_schema_ref()),
        };
        if snapshot.is_none() {
            // a table without a release has no rows to be wrong about; silence would look like an empty port
            found.push(
                Diagnostic::error("M0704", format!("port `{port}` has no release yet"))
                    .at(Span { file, start: 0, end: sql.len() }, "")
                    .help("its owner runs `mesh run`; a rejected run is read with `--at run-...`"),
            );
            continue;
        }
        let provider = Arc::new(IcebergTable::at(table, snapshot, schema)?.with_views()?);
        scanned.push((port.to_string(), provider.clone()));
        let domain = port.product.domain.to_string();
        if ctx.catalog(&domain).is_none() {
            ctx.register_catalog(&domain, Arc::new(MemoryCatalogProvider::new()));
        }
        let key = port.product.to_string();
        if !schemas.contains_key(&key) {
            let schema = Arc::new(MemorySchemaProvider::new());
            if let Some(c) = ctx.catalog(&domain) {
                c.register_schema(port.product.name.as_str(), schema.clone())?;
            }
            schemas.insert(key.clone(), schema);
        }
        schemas[&key].register_table(port.port.to_string(), provider)?;
    }
    if !found.is_empty() {
        return Err(Failure::Missing(Findings::many(found, &sources)));
    }
    let plan = state.statement_to_plan(statement).await.map_err(wrong)?;
    if let Some(subquery) = many_rows(&plan) {
        let d = Diagnostic::error("M0705", "a subquery that stands for one value may return several rows")
            .at(Span { file, start: 0, end: sql.len() }, subquery)
            .help("aggregate it, as in `(select max(x) from t)`, or add `limit 1`");
        return Err(Failure::Usage(Findings::one(d, &sources)));
    }
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    options.verify_plan(&plan).map_err(|_| {
        let d = Diagnostic::error("M0703", "`mesh query` reads: only `select` and `explain` are allowed")
            .at(Span { file, start: 0, end: sql.len() }, "")
            .help("products write their ports with `mesh run`");
        Failure::Usage(Findings::one(d, &sources))
    })?;
    let plan = counted(plan).await?;
    // `execute_logical_plan` would copy the state once more
    let stream = DataFrame::new(state, plan).execute_stream().await?;
    let ports: Vec<String> = scanned.iter().map(|(port, _)| port.clone()).collect();
    let schema = short_names(&stream.schema(), &ports);
    let named = schema.clone();
    // not `with_schema`, which lets no column change its name
    let batches = stream.map(move |b| {
        let b = b?;
        let rows = RecordBatchOptions::new().with_row_count(Some(b.num_rows()));
        let columns = b.columns().iter().zip(named.fields()).map(|(column, field)| plain_column(column, field));
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(RecordBatch::try_new_with_options(named.clone(), columns, &rows)?)
    });
    Ok(Rows { schema, batches: batches.boxed(), scanned })
}

/// `sum(climate.emissions.country_year.co2)` is `sum(co2)` to people, unless two columns would then have one name.
fn short_names(schema: &SchemaRef, ports: &[String]) -> SchemaRef {
    let short = |name: &str| ports.iter().fold(name.to_owned(), |name, port| name.replace(&format!("{port}."), ""));
    let plain: Vec<Field> = schema.fields().iter().map(|f| plain_field(f)).collect();
    let fields: Vec<Field> = plain.iter().map(|f| f.clone().with_name(short(f.name()))).collect();
    let names: HashSet<&str> = fields.iter().map(|f| f.name().as_str()).collect();
    let fields = if names.len() < plain.len() { plain } else { fields };
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

async fn unknown(catalog: &Catalog, name: &str, file: usize, sql: &str) -> Result<Diagnostic> {
    let known: Vec<String> = catalog.tables().await?.iter().map(ToString::to_string).collect();
    let registered = match name.parse::<PortName>() {
        Ok(port) => catalog.port(&port).await?.is_some(),
        Err(_) => false,
    };
    let start = sql.to_lowercase().find(&name.to_lowercase()).unwrap_or(0);
    let end = if start == 0 { sql.len() } else { start + name.len() };
    if registered {
        return Ok(Diagnostic::error("M0701", format!("port `{name}` has no release yet"))
            .at(Span { file, start, end }, "")
            .help("its owner makes one with `mesh run`"));
    }
    let full = known.iter().find(|k| k.rsplit('.').next() == Some(name));
    let near = full.map(String::as_str).or_else(|| nearest(name, known.iter().map(String::as_str)));
    let help = match near {
        Some(n) => format!("did you mean `{n}`?"),
        None => "name ports in full, `domain.product.port`; `mesh list` shows them".to_owned(),
    };
    Ok(Diagnostic::error("M0701", format!("there is no port `{name}` in this mesh"))
        .at(Span { file, start, end }, "")
        .help(help))
}
