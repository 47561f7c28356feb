//! A Rust product's program, and command steps in any language: rows in and out over pipes, without the engine inside.
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, cast};
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use meshwright::host;
use meshwright_catalog::{Error, Kind};
use meshwright_spec::{Diagnostic, Name};
use sha2::{Digest, Sha256};

use crate::failure::{Failure, Result};
use crate::project::Project;

/// Rows that come from elsewhere, read by blocking code.
pub(crate) struct Rows {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Box<dyn Iterator<Item = Result<RecordBatch>> + Send>,
}

/// The program of a Rust product, built and asked what it holds.
pub(crate) struct Program {
    inner: host::Program,
    /// Hash of the executable: its code is part of what a result depends on.
    pub(crate) fingerprint: String,
}

impl Program {
    /// Builds it where it is built with cargo, then starts it once to ask what it holds.
    ///
    /// # Errors
    /// [`Failure::Product`] with the compiler's words when it does not build or does not answer.
    pub(crate) async fn start(project: &Project) -> Result<Option<Self>> {
        let Some(words) = project.program.clone() else { return Ok(None) };
        let dir = project.dir.clone();
        let started = tokio::task::spawn_blocking(move || {
            let words = if words[..] == ["cargo", "run", "--quiet"] { build(&dir)? } else { words };
            let fingerprint = std::fs::read(dir.join(&words[0])).map(|b| format!("{:x}", Sha256::digest(b)));
            let inner = host::Program::start_with(&words, &dir, listening()).map_err(|e| e.to_string())?;
            Ok::<_, String>(Self { inner, fingerprint: fingerprint.unwrap_or_else(|_| words.join(" ")) })
        });
        let started = started.await.map_err(|e| Error::new(Kind::Unexpected, "building stopped").because(e))?;
        started.map(Some).map_err(|text| {
            let span = project.product.inputs.first().map(|i| i.span.clone());
            let place = meshwright_spec::Span { file: project.product.file, start: 0, end: 0 };
            let d = Diagnostic::error("M0408", "the product's program cannot be built or started")
                .at(span.unwrap_or(place), "")
                .help(text);
            project.fail(vec![d])
        })
    }

    /// Sources it implements.
    pub(crate) fn sources(&self) -> Vec<(Name, SchemaRef)> {
        let sources = &self.inner.describe().sources;
        sources.iter().filter_map(|s| Some((s.name.parse().ok()?, s.schema.clone()))).collect()
    }

    /// Steps it implements: name, what each reads, its columns.
    pub(crate) fn steps(&self) -> Vec<(Name, Vec<Name>, SchemaRef)> {
        let steps = &self.inner.describe().steps;
        steps
            .iter()
            .filter_map(|s| {
                let inputs = s.inputs.iter().filter_map(|i| i.name.parse().ok()).collect();
                Some((s.name.parse().ok()?, inputs, s.schema.clone()))
            })
            .collect()
    }

    /// Checks it implements: name and the port each speaks of.
    pub(crate) fn checks(&self) -> Vec<(String, String)> {
        self.inner.describe().checks.iter().map(|c| (c.name.clone(), c.port.clone())).collect()
    }

    /// The rows of one of its sources in a stretch of time.
    pub(crate) fn ingest(&self, source: &Name, window: &meshwright::Window) -> Result<Rows> {
        let stream = self.inner.ingest(source.as_str(), window).map_err(said)?;
        Ok(rows(stream))
    }

    /// One of its steps over the rows of tables; each is handed the columns and types that it wants, and no others.
    pub(crate) fn step(&self, name: &Name, inputs: Vec<(Name, DataFrame)>) -> Result<Rows> {
        let described = self.inner.describe().step(name.as_str());
        let wanted = |input: &Name| described?.inputs.iter().find(|i| i.name == input.as_str())?.schema.clone();
        let shaped = |(n, f): (Name, DataFrame)| {
            let f = match wanted(&n) {
                Some(schema) => shaped(f, &schema)?,
                None => f,
            };
            Ok((n.to_string(), feed(f)?))
        };
        let inputs = inputs.into_iter().map(shaped).collect::<Result<Vec<_>>>()?;
        let stream = self.inner.step(name.as_str(), inputs).map_err(said)?;
        Ok(rows(stream))
    }

    /// One of its checks over a port's rows; blocks while it judges.
    pub(crate) fn check(&self, name: &str, frame: DataFrame) -> std::result::Result<meshwright::CheckOutcome, String> {
        let batches = feed(frame).map_err(|_| "its rows cannot be read".to_owned())?;
        tokio::task::block_in_place(|| self.inner.check(name, batches).map_err(|e| e.to_string()))
    }
}

/// A command step.
pub(crate) fn command(words: &[String], dir: &Path, inputs: Vec<(Name, DataFrame)>) -> Result<Rows> {
    let inputs = inputs.into_iter().map(|(n, f)| Ok((n.to_string(), feed(f)?))).collect::<Result<Vec<_>>>()?;
    let run = || host::run_command(words, dir, &listening(), inputs);
    Ok(rows(tokio::task::block_in_place(run).map_err(said)?))
}

fn rows(stream: host::Stream) -> Rows {
    let schema = stream.schema();
    Rows { schema, batches: Box::new(stream.map(|b| b.map_err(said))) }
}

/// A program's failure with its kind: an unavailable service stays one that may be tried again.
fn said(e: meshwright::Error) -> Failure {
    let kind = match e.kind() {
        meshwright::Kind::NotFound => Kind::NotFound,
        meshwright::Kind::Conflict => Kind::Conflict,
        meshwright::Kind::Denied => Kind::Denied,
        meshwright::Kind::Unavailable => Kind::Unavailable,
        meshwright::Kind::Invalid => Kind::Invalid,
        meshwright::Kind::Unsupported => Kind::Unsupported,
        meshwright::Kind::Unexpected => Kind::Unexpected,
    };
    Failure::Operation(Error::new(kind, e.to_string()))
}

/// What programs and commands print goes to the log.
fn listening() -> host::Options {
    let talk = |line: &str| tracing::info!(target: "meshwright_engine::program", "{line}");
    host::Options { talk: Some(Arc::new(talk)), ..host::Options::default() }
}

/// The columns of `schema`, in its types.
fn shaped(frame: DataFrame, schema: &SchemaRef) -> Result<DataFrame> {
    let columns = schema
        .fields()
        .iter()
        .map(|f| cast(Expr::Column(Column::new_unqualified(f.name())), f.data_type().clone()).alias(f.name()));
    Ok(frame.select(columns.collect::<Vec<_>>())?)
}

/// A query's rows for blocking code: computed on the runtime, handed over through a short queue.
fn feed(frame: DataFrame) -> Result<meshwright::Batches> {
    let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
    let (out, mut rows) = tokio::sync::mpsc::channel(4);
    tokio::spawn(async move {
        let mut stream = match frame.execute_stream().await {
            Ok(stream) => stream,
            Err(e) => {
                let _ = out.send(Err(e)).await;
                return;
            }
        };
        while let Some(batch) = stream.next().await {
            if out.send(batch).await.is_err() {
                return;
            }
        }
    });
    let batches = std::iter::from_fn(move || rows.blocking_recv());
    Ok(meshwright::Batches::new(schema, batches.map(|b| b.map_err(|e| Box::new(e) as meshwright::BoxError))))
}

/// Builds with cargo; returns the program's path.
fn build(dir: &Path) -> std::result::Result<Vec<String>, String> {
    let out = Command::new("cargo")
        .args(["build", "--quiet", "--message-format=json-render-diagnostics"])
        .current_dir(dir)
        .output()
        .map_err(|e| format!("cargo cannot be started: {e}"))?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).trim().to_owned());
    }
    let text = String::from_utf8_lossy(&out.stdout);
    let built = text.lines().filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok());
    built
        .filter_map(|m| m.get("executable")?.as_str().map(str::to_owned))
        .next_back()
        .map(|path| vec![path])
        .ok_or_else(|| "the package has no binary: write src/main.rs with `meshwright::main!`".to_owned())
}
