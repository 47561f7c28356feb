//! What was found in a file is kept and taken in again: an append re-checks only its own files, with the same report.
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::*;
use arrow::compute::{max, min};
use arrow::datatypes::{Float64Type, SchemaRef};
use meshwright_check::{ColumnFacts, Earlier, Expressions, FileFacts, Predicate, Profiler, Report, RowOrigin, Suite};
use meshwright_spec::{Check, Contract};
use serde_json::Value;

use crate::splits::{Dice, rows};
use crate::support::{Comparisons, contract, finish, suite};

/// Checks to choose from; `{}` is a number between 0 and 40.
const POOL: [&str; 30] = [
    "kind = \"not_null\"\ncolumn = \"n\"",
    "kind = \"not_null\"\ncolumn = \"t\"",
    "kind = \"range\"\ncolumn = \"n\"\nmin = {}",
    "kind = \"range\"\ncolumn = \"x\"\nmin = 0\nmax = {}",
    "kind = \"range\"\ncolumn = \"d\"\nmin = \"1970-01-05\"\nmax = \"1970-01-20\"",
    "kind = \"values\"\ncolumn = \"t\"\nvalues = [\"ab\", \"x\", \"\"]",
    "kind = \"not_values\"\ncolumn = \"n\"\nvalues = [{}, 47]",
    "kind = \"not_missing\"\ncolumn = \"t\"\nmissing = [\"x\"]",
    "kind = \"pattern\"\ncolumn = \"t\"\npattern = \"^[a-z]*$\"",
    "kind = \"not_pattern\"\ncolumn = \"t\"\npattern = \"o\"",
    "kind = \"length\"\ncolumn = \"t\"\nmax = 3\nat_most = {}",
    "kind = \"finite\"\ncolumn = \"x\"",
    "kind = \"unique\"\ncolumn = \"n\"\nwhere = \"n >= {}\"",
    "kind = \"unique\"\ncolumns = [\"n\", \"t\"]",
    "kind = \"unique\"\ncolumns = [\"t\", \"d\", \"n\"]",
    "kind = \"expression\"\nsql = \"n >= {}\"",
    "kind = \"row_count\"\nmin = {}",
    "kind = \"aggregate\"\ncolumn = \"n\"\nfunction = \"max\"\nmax = {}",
    "kind = \"aggregate\"\ncolumn = \"x\"\nfunction = \"sum\"\nmax = {}",
    "kind = \"aggregate\"\ncolumn = \"x\"\nfunction = \"p90\"\nmax = {}",
    "kind = \"aggregate\"\ncolumn = \"n\"\nfunction = \"median\"\nmin = {}",
    "kind = \"aggregate\"\ncolumn = \"t\"\nfunction = \"count_distinct\"\nmax = 3",
    "kind = \"aggregate\"\ncolumn = \"d\"\nfunction = \"count\"\nmin = {}",
    "kind = \"freshness\"\ncolumn = \"d\"\nmax_age = \"20000d\"",
    "kind = \"distribution\"\ncolumn = \"t\"\nvalues = [\"ab\", \"x\"]\nshares = [0.3, 0.5]",
    "kind = \"distribution\"\ncolumn = \"x\"\nbins = [1, 9]\nshares = [0.3, 0.5, 0.2]\nwhere = \"n >= {}\"",
    "kind = \"drift\"\ncolumn = \"n\"",
    "kind = \"drift\"\ncolumn = \"t\"\nwhere = \"n >= {}\"",
    "kind = \"drift\"\ncolumn = \"x\"\nmethod = \"kolmogorov_smirnov\"",
    "kind = \"drift\"\ncolumn = \"d\"\nmethod = \"psi\"",
];

const COLUMNS: &str = "[columns]\nn = { type = \"long\" }\nx = { type = \"double\" }\nt = { type = \"string\", tags = [\"pii\"] }\nd = { type = \"date\" }\n";

/// A data file: its rows and what was kept of it, by the name of the question.
struct File {
    id: u64,
    rows: RecordBatch,
    kept: HashMap<String, Vec<u8>>,
    folder: tempfile::TempDir,
}

impl File {
    fn new(id: u64, rows: RecordBatch) -> Self {
        Self { id, rows, kept: HashMap::new(), folder: tempfile::tempdir().unwrap() }
    }

    fn keys(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The files that share no key, by the name of the question.
type Distinct = HashMap<String, Vec<u64>>;

fn checks(dice: &mut Dice) -> String {
    let mut text = COLUMNS.to_owned();
    for at in 0..1 + dice.roll(8) {
        let check = POOL[dice.roll(POOL.len() as u64) as usize].replace("{}", &dice.roll(40).to_string());
        let names_rows =
            !["row_count", "aggregate", "freshness", "distribution", "drift"].iter().any(|kind| check.contains(kind));
        let quarantine = if names_rows && dice.roll(5) == 0 { "\non_violation = \"quarantine\"" } else { "" };
        text.push_str(&format!("[[checks]]\nid = \"c{at}\"\n{check}{quarantine}\n"));
    }
    text
}

/// Drift is from rows of another throw of the dice.
struct Was(Arc<Earlier>);

impl Expressions for Was {
    fn compile(&self, sql: &str, schema: &SchemaRef) -> Result<Arc<dyn Predicate>, String> {
        Comparisons.compile(sql, schema)
    }

    fn earlier(&self, _: &Check) -> Result<Option<Arc<Earlier>>, String> {
        Ok(Some(self.0.clone()))
    }
}

fn planned(contract: &Contract, schema: &SchemaRef) -> Suite {
    let before = rows(&mut Dice(5), 150);
    let mut profiler = Profiler::new(&before.schema());
    profiler.update(&before);
    let was = Was(Arc::new(Earlier { name: "r1".into(), profile: profiler.finish() }));
    Suite::plan(contract, schema, &was).with_evidence(5)
}

/// Everything read anew.
fn in_full(suite: &Suite, files: &[File]) -> Report {
    let mut pass = suite.start();
    for (at, file) in files.iter().enumerate() {
        pass.update(&file.rows, RowOrigin { file: at as u32, first_row: 0 });
    }
    completed(suite, finish(pass), files)
}

/// Only what is not known; counts the answers that were read for.
fn by_parts(suite: &Suite, files: &mut [File], distinct: &mut Distinct, read: &mut usize) -> Report {
    let mut whole = suite.start();
    // answers that hold if no key is repeated: file, check and the answer
    let mut if_distinct = vec![];
    for (at, file) in files.iter_mut().enumerate() {
        let mut wanted = suite.answerable();
        let facts = facts(&file.rows);
        let names: Vec<Option<String>> = suite.names().into_iter().map(|name| name.map(str::to_owned)).collect();
        for (check, name) in names.iter().enumerate() {
            let kept = || suite.load(check, file.kept.get(name.as_ref()?)?, at as u32);
            let Some(part) = suite.prove(check, &facts).or_else(kept) else { continue };
            if !suite.keeps_keys(check) {
                whole.take_in(part);
                wanted[check] = false;
            } else if distinct.get(name.as_ref().unwrap()).is_some_and(|files| files.contains(&file.id)) {
                if_distinct.push((at, check, part));
                wanted[check] = false;
            }
        }
        if !wanted.contains(&true) {
            whole.take_in_rows(file.rows.num_rows() as u64);
            continue;
        }
        *read += wanted.iter().filter(|wanted| **wanted).count();
        let columns = suite.columns_for(&wanted);
        let positions: Vec<usize> = columns.iter().map(|name| file.rows.schema().index_of(name).unwrap()).collect();
        let mut pass = suite.start_for(&wanted);
        let rows = file.rows.project(&positions).unwrap();
        for start in (0..rows.num_rows()).step_by(64) {
            let length = 64.min(rows.num_rows() - start);
            pass.update(&rows.slice(start, length), RowOrigin { file: at as u32, first_row: start as u64 });
        }
        for (check, name) in names.into_iter().enumerate().filter(|(check, _)| wanted[*check]) {
            if let (Some(name), Some(bytes)) = (name, pass.save(check)) {
                if suite.keeps_keys(check) {
                    pass.keep_keys(check, 1, &file.keys(&name)).unwrap();
                }
                file.kept.insert(name, bytes);
            }
        }
        whole.merge(pass);
    }
    let names: Vec<Option<String>> = suite.names().into_iter().map(|name| name.map(str::to_owned)).collect();
    let repeated: Vec<usize> = (0..names.len())
        .filter(|check| {
            let mut kept = if_distinct.iter().filter(|(_, of, _)| of == check);
            kept.any(|(at, check, _)| {
                let keys = files[*at].keys(names[*check].as_ref().unwrap());
                whole.has_kept_keys(*check, 1, &keys).unwrap()
            })
        })
        .collect();
    for (at, check, part) in if_distinct {
        if !repeated.contains(&check) {
            whole.take_in(part);
            continue;
        }
        let wanted: Vec<bool> = (0..names.len()).map(|other| other == check).collect();
        let mut pass = suite.start_for(&wanted);
        pass.update(&files[at].rows, RowOrigin { file: at as u32, first_row: 0 });
        whole.merge_more_answers(pass);
    }
    let report = finish(whole);
    for (check, name) in names.into_iter().enumerate().filter(|(check, _)| suite.keeps_keys(*check)) {
        if let (Some(name), 0) = (name, report.results[check].violations) {
            distinct.insert(name, files.iter().map(|file| file.id).collect());
        }
    }
    completed(suite, report, files)
}

fn completed(suite: &Suite, mut report: Report, files: &[File]) -> Report {
    for (at, file) in files.iter().enumerate() {
        suite.complete(&mut report, &file.rows, RowOrigin { file: at as u32, first_row: 0 });
    }
    report
}

/// What a footer and dictionaries would say.
fn facts(rows: &RecordBatch) -> FileFacts {
    let (n, t, d) = (rows["n"].as_primitive::<arrow::datatypes::Int64Type>(), rows["t"].as_string::<i32>(), &rows["d"]);
    let d = d.as_primitive::<arrow::datatypes::Date32Type>();
    let x: ArrayRef =
        Arc::new(rows["x"].as_primitive::<Float64Type>().iter().flatten().map(Some).collect::<Float64Array>());
    let nulls = |name: &str| Some(rows[name].null_count() as u64);
    let range = |low: Option<i128>, high: Option<i128>| low.zip(high);
    let values: StringArray =
        t.iter().flatten().collect::<std::collections::BTreeSet<_>>().into_iter().map(Some).collect();
    let columns = HashMap::from([
        (
            "n".to_owned(),
            ColumnFacts {
                nulls: nulls("n"),
                range: range(min(n).map(Into::into), max(n).map(Into::into)),
                values: None,
            },
        ),
        ("x".to_owned(), ColumnFacts { nulls: nulls("x"), range: None, values: Some(x) }),
        ("t".to_owned(), ColumnFacts { nulls: nulls("t"), range: None, values: Some(Arc::new(values)) }),
        (
            "d".to_owned(),
            ColumnFacts {
                nulls: nulls("d"),
                range: range(min(d).map(Into::into), max(d).map(Into::into)),
                values: None,
            },
        ),
    ]);
    FileFacts { rows: rows.num_rows() as u64, columns }
}

fn shown(report: &Report) -> (Value, Vec<Vec<(u32, u64)>>) {
    let mut rows: Vec<_> = report.results.iter().map(|result| result.rows.clone()).collect();
    rows.iter_mut().for_each(|rows| rows.sort_unstable());
    (serde_json::to_value(report).unwrap(), rows)
}

#[test]
fn an_append_is_checked_by_its_own_files_alone() {
    let mut saved = 0;
    for seed in 0..150 {
        let mut dice = Dice(seed * 7919 + 1);
        let mut text = checks(&mut dice);
        let mut files: Vec<File> = vec![];
        let mut distinct = Distinct::new();
        for step in 0..6 {
            match dice.roll(8) {
                0 if !files.is_empty() => {
                    let gone = dice.roll(files.len() as u64) as usize;
                    files.remove(gone);
                }
                1 => text = checks(&mut dice),
                _ => {
                    let count = dice.roll(200) as usize;
                    files.push(File::new(step, rows(&mut dice, count)));
                }
            }
            let Some(first) = files.first() else { continue };
            let contract = contract("key = [\"n\"]", &text);
            let suite = planned(&contract, &first.rows.schema());
            let mut read = 0;
            let parts = by_parts(&suite, &mut files, &mut distinct, &mut read);
            assert_eq!(shown(&parts), shown(&in_full(&suite, &files)), "seed {seed}, step {step}\n{text}");
            let mut again = 0;
            by_parts(&suite, &mut files, &mut distinct, &mut again);
            saved += read.saturating_sub(again);
        }
    }
    assert!(saved > 1500, "nothing is read for twice: {saved}");
}

#[test]
fn keys_that_were_kept_stand_for_their_files() {
    let contract =
        contract("", "[columns]\nn = { type = \"long\", unique = true }\nt = { type = \"string\", unique = true }\n");
    let file = |id: u64, numbers: std::ops::Range<i64>, more: &[i64]| {
        let n: Vec<i64> = numbers.chain(more.iter().copied()).collect();
        let t: StringArray = n.iter().map(|n| Some(format!("no {n}"))).collect();
        let rows = vec![
            ("n", Arc::new(Int64Array::from(n.clone())) as ArrayRef),
            ("x", Arc::new(Float64Array::from(vec![0.5; n.len()]))),
            ("t", Arc::new(t)),
            ("d", Arc::new(Date32Array::from(vec![1; n.len()]))),
        ];
        File::new(id, crate::support::batch(rows))
    };
    let mut files = vec![file(0, 0..5000, &[]), file(1, 5000..9000, &[])];
    let suite = suite(&contract, &files[0].rows.schema()).with_evidence(5);
    let (mut distinct, mut read) = (Distinct::new(), 0);
    let mut judge = |files: &mut [File], expected: [u64; 2]| {
        let before = read;
        let parts = by_parts(&suite, files, &mut distinct, &mut read);
        assert_eq!(shown(&parts), shown(&in_full(&suite, files)));
        assert_eq!([parts.results[0].violations, parts.results[1].violations], expected);
        read - before
    };
    assert_eq!(judge(&mut files, [0, 0]), 4);
    assert_eq!(judge(&mut files, [0, 0]), 0, "nothing is read again");
    files.push(file(2, 9000..9100, &[]));
    assert_eq!(judge(&mut files, [0, 0]), 2, "only what was appended is read");
    files.push(file(3, 9100..9200, &[17, 8000, 9150]));
    assert_eq!(judge(&mut files, [3, 3]), 2, "and the others where a key is repeated");
    files.remove(1);
    assert_eq!(judge(&mut files, [2, 2]), 2);
    files.pop();
    assert_eq!(judge(&mut files, [0, 0]), 0);
}

#[test]
fn bytes_that_are_no_answer_are_not_taken_for_one() {
    let mut dice = Dice(3);
    let data = rows(&mut dice, 100);
    for (at, check) in POOL.iter().enumerate() {
        let text = format!("{COLUMNS}[[checks]]\nid = \"c\"\n{}\n", check.replace("{}", "9"));
        let suite = planned(&contract("", &text), &data.schema());
        let mut pass = suite.start();
        pass.update(&data, RowOrigin::default());
        let bytes = pass.save(0).unwrap();
        assert!(suite.load(0, &bytes, 0).is_some(), "{at}");
        for end in 0..bytes.len() {
            assert!(suite.load(0, &bytes[..end], 0).is_none(), "{at}: {end} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn what_metadata_prove_is_not_read() {
    let contract = contract(
        "",
        "[columns]\nn = { type = \"long\", required = true, min = 0, max = 9 }\nx = { type = \"double\", min = 0 }\nt = { type = \"string\", values = [\"a\", \"b\"] }\nd = { type = \"date\" }",
    );
    let rows = crate::support::batch(vec![
        ("n", Arc::new(Int64Array::from(vec![1, 9])) as ArrayRef),
        ("x", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
        ("t", Arc::new(StringArray::from(vec![Some("a"), None]))),
        ("d", Arc::new(Date32Array::from(vec![0, 1]))),
    ]);
    let suite = suite(&contract, &rows.schema());
    let facts = facts(&rows);
    let proved: Vec<bool> = (0..suite.names().len()).map(|check| suite.prove(check, &facts).is_some()).collect();
    let ids: Vec<&str> = contract.checks.iter().map(|check| check.id.as_str()).collect();
    let known: Vec<&str> = ids.iter().zip(&proved).filter(|(_, proved)| **proved).map(|(id, _)| *id).collect();
    assert_eq!(known, ["n.required", "n.range", "x.range", "t.values"], "{ids:?}");
    let range = ids.iter().position(|id| *id == "x.range").unwrap();
    let proves = |values: Option<Vec<f64>>| {
        let mut facts = facts.clone();
        let values = values.map(|values| Arc::new(Float64Array::from(values)) as ArrayRef);
        facts.columns.insert("x".to_owned(), ColumnFacts { nulls: Some(0), range: Some((1, 2)), values });
        suite.prove(range, &facts).is_some()
    };
    assert!(!proves(None), "a float's range never comes from a footer");
    assert!(proves(Some(vec![1.0, f64::INFINITY])) && !proves(Some(vec![1.0, f64::NAN])) && !proves(Some(vec![-1.0])));
}
