//! Whether two states of a column differ: tests, sizes of effect, and a verdict that demands both.
mod compare;
mod fit;
mod measures;
mod verdict;

pub use compare::compare;
pub(crate) use compare::compare_one;
pub(crate) use fit::by_chance;
pub use fit::{Fit, fit};
pub use measures::{
    ChiSquared, KolmogorovSmirnov, chi_squared, jensen_shannon, kolmogorov_smirnov, population_stability,
};
pub use verdict::{ColumnDrift, DriftReport, DriftSettings, Moved, holm};
