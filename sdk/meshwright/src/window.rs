//! The stretch of time that a run is about.
use crate::{Date, Timestamp};

/// A stretch of time: from its start up to, not including, its end. `mesh run --interval A..B` sets both.
///
/// ```
/// use meshwright::{Timestamp, Window};
///
/// let may = Window::between("2024-05-01".parse()?, "2024-06-01".parse()?);
/// assert!(may.contains("2024-05-31T23:59:59".parse()?));
/// assert!(!may.contains("2024-06-01".parse()?));
/// assert!(Window::all().contains(Timestamp(0)));
/// # Ok::<(), meshwright::BoxError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Window {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Window {
    /// All of time.
    pub const fn all() -> Self {
        Self { from: None, to: None }
    }

    /// From one point up to, not including, another one.
    pub const fn between(from: Timestamp, to: Timestamp) -> Self {
        Self { from: Some(from), to: Some(to) }
    }

    /// With either end open where it is `None`.
    pub const fn new(from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        Self { from, to }
    }

    /// The first moment, if it has one.
    pub const fn from(&self) -> Option<Timestamp> {
        self.from
    }

    /// The first moment after it, if it has an end.
    pub const fn to(&self) -> Option<Timestamp> {
        self.to
    }

    /// Whether a moment lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    /// Whether the first moment of a day lies in it.
    pub fn contains_day(&self, day: Date) -> bool {
        self.contains(day.midnight())
    }
}
