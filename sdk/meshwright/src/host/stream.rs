//! The rows that a program or command makes.
use std::fmt;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::Batches;
use crate::error::Error;

/// Batches from another process, received while they are read. Dropping it ends the process.
pub struct Stream {
    schema: SchemaRef,
    batches: Option<Box<dyn Iterator<Item = Result<RecordBatch, Error>> + Send>>,
}

impl Stream {
    pub(super) fn new(
        schema: SchemaRef,
        batches: impl Iterator<Item = Result<RecordBatch, Error>> + Send + 'static,
    ) -> Self {
        Self { schema, batches: Some(Box::new(batches)) }
    }

    /// The columns of every batch.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Iterator for Stream {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.batches.as_mut()?.next();
        // nothing comes after the end or a failure; the process goes
        if !matches!(next, Some(Ok(_))) {
            self.batches = None;
        }
        next
    }
}

impl From<Stream> for Batches {
    fn from(stream: Stream) -> Self {
        Batches::new(stream.schema(), stream)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("schema", &self.schema).finish_non_exhaustive()
    }
}
