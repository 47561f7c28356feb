//! What is said of two states, and when it is an alarm.
use serde::Serialize;
use serde_json::Value;

/// When a difference is an alarm: it must be large enough to matter and too large for chance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DriftSettings {
    /// Chance of any alarm among all columns when nothing has changed.
    pub level: f64,
    /// Smallest Jensen-Shannon distance that matters, 0 to 1.
    pub distance: f64,
    /// Smallest change of the share of nulls that matters.
    pub nulls: f64,
}

impl Default for DriftSettings {
    fn default() -> Self {
        Self { level: 0.01, distance: 0.1, nulls: 0.05 }
    }
}

/// How one column differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnDrift {
    /// Its name.
    pub column: String,
    /// `numbers` or `values`: how it was compared.
    pub compared_as: &'static str,
    /// Whether it is an alarm.
    pub drifted: bool,
    /// Jensen-Shannon distance over the bins, what sampling alone brings taken off.
    pub jensen_shannon: f64,
    /// Population stability index over the bins, what sampling alone brings taken off.
    pub psi: f64,
    /// Kolmogorov-Smirnov distance, of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ks: Option<f64>,
    /// Chance of such a distance without drift.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ks_p: Option<f64>,
    /// Chi-squared over the bins.
    pub chi_squared: f64,
    /// Chance of such a statistic without drift.
    pub chi_squared_p: f64,
    /// Cramér's V over the bins, 0 to 1, what sampling alone brings taken off.
    pub cramers_v: f64,
    /// Chance of such a difference without drift, of the test that the verdict uses.
    pub p_value: f64,
    /// The same, corrected for the number of columns (Holm).
    pub p_adjusted: f64,
    /// Shares of nulls before and after.
    pub null_share: (f64, f64),
    /// The bins that moved most.
    pub moved: Vec<Moved>,
}

/// A bin and its shares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// A value, an interval, `null` or `others`; `***` where it must stay secret.
    pub bin: Value,
    /// Share of rows before.
    pub before: f64,
    /// Share of rows after.
    pub after: f64,
}

/// How two states differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftReport {
    /// The levels that made the verdicts.
    pub settings: DriftSettings,
    /// Rows before and after.
    pub rows: (u64, u64),
    /// Columns in both, in the order of the first.
    pub columns: Vec<ColumnDrift>,
    /// Columns of the first state alone.
    pub gone: Vec<String>,
    /// Columns of the second state alone.
    pub new: Vec<String>,
    /// Columns of both that cannot be compared, such as lists, or text against numbers.
    pub not_compared: Vec<String>,
}

impl DriftReport {
    /// Columns that raised an alarm.
    pub fn drifted(&self) -> impl Iterator<Item = &ColumnDrift> {
        self.columns.iter().filter(|column| column.drifted)
    }
}

/// Holm's correction: p-values such that rejecting those below a level errs at all with at most that chance.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        least = least.max(p_values[at] * (p_values.len() - rank) as f64).min(1.0);
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::holm;

    /// As statsmodels' `multipletests(method="holm")` gives them.
    #[test]
    fn holm_corrects_for_the_number_of_tests() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        let expected = [0.03, 0.06, 0.06, 0.02];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert!(holm(&[]).is_empty());
    }
}
