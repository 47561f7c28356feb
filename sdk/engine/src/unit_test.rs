//! Unit tests of steps: `tests/<name>.toml` with given rows and expected rows.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::json::ReaderBuilder;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_spec::{Diagnostic, Name, Span, nearest};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::check::static_plan;
use crate::events::{Events, Silent};
use crate::execute::{Ingredients, execute};
use crate::failure::{Failure, Result};
use crate::ingest::delivery;
use crate::program::Program;
use crate::project::Project;
use crate::steps::{Base, Plan, plan};

/// One test, run.
#[derive(Debug, Clone, Serialize)]
pub struct TestResult {
    /// File name without its ending.
    pub name: String,
    /// Whether all expectations hold.
    pub passed: bool,
    /// What differs, in words; one line per row.
    pub differences: Vec<String>,
    /// Milliseconds.
    pub elapsed_ms: u64,
}

type Row = Map<String, Value>;

struct Case {
    name: String,
    given: BTreeMap<String, Given>,
    expect: BTreeMap<String, Vec<Row>>,
    file: usize,
}

enum Given {
    Rows(Vec<Row>),
    File(PathBuf),
}

/// Runs every test of a product, or those whose names contain a word.
///
/// # Errors
/// [`Failure::Product`] when a test file is wrong or a step cannot be planned; failed expectations are results.
pub async fn unit_tests(project: &Project, catalog: Option<&Catalog>, only: Option<&str>) -> Result<Vec<TestResult>> {
    let mut project = project.clone();
    let cases = read_cases(&mut project, only)?;
    let program = Program::start(&project).await?;
    let sketch = static_plan(&project, catalog, program.as_ref()).await?;
    let mut out = vec![];
    for case in cases {
        let started = Instant::now();
        let differences = run_case(&project, &sketch, program.as_ref(), &case).await?;
        let elapsed_ms = started.elapsed().as_millis() as u64;
        out.push(TestResult { name: case.name, passed: differences.is_empty(), differences, elapsed_ms });
    }
    Ok(out)
}

fn read_cases(project: &mut Project, only: Option<&str>) -> Result<Vec<Case>> {
    let Ok(entries) = std::fs::read_dir(project.dir.join("tests")) else { return Ok(vec![]) };
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    let (mut cases, mut found) = (vec![], vec![]);
    for path in paths {
        let name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        if only.is_some_and(|word| !name.contains(word)) {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        let file = project.sources.add(Path::new("tests").join(format!("{name}.toml")), text.clone());
        match read_case(name, &text, file) {
            Ok(case) => cases.push(case),
            Err(d) => found.push(*d),
        }
    }
    if found.is_empty() { Ok(cases) } else { Err(project.fail(found)) }
}

fn read_case(name: String, text: &str, file: usize) -> std::result::Result<Case, Box<Diagnostic>> {
    let wrong = |message: String, span: Option<std::ops::Range<usize>>| {
        let range = span.unwrap_or(0..text.lines().next().unwrap_or_default().len());
        let place = Span { file, start: range.start, end: range.end };
        Box::new(
            Diagnostic::error("M0409", message)
                .at(place, "")
                .help("a test has [given] and [expect] with rows by table name"),
        )
    };
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| wrong(e.message().to_owned(), e.span()))?;
    if let Some(key) = table.keys().find(|k| !["given", "expect", "description"].contains(&k.as_str())) {
        let help = nearest(key, ["given", "expect"]).map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
        let at = text.find(key.as_str()).map(|s| s..s + key.len());
        return Err(wrong(format!("unknown key `{key}`{help}"), at));
    }
    let section = |key: &str| -> std::result::Result<toml::Table, Box<Diagnostic>> {
        match table.get(key) {
            None => Ok(toml::Table::new()),
            Some(toml::Value::Table(t)) => Ok(t.clone()),
            Some(_) => Err(wrong(format!("`{key}` must be a table"), None)),
        }
    };
    let rows = |name: &str, value: toml::Value| -> std::result::Result<Vec<Row>, Box<Diagnostic>> {
        let toml::Value::Array(items) = value else {
            return Err(wrong(format!("`{name}` must be a list of rows"), None));
        };
        let row = |item: toml::Value| match plain(item) {
            Value::Object(row) => Ok(row),
            _ => Err(wrong(format!("a row of `{name}` is not a table"), None)),
        };
        items.into_iter().map(row).collect()
    };
    let mut given = BTreeMap::new();
    for (name, value) in section("given")? {
        let value = match &value {
            toml::Value::Table(t) => match t.get("file").and_then(toml::Value::as_str) {
                Some(path) => Given::File(path.into()),
                None => return Err(wrong(format!("`{name}` needs rows, or file = \"...\""), None)),
            },
            _ => Given::Rows(rows(&name, value)?),
        };
        given.insert(name, value);
    }
    let mut expect = BTreeMap::new();
    for (name, value) in section("expect")? {
        let value = rows(&name, value)?;
        expect.insert(name, value);
    }
    if expect.is_empty() {
        return Err(wrong(format!("test `{name}` expects nothing"), None));
    }
    Ok(Case { name, given, expect, file })
}

/// TOML values as JSON; dates and times as their text.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::Datetime(d) => Value::String(d.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        toml::Value::Table(t) => Value::Object(t.into_iter().map(|(k, v)| (k, plain(v))).collect()),
        other => serde_json::to_value(other).unwrap_or(Value::Null),
    }
}

async fn run_case(project: &Project, sketch: &Plan, program: Option<&Program>, case: &Case) -> Result<Vec<String>> {
    let at = |message: String| {
        let place = Span { file: case.file, start: 0, end: 0 };
        project.fail(vec![Diagnostic::error("M0409", message).at(place, format!("test `{}`", case.name))])
    };
    let mut names: Vec<Name> = project.product.sources.iter().map(|s| s.name.clone()).collect();
    names.extend(project.product.inputs.iter().map(|i| i.name.clone()));
    names.extend(program.map(Program::sources).unwrap_or_default().into_iter().map(|(n, _)| n));
    if let Some(given) = case.given.keys().find(|g| !names.iter().any(|n| n.as_str() == g.as_str())) {
        let near = nearest(given, names.iter().map(Name::as_str)).map(|n| format!(", did you mean `{n}`?"));
        return Err(at(format!("`{given}` is no source or input of this product{}", near.unwrap_or_default())));
    }
    let mut base: Vec<(Name, Arc<dyn TableProvider>, u64)> = vec![];
    let mut tables: Vec<Base> = vec![];
    for name in &names {
        let known = sketch.schemas.get(name).cloned();
        let provider: Arc<dyn TableProvider> = match case.given.get(name.as_str()) {
            Some(Given::Rows(rows)) => memory(rows, known, name).map_err(|e| match e {
                Failure::Operation(e) => at(e.to_string()),
                other => other,
            })?,
            Some(Given::File(path)) => file_table(project, name, path).await?,
            None => match known {
                Some(schema) => Arc::new(MemTable::try_new(schema, vec![vec![]])?),
                None => continue,
            },
        };
        tables.push((name.clone(), Some(provider.schema())));
        base.push((name.clone(), provider, 0));
    }
    let plan = plan(project, tables, &program.map(Program::steps).unwrap_or_default()).await?;
    let mut wanted = vec![];
    for table in case.expect.keys() {
        let output = project.product.outputs.iter().find(|o| o.name.as_str() == table);
        let name = match output {
            Some(output) => output.from.clone(),
            None => table.parse().map_err(|_| at(format!("`{table}` is no step or output of this product")))?,
        };
        if !plan.schemas.contains_key(&name) {
            return Err(at(format!(
                "`{table}` is no step or output of this product, or reads a table that is not given"
            )));
        }
        wanted.push((table.clone(), name));
    }
    let mut needed = vec![];
    for (_, name) in &wanted {
        needed.push(name.clone());
    }
    let parts = Ingredients { project, plan: &plan, bases: base, program, wanted: needed, scratch: None };
    let execution = execute(parts, &Events::new("test", &Silent)).await?;
    let mut differences = vec![];
    for (table, name) in &wanted {
        let found = execution.table(name).await?.collect().await?;
        let found = to_rows(&found)?;
        differences.extend(compare(table, &case.expect[table], &found));
    }
    Ok(differences)
}

fn memory(rows: &[Row], known: Option<SchemaRef>, name: &Name) -> Result<Arc<dyn TableProvider>> {
    let wrong = |text: String| Error::new(Kind::Invalid, format!("the rows given for `{name}` do not fit: {text}"));
    let schema = match known {
        Some(schema) => Arc::new(Schema::new(
            schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true)).collect::<Vec<_>>(),
        )),
        None => {
            let values = rows.iter().map(|r| Ok(Value::Object(r.clone())));
            Arc::new(arrow::json::reader::infer_json_schema_from_iterator(values).map_err(|e| wrong(e.to_string()))?)
        }
    };
    for row in rows {
        if let Some(extra) = row.keys().find(|k| schema.field_with_name(k).is_err()) {
            let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            return Err(wrong(format!("it has no column `{extra}`, only {}", names.join(", "))).into());
        }
    }
    let mut decoder = ReaderBuilder::new(schema.clone()).with_coerce_primitive(true).build_decoder()?;
    decoder.serialize(rows).map_err(|e| wrong(e.to_string()))?;
    let batches: Vec<RecordBatch> = decoder.flush().map_err(|e| wrong(e.to_string()))?.into_iter().collect();
    Ok(Arc::new(MemTable::try_new(schema, vec![batches])?))
}

/// A given file is read as the source itself would be.
async fn file_table(project: &Project, name: &Name, path: &Path) -> Result<Arc<dyn TableProvider>> {
    let Some(source) = project.product.sources.iter().find(|s| s.name == *name) else {
        return Err(Failure::Operation(
            Error::new(Kind::Unsupported, format!("`{name}` is not a declared source, so a file cannot stand for it"))
                .help("give rows"),
        ));
    };
    let mut source = source.clone();
    source.location = vec![project.dir.join(path).to_string_lossy().into_owned()];
    let dir = tempfile::Builder::new().prefix("mesh-test-").tempdir()?;
    let landing = meshwright_landing::Landing::open(dir.path()).map_err(|e| crate::ingest::refused(e, project))?;
    let attempt = meshwright_landing::AttemptContext {
        run: "test".into(),
        product: project.product.name.to_string(),
        at: chrono::Utc::now(),
    };
    let collected =
        landing.collect(&source, &project.dir, &attempt).await.map_err(|e| crate::ingest::refused(e, project))?;
    let delivery = delivery(project, &source, collected.resources).await?;
    let table = crate::source::SourceTable::new(delivery);
    let ctx = crate::session::session()?;
    let frame = ctx.read_table(Arc::new(table))?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await.map_err(|e| crate::blame::place(e.into(), project))?;
    drop(collected.settling);
    Ok(Arc::new(MemTable::try_new(schema, vec![batches])?))
}

fn to_rows(batches: &[RecordBatch]) -> Result<Vec<Row>> {
    let mut writer =
        arrow::json::WriterBuilder::new().with_explicit_nulls(true).build::<_, arrow::json::writer::JsonArray>(vec![]);
    writer.write_batches(&batches.iter().collect::<Vec<_>>())?;
    writer.finish()?;
    let bytes = writer.into_inner();
    if bytes.is_empty() {
        return Ok(vec![]);
    }
    serde_json::from_slice(&bytes).map_err(|e| Error::from(e).into())
}

/// Only named columns are compared, in any order of rows; a column that a row does not name is free in that row.
fn compare(table: &str, expected: &[Row], found: &[Row]) -> Vec<String> {
    let mut left: Vec<&Row> = found.iter().collect();
    let mut out = vec![];
    // rows that name more columns are harder to satisfy, so they choose first
    let mut order: Vec<&Row> = expected.iter().collect();
    order.sort_by_key(|r| std::cmp::Reverse(r.len()));
    for row in order {
        match left.iter().position(|f| row.iter().all(|(k, v)| same(v, f.get(k).unwrap_or(&Value::Null)))) {
            Some(i) => {
                left.swap_remove(i);
            }
            None => {
                let unknown = row.keys().find(|k| found.first().is_some_and(|f| !f.contains_key(*k)));
                match unknown {
                    Some(k) => out.push(format!("{table}: there is no column `{k}`")),
                    None => out.push(format!("{table}: missing   {}", show(row, row))),
                }
            }
        }
    }
    let named = expected.first().cloned().unwrap_or_default();
    out.extend(
        left.iter().map(|f| format!("{table}: not expected {}", show(f, if named.is_empty() { f } else { &named }))),
    );
    out
}

fn show(row: &Row, columns: &Row) -> String {
    let parts: Vec<String> = columns.keys().map(|k| format!("{k} = {}", row.get(k).unwrap_or(&Value::Null))).collect();
    format!("{{ {} }}", parts.join(", "))
}

/// Numbers by value, whatever their type; floats within one part in 10^12; dates and times also by their shorter texts.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_f64(), y.as_f64()) {
            (Some(x), Some(y)) => x == y || (x - y).abs() <= 1e-12 * x.abs().max(y.abs()),
            _ => x == y,
        },
        (Value::String(x), Value::String(y)) => {
            let norm = |s: &str| s.replace(' ', "T").trim_end_matches('Z').to_owned();
            x == y || norm(x) == norm(y)
        }
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Value::Object(x), Value::Object(y)) => x.iter().all(|(k, v)| same(v, y.get(k).unwrap_or(&Value::Null))),
        _ => a == b,
    }
}
