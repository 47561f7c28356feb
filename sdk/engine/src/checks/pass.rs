//! One pass over a port's files: what is known of a file is taken in, what is not is read, row groups on all cores.
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use meshwright_catalog::{Error, Kind};
use meshwright_check::{Context, Part, Pass, Report, RowOrigin, Suite};
use meshwright_spec::Contract;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelector};

use super::EVIDENCE;
use super::facts::facts;
use super::files::{Opened, Piece, Place, file_name, read, unreadable, with_dictionaries};
use super::predicate::Compiler;
use super::states::States;
use crate::columns::{arrow_schema, contract_columns};
use crate::failure::Result;
use crate::scan::DataFileInfo;

/// What is checked.
pub(super) struct Data<'a> {
    pub(super) contract: &'a Contract,
    /// The live files, none with deleted rows.
    pub(super) files: &'a [DataFileInfo],
    /// Columns of the snapshot by field id.
    pub(super) ids: &'a [Place],
    /// Rows of the newest release.
    pub(super) previous_rows: Option<u64>,
    /// What was found in these files before.
    pub(super) states: Option<States>,
}

/// What is known of one file, and what has to be read of it.
struct Plan {
    wanted: Vec<bool>,
    columns: Vec<String>,
    /// Answers that dictionaries prove, which are worth keeping: the dictionaries had to be read.
    proved: Vec<(String, Vec<u8>)>,
}

/// Evaluates every check that needs nothing but the port's rows.
pub(super) fn one_pass(data: &Data<'_>, compiler: &Compiler<'_>) -> Result<(Suite, Report)> {
    let mut opened = vec![];
    for file in data.files {
        let local = file.path.strip_prefix("file://").unwrap_or(&file.path).to_owned();
        let metadata =
            ArrowReaderMetadata::load(&std::fs::File::open(&local)?, ArrowReaderOptions::new()).map_err(unreadable)?;
        opened.push(Opened { path: local, metadata });
    }
    let promised = arrow_schema(&contract_columns(data.contract));
    let schema = with_dictionaries(&promised, &opened, data.ids);
    let suite = Suite::plan(data.contract, &schema, compiler).with_evidence(EVIDENCE);

    let mut whole = suite.start();
    let mut plans = vec![];
    let mut pieces = VecDeque::new();
    for (at, file) in opened.iter().enumerate() {
        let plan = known(&suite, data, at, file, &schema, &mut whole);
        if !plan.proved.is_empty() && !plan.wanted.contains(&true) {
            keep(&suite, data, at, &plan, None);
        }
        if plan.wanted.contains(&true) {
            let mut first_row = 0;
            for (row_group, group) in file.metadata.metadata().row_groups().iter().enumerate() {
                pieces.push_back(Piece { file: at, row_group, first_row });
                first_row += group.num_rows() as u64;
            }
        } else {
            whole.take_in_rows(file.metadata.metadata().file_metadata().num_rows() as u64);
        }
        plans.push(plan);
    }
    let passes = read_all(&suite, &plans, pieces, &opened, &schema, data.ids)?;
    for (at, pass) in passes.into_iter().enumerate() {
        let Some(pass) = pass else { continue };
        keep(&suite, data, at, &plans[at], Some(&pass));
        whole.merge(pass);
    }
    if let Some(states) = &data.states {
        states.keep_only(data.files.iter().map(|file| (file.path.as_str(), file.size)));
    }

    let now = chrono::Utc::now();
    let context = Context {
        released_at: Some(now),
        previous_rows: data.previous_rows,
        columns: Some(data.ids.iter().map(|(name, ..)| name.clone()).collect()),
        files: opened.iter().map(|file| file_name(&file.path)).collect(),
        ..Context::at(now)
    };
    let mut report = whole.finish(&context);
    complete(&suite, &mut report, &opened, &schema, data.ids)?;
    Ok((suite, report))
}

/// Takes in what was found in the file before and what its metadata prove; says what is left to be read.
fn known(suite: &Suite, data: &Data<'_>, at: usize, file: &Opened, schema: &SchemaRef, whole: &mut Pass) -> Plan {
    let mut wanted = suite.answerable();
    let (path, size) = (&data.files[at].path, data.files[at].size);
    let kept = data.states.as_ref().map(|states| states.read(path, size)).unwrap_or_default();
    let footer = facts(file, schema, data.ids, &[]);
    let named = questions(suite, data.ids);
    for (check, name) in &named {
        let before = || suite.load(*check, kept.get(name)?, at as u32);
        let part: Option<Part> = suite.prove(*check, &footer).or_else(before);
        if let Some(part) = part {
            whole.take_in(part);
            wanted[*check] = false;
        }
    }
    let mut proved = vec![];
    if wanted.contains(&true) {
        let facts = facts(file, schema, data.ids, &suite.columns_for(&wanted));
        for (check, name) in named.into_iter().filter(|(check, _)| wanted[*check]).collect::<Vec<_>>() {
            let Some(part) = suite.prove(check, &facts) else { continue };
            proved.extend(part.save().map(|bytes| (name, bytes)));
            whole.take_in(part);
            wanted[check] = false;
        }
    }
    Plan { columns: suite.columns_for(&wanted), wanted, proved }
}

/// The checks whose answers can be kept, with what they ask. A column that was dropped and added again is another one, so
/// ids and defaults of the columns are part of it.
fn questions(suite: &Suite, ids: &[Place]) -> Vec<(usize, String)> {
    let checks = suite.names().len();
    let question = |(check, name): (usize, Option<&str>)| {
        let only: Vec<bool> = (0..checks).map(|other| other == check).collect();
        let columns = suite.columns_for(&only);
        let places: Vec<&Place> = ids.iter().filter(|(name, ..)| columns.contains(name)).collect();
        Some((check, format!("{} {places:?}", name?)))
    };
    suite.names().into_iter().enumerate().filter_map(question).collect()
}

/// Keeps what was found in a file, beside what was known of it before.
fn keep(suite: &Suite, data: &Data<'_>, at: usize, plan: &Plan, pass: Option<&Pass>) {
    let Some(states) = &data.states else { return };
    let (path, size) = (&data.files[at].path, data.files[at].size);
    let named = questions(suite, data.ids);
    let mut answers = states.read(path, size);
    // answers to questions that nobody asks any more go
    answers.retain(|known, _| named.iter().any(|(_, name)| name == known));
    answers.extend(plan.proved.iter().cloned());
    for (check, name) in named.into_iter().filter(|(check, _)| plan.wanted[*check]) {
        answers.extend(pass.and_then(|pass| pass.save(check)).map(|bytes| (name, bytes)));
    }
    states.write(path, size, &answers);
}

/// Reads row groups on all cores; a pass for each file that was read.
fn read_all(
    suite: &Suite,
    plans: &[Plan],
    pieces: VecDeque<Piece>,
    opened: &[Opened],
    schema: &SchemaRef,
    ids: &[Place],
) -> Result<Vec<Option<Pass>>> {
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(pieces.len()).max(1);
    let queue = Mutex::new(pieces);
    let work = || {
        let mut passes: Vec<Option<Pass>> = plans.iter().map(|_| None).collect();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(piece) = next else { return Ok(passes) };
            let plan = &plans[piece.file];
            let pass = passes[piece.file].get_or_insert_with(|| suite.start_for(&plan.wanted));
            let mut row = piece.first_row;
            for batch in read(&opened[piece.file], Some(piece.row_group), None, &plan.columns, schema, ids)? {
                let batch = batch?;
                pass.update(&batch, RowOrigin { file: piece.file as u32, first_row: row });
                row += batch.num_rows() as u64;
            }
        }
    };
    let results: Vec<Result<Vec<Option<Pass>>>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let join = |h: std::thread::ScopedJoinHandle<'_, Result<Vec<Option<Pass>>>>| {
            h.join().unwrap_or_else(|_| Err(Error::new(Kind::Unexpected, "a check stopped").into()))
        };
        handles.into_iter().map(join).collect()
    });
    let mut by_file: Vec<Option<Pass>> = plans.iter().map(|_| None).collect();
    for result in results {
        for (mine, theirs) in by_file.iter_mut().zip(result?) {
            match (mine, theirs) {
                (Some(mine), Some(theirs)) => mine.merge(theirs),
                (mine @ None, theirs) => *mine = theirs,
                (Some(_), None) => {}
            }
        }
    }
    Ok(by_file)
}

/// Reads the rows whose values a pass does not keep, so that evidence shows them.
fn complete(suite: &Suite, report: &mut Report, opened: &[Opened], schema: &SchemaRef, ids: &[Place]) -> Result<()> {
    for (file, row) in report.incomplete() {
        let Some(source) = opened.get(file as usize) else { continue };
        let one = RowSelection::from(vec![RowSelector::skip(row as usize), RowSelector::select(1)]);
        for batch in read(source, None, Some(one), &suite.columns(), schema, ids)? {
            suite.complete(report, &batch?, RowOrigin { file, first_row: row });
        }
    }
    Ok(())
}
