//! Drift is an alarm when it is there, and none when it is not.
use std::sync::Arc;

use arrow::array::*;
use meshwright_check::Profiler;
use meshwright_check::drift::{DriftReport, DriftSettings, compare};

use crate::chance::Chance;
use crate::support::batch;

type Row = (Option<f64>, Option<String>, i64);

fn population(chance: &mut Chance, n: usize) -> Vec<Row> {
    let row = |chance: &mut Chance| {
        let price = (chance.share() > 0.1).then(|| (chance.normal() * 0.5).exp() * 100.0);
        let fuel = ["coal", "gas", "oil", "wind", "sun"][chance.below(5).min(chance.below(5))];
        (price, (chance.share() > 0.02).then(|| fuel.to_owned()), chance.below(2000) as i64)
    };
    (0..n).map(|_| row(chance)).collect()
}

fn compared(a: &[Row], b: &[Row]) -> DriftReport {
    let profile = |rows: &[Row]| {
        let batch = batch(vec![
            ("price", Arc::new(rows.iter().map(|row| row.0).collect::<Float64Array>()) as ArrayRef),
            ("fuel", Arc::new(rows.iter().map(|row| row.1.clone()).collect::<StringArray>())),
            ("place", Arc::new(rows.iter().map(|row| Some(row.2)).collect::<Int64Array>())),
        ]);
        let mut profiler = Profiler::new(&batch.schema());
        profiler.update(&batch);
        profiler.finish()
    };
    compare(&profile(a), &profile(b), &DriftSettings::default())
}

#[test]
fn identical_data_raise_no_alarm_in_a_hundred_bootstraps() {
    let mut chance = Chance(20_260_101);
    for n in [300, 1000] {
        let rows = population(&mut chance, n);
        assert!(
            compared(&rows, &rows)
                .columns
                .iter()
                .all(|c| c.jensen_shannon == 0.0 && c.psi == 0.0 && c.p_adjusted == 1.0)
        );
        for at in 0..100 {
            let again: Vec<Row> = (0..n).map(|_| rows[chance.below(n)].clone()).collect();
            let report = compared(&rows, &again);
            assert_eq!(report.drifted().count(), 0, "bootstrap {at} of {n} rows: {report:#?}");
        }
    }
}

#[test]
fn what_has_moved_is_found_and_named() {
    let mut chance = Chance(7);
    let before = population(&mut chance, 3000);
    let mut dearer = before.clone();
    dearer.iter_mut().for_each(|row| row.0 = row.0.map(|price| price * 1.6));
    let drifted = |report: &DriftReport| report.drifted().map(|c| c.column.clone()).collect::<Vec<_>>();
    let report = compared(&before, &dearer);
    assert_eq!(drifted(&report), ["price"], "{report:#?}");
    assert!(report.columns[0].ks.unwrap() > 0.3 && report.columns[0].psi > 0.25);

    let mut cleaner = before.clone();
    cleaner.iter_mut().filter(|row| row.1.as_deref() == Some("coal")).for_each(|row| row.1 = Some("hydrogen".into()));
    let report = compared(&before, &cleaner);
    assert_eq!(drifted(&report), ["fuel"]);
    let moved: Vec<_> = report.columns[1].moved.iter().map(|m| m.bin.as_str().unwrap().to_owned()).collect();
    assert!(moved.contains(&"coal".into()) && moved.contains(&"hydrogen".into()), "{moved:?}");

    let mut emptier = before.clone();
    emptier.iter_mut().step_by(4).for_each(|row| row.0 = None);
    let report = compared(&before, &emptier);
    assert_eq!(drifted(&report), ["price"]);
    assert!(report.columns[0].null_share.1 > 0.3 && report.columns[0].moved[0].bin == "null");
}

#[test]
fn a_difference_that_does_not_matter_is_no_alarm_however_sure_it_is() {
    let mut chance = Chance(11);
    let before = population(&mut chance, 60_000);
    let mut after = before.clone();
    after.iter_mut().for_each(|row| row.0 = row.0.map(|price| price * 1.03));
    let report = compared(&before, &after);
    assert!(report.columns[0].p_adjusted < 0.01, "{report:#?}");
    assert_eq!(report.drifted().count(), 0);
}

#[test]
fn columns_that_came_or_went_are_said() {
    let one =
        batch(vec![("a", Arc::new(Int64Array::from(vec![1])) as ArrayRef), ("b", Arc::new(Int64Array::from(vec![1])))]);
    let two = batch(vec![
        ("b", Arc::new(StringArray::from(vec!["1"])) as ArrayRef),
        ("c", Arc::new(Int64Array::from(vec![1]))),
    ]);
    let profile = |batch: &RecordBatch| {
        let mut profiler = Profiler::new(&batch.schema());
        profiler.update(batch);
        profiler.finish()
    };
    let report = compare(&profile(&one), &profile(&two), &DriftSettings::default());
    assert_eq!((report.gone, report.new, report.not_compared), (vec!["a".into()], vec!["c".into()], vec!["b".into()]));
}
