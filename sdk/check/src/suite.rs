//! A contract's checks, planned against the type of the data.
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field as ArrowField, Schema, SchemaRef};
use meshwright_spec::{CheckKind, Contract, OnViolation};

use crate::evidence::{Field, object, shown_value};
use crate::frame::{Frame, RowOrigin};
use crate::keys::hash;
use crate::kinds::{self, Planned};
use crate::pass::Pass;
use crate::planner::{Asked, Expressions, Planner, Predicate};
use crate::prove::{Facts, FileFacts};
use crate::report::Report;
use crate::rule::{Rule, State};
use crate::store::{FORMAT, Reader, Writer};
use crate::verdict::About;

/// All checks of a contract, ready to be carried out. Immutable and cheap to clone, for sharing between threads.
///
/// A check that cannot be planned is not lost: it is reported with outcome [`crate::Outcome::Error`].
#[derive(Clone)]
pub struct Suite {
    pub(crate) plan: Arc<Plan>,
    pub(crate) evidence: usize,
}

/// A check that a pass cannot answer, because it needs a query, another port or the product's own program.
/// The caller answers it by [`Report::supply`]; until then its outcome is an error.
#[derive(Debug, Clone)]
pub struct Deferred {
    /// Index in the contract's checks, and in the report's results.
    pub index: usize,
    /// The check's id.
    pub id: String,
    /// What is to be answered.
    pub kind: CheckKind,
    /// The predicate that selects the rows in scope.
    pub filter: Option<String>,
}

pub(crate) struct Plan {
    pub(crate) entries: Vec<Entry>,
    /// Names of the columns needed.
    pub(crate) columns: Vec<String>,
    pub(crate) predicates: Vec<Result<Arc<dyn Predicate>, String>>,
    /// The columns that predicates read, as indices, and their schema.
    pub(crate) predicate_columns: Vec<usize>,
    pub(crate) predicate_schema: SchemaRef,
    /// The columns that each predicate reads, as indices.
    pub(crate) predicate_reads: Vec<Vec<usize>>,
    pub(crate) key: Vec<Field>,
    /// Indices of columns whose values must not be shown.
    secrets: Vec<usize>,
    pub(crate) counts_rows: Option<Arc<About>>,
    deferred: Vec<Deferred>,
    /// How many rules the contract has that nobody runs here.
    pub(crate) elsewhere: usize,
}

pub(crate) struct Entry {
    pub(crate) about: Arc<About>,
    /// Index of the predicate that selects the rows in scope.
    pub(crate) filter: Option<usize>,
    pub(crate) body: Body,
    /// The columns it reads, as indices.
    pub(crate) columns: Vec<usize>,
    /// The predicates it asks, as indices.
    pub(crate) predicates: Vec<usize>,
    /// Names what it asks of a file's rows, so that the answer can be kept; `None` if it must be asked anew.
    name: Option<String>,
    pub(crate) quarantines: bool,
}

pub(crate) enum Body {
    Rule(Box<dyn Rule>),
    Deferred,
    Unplanned(String),
}

/// How many violating rows are shown per check, unless said otherwise.
const EVIDENCE: usize = 100;

impl Suite {
    /// Plans every check of the contract for data of this schema.
    pub fn plan(contract: &Contract, schema: &SchemaRef, expressions: &dyn Expressions) -> Self {
        let mut planner = Planner::new(contract, schema, expressions);
        let entries: Vec<_> = contract.checks.iter().map(|check| Entry::plan(check, &mut planner)).collect();
        let key = contract.key.iter().filter_map(|name| planner.field(name).ok()).collect();
        let deferred = entries.iter().enumerate().filter_map(|(index, entry)| entry.deferred(index)).collect();
        let counted = contract.checks.iter().any(|check| matches!(check.kind, CheckKind::RowCount { .. }));
        let counts_rows = (!counted).then(|| Arc::new(About::not_empty(contract.version_span.clone())));

        let secrets = (0..planner.columns.len()).filter(|index| planner.is_secret(&planner.columns[*index])).collect();
        let Planner { columns, predicates, .. } = planner;
        let position = |name: &String| columns.iter().position(|known| known == name);
        let predicate_reads = predicates.iter().map(|(_, read)| read.iter().filter_map(position).collect()).collect();
        let predicate_columns: Vec<_> = (0..columns.len())
            .filter(|index| predicates.iter().any(|(_, read)| read.contains(&columns[*index])))
            .collect();
        let fields: Vec<ArrowField> = predicate_columns
            .iter()
            .filter_map(|index| schema.field_with_name(&columns[*index]).ok().cloned())
            .collect();
        let predicate_schema = Arc::new(Schema::new(fields));
        let predicates = predicates.iter().map(|(sql, _)| expressions.compile(sql, &predicate_schema)).collect();
        let plan = Plan {
            entries,
            columns,
            predicates,
            predicate_columns,
            predicate_schema,
            predicate_reads,
            key,
            secrets,
            counts_rows,
            deferred,
            elsewhere: contract.declared.len(),
        };
        Self { plan: Arc::new(plan), evidence: EVIDENCE }
    }

    /// Shows at most so many violating rows per check; 100 unless said otherwise.
    pub fn with_evidence(mut self, rows: usize) -> Self {
        self.evidence = rows;
        self
    }

    /// The columns that batches must have; others are not looked at.
    pub fn columns(&self) -> Vec<String> {
        self.plan.columns.clone()
    }

    /// The checks that a pass leaves open.
    pub fn deferred(&self) -> &[Deferred] {
        &self.plan.deferred
    }

    /// The checks that could not be planned, by id, and why.
    pub fn unplanned(&self) -> impl Iterator<Item = (&str, &str)> {
        self.plan.entries.iter().filter_map(|entry| match &entry.body {
            Body::Unplanned(message) => Some((entry.about.id.as_str(), message.as_str())),
            _ => None,
        })
    }

    /// Starts a pass over the data, or over one thread's part of them.
    pub fn start(&self) -> Pass {
        Pass::new(self.clone(), None)
    }

    /// Starts a pass that carries out some of the checks: those whose place in the contract is true here.
    pub fn start_for(&self, wanted: &[bool]) -> Pass {
        Pass::new(self.clone(), Some(wanted))
    }

    /// The columns that some of the checks read. Keys of the rows that are shown may be read later, see
    /// [`Report::incomplete`].
    pub fn columns_for(&self, wanted: &[bool]) -> Vec<String> {
        let needed = |index: &usize| {
            self.plan.entries.iter().zip(wanted).any(|(entry, wanted)| *wanted && entry.columns.contains(index))
        };
        (0..self.plan.columns.len()).filter(needed).map(|index| self.plan.columns[index].clone()).collect()
    }

    /// For each check a name of what it asks of a file's rows. Answers under the same name can be kept and taken in
    /// again, see [`Pass::save`]; `None` for checks that must be asked anew, and for those that no pass answers.
    pub fn names(&self) -> Vec<Option<&str>> {
        self.plan.entries.iter().map(|entry| entry.name.as_deref()).collect()
    }

    /// Whether a check compares rows of all files with each other: its answers for single files are of use only where
    /// their keys were kept too ([`Pass::keep_keys`]) and none of them is repeated.
    pub fn keeps_keys(&self, check: usize) -> bool {
        let entry = self.plan.entries.get(check);
        entry.is_some_and(|entry| matches!(&entry.body, Body::Rule(rule) if rule.keeps_keys()))
    }

    /// Which checks a pass answers.
    pub fn answerable(&self) -> Vec<bool> {
        self.plan.entries.iter().map(|entry| matches!(entry.body, Body::Rule(_))).collect()
    }

    /// The answer for a file's rows that its metadata prove.
    pub fn prove(&self, check: usize, facts: &FileFacts) -> Option<Part> {
        let entry = self.plan.entries.get(check).filter(|entry| entry.filter.is_none())?;
        let Body::Rule(rule) = &entry.body else { return None };
        let state = rule.prove(self.evidence, &Facts { file: facts, columns: &self.plan.columns })?;
        Some(Part { check, state, in_scope: facts.rows })
    }

    /// An answer as [`Pass::save`] kept it, for the file of this number; `None` if the bytes are none.
    pub fn load(&self, check: usize, bytes: &[u8], file: u32) -> Option<Part> {
        let Body::Rule(rule) = &self.plan.entries.get(check)?.body else { return None };
        let mut from = Reader(bytes);
        let in_scope = from.whole()?;
        let state = rule.load(self.evidence, &mut from, file).filter(|_| from.0.is_empty())?;
        Some(Part { check, state, in_scope })
    }

    /// Fills in the values of samples that the pass did not keep, for those whose rows are in this batch. Ask
    /// [`Report::incomplete`] which rows to read.
    pub fn complete(&self, report: &mut Report, batch: &RecordBatch, origin: RowOrigin) {
        let columns = self.resolve(batch);
        let frame = Frame { rows: batch.num_rows(), origin, columns: &columns, predicates: &[], key: &self.plan.key };
        let rows = origin.first_row..origin.first_row + batch.num_rows() as u64;
        for result in &mut report.results {
            let shown: Vec<_> = result.columns.iter().filter_map(|name| self.field(name, &frame)).collect();
            let inside = |place: Option<(u32, u64)>| {
                place
                    .filter(|(file, row)| *file == origin.file && rows.contains(row))
                    .map(|(_, row)| row - origin.first_row)
            };
            for sample in &mut result.sample {
                if let Some(row) = inside(sample.place) {
                    sample.key = object(&frame, &self.plan.key, row as usize);
                    if sample.value.is_null() {
                        sample.value = shown_value(&frame, &shown, row as usize);
                    }
                    sample.place = None;
                }
            }
        }
    }

    /// The suite's columns as the batch has them.
    pub(crate) fn resolve(&self, batch: &RecordBatch) -> Vec<(String, Option<ArrayRef>)> {
        let find = |name: &String| (name.clone(), batch.column_by_name(name).cloned());
        self.plan.columns.iter().map(find).collect()
    }

    fn field(&self, name: &str, frame: &Frame<'_>) -> Option<Field> {
        let index = frame.columns.iter().position(|(known, _)| known == name)?;
        Some(Field { index, name: name.to_owned(), masked: self.plan.secrets.contains(&index) })
    }
}

/// One check's answer for the rows of one file.
pub struct Part {
    pub(crate) check: usize,
    pub(crate) state: Box<dyn State>,
    pub(crate) in_scope: u64,
}

impl Part {
    /// The answer as bytes, as [`Pass::save`] gives them; `None` if it cannot be kept.
    pub fn save(&self) -> Option<Vec<u8>> {
        let mut to = Writer::default();
        to.whole(self.in_scope);
        self.state.save(&mut to).then_some(to.0)
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part of check {} for {} rows", self.check, self.in_scope)
    }
}

impl Entry {
    fn plan(check: &meshwright_spec::Check, planner: &mut Planner<'_>) -> Self {
        planner.asked = Asked::default();
        let filter = check.filter.as_ref().map(|sql| planner.predicate(sql)).transpose();
        let (filter, body) = match (filter, kinds::plan(check, planner)) {
            (Err(message), _) => (None, Body::Unplanned(format!("`where` cannot be used: {message}"))),
            (Ok(filter), Ok(Planned::Rule(rule))) => (filter, Body::Rule(rule)),
            (Ok(filter), Ok(Planned::Deferred)) => (filter, Body::Deferred),
            (Ok(filter), Err(message)) => (filter, Body::Unplanned(message)),
        };
        let secret = kinds::measures_a_value(&check.kind).is_some_and(|column| planner.is_secret(column));
        let deferred = matches!(body, Body::Deferred);
        let Asked { mut columns, predicates, state } = std::mem::take(&mut planner.asked);
        columns.sort_unstable();
        columns.dedup();
        let lasting = matches!(body, Body::Rule(_)) && predicates.iter().all(|index| planner.lasting[*index]);
        let name = lasting.then(|| name(check, planner, &columns, state.as_deref()));
        let about = Arc::new(About::check(check, kinds::face(&check.kind), secret, deferred));
        let quarantines = check.on_violation == OnViolation::Quarantine;
        Self { about, filter, body, columns, predicates, name, quarantines }
    }

    fn deferred(&self, index: usize) -> Option<Deferred> {
        let kind = self.about.deferred.clone()?;
        Some(Deferred { index, id: self.about.id.clone(), kind, filter: self.about.filter.clone() })
    }
}

/// What a check asks of a file's rows, as one short text: everything that its state depends on.
fn name(check: &meshwright_spec::Check, planner: &Planner<'_>, columns: &[usize], state: Option<&str>) -> String {
    let described = columns.iter().map(|index| {
        let name = &planner.columns[*index];
        format!("{name}: {} {}", planner.type_of(name), planner.is_secret(name))
    });
    let columns: Vec<String> = described.collect();
    let key: Vec<_> = planner.key().iter().map(|name| (name, planner.is_secret(name))).collect();
    let text =
        format!("{FORMAT} {:?} {:?} {:?} {columns:?} {key:?} {state:?}", check.kind, check.filter, check.on_violation);
    format!("{:032x}", hash(text.as_str()))
}
