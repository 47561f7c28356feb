//! Bringing raw bytes to the landing, and what their columns are.
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use chrono::Utc;
use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_landing::{AttemptContext, Collected, ErrorKind, Landing, LandingError, Resource, Settling};
use meshwright_spec::{Format, LockedSource, Name, Source, Span};
use parquet::arrow::ArrowWriter;
use serde_json::json;

use crate::columns::spec_type;
use crate::events::Events;
use crate::failure::{Failure, Findings, Result};
use crate::interval::Interval;
use crate::program::Program;
use crate::project::Project;
use crate::source::{Delivery, data_failure};

/// All deliveries of a run.
pub(crate) struct Ingested {
    pub(crate) deliveries: Vec<Delivery>,
    /// Sources whose columns nobody declared, as found.
    pub(crate) inferred: Vec<LockedSource>,
    /// Large objects that the disk does not have for good yet.
    settling: Vec<Settling>,
}

impl Ingested {
    /// Waits until the disk has every delivery: nothing is published of bytes that could still be lost.
    pub(crate) fn settle(&mut self, project: &Project) -> Result<()> {
        self.settling.iter_mut().try_for_each(Settling::settle).map_err(|e| refused(e, project))
    }

    /// Hashes of everything that was delivered, by source.
    pub(crate) fn hashes(&self) -> serde_json::Value {
        let of = |d: &Delivery| json!(d.resources.iter().map(|r| r.sha256.as_str()).collect::<Vec<_>>());
        serde_json::Value::Object(self.deliveries.iter().map(|d| (d.source.name.to_string(), of(d))).collect())
    }
}

/// Lands every source, declared ones and those of the program.
pub(crate) async fn ingest(
    project: &Project,
    catalog: &Catalog,
    program: Option<&Program>,
    run: &str,
    events: &Events<'_>,
) -> Result<Ingested> {
    let home = catalog.home();
    let landing = match &home.far_landing {
        Some(url) => Landing::open_far(url, catalog.scratch(run).join("landing")),
        None => Landing::open(&home.landing),
    };
    let landing = landing.map_err(|e| refused(e, project))?;
    let attempt = AttemptContext { run: run.to_owned(), product: project.product.name.to_string(), at: Utc::now() };
    let mut out = Ingested { deliveries: vec![], inferred: vec![], settling: vec![] };
    for source in &project.product.sources {
        let mut collected = landing.collect(source, &project.dir, &attempt).await.map_err(|e| refused(e, project))?;
        told(events, source, &collected);
        out.settling.append(&mut collected.settling);
        let delivery = delivery(project, source, collected.resources).await?;
        if source.columns.is_empty() {
            out.inferred.push(LockedSource { name: source.name.to_string(), columns: delivery.columns.clone() });
        }
        out.deliveries.push(delivery);
    }
    for (name, schema) in program.map(Program::sources).unwrap_or_default() {
        if let Some(program) = program {
            let (delivery, settling) =
                from_program(project, &landing, &attempt, program, &name, &schema, events).await?;
            out.deliveries.push(delivery);
            out.settling.extend(settling);
        }
    }
    Ok(out)
}

/// Fixes a delivery's columns: declared, known from `mesh.lock`, or inferred now.
pub(crate) async fn delivery(project: &Project, source: &Source, resources: Vec<Resource>) -> Result<Delivery> {
    let locked = project.lock.sources.iter().find(|l| l.name == source.name.as_str());
    let columns = if !source.columns.is_empty() {
        source.columns.clone()
    } else if let Some(locked) = locked {
        locked.columns.clone()
    } else {
        let (resources, source) = (resources.clone(), source.clone());
        let inferred = tokio::task::spawn_blocking(move || meshwright_landing::infer(&resources, &source)).await;
        let inferred = inferred.map_err(|e| Error::new(Kind::Unexpected, "inferring columns stopped").because(e))?;
        inferred.map_err(|e| crate::blame::place(data_failure(&e), project))?
    };
    Ok(Delivery { source: source.clone(), columns, resources: Arc::new(resources) })
}

/// A program's source is landed like any other: its rows as one Parquet file, byte for byte the same for the same rows.
async fn from_program(
    project: &Project,
    landing: &Landing,
    attempt: &AttemptContext,
    program: &Program,
    name: &Name,
    schema: &SchemaRef,
    events: &Events<'_>,
) -> Result<(Delivery, Vec<Settling>)> {
    let window = project.interval.as_ref().map(Interval::window).unwrap_or_default();
    let rows = program.ingest(name, &window)?;
    let dir = tempfile::Builder::new().prefix("mesh-source-").tempdir()?;
    let path = dir.path().join(format!("{name}.parquet"));
    let target = path.clone();
    let written = tokio::task::spawn_blocking(move || -> Result<()> {
        let broken =
            |e| Failure::Operation(Error::new(Kind::Unexpected, "a source's rows could not be landed").because(e));
        let mut writer =
            ArrowWriter::try_new(std::fs::File::create(target)?, rows.schema.clone(), None).map_err(broken)?;
        for batch in rows.batches {
            writer.write(&batch?).map_err(broken)?;
        }
        writer.close().map_err(broken)?;
        Ok(())
    });
    written.await.map_err(|e| Error::new(Kind::Unexpected, "a source stopped").because(e))??;
    let columns = schema
        .fields()
        .iter()
        .map(|f| Some((f.name().clone(), spec_type(f.data_type())?)))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| {
            Error::new(Kind::Unsupported, format!("source `{name}` has a column of a type that tables lack"))
        })?;
    let place = Span { file: project.product.file, start: 0, end: 0 };
    let source = Source {
        name: name.clone(),
        location: vec![path.to_string_lossy().into_owned()],
        format: Format::Parquet,
        columns: columns.clone(),
        every: None,
        span: place.clone(),
        location_span: place,
    };
    let collected = landing.collect(&source, &project.dir, attempt).await.map_err(|e| refused(e, project))?;
    told(events, &source, &collected);
    Ok((Delivery { source, columns, resources: Arc::new(collected.resources) }, collected.settling))
}

fn told(events: &Events<'_>, source: &Source, collected: &Collected) {
    let bytes: u64 = collected.resources.iter().map(|r| r.bytes).sum();
    let facts = json!({
        "source": source.name, "resources": collected.resources.len(), "bytes": bytes,
        "duplicates": collected.duplicates.len(), "fingerprint": collected.fingerprint(),
    });
    events.tell("source.landed", facts);
}

/// A failed delivery as a failure of ours.
pub(crate) fn refused(e: LandingError, project: &Project) -> Failure {
    let findings = Findings::many(e.diagnostics.clone(), &project.sources);
    match e.kind {
        ErrorKind::NotFound if !e.diagnostics.is_empty() => Failure::Missing(findings),
        ErrorKind::Unavailable if !e.diagnostics.is_empty() => Failure::Unavailable(findings),
        ErrorKind::Invalid if !e.diagnostics.is_empty() => Failure::Product(findings),
        ErrorKind::Denied => Failure::Operation(Error::new(Kind::Denied, e.to_string())),
        _ => Failure::Operation(Error::new(Kind::Unavailable, e.to_string())),
    }
}
