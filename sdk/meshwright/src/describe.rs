//! What a part is, for people.

/// Says what a product, source, step or check is, for people who find it in the catalog.
///
/// # Contract
/// - Says the same whenever it is asked: it is read when the product is planned, not when it runs.
/// - Plain text or Markdown; the first sentence stands alone in lists.
///
/// `#[derive(Describe)]` takes the doc comment of the type, so that what is written once is read by both.
///
/// ```
/// use meshwright::prelude::*;
///
/// /// Readings as the stations send them.
/// #[derive(Describe)]
/// struct Readings;
///
/// assert_eq!(Readings.description(), "Readings as the stations send them.");
/// ```
pub trait Describe {
    /// What it is.
    fn description(&self) -> String;
}
