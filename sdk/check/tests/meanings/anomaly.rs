//! An unusual number is one that the numbers before it do not let expect.
use meshwright_check::anomaly::{Anomaly, AnomalySettings, LEAST_HISTORY, judge};

fn amount(history: &[f64], value: f64) -> Anomaly {
    judge(history, value, &AnomalySettings::default())
}

fn count(history: &[f64], value: f64) -> Anomaly {
    judge(history, value, &AnomalySettings { relative: true, ..AnomalySettings::default() })
}

fn is_unusual(found: &Anomaly) -> bool {
    matches!(found, Anomaly::Unusual(_))
}

/// scipy 1.17.1: mean ± t.ppf(0.9985, 6) s sqrt(1 + 1/7) of these seven.
#[test]
fn the_interval_is_students_and_leaves_the_judged_point_out() {
    let history = [100.0, 103.0, 98.0, 101.0, 99.0, 102.0, 97.0];
    let Anomaly::Usual(found) = amount(&history, 111.0) else { panic!("111 lies within") };
    assert!(
        (found.low - 88.914_313_438_601_87).abs() < 1e-6 && (found.high - 111.085_686_561_398_13).abs() < 1e-6,
        "{found:?}"
    );
    assert_eq!((found.points, found.left_out), (7, 0));
    for value in [112.0, 88.0, 1e9, f64::NAN] {
        assert!(is_unusual(&amount(&history, value)), "{value}");
    }
}

#[test]
fn a_short_history_says_nothing() {
    let short = vec![10.0; LEAST_HISTORY - 1];
    assert_eq!(amount(&short, 1e9), Anomaly::TooShort { have: 4, need: 5 });
    assert_eq!(amount(&[], 1.0), Anomaly::TooShort { have: 0, need: 5 });
    assert_eq!(amount(&[f64::NAN; 9], 1.0), Anomaly::TooShort { have: 0, need: 5 });
}

#[test]
fn a_past_incident_does_not_hide_the_next() {
    let history = [1000.0, 1010.0, 990.0, 5.0, 1005.0, 995.0, 1002.0, 998.0, 1001.0];
    let Anomaly::Unusual(found) = count(&history, 6.0) else { panic!("6 after about 1000") };
    assert_eq!((found.points, found.left_out), (8, 1));
    assert!(!is_unusual(&count(&history, 1004.0)));
}

#[test]
fn what_never_varied_lets_one_per_cent_pass() {
    let history = [24_016.0; 6];
    assert!(!is_unusual(&count(&history, 24_016.0)) && !is_unusual(&count(&history, 24_100.0)));
    assert!(is_unusual(&count(&history, 24_300.0)) && is_unusual(&count(&history, 0.0)));
    assert!(is_unusual(&amount(&[0.0; 6], 0.001)), "a share of nulls that was always none");
    assert!(!is_unusual(&count(&[0.0; 6], 1.0)));
}

/// Fourteen daily counts with 5 % noise: a drop by 30 % is found, and hardly anything else is.
#[test]
fn drops_are_found_and_noise_is_not() {
    let mut state = 42_u64;
    let mut noise = || {
        (0..12)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 11) as f64 / (1_u64 << 53) as f64
            })
            .sum::<f64>()
            - 6.0
    };
    let (mut found, mut false_alarms) = (0, 0);
    for _ in 0..2000 {
        let history: Vec<f64> = (0..13).map(|_| 1000.0 * (1.0 + 0.05 * noise())).collect();
        let today = 1000.0 * (1.0 + 0.05 * noise());
        false_alarms += usize::from(is_unusual(&count(&history, today)));
        found += usize::from(is_unusual(&count(&history, today * 0.7)));
    }
    assert!(found > 1900 && false_alarms < 20, "{found} of 2000 drops found, {false_alarms} false alarms");
}
