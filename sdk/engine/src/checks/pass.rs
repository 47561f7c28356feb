//! One pass over a port's files: what is known of a file is taken in, what is not is read, row groups on all cores.
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use meshwright_catalog::{Error, Kind};
use meshwright_check::{Context, Outcome, Part, Pass, Report, RowOrigin, Suite};
use meshwright_spec::Contract;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};

use super::EVIDENCE;
use super::facts::facts;
use super::files::{Opened, Piece, Place, file_name, read, with_dictionaries};
use super::predicate::Compiler;
use super::states::States;
use crate::columns::{arrow_schema, contract_columns};
use crate::failure::Result;
use crate::feed::cores;
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

/// An answer for a file that holds if no other file has one of its keys, and where these are.
struct IfDistinct {
    file: usize,
    check: usize,
    part: Part,
    keys: PathBuf,
}

/// Evaluates every check that needs nothing but the port's rows.
pub(super) fn one_pass(data: &Data<'_>, compiler: &Compiler<'_>) -> Result<(Suite, Report)> {
    let mut opened = vec![];
    for file in data.files {
        opened.push(Opened::open(file.path.strip_prefix("file://").unwrap_or(&file.path))?);
    }
    let promised = arrow_schema(&contract_columns(data.contract));
    let schema = with_dictionaries(&promised, &opened, data.ids);
    let suite = Suite::plan(data.contract, &schema, compiler).with_evidence(EVIDENCE);

    let questions = questions(&suite, data.ids);
    let distinct = distinct(&suite, data, &questions);
    let reading = Reading { suite: &suite, data, opened: &opened, schema: &schema, distinct };
    let mut whole = suite.start();
    let mut if_distinct = vec![];
    let plans: Vec<Plan> =
        (0..opened.len()).map(|at| reading.known(at, &questions, &mut whole, &mut if_distinct)).collect();
    for (at, plan) in plans.iter().enumerate() {
        if !plan.wanted.contains(&true) {
            whole.take_in_rows(opened[at].rows());
            reading.keep(at, plan, &questions, None);
        }
    }
    let keep = |at: usize, pass: &mut Pass| reading.keep(at, &plans[at], &questions, Some(pass));
    let mut whole = reading.read_all(&plans, keep, whole)?;
    let repeated = reading.hold_against_kept_keys(if_distinct, &mut whole);
    if repeated.iter().any(|plan| plan.wanted.contains(&true)) {
        whole.merge_more_answers(reading.read_all(&repeated, |_, _| {}, suite.start())?);
    }

    let now = chrono::Utc::now();
    let context = Context {
        released_at: Some(now),
        previous_rows: data.previous_rows,
        columns: Some(data.ids.iter().map(|(name, ..)| name.clone()).collect()),
        files: data.files.iter().map(|file| file_name(&file.path)).collect(),
        ..Context::at(now)
    };
    let mut report = whole.finish(&context);
    complete(&suite, &mut report, &opened, &schema, data.ids)?;
    if let Some(states) = &data.states {
        let live = || data.files.iter().map(|file| (file.path.as_str(), file.size));
        for (check, question) in questions.iter().filter(|(check, _)| suite.keeps_keys(*check)) {
            let result = &report.results[*check];
            if result.violations == 0 && result.outcome != Outcome::Error {
                states.are_distinct(question, live());
            }
        }
        let questions: Vec<String> = questions.into_iter().map(|(_, question)| question).collect();
        states.keep_only(live(), &questions);
    }
    Ok((suite, report))
}

/// What every step of a pass needs.
struct Reading<'a> {
    suite: &'a Suite,
    data: &'a Data<'a>,
    opened: &'a [Opened],
    schema: &'a SchemaRef,
    /// By check, the files of which it is known that they share no key.
    distinct: HashMap<usize, BTreeSet<String>>,
}

/// What is known of the files' keys, by check.
fn distinct(suite: &Suite, data: &Data<'_>, questions: &[(usize, String)]) -> HashMap<usize, BTreeSet<String>> {
    let of = |states: &States| {
        let keep_keys = questions.iter().filter(|(check, _)| suite.keeps_keys(*check));
        keep_keys.map(|(check, question)| (*check, states.distinct(question))).collect()
    };
    data.states.as_ref().map(of).unwrap_or_default()
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

impl Reading<'_> {
    /// Takes in what was found in the file before and what its metadata prove; says what is left to be read.
    fn known(
        &self,
        at: usize,
        questions: &[(usize, String)],
        whole: &mut Pass,
        if_distinct: &mut Vec<IfDistinct>,
    ) -> Plan {
        let Self { suite, data, opened, schema, distinct } = self;
        let mut wanted = suite.answerable();
        let (path, size) = (&data.files[at].path, data.files[at].size);
        let kept = data.states.as_ref().map(|states| states.read(path, size)).unwrap_or_default();
        let footer = facts(&opened[at], schema, data.ids, &[]);
        for (check, name) in questions {
            let before = || suite.load(*check, kept.get(name)?, at as u32);
            let part = suite.prove(*check, &footer).or_else(before);
            match (part, &data.states) {
                (Some(part), Some(states)) if suite.keeps_keys(*check) => {
                    let keys = states.keys(path, size, name);
                    let is_distinct = |files: &BTreeSet<String>| files.contains(&states.stem(path, size));
                    if keys.exists() && distinct.get(check).is_some_and(is_distinct) {
                        if_distinct.push(IfDistinct { file: at, check: *check, part, keys });
                        wanted[*check] = false;
                    }
                }
                (Some(part), _) if !suite.keeps_keys(*check) => {
                    whole.take_in(part);
                    wanted[*check] = false;
                }
                _ => {}
            }
        }
        let mut proved = vec![];
        if wanted.contains(&true) {
            let facts = facts(&opened[at], schema, data.ids, &suite.columns_for(&wanted));
            for (check, name) in questions.iter().filter(|(check, _)| !suite.keeps_keys(*check)) {
                if !wanted[*check] {
                    continue;
                }
                let Some(part) = suite.prove(*check, &facts) else { continue };
                proved.extend(part.save().map(|bytes| (name.clone(), bytes)));
                whole.take_in(part);
                wanted[*check] = false;
            }
        }
        Plan { columns: suite.columns_for(&wanted), wanted, proved }
    }

    /// Keeps what was found in a file, beside what was known of it before.
    fn keep(&self, at: usize, plan: &Plan, questions: &[(usize, String)], mut pass: Option<&mut Pass>) {
        let Some(states) = &self.data.states else { return };
        if plan.proved.is_empty() && pass.is_none() {
            return;
        }
        let (path, size) = (&self.data.files[at].path, self.data.files[at].size);
        let mut answers = states.read(path, size);
        // answers to questions that nobody asks any more go
        answers.retain(|known, _| questions.iter().any(|(_, name)| name == known));
        answers.extend(plan.proved.iter().cloned());
        for (check, name) in questions.iter().filter(|(check, _)| plan.wanted[*check]) {
            let Some(pass) = &mut pass else { continue };
            if self.suite.keeps_keys(*check) {
                let place = states.keys(path, size, name);
                states.write_keys(&place, |place| pass.keep_keys(*check, cores(), place));
            }
            answers.extend(pass.save(*check).map(|bytes| (name.clone(), bytes)));
        }
        states.write(path, size, &answers);
    }

    /// Takes in the answers of files that share no key with the rows that were read, nor with each other. The others have
    /// to be read after all: what is left to be read of each file.
    fn hold_against_kept_keys(&self, if_distinct: Vec<IfDistinct>, whole: &mut Pass) -> Vec<Plan> {
        let checks: BTreeSet<usize> = if_distinct.iter().map(|kept| kept.check).collect();
        // keys that cannot be looked up may be anything
        let repeats = |check: &usize| {
            let mut kept = if_distinct.iter().filter(|kept| kept.check == *check);
            kept.any(|kept| whole.has_kept_keys(*check, cores(), &kept.keys).unwrap_or(true))
        };
        let repeated: Vec<usize> = checks.into_iter().filter(repeats).collect();
        let none = vec![false; self.suite.names().len()];
        let mut left: Vec<Vec<bool>> = self.opened.iter().map(|_| none.clone()).collect();
        for kept in if_distinct {
            match repeated.contains(&kept.check) {
                true => left[kept.file][kept.check] = true,
                false => whole.take_in(kept.part),
            }
        }
        let plan = |wanted: Vec<bool>| Plan { columns: self.suite.columns_for(&wanted), wanted, proved: vec![] };
        left.into_iter().map(plan).collect()
    }

    /// Reads row groups on all cores. What was seen of a file is given to `keep` when all of it has been read, and then
    /// joins the whole.
    fn read_all(&self, plans: &[Plan], keep: impl Fn(usize, &mut Pass) + Sync, whole: Pass) -> Result<Pass> {
        let pieces = self.pieces(plans);
        let workers = cores().min(pieces.len()).max(1);
        let mut left = vec![0; plans.len()];
        pieces.iter().for_each(|piece| left[piece.file] += 1);
        let queue = Mutex::new(pieces);
        let files: Vec<Mutex<(usize, Option<Pass>)>> = left.into_iter().map(|left| Mutex::new((left, None))).collect();
        let whole = Mutex::new(whole);
        let hand_in = |(file, pieces, pass): (usize, usize, Pass)| {
            let mut all = {
                let mut known = files[file].lock().unwrap_or_else(PoisonError::into_inner);
                known.0 -= pieces;
                let pass = match known.1.take() {
                    Some(mut before) => {
                        before.merge(pass);
                        before
                    }
                    None => pass,
                };
                if known.0 > 0 {
                    known.1 = Some(pass);
                    return;
                }
                pass
            };
            keep(file, &mut all);
            whole.lock().unwrap_or_else(PoisonError::into_inner).merge(all);
        };
        let work = || -> Result<()> {
            let mut current: Option<(usize, usize, Pass)> = None;
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(piece) = next else { break };
                if let Some(done) = current.take_if(|(file, ..)| *file != piece.file) {
                    hand_in(done);
                }
                let plan = &plans[piece.file];
                let (_, pieces, pass) =
                    current.get_or_insert_with(|| (piece.file, 0, self.suite.start_for(&plan.wanted)));
                let mut row = piece.first_row;
                let file = &self.opened[piece.file];
                for batch in read(file, Some(piece.row_group), None, &plan.columns, self.schema, self.data.ids)? {
                    let batch = batch?;
                    pass.update(&batch, RowOrigin { file: piece.file as u32, first_row: row });
                    row += batch.num_rows() as u64;
                }
                *pieces += 1;
            }
            current.into_iter().for_each(hand_in);
            Ok(())
        };
        let results: Vec<Result<()>> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let join = |h: std::thread::ScopedJoinHandle<'_, Result<()>>| {
                h.join().unwrap_or_else(|_| Err(Error::new(Kind::Unexpected, "a check stopped").into()))
            };
            handles.into_iter().map(join).collect()
        });
        results.into_iter().collect::<Result<()>>()?;
        Ok(whole.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn pieces(&self, plans: &[Plan]) -> VecDeque<Piece> {
        let mut pieces = VecDeque::new();
        for (at, _) in plans.iter().enumerate().filter(|(_, plan)| plan.wanted.contains(&true)) {
            let mut first_row = 0;
            for (row_group, group) in self.opened[at].metadata.metadata().row_groups().iter().enumerate() {
                pieces.push_back(Piece { file: at, row_group, first_row });
                first_row += group.num_rows() as u64;
            }
        }
        pieces
    }
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
