//! What every kind of check means, row by row: this table is the one in `docs/checks.md`.
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::SchemaRef;
use meshwright_check::{CheckResult, Earlier, Expressions, Known, Outcome, Predicate, Profiler};
use meshwright_spec::{Check, PortName};
use serde_json::Value;

use crate::support::{Comparisons, batch, result_with};

/// What a case compares with.
struct Beside<'a>(&'a Case);

impl Expressions for Beside<'_> {
    fn compile(&self, sql: &str, schema: &SchemaRef) -> Result<Arc<dyn Predicate>, String> {
        Comparisons.compile(sql, schema)
    }

    fn known(&self, _: &PortName, _: &[String]) -> Option<Result<Known, String>> {
        Some(Ok(Known { values: vec![self.0.arrays(self.0.beside)], state: "1".into() }))
    }

    fn earlier(&self, _: &Check) -> Result<Option<Arc<Earlier>>, String> {
        if self.0.beside.is_empty() {
            return Ok(None);
        }
        let data = batch(["v", "w"].into_iter().zip(self.0.arrays(self.0.beside)).collect());
        let mut profiler = Profiler::new(&data.schema());
        profiler.update(&data);
        Ok(Some(Arc::new(Earlier { name: "r1".into(), profile: profiler.finish() })))
    }

    fn history(&self, _: &Check) -> Vec<f64> {
        self.0.beside.iter().flat_map(|rows| listed(rows)).map(|number| number.as_f64().unwrap()).collect()
    }
}

impl Case {
    fn arrays(&self, rows: &[&str]) -> Vec<ArrayRef> {
        self.types.iter().zip(rows).map(|(data_type, rows)| array(data_type, rows)).collect()
    }
}

/// One line of the table: rows of the columns `v` (and `w`), a check of them, and what it must find.
struct Case {
    question: &'static str,
    types: &'static [&'static str],
    /// JSON, one list per column; `"NaN"`, `"inf"` and `"-inf"` in columns of floats; `1 x 50` is fifty of them.
    rows: &'static [&'static str],
    /// What the check compares with: rows of another port, rows of a state before, numbers of releases before.
    beside: &'static [&'static str],
    /// Keys of the check but `id`; `column = "v"` unless the kind has none.
    check: &'static str,
    outcome: &'static str,
    found: &'static str,
}

macro_rules! cases {
    ($($question:literal: $($type:literal $rows:literal)+ $(beside $($beside:literal)+)?, $check:literal => $outcome:ident $found:literal;)*) => {
        &[$(Case {
            question: $question,
            types: &[$($type),+],
            rows: &[$($rows),+],
            beside: &[$($($beside),+)?],
            check: $check,
            outcome: stringify!($outcome),
            found: $found,
        }),*]
    };
}

const CASES: &[Case] = cases![
    "a null in a range": "long" "[1, null, 5]", "kind = 'range'; min = 2" => failed "1 violate of 3, 1 null";
    "a null in a list": "string" "['a', null]", "kind = 'values'; values = ['a']" => passed "0 violate of 2, 1 null";
    "a null and a pattern": "string" "[null, 'x']", "kind = 'pattern'; pattern = 'x'" => passed "0 violate of 2, 1 null";
    "a null": "long" "[1, null]", "kind = 'not_null'" => failed "1 violate of 2, 0 null";
    "NaN is a value": "double" "['NaN', 1]", "kind = 'not_null'" => passed "0 violate of 2, 0 null";
    "NaN in a range": "double" "['NaN', 1]", "kind = 'range'; min = 0" => failed "1 violate of 2, 0 null";
    "NaN in an open range": "double" "['NaN']", "kind = 'range'; max = 1e308" => failed "1 violate of 1, 0 null";
    "NaN in a list": "double" "['NaN', 1]", "kind = 'values'; values = [1.0]" => failed "1 violate of 2, 0 null";
    "NaN among what is not allowed": "double" "['NaN', 1]", "kind = 'not_values'; values = [1.0]" => failed "1 violate of 2, 0 null";
    "NaN and infinity": "double" "['NaN', 'inf', '-inf', null, 1]", "kind = 'finite'" => failed "3 violate of 5, 1 null";
    "NaN in a mean": "double" "[1, 'NaN', null, 3]", "kind = 'aggregate'; function = 'avg'; max = 2" => passed "measured 2.0, 1 null, 1 NaN";
    "NaN in a maximum": "double" "[1, 'NaN']", "kind = 'aggregate'; function = 'max'; max = 1" => passed "measured 1.0, 0 null, 1 NaN";
    "NaN in a count": "double" "[1, 'NaN', null]", "kind = 'aggregate'; function = 'count'; min = 2" => passed "measured 2, 1 null, 0 NaN";
    "two NaN are one value": "double" "['NaN', 'NaN', 1]", "kind = 'unique'" => failed "1 violate of 3, 0 null";
    "-0.0 is 0.0 in a range": "double" "[-0.0]", "kind = 'range'; min = 0" => passed "0 violate of 1, 0 null";
    "-0.0 is 0.0 in a key": "double" "[-0.0, 0.0]", "kind = 'unique'" => failed "1 violate of 2, 0 null";
    "bounds are inclusive": "long" "[1, 2, 3]", "kind = 'range'; min = 1; max = 3" => passed "0 violate of 3, 0 null";
    "bounds of dates are inclusive": "date" "['2024-01-01']", "kind = 'range'; min = '2024-01-01'; max = '2024-01-01'" => passed "0 violate of 1, 0 null";
    "lengths are characters": "string" "['née', 'abcd']", "kind = 'length'; max = 3" => failed "1 violate of 2, 0 null";
    "an empty text has a length": "string" "['', null]", "kind = 'length'; min = 1" => failed "1 violate of 2, 1 null";
    "a pattern is searched for": "string" "['xay', 'b']", "kind = 'pattern'; pattern = 'a'" => failed "1 violate of 2, 0 null";
    "the empty text and a pattern": "string" "['']", "kind = 'pattern'; pattern = '^$'" => passed "0 violate of 1, 0 null";
    "digits are ASCII": "string" "['١']", "kind = 'pattern'; pattern = '\\d'" => failed "1 violate of 1, 0 null";
    "a pattern that must not occur": "string" "['test-1', 'real', null]", "kind = 'not_pattern'; pattern = '^test'" => failed "1 violate of 3, 1 null";
    "values that must not occur": "long" "[1, 99, null]", "kind = 'not_values'; values = [99]" => failed "1 violate of 3, 1 null";
    "blank is missing": "string" "['a', ' ', '', null, 'N/A']", "kind = 'not_missing'; missing = ['n/a']" => failed "4 violate of 5, 0 null";
    "zero is not missing": "long" "[0, null]", "kind = 'not_missing'" => failed "1 violate of 2, 0 null";
    "a, a, a, b": "string" "['a', 'a', 'a', 'b']", "kind = 'unique'; at_most = 2" => passed "2 violate of 4, 0 null (1 values, 2 beyond the first, 3 rows)";
    "a null in a key": "long" "[null, null, 1]", "kind = 'unique'" => passed "0 violate of 3, 2 null";
    "a null in part of a key": "long" "[1, 1, 1]" "string" "['a', null, null]", "kind = 'unique'; columns = ['v', 'w']" => passed "0 violate of 3, 2 null";
    "parts of a key do not run together": "string" "['ab', 'a']" "string" "['c', 'bc']", "kind = 'unique'; columns = ['v', 'w']" => passed "0 violate of 2, 0 null";
    "case matters in a key": "string" "['A', 'a']", "kind = 'unique'" => passed "0 violate of 2, 0 null";
    "a share is of all rows in scope": "long" "[1, null, null, 9]", "kind = 'range'; max = 5; at_most = 0.25" => passed "1 violate of 4, 2 null";
    "a share just passed": "long" "[1, 9, 9]", "kind = 'range'; max = 5; at_most = 0.66" => failed "2 violate of 3, 0 null";
    "where selects the scope": "long" "[1, 5, 9]", "kind = 'range'; max = 6; where = 'v >= 5'" => failed "1 violate of 2, 0 null";
    "where is unknown for a null": "long" "[null, 9]", "kind = 'not_null'; where = 'v >= 5'" => passed "0 violate of 1, 0 null";
    "an expression of a null is not true": "long" "[null, 9]", "kind = 'expression'; sql = 'v >= 5'" => failed "1 violate of 2, 0 null";
    "two columns": "long" "[1, 3, null, 2]" "long" "[2, 2, 1, 2]", "kind = 'compare'; operator = '<='; other = 'w'" => failed "1 violate of 4, 0 null";
    "NaN beside a number": "double" "['NaN', 1]" "double" "[1, 1]", "kind = 'compare'; operator = '!='; other = 'w'" => failed "2 violate of 2, 0 null";
    "whole numbers beside floats": "long" "[1, 2]" "double" "[1.0, 2.5]", "kind = 'compare'; operator = '='; other = 'w'" => failed "1 violate of 2, 0 null";
    "no rows, a check of rows": "long" "[]", "kind = 'not_null'" => not_evaluated "0 violate of 0, 0 null";
    "no rows, their number": "long" "[]", "kind = 'row_count'; min = 1" => failed "measured 0, 0 null, 0 NaN";
    "no rows, a sum": "long" "[]", "kind = 'aggregate'; function = 'sum'; min = 0" => not_evaluated "measured null, 0 null, 0 NaN";
    "only nulls, a mean": "double" "[null]", "kind = 'aggregate'; function = 'avg'; min = 0" => not_evaluated "measured null, 0 null, 0 NaN";
    "only nulls, the newest": "date" "[null]", "kind = 'freshness'; max_age = '1d'" => failed "measured null, 1 null, 0 NaN";
    "a sum beyond 64 bits": "long" "[9223372036854775807, 1]", "kind = 'aggregate'; function = 'sum'; min = 0" => passed "measured 9223372036854775808, 0 null, 0 NaN";
    "a sample's deviation": "long" "[1, 2, 3, 4]", "kind = 'aggregate'; function = 'variance'; max = 2" => passed "measured 1.6666666666666667, 0 null, 0 NaN";
    "the median is a value": "long" "[1, 2, 3, 4]", "kind = 'aggregate'; function = 'median'; min = 2; max = 2" => passed "measured 2.0, 0 null, 0 NaN";
    "a percentile is the nearest rank": "long" "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "kind = 'aggregate'; function = 'p90'; min = 9; max = 9" => passed "measured 9.0, 0 null, 0 NaN";
    "different values": "string" "['a', 'b', 'a', null]", "kind = 'aggregate'; function = 'count_distinct'; max = 2" => passed "measured 2, 1 null, 0 NaN";
    "the share of different values": "string" "['a', 'b', 'a', 'a', null]", "kind = 'aggregate'; function = 'distinct_share'; max = 0.5" => passed "measured 0.5, 1 null, 0 NaN";
    "a column too many": "long" "[1]" "long" "[1]", "kind = 'columns'; columns = ['v']; extra = false" => failed "measured extra w, 0 null, 0 NaN";
    "columns in another order": "long" "[1]" "long" "[1]", "kind = 'columns'; columns = ['w', 'v']; ordered = true" => failed "measured order v w, 0 null, 0 NaN";
    "no release to compare with": "long" "[1]", "kind = 'row_count_change'; max_drop = 0.1" => not_evaluated "measured null, 0 null, 0 NaN";
    "a pair that another port has": "long" "[1, 2, 1, null]" "string" "['a', 'b', 'b', 'a']" beside "[1, 2]" "['a', 'b']", "kind = 'references'; columns = ['v', 'w']; references = 'geo.places.pairs(x, y)'" => failed "1 violate of 4, 1 null";
    "a value that another port has": "double" "[-0.0, 'NaN', null, 2]" beside "[0, 'NaN']", "kind = 'references'; references = 'geo.places.points(x)'" => failed "1 violate of 4, 1 null";
    "shares as expected": "string" "['a' x 70, 'b' x 30]", "kind = 'distribution'; values = ['a', 'b']; shares = [0.7, 0.3]" => passed "jensen_shannon 0.000 from the expected shares, 0.1 matters; by chance in 100.0 % of cases, 0 null, 0 NaN";
    "other shares than expected": "string" "['a' x 40, 'b' x 60]", "kind = 'distribution'; values = ['a', 'b']; shares = [0.7, 0.3]" => failed "jensen_shannon 0.255 from the expected shares, 0.1 matters; by chance in fewer than one of 1000 cases; b: 60.0 % of 30.0 %, a: 40.0 % of 70.0 %, 0 null, 0 NaN";
    "values that are not listed": "string" "['a' x 70, 'y' x 20, 'z' x 10]", "kind = 'distribution'; values = ['a']; shares = [0.7]" => passed "jensen_shannon 0.000 from the expected shares, 0.1 matters; by chance in 100.0 % of cases, 0 null, 0 NaN";
    "shares leave nulls and NaN out": "double" "[1 x 70, 2 x 30, null x 50, 'NaN' x 50]", "kind = 'distribution'; bins = [1.0]; shares = [0.7, 0.3]" => passed "jensen_shannon 0.000 from the expected shares, 0.1 matters; by chance in 100.0 % of cases, 50 null, 50 NaN";
    "a bound belongs to the bin that it ends": "long" "[1 x 20, 2 x 80]", "kind = 'distribution'; bins = [1, 2]; shares = [0.2, 0.8, 0.0]" => passed "jensen_shannon 0.000 from the expected shares, 0.1 matters; by chance in 100.0 % of cases, 0 null, 0 NaN";
    "few rows that chance explains": "string" "['a' x 5, 'b' x 5]", "kind = 'distribution'; values = ['a', 'b']; shares = [0.7, 0.3]" => passed "jensen_shannon 0.111 from the expected shares, 0.1 matters; by chance in 16.8 % of cases, 0 null, 0 NaN";
    "no values to share out": "string" "[null x 3]", "kind = 'distribution'; values = ['a']; shares = [0.5]" => not_evaluated "no values in scope, 0 null, 0 NaN";
    "the same values as before": "string" "['a' x 60, 'b' x 40]" beside "['b' x 40, 'a' x 60]", "kind = 'drift'" => passed "jensen_shannon 0.000 from r1, 0.1 matters; by chance in 100.0 % of cases, 0 null, 0 NaN";
    "other values than before": "string" "['a' x 10, 'b' x 90]" beside "['a' x 60, 'b' x 40]", "kind = 'drift'" => failed "jensen_shannon 0.459 from r1, 0.1 matters; by chance in fewer than one of 1000 cases; a: 60.0 % -> 10.0 %, b: 40.0 % -> 90.0 %, 0 null, 0 NaN";
    "a difference that chance explains": "string" "['a' x 3, 'b' x 5]" beside "['a' x 5, 'b' x 3]", "kind = 'drift'" => passed "jensen_shannon 0.022 from r1, 0.1 matters; by chance in 100.0 % of cases, 0 null, 0 NaN";
    "more nulls than before": "long" "[1 x 50, null x 50]" beside "[1 x 100]", "kind = 'drift'" => failed "jensen_shannon 0.555 from r1, 0.1 matters; by chance in fewer than one of 1000 cases; 1: 100.0 % -> 50.0 %, null: 0.0 % -> 50.0 %, 0 null, 0 NaN";
    "NaN where there was none": "double" "[1 x 50, 'NaN' x 50]" beside "[1 x 100]", "kind = 'drift'" => failed "jensen_shannon 0.555 from r1, 0.1 matters; by chance in fewer than one of 1000 cases; 1.0: 100.0 % -> 50.0 %, NaN: 0.0 % -> 50.0 %, 0 null, 0 NaN";
    "drift by PSI": "string" "['a' x 10, 'b' x 90]" beside "['a' x 60, 'b' x 40]", "kind = 'drift'; method = 'psi'" => failed "psi 1.233 from r1, 0.2 matters; by chance in fewer than one of 1000 cases; a: 60.0 % -> 10.0 %, b: 40.0 % -> 90.0 %, 0 null, 0 NaN";
    "drift by Kolmogorov-Smirnov": "double" "[1 x 10, 2 x 90]" beside "[1 x 60, 2 x 40]", "kind = 'drift'; method = 'kolmogorov_smirnov'" => failed "kolmogorov_smirnov 0.500 from r1, 0.1 matters; by chance in fewer than one of 1000 cases; up to 1: 60.0 % -> 10.0 %, 1.4 to 2: 40.0 % -> 90.0 %, 0 null, 0 NaN";
    "Kolmogorov-Smirnov leaves nulls and NaN out": "double" "[1 x 10, null x 90, 'NaN' x 90]" beside "[1 x 100]", "kind = 'drift'; method = 'kolmogorov_smirnov'" => passed "kolmogorov_smirnov 0.000 from r1, 0.1 matters; by chance in 100.0 % of cases, 0 null, 0 NaN";
    "drift by chi-squared": "string" "['a' x 10, 'b' x 90]" beside "['a' x 60, 'b' x 40]", "kind = 'drift'; method = 'chi_squared'" => failed "chi_squared 0.519 from r1, 0.1 matters; by chance in fewer than one of 1000 cases; a: 60.0 % -> 10.0 %, b: 40.0 % -> 90.0 %, 0 null, 0 NaN";
    "a larger difference may be let pass": "string" "['a' x 10, 'b' x 90]" beside "['a' x 60, 'b' x 40]", "kind = 'drift'; threshold = 0.6" => passed "jensen_shannon 0.459 from r1, 0.6 matters; by chance in fewer than one of 1000 cases, 0 null, 0 NaN";
    "drift of the rows in scope": "long" "[1 x 50, 9 x 50]" beside "[9 x 100]", "kind = 'drift'; where = 'v >= 5'" => passed "jensen_shannon 0.000 from r1, 0.1 matters; by chance in 100.0 % of cases, 0 null, 0 NaN";
    "no state to compare with": "long" "[1]", "kind = 'drift'" => not_evaluated "there is no release to compare with, 0 null, 0 NaN";
    "no rows to compare": "long" "[]" beside "[1 x 100]", "kind = 'drift'" => not_evaluated "no rows in scope, 0 null, 0 NaN";
    "no rows before": "long" "[1 x 100]" beside "[]", "kind = 'drift'" => not_evaluated "r1 has no rows in scope to compare with, 0 null, 0 NaN";
    "a usual number of rows": "long" "[1 x 103]" beside "[100, 101, 99, 104, 102]", "kind = 'anomaly'" => passed "row_count is 103; 5 releases before let expect 88.5263 to 115.6350, 0 null, 0 NaN";
    "an unusual number of rows": "long" "[1 x 50]" beside "[100, 101, 99, 104, 102]", "kind = 'anomaly'" => failed "row_count is unusual: 50; 5 releases before let expect 88.5263 to 115.6350, 0 null, 0 NaN";
    "a number that never varied": "long" "[1 x 102]" beside "[100, 100, 100, 100, 100]", "kind = 'anomaly'" => failed "row_count is unusual: 102; 5 releases before let expect 99.0000 to 101.0000, 0 null, 0 NaN";
    "an unusual share of nulls": "long" "[1 x 50, null x 50]" beside "[0.02, 0.01, 0.02, 0.0, 0.03]", "kind = 'anomaly'; metric = 'null_share'" => failed "null_share is unusual: 0.5000; 5 releases before let expect 0 to 0.0964, 50 null, 0 NaN";
    "NaN in a mean with a history": "double" "[1, 3, 'NaN', null]" beside "[2, 2.1, 1.9, 2, 2.2]", "kind = 'anomaly'; metric = 'avg'" => passed "avg is 2; 5 releases before let expect 1.2363 to 2.8437, 1 null, 1 NaN";
    "too few releases for an anomaly": "long" "[1 x 50]" beside "[100, 101, 99, 100]", "kind = 'anomaly'" => not_evaluated "row_count is 50; 4 of the 5 releases before that a verdict needs, 0 null, 0 NaN";
    "no rows after many": "long" "[]" beside "[100, 101, 99, 104, 102]", "kind = 'anomaly'" => failed "row_count is unusual: 0; 5 releases before let expect 88.5263 to 115.6350, 0 null, 0 NaN";
    "JSON by its form": "string" "['{}', '{', null]", "kind = 'format'; format = 'json'" => failed "1 violate of 3, 1 null";
];

#[test]
fn every_check_means_what_the_table_says() {
    let wrong: Vec<String> = CASES
        .iter()
        .filter_map(|case| {
            let found = judge(case);
            let (outcome, shown) = (word(found.outcome), shown(&found));
            let same = (outcome.as_str(), shown.as_str()) == (case.outcome, case.found);
            (!same).then(|| format!("{}: {outcome} {shown:?}", case.question))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_in_the_docs_is_this_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (start, end) = ("<!-- conformance: written by the tests of meshwright-check -->\n", "<!-- end -->");
    let from = text.find(start).expect("docs/checks.md has a place for the table") + start.len();
    let to = from + text[from..].find(end).unwrap();
    let fresh = format!("{}{}{}", &text[..from], table(), &text[to..]);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &fresh).unwrap();
        return;
    }
    assert!(text == fresh, "docs/checks.md is stale: run the tests once with UPDATE_DOCS=1");
}

fn table() -> String {
    let mut out = "| question | rows | check | outcome | found |\n|---|---|---|---|---|\n".to_owned();
    for case in CASES {
        let columns = case.types.iter().zip(case.rows).zip(["v", "w"]);
        let rows: Vec<String> =
            columns.map(|((data_type, rows), name)| format!("`{name}` {data_type} `{rows}`")).collect();
        let beside: Vec<String> = case.beside.iter().map(|rows| format!("`{rows}`")).collect();
        let rows = if beside.is_empty() {
            rows.join(", ")
        } else {
            format!("{}; beside {}", rows.join(", "), beside.join(", "))
        };
        let check = case.check.replace("; ", "` `").replace('\'', "\"");
        let line = [case.question, &rows.replace('\'', "\""), &format!("`{check}`"), case.outcome, case.found];
        writeln!(out, "| {} |", line.join(" | ")).unwrap();
    }
    out
}

fn judge(case: &Case) -> CheckResult {
    let names = ["v", "w"];
    let data = batch(names.into_iter().zip(case.arrays(case.rows)).collect());
    let mut text = "[columns]\n".to_owned();
    for (name, data_type) in names.iter().zip(case.types) {
        writeln!(text, "{name} = {{ type = \"{data_type}\" }}").unwrap();
    }
    text.push_str("[[checks]]\nid = \"c\"\n");
    for key in case.check.split("; ") {
        text.push_str(&key.replace('\'', if key.contains("pattern = ") { "'" } else { "\"" }));
        text.push('\n');
    }
    let kind = case.check.split('\'').nth(1).unwrap();
    let whole = ["row_count", "row_count_change", "columns", "expression"].contains(&kind)
        || case.check.contains("columns = ")
        || (kind == "anomaly" && !case.check.contains("metric = "));
    if !whole {
        text.push_str("column = \"v\"\n");
    }
    result_with(&text, "c", &data, &Beside(case))
}

/// The values of a list.
fn listed(rows: &str) -> Vec<Value> {
    let items = rows.trim_start_matches('[').trim_end_matches(']').split(", ").filter(|item| !item.is_empty());
    let repeated = items.flat_map(|item| {
        let (value, times) = item.split_once(" x ").unwrap_or((item, "1"));
        let value: Value = serde_json::from_str(&value.replace('\'', "\"")).unwrap();
        std::iter::repeat_n(value, times.parse().unwrap())
    });
    repeated.collect()
}

fn array(data_type: &str, rows: &str) -> ArrayRef {
    let rows = listed(rows);
    let day =
        |text: &str| (text.parse::<chrono::NaiveDate>().unwrap() - chrono::NaiveDate::default()).num_days() as i32;
    match data_type {
        "long" => Arc::new(rows.iter().map(Value::as_i64).collect::<Int64Array>()),
        "double" => {
            let float = |row: &Value| row.as_f64().or_else(|| row.as_str().map(|text| text.parse().unwrap()));
            Arc::new(rows.iter().map(float).collect::<Float64Array>())
        }
        "date" => Arc::new(rows.iter().map(|row| row.as_str().map(day)).collect::<Date32Array>()),
        _ => Arc::new(rows.iter().map(Value::as_str).collect::<StringArray>()),
    }
}

fn word(outcome: Outcome) -> String {
    serde_json::to_value(outcome).unwrap().as_str().unwrap().to_owned()
}

fn shown(result: &CheckResult) -> String {
    if ["distribution", "drift", "anomaly"].contains(&result.kind) {
        return format!("{}, {} null, {} NaN", result.message, result.nulls, result.nan);
    }
    let of_rows = !["row_count", "row_count_change", "aggregate", "freshness", "columns"].contains(&result.kind);
    if of_rows {
        let duplicates = result.duplicates.filter(|d| d.rows > 2);
        let detail =
            duplicates.map(|d| format!(" ({} values, {} beyond the first, {} rows)", d.values, d.excess, d.rows));
        let counts = format!("{} violate of {}, {} null", result.violations, result.rows_in_scope, result.nulls);
        return counts + &detail.unwrap_or_default();
    }
    let measured = match &result.measured {
        Value::String(text) => text.clone(),
        Value::Object(parts) => {
            let words = |value: &Value| {
                value.as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect::<Vec<_>>().join(" ")
            };
            parts.iter().map(|(name, value)| format!("{name} {}", words(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    format!("measured {measured}, {} null, {} NaN", result.nulls, result.nan)
}
