//! Rows that are written as they are delivered: from the files' reader straight into the checks.
use std::sync::Arc;

use meshwright_catalog::Catalog;
use meshwright_check::{Context, Deferred, Report, Suite};
use meshwright_spec::{Contract, PortName};

use crate::checks::{Compiler, EVIDENCE, KnownValues, known_values, measure};
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
            let measured = measure(rows.clone(), contract, &one.kind, None).await;
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
    let schema = Feed::plan(resources, source, columns, None).map_err(defect)?.schema;
    let suite = Suite::plan(contract, &schema, &Compiler { ctx: &ctx, known }).with_evidence(EVIDENCE);
    let needed = suite.columns();
    let places: Vec<usize> =
        needed.iter().filter_map(|name| columns.iter().position(|(known, _)| known == name)).collect();
    let mut feed = Feed::plan(resources, source, columns, Some(&places)).map_err(defect)?;
    let passes =
        feed.run(|| suite.start(), |pass, batch, origin| pass.update(batch, origin)).map_err(|e| data_failure(&e))?;
    let whole = passes.into_iter().reduce(|mut all, pass| {
        all.merge(pass);
        all
    });
    let now = chrono::Utc::now();
    let context = Context { released_at: Some(now), previous_rows, files: feed.marks(), ..Context::at(now) };
    let mut report = whole.unwrap_or_else(|| suite.start()).finish(&context);
    for (split, row) in report.incomplete() {
        if let Some(batch) = feed.row(split, row) {
            suite.complete(&mut report, &batch, meshwright_check::RowOrigin { file: split, first_row: row });
        }
    }
    for sample in report.results.iter_mut().flat_map(|result| &mut result.sample) {
        if let Some((file, row)) = feed.place(&sample.file, sample.row) {
            (sample.file, sample.row) = (file.to_owned(), row);
        }
    }
    Ok((suite.deferred().to_vec(), report))
}
