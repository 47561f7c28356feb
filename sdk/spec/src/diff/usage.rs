//! Who is hit by a change: consumers registered the columns that they use.
use super::{Change, Grade};

/// A registered consumer of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// `domain.product`
    pub product: String,
    /// The columns that it uses; empty: not known, so any.
    pub columns: Vec<String>,
}

/// A change and the consumers that it hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// The change.
    pub change: Change,
    /// Products that use what it takes away, in their order.
    pub consumers: Vec<String>,
}

/// Major changes with the consumers that use what they take away. A change of the whole port hits everybody.
pub fn impact(changes: &[Change], consumers: &[Consumer]) -> Vec<Impact> {
    let hits = |change: &Change, consumer: &Consumer| match change.was.as_ref().or(change.column.as_ref()) {
        Some(column) => consumer.columns.is_empty() || consumer.columns.contains(column),
        None => true,
    };
    let breaking = changes.iter().filter(|change| change.grade >= Grade::Major);
    breaking
        .map(|change| Impact {
            change: change.clone(),
            consumers: consumers.iter().filter(|c| hits(change, c)).map(|c| c.product.clone()).collect(),
        })
        .collect()
}
