//! Rows that are written as they are delivered: from the files' reader straight into the checks.
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_check::{Context, Deferred, Part, Pass, Report, RowOrigin, Suite};
use meshwright_spec::{Contract, DataType, Format, PortName};

use crate::checks::{Compiler, EVIDENCE, KnownValues, Opened, facts_by_name, is_kept, known_values, measure};
use crate::failure::Result;
use crate::feed::{Feed, Share, cores};
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
    let asked = match footers.is_empty() {
        true => suite.answerable(),
        false => (0..suite.names().len()).map(|check| wanted.iter().any(|wanted| wanted[check])).collect(),
    };
    let uncertain = uncertain(delivery, contract, &footers);
    let needed = suite.columns_for(&asked);
    let is_read = |(name, _): &(String, DataType)| needed.contains(name) || uncertain.contains(name);
    let places: Vec<usize> = (0..columns.len()).filter(|at| is_read(&columns[*at])).collect();
    let mut feed = Feed::plan(resources, source, columns, Some(&places)).map_err(defect)?;
    if !footers.is_empty() && feed.splits() != wanted.len() {
        return Err(Error::new(Kind::Conflict, "a file has changed while it was read").into());
    }
    let fields = feed.schema.clone();
    let share = |split: usize| {
        let Some(wanted) = wanted.get(split) else { return Share::All };
        if uncertain.is_empty() && !wanted.contains(&true) {
            return Share::Nothing;
        }
        let needed = suite.columns_for(wanted);
        let is_read =
            |at: &usize| needed.contains(fields.field(*at).name()) || uncertain.contains(fields.field(*at).name());
        Share::Columns((0..fields.fields().len()).filter(is_read).collect())
    };
    let take = |pass: &mut Pass, batch: &RecordBatch, origin: RowOrigin| {
        if let Some(wanted) = wanted.get(origin.file as usize) {
            pass.turn_to(wanted);
        }
        pass.update(batch, origin);
    };
    let passes = feed.run(|| suite.start_for(&asked), share, take).map_err(|e| data_failure(&e))?;
    passes.into_iter().for_each(|pass| whole.merge(pass));
    let proved = (0..wanted.len()).filter(|split| matches!(share(*split), Share::Nothing));
    proved.for_each(|split| whole.take_in_rows(feed.rows(split)));
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

/// Takes in the answers that metadata prove, row group by row group, and says for each which checks have to read its rows.
fn prove(suite: &Suite, footers: &[Opened], schema: &SchemaRef, whole: &mut Pass) -> Vec<Vec<bool>> {
    let groups = |file: &Opened| 0..file.metadata.metadata().num_row_groups();
    let groups: Vec<(&Opened, usize)> =
        footers.iter().flat_map(|file| groups(file).map(move |group| (file, group))).collect();
    let judge = |(file, group): &(&Opened, usize)| {
        let (mut wanted, mut proved) = (suite.answerable(), vec![]);
        for dictionaries in [false, true] {
            let names = if dictionaries { suite.columns_for(&wanted) } else { vec![] };
            let facts = facts_by_name(file, *group, schema, &names);
            for (check, wanted) in wanted.iter_mut().enumerate().filter(|(_, wanted)| **wanted) {
                if let Some(part) = suite.prove(check, &facts) {
                    proved.push(part);
                    *wanted = false;
                }
            }
        }
        (wanted, proved)
    };
    let share = groups.len().div_ceil(cores()).max(1);
    let judged: Vec<(Vec<bool>, Vec<Part>)> = std::thread::scope(|scope| {
        let work = |groups: &[(&Opened, usize)]| groups.iter().map(judge).collect::<Vec<_>>();
        let running: Vec<_> = groups.chunks(share).map(|groups| scope.spawn(move || work(groups))).collect();
        let done = running.into_iter().map(|thread| thread.join());
        done.flat_map(|found| found.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let (wanted, proved): (Vec<_>, Vec<_>) = judged.into_iter().unzip();
    proved.into_iter().flatten().for_each(|part| whole.take_in(part));
    wanted
}

/// Columns of the contract whose values a run might not be able to read, because that is for a verdict to say too.
fn uncertain(delivery: &Delivery, contract: &Contract, footers: &[Opened]) -> Vec<String> {
    let schema = delivery.schema();
    let is_certain = |name: &str| {
        let Ok(promised) = schema.field_with_name(name) else { return true };
        let stored = |file: &Opened| file.metadata.schema().field_with_name(name).map(|f| f.data_type().clone());
        !footers.is_empty()
            && footers.iter().all(|file| stored(file).is_ok_and(|stored| is_kept(&stored, promised.data_type())))
    };
    contract.columns.iter().filter(|c| !is_certain(&c.name)).map(|c| c.name.clone()).collect()
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
            suite.complete(report, &batch, RowOrigin { file: split, first_row: row });
        }
    }
    Ok(())
}
