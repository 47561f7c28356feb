//! How often each measure of drift raises an alarm when nothing has changed: no more often than it says.
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::SchemaRef;
use meshwright_check::{Earlier, Expressions, Outcome, Predicate, Profiler, Report};
use meshwright_spec::{Check, Contract};

use crate::chance::Chance;
use crate::support::{Comparisons, batch, contract, judge_with};

const MEASURES: [&str; 4] = ["jensen_shannon", "psi", "kolmogorov_smirnov", "chi_squared"];

struct Was(Arc<Earlier>);

impl Expressions for Was {
    fn compile(&self, sql: &str, schema: &SchemaRef) -> Result<Arc<dyn Predicate>, String> {
        Comparisons.compile(sql, schema)
    }

    fn earlier(&self, _: &Check) -> Result<Option<Arc<Earlier>>, String> {
        Ok(Some(self.0.clone()))
    }
}

type Row = (Option<f64>, Option<&'static str>, i64, bool);

/// Prices with nulls, fuels of different frequency, places of which there are many, and a flag.
fn population(chance: &mut Chance, n: usize) -> Vec<Row> {
    let row = |chance: &mut Chance| {
        let price = (chance.share() > 0.1).then(|| (chance.normal() * 0.5).exp() * 100.0);
        let fuel = ["coal", "gas", "oil", "wind", "sun"][chance.below(5).min(chance.below(5))];
        (price, (chance.share() > 0.02).then_some(fuel), chance.below(2000) as i64, chance.share() < 0.3)
    };
    (0..n).map(|_| row(chance)).collect()
}

fn rows(rows: &[Row]) -> RecordBatch {
    batch(vec![
        ("price", Arc::new(rows.iter().map(|row| row.0).collect::<Float64Array>()) as ArrayRef),
        ("fuel", Arc::new(rows.iter().map(|row| row.1).collect::<StringArray>())),
        ("place", Arc::new(rows.iter().map(|row| Some(row.2)).collect::<Int64Array>())),
        ("flag", Arc::new(rows.iter().map(|row| Some(row.3)).collect::<BooleanArray>())),
    ])
}

/// A check of every measure for every column that it can judge.
fn every_measure(keys: &str) -> Contract {
    let types = [("price", "double"), ("fuel", "string"), ("place", "long"), ("flag", "boolean")];
    let mut text = "[columns]\n".to_owned();
    types.iter().for_each(|(name, of)| text.push_str(&format!("{name} = {{ type = \"{of}\" }}\n")));
    for (name, of) in types {
        for method in MEASURES.into_iter().filter(|m| *m != "kolmogorov_smirnov" || ["double", "long"].contains(&of)) {
            text.push_str(&format!(
                "[[checks]]\nid = \"{method}.{name}\"\nkind = \"drift\"\ncolumn = \"{name}\"\nmethod = \"{method}\"\n{keys}\n"
            ));
        }
    }
    contract("", &text)
}

fn judged(contract: &Contract, before: &[Row], after: &[Row]) -> Report {
    let data = rows(before);
    let mut profiler = Profiler::new(&data.schema());
    profiler.update(&data);
    let earlier = Earlier { name: "r1".into(), profile: profiler.finish() };
    judge_with(contract, &rows(after), &Was(Arc::new(earlier)))
}

fn alarms(report: &Report) -> impl Iterator<Item = &str> {
    report.results.iter().filter(|result| result.outcome != Outcome::Passed).map(|result| result.id.as_str())
}

#[test]
fn no_measure_finds_drift_in_a_hundred_bootstraps_of_the_same_data() {
    let contract = every_measure("");
    let mut chance = Chance(20_261_121);
    for n in [300, 1000] {
        let before = population(&mut chance, n);
        let same = judged(&contract, &before, &before);
        assert_eq!(same.results.len(), 14);
        assert!(same.results.iter().all(|result| result.measured["distance"] == 0.0), "{same:#?}");
        for at in 0..100 {
            let again: Vec<Row> = (0..n).map(|_| before[chance.below(n)]).collect();
            let report = judged(&contract, &before, &again);
            assert_eq!(alarms(&report).collect::<Vec<_>>(), [""; 0], "bootstrap {at} of {n} rows");
        }
    }
}

/// With a threshold that any difference passes, all that is left is the level: the share of false alarms.
#[test]
fn every_measure_keeps_its_level_over_many_samples() {
    const SAMPLES: usize = 150;
    let mut chance = Chance(42);
    for level in [0.05, 0.01] {
        let contract = every_measure(&format!("threshold = 0.000001\nlevel = {level}"));
        let mut false_alarms: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..SAMPLES {
            let (before, after) = (population(&mut chance, 250), population(&mut chance, 400));
            let report = judged(&contract, &before, &after);
            alarms(&report).for_each(|id| *false_alarms.entry(id.to_owned()).or_default() += 1);
        }
        // three standard deviations above the stated share
        let most = SAMPLES as f64 * level + 3.0 * (SAMPLES as f64 * level * (1.0 - level)).sqrt();
        assert!(false_alarms.values().all(|count| *count as f64 <= most), "level {level}: {false_alarms:?}");
        // and the level is not kept by never saying anything
        let all: usize = false_alarms.values().sum();
        assert!(all as f64 > 0.1 * level * 14.0 * SAMPLES as f64, "level {level}: {false_alarms:?}");
    }
}

#[test]
fn every_measure_finds_what_has_moved() {
    let contract = every_measure("");
    let mut chance = Chance(3);
    let before = population(&mut chance, 1000);
    let mut after = population(&mut chance, 1000);
    for row in &mut after {
        row.0 = row.0.map(|price| price * 1.8);
        row.1 = row.1.map(|fuel| if fuel == "coal" { "sun" } else { fuel });
        row.2 /= 2;
        row.3 = !row.3;
    }
    let report = judged(&contract, &before, &after);
    let missed: Vec<_> = report.results.iter().filter(|result| result.outcome == Outcome::Passed).collect();
    assert!(missed.is_empty(), "{missed:#?}");
    let fuel = report.result("jensen_shannon.fuel").unwrap();
    assert!(fuel.message.contains("from r1") && fuel.message.contains("coal: "), "{}", fuel.message);
}
