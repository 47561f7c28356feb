//! Streams of batches.
use std::fmt;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::error::BoxError;
use crate::schema::conform;
use crate::{Record, Result};

/// Rows of one batch made of records: enough to be fast, little enough to flow.
const ROWS: usize = 8192;

/// A stream of batches of one schema, made while it is read.
///
/// ```
/// use meshwright::prelude::*;
///
/// #[derive(Debug, PartialEq, Record)]
/// struct Number {
///     n: i64,
/// }
///
/// let numbers = Batches::rows((0..20_000).map(|n| Number { n }));
/// assert_eq!(numbers.schema(), Number::schema());
///
/// let mut rows = numbers.records::<Number>();
/// assert_eq!(rows.next().transpose()?, Some(Number { n: 0 }));
/// assert_eq!(rows.count(), 19_999);
/// # Ok::<(), meshwright::BoxError>(())
/// ```
pub struct Batches {
    schema: SchemaRef,
    batches: Option<Box<dyn Iterator<Item = Result<RecordBatch>> + Send>>,
}

impl Batches {
    /// A stream of batches; one that does not match the schema ends it with the error `M0301`.
    pub fn new<I, E>(schema: SchemaRef, batches: I) -> Self
    where
        I: IntoIterator<Item = Result<RecordBatch, E>>,
        I::IntoIter: Send + 'static,
        E: Into<BoxError>,
    {
        Self { schema, batches: Some(Box::new(batches.into_iter().map(|batch| batch.map_err(Into::into)))) }
    }

    /// A stream without rows.
    pub fn empty(schema: SchemaRef) -> Self {
        Self { schema, batches: None }
    }

    /// A stream of records.
    pub fn rows<T, I>(rows: I) -> Self
    where
        T: Record,
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        Self::try_rows(rows.into_iter().map(Ok))
    }

    /// A stream of records that may fail on the way.
    pub fn try_rows<T, I>(rows: I) -> Self
    where
        T: Record,
        I: IntoIterator<Item = Result<T>>,
        I::IntoIter: Send + 'static,
    {
        let mut rows = rows.into_iter();
        let chunks = std::iter::from_fn(move || {
            let chunk: Result<Vec<T>> = rows.by_ref().take(ROWS).collect();
            match chunk {
                Ok(rows) if rows.is_empty() => None,
                other => Some(other.map(T::into_batch)),
            }
        });
        Self::new(T::schema(), chunks)
    }

    /// The columns of every batch.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The same stream as records.
    pub fn records<T: Record>(self) -> impl Iterator<Item = Result<T>> + Send {
        self.flat_map(|batch| match batch.and_then(|batch| Ok(T::from_batch(&batch)?)) {
            Ok(rows) => Rows::Some(rows.into_iter()),
            Err(error) => Rows::Failed(Some(error)),
        })
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.batches.as_mut()?.next();
        let next = next.map(|batch| batch.and_then(|batch| Ok(conform(batch, &self.schema)?)));
        // nothing comes after the end or a failure, and what the stream holds is let go of
        if !matches!(next, Some(Ok(_))) {
            self.batches = None;
        }
        next
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// The records of one batch, or why there are none.
enum Rows<T> {
    Some(std::vec::IntoIter<T>),
    Failed(Option<BoxError>),
}

impl<T> Iterator for Rows<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Rows::Some(rows) => rows.next().map(Ok),
            Rows::Failed(error) => error.take().map(Err),
        }
    }
}
