//! Rows that are written as they are delivered: from the files' reader straight into the checks.
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use meshwright_catalog::Catalog;
use meshwright_check::{Context, Deferred, FileFacts, Part, Pass, Report, Suite};
use meshwright_spec::{Contract, Format, PortName};

use crate::checks::{Compiler, EVIDENCE, KnownValues, Opened, facts_by_name, is_kept, known_values, measure};
use crate::failure::Result;
use crate::feed::Feed;
use crate::report::PortReport;
use crate::session::session;
use crate::source::{Delivery, SourceTable, data_failure};
use crate::write::promised;

/// Judges a delivery whose columns are the port's.
pub(crate) async fn judge(
    catalog: Option<&Catalog>,
    delivery: Delivery,
    contract: &Contract,
    port: &PortName,
) -> Result<PortReport> {
    let (read, promise) = (delivery.clone(), contract.clone());
    let known = known_values(catalog, contract, port, None).await;
    let newest = match catalog {
        Some(catalog) => catalog.releases(port).await?.into_iter().next(),
        None => None,
    };
    let previous_rows = newest.and_then(|release| u64::try_from(release.port.rows).ok());
    let work = tokio::task::spawn_blocking(move || one_pass(&read, &promise, &known, previous_rows));
    let stopped =
        |e| meshwright_catalog::Error::new(meshwright_catalog::Kind::Unexpected, "checking stopped").because(e);
    let (deferred, mut report) = work.await.map_err(stopped)??;
    if !deferred.is_empty() {
        let ctx = session()?;
        // sorting would change no answer
        let unsorted = Contract { sort: vec![], ..contract.clone() };
        let rows = promised(ctx.read_table(Arc::new(SourceTable::new(delivery)))?, &unsorted)?.into_view();
        for one in &deferred {
            let measured = measure(rows.clone(), contract, one, None).await;
            report.supply(&one.id, measured);
        }
    }
    let contract_version = contract.version.to_string();
    Ok(PortReport { port: port.to_string(), contract_version, quarantine: None, report })
}

fn one_pass(
    delivery: &Delivery,
    contract: &Contract,
    known: &KnownValues,
    previous_rows: Option<u64>,
) -> Result<(Vec<Deferred>, Report)> {
    let Delivery { source, columns, resources } = delivery;
    let defect = |e: Box<meshwright_landing::DataError>| data_failure(&e);
    let ctx = session()?;
    // how text is stored matters to the plan of the checks, and only Parquet stores it in more than one way
    let schema = match source.format {
        Format::Parquet => Feed::plan(resources, source, columns, None).map_err(defect)?.schema,
        _ => delivery.schema(),
    };
    let suite = Suite::plan(contract, &schema, &Compiler { ctx: &ctx, known }).with_evidence(EVIDENCE);
    let mut whole = suite.start();
    let footers = footers(delivery)?;
    let wanted = prove(&suite, &footers, &schema, &mut whole);
    let places = places(delivery, contract, &footers, &suite.columns_for(&wanted));
    let mut feed = Feed::plan(resources, source, columns, Some(&places)).map_err(defect)?;
    if wanted.contains(&true) || !places.is_empty() || footers.is_empty() {
        let passes = feed
            .run(|| suite.start_for(&wanted), |pass, batch, origin| pass.update(batch, origin))
            .map_err(|e| data_failure(&e))?;
        passes.into_iter().for_each(|pass| whole.merge(pass));
    } else {
        footers.iter().for_each(|file| whole.take_in_rows(file.rows()));
    }
    let now = chrono::Utc::now();
    let context = Context { released_at: Some(now), previous_rows, files: feed.marks(), ..Context::at(now) };
    let mut report = whole.finish(&context);
    complete(&suite, &mut report, delivery, &feed)?;
    for sample in report.results.iter_mut().flat_map(|result| &mut result.sample) {
        if let Some((file, row)) = sample.file.parse().ok().and_then(|split| feed.place(split, sample.row)) {
            (sample.file, sample.row) = (resources[file].location.clone(), row);
        }
    }
    Ok((suite.deferred().to_vec(), report))
}

/// The footers of Parquet files; nothing for others.
fn footers(delivery: &Delivery) -> Result<Vec<Opened>> {
    match delivery.source.format {
        Format::Parquet => delivery.resources.iter().map(|resource| Opened::open(&resource.path)).collect(),
        _ => Ok(vec![]),
    }
}

/// Takes in the answers that the files' metadata prove, and says which checks have to read rows.
fn prove(suite: &Suite, footers: &[Opened], schema: &SchemaRef, whole: &mut Pass) -> Vec<bool> {
    let mut wanted = suite.answerable();
    for dictionaries in [false, true] {
        let names = if dictionaries { suite.columns_for(&wanted) } else { vec![] };
        let facts: Vec<FileFacts> = footers.iter().map(|file| facts_by_name(file, schema, &names)).collect();
        for check in (0..wanted.len()).filter(|_| !facts.is_empty()) {
            if !wanted[check] {
                continue;
            }
            let parts: Option<Vec<Part>> = facts.iter().map(|facts| suite.prove(check, facts)).collect();
            if let Some(parts) = parts {
                parts.into_iter().for_each(|part| whole.take_in(part));
                wanted[check] = false;
            }
        }
    }
    wanted
}

/// The columns that are read: those that checks ask for, and all of the contract's whose values a run might not be able
/// to read, because that is for a verdict to say too.
fn places(delivery: &Delivery, contract: &Contract, footers: &[Opened], asked: &[String]) -> Vec<usize> {
    let schema = delivery.schema();
    let is_certain = |name: &str| {
        let Ok(promised) = schema.field_with_name(name) else { return true };
        let stored = |file: &Opened| file.metadata.schema().field_with_name(name).map(|f| f.data_type().clone());
        !footers.is_empty()
            && footers.iter().all(|file| stored(file).is_ok_and(|stored| is_kept(&stored, promised.data_type())))
    };
    let read =
        |name: &String| asked.contains(name) || (contract.columns.iter().any(|c| c.name == *name) && !is_certain(name));
    (0..delivery.columns.len()).filter(|at| read(&delivery.columns[*at].0)).collect()
}

/// Reads the rows whose values a pass does not keep, so that evidence shows them.
fn complete(suite: &Suite, report: &mut Report, delivery: &Delivery, feed: &Feed) -> Result<()> {
    let open = report.incomplete();
    if open.is_empty() {
        return Ok(());
    }
    let Delivery { source, columns, resources } = delivery;
    let needed = suite.columns();
    let places: Vec<usize> = (0..columns.len()).filter(|at| needed.contains(&columns[*at].0)).collect();
    let files = Feed::of_files(resources, source, columns, &places).map_err(|e| data_failure(&e))?;
    for (split, row) in open {
        let Some((file, row_of_file)) = feed.place(split, row) else { continue };
        if let Some(batch) = files.row(file, row_of_file) {
            suite.complete(report, &batch, meshwright_check::RowOrigin { file: split, first_row: row });
        }
    }
    Ok(())
}
