//! One distribution beside stated shares.
use serde::Serialize;

use super::measures::jensen_shannon_divergence;
use crate::statistics::chi_squared_above;

/// Rows that a bin must let expect for chi-squared to be right; smaller ones are put together.
const EXPECTED: f64 = 5.0;

/// How counts differ from the shares that were expected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fit {
    /// Jensen-Shannon distance, what sampling alone brings taken off.
    pub distance: f64,
    /// Chance of such counts if the shares are right (Pearson).
    pub p_value: f64,
}

/// Compares counts with shares that make 1.
pub fn fit(counts: &[u64], shares: &[f64]) -> Fit {
    let n: f64 = counts.iter().map(|count| *count as f64).sum();
    if n == 0.0 {
        return Fit { distance: 0.0, p_value: 1.0 };
    }
    let (mut statistic, mut bins) = (0.0, 0_usize);
    let (mut small, mut small_expected) = (0.0, 0.0);
    let mut impossible = false;
    let mut add = |found: f64, expected: f64| {
        statistic += (found - expected).powi(2) / expected;
        bins += 1;
    };
    for (count, share) in counts.iter().zip(shares) {
        let (found, expected) = (*count as f64, share * n);
        if expected >= EXPECTED {
            add(found, expected);
        } else {
            impossible |= *share == 0.0 && found > 0.0;
            (small, small_expected) = (small + found, small_expected + expected);
        }
    }
    if small_expected > 0.0 {
        add(small, small_expected);
    }
    let p_value = match bins {
        // what should never be there is there
        _ if impossible => 0.0,
        0 | 1 => 1.0,
        _ => chi_squared_above(statistic, (bins - 1) as f64),
    };
    let expected: Vec<f64> = shares.iter().map(|share| share * n).collect();
    let found: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
    let used = shares.iter().filter(|share| **share > 0.0).count().saturating_sub(1) as f64;
    let noise = used / n / (8.0 * 2.0_f64.ln());
    let distance = (jensen_shannon_divergence(&found, &expected) - noise).max(0.0).sqrt();
    Fit { distance, p_value }
}

/// A p-value in words.
pub(crate) fn by_chance(p_value: f64) -> String {
    if p_value < 0.001 {
        "by chance in fewer than one of 1000 cases".to_owned()
    } else {
        format!("by chance in {:.1} % of cases", p_value * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy 1.17.1: `chisquare([30, 50, 20], [40, 40, 20])` and `jensenshannon(.., base=2)`.
    #[test]
    fn known_values() {
        let found = fit(&[300, 500, 200], &[0.4, 0.4, 0.2]);
        assert!((found.p_value - chi_squared_above(50.0, 2.0)).abs() < 1e-15 && found.p_value < 2e-11);
        assert!((found.distance - 0.092).abs() < 0.01, "{found:?}");
        assert_eq!(fit(&[400, 400, 200], &[0.4, 0.4, 0.2]), Fit { distance: 0.0, p_value: 1.0 });
        assert_eq!(fit(&[], &[]), Fit { distance: 0.0, p_value: 1.0 });
        assert_eq!(fit(&[99, 1], &[1.0, 0.0]).p_value, 0.0);
    }
}
