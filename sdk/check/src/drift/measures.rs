//! Distances between distributions, as pure functions of samples and counts.
use serde::Serialize;

use crate::statistics::{chi_squared_above, kolmogorov_above};

/// Two samples of numbers, compared by their cumulative shares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct KolmogorovSmirnov {
    /// Largest difference of the cumulative shares, 0 to 1.
    pub distance: f64,
    /// Chance of such a difference between samples of one distribution (the limit for large samples).
    pub p_value: f64,
}

/// Two rows of counts, compared with what equal shares let expect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChiSquared {
    /// Pearson's statistic.
    pub statistic: f64,
    /// Degrees of freedom.
    pub freedom: usize,
    /// Chance of such a statistic if both rows have the same shares.
    pub p_value: f64,
}

/// Kolmogorov-Smirnov of two ordered samples without NaN.
pub fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> KolmogorovSmirnov {
    let (mut i, mut j, mut distance) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        while i < a.len() && a[i] <= at {
            i += 1;
        }
        while j < b.len() && b[j] <= at {
            j += 1;
        }
        distance = distance.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    KolmogorovSmirnov { distance, p_value: ks_p_value(distance, a.len() as f64, b.len() as f64) }
}

/// Chance of a Kolmogorov-Smirnov distance between two samples of these sizes.
pub(crate) fn ks_p_value(distance: f64, n: f64, m: f64) -> f64 {
    if n == 0.0 || m == 0.0 { 1.0 } else { kolmogorov_above(distance * (n * m / (n + m)).sqrt()) }
}

/// Pearson's chi-squared of two rows of counts over the same bins; bins that are empty in both are left out.
pub fn chi_squared(a: &[f64], b: &[f64]) -> ChiSquared {
    let (n, m): (f64, f64) = (a.iter().sum(), b.iter().sum());
    let bins: Vec<(f64, f64)> = a.iter().copied().zip(b.iter().copied()).filter(|(x, y)| x + y > 0.0).collect();
    let freedom = bins.len().saturating_sub(1);
    if n == 0.0 || m == 0.0 || freedom == 0 {
        return ChiSquared { statistic: 0.0, freedom, p_value: 1.0 };
    }
    let statistic = bins
        .iter()
        .map(|(x, y)| {
            let (ex, ey) = ((x + y) * n / (n + m), (x + y) * m / (n + m));
            (x - ex).powi(2) / ex + (y - ey).powi(2) / ey
        })
        .sum();
    ChiSquared { statistic, freedom, p_value: chi_squared_above(statistic, freedom as f64) }
}

/// Population stability index of two rows of counts. Half a count is added to every bin, so that an empty one does not
/// make it infinite; without drift its mean is (bins - 1)(1/n + 1/m).
pub fn population_stability(a: &[f64], b: &[f64]) -> f64 {
    let (p, q) = (shares(a, 0.5), shares(b, 0.5));
    p.iter().zip(&q).map(|(p, q)| (p - q) * (p / q).ln()).sum()
}

/// Jensen-Shannon distance of two rows of counts: the square root of the divergence in bits, 0 to 1.
pub fn jensen_shannon(a: &[f64], b: &[f64]) -> f64 {
    jensen_shannon_divergence(a, b).max(0.0).sqrt()
}

/// Jensen-Shannon divergence in bits.
pub(crate) fn jensen_shannon_divergence(a: &[f64], b: &[f64]) -> f64 {
    let (p, q) = (shares(a, 0.0), shares(b, 0.0));
    let part = |x: f64, middle: f64| if x > 0.0 { x * (x / middle).log2() } else { 0.0 };
    p.iter().zip(&q).map(|(p, q)| 0.5 * (part(*p, f64::midpoint(*p, *q)) + part(*q, f64::midpoint(*p, *q)))).sum()
}

fn shares(counts: &[f64], added: f64) -> Vec<f64> {
    let total: f64 = counts.iter().map(|count| count + added).sum();
    counts.iter().map(|count| if total > 0.0 { (count + added) / total } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found} is not {expected}");
    }

    /// Values of scipy 1.17.1: `ks_2samp(method="asymp")` differs in its finite-sample correction, the distance is its.
    #[test]
    fn known_values() {
        let a: Vec<f64> = (1..=10).map(f64::from).collect();
        let b: Vec<f64> = (3..=14).map(f64::from).collect();
        near(kolmogorov_smirnov(&a, &b).distance, 0.333_333_333_333_333_3);
        let (p, q) = ([10.0, 20.0, 30.0, 40.0], [25.0; 4]);
        near(jensen_shannon(&p, &q), 0.200_503_322_531_428_14);
        let chi = chi_squared(&p, &q);
        near(chi.statistic, 10.900_210_900_210_901);
        near(chi.p_value, 0.012_277_894_009_958_807);
        assert_eq!(chi.freedom, 3);
        // numpy: sum((p - q) ln(p / q)) over shares with half a count added
        let many = |x: &[f64; 4]| x.map(|count| count * 1e9);
        near((population_stability(&many(&p), &many(&q)) * 1e7).round() / 1e7, 0.228_217_4);
    }

    #[test]
    fn the_same_is_no_distance() {
        let a = [3.0, 0.0, 5.0];
        assert_eq!(
            (jensen_shannon(&a, &a), population_stability(&a, &a), chi_squared(&a, &a).p_value),
            (0.0, 0.0, 1.0)
        );
        let x = [1.0, 2.0, 2.0, 9.0];
        assert_eq!(kolmogorov_smirnov(&x, &x), KolmogorovSmirnov { distance: 0.0, p_value: 1.0 });
    }

    #[test]
    fn nothing_in_common_is_the_largest_distance() {
        near(jensen_shannon(&[4.0, 0.0], &[0.0, 9.0]), 1.0);
        near(kolmogorov_smirnov(&[1.0, 2.0], &[3.0, 4.0]).distance, 1.0);
        assert!(population_stability(&[400.0, 0.0], &[0.0, 900.0]).is_finite());
    }
}
