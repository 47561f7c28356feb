//! Sources.
use arrow_schema::SchemaRef;

use crate::{Batches, Describe, Result, Window};

/// Brings raw facts into the product, exactly once per window.
///
/// # Contract
/// - Same window, same rows: `read` may be called again after a crash and must yield the same facts.
/// - Batches match [`Ingest::schema`] in order and type; a batch that does not is reported as `M0301`.
/// - Writes nothing: the engine owns the Iceberg commit and its snapshot metadata.
/// - Yields rows as they come instead of collecting them: batches are sent on while the next one is read.
/// - The working directory is the product's folder; what it prints is shown as talk and never part of the data.
///
/// ```
/// use meshwright::prelude::*;
///
/// /// One row a day.
/// #[derive(Describe)]
/// struct Days;
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Day {
///     day: Date,
/// }
///
/// impl Ingest for Days {
///     fn schema(&self) -> SchemaRef {
///         Day::schema()
///     }
///
///     fn read(&self, window: &Window) -> Result<Batches> {
///         let window = *window;
///         let days = (19_000..19_010).map(|day| Day { day: Date(day) });
///         Ok(Batches::rows(days.filter(move |row| window.contains_day(row.day))))
///     }
/// }
///
/// let week = Window::between("2022-01-10T00:00".parse()?, "2022-01-12T00:00".parse()?);
/// assert_eq!(meshwright::testing::source(&Days).window(week).rows::<Day>().len(), 2);
/// # Ok::<(), meshwright::BoxError>(())
/// ```
pub trait Ingest: Describe + Send + Sync {
    /// The columns of every batch, in order.
    fn schema(&self) -> SchemaRef;

    /// The facts of one window of time; [`Window::all`] is everything there is.
    fn read(&self, window: &Window) -> Result<Batches>;
}
