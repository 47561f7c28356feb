//! Whether two states of a column differ: tests, sizes of effect, and a verdict that demands both.
mod compare;
mod measures;
mod verdict;

pub use compare::compare;
pub use measures::{
    ChiSquared, KolmogorovSmirnov, chi_squared, jensen_shannon, kolmogorov_smirnov, population_stability,
};
pub use verdict::{ColumnDrift, DriftReport, DriftSettings, Moved, holm};
