//! Arrow IPC streams, message by message.
use std::collections::VecDeque;

use arrow_array::{Array, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, SchemaRef};

/// Larger batches are sent in parts of about this many bytes.
const LARGE: usize = 32 << 20;

/// Batches into messages; the first one carries the schema too.
pub(crate) struct Encoder {
    writer: StreamWriter<Vec<u8>>,
    waiting: VecDeque<RecordBatch>,
}

impl Encoder {
    pub(crate) fn new(schema: &SchemaRef) -> Result<Self, ArrowError> {
        Ok(Self { writer: StreamWriter::try_new(Vec::new(), schema)?, waiting: VecDeque::new() })
    }

    /// The message of the next batch, taken from `batches`; nothing at their end.
    pub(crate) fn next<E: From<ArrowError>>(
        &mut self,
        batches: &mut impl Iterator<Item = Result<RecordBatch, E>>,
    ) -> Option<Result<Vec<u8>, E>> {
        if self.waiting.is_empty() {
            match batches.next()? {
                Ok(batch) => self.waiting.extend(parts(batch)),
                Err(error) => return Some(Err(error)),
            }
        }
        let batch = self.waiting.pop_front()?;
        Some(match self.writer.write(&batch) {
            Ok(()) => Ok(std::mem::take(self.writer.get_mut())),
            Err(error) => Err(error.into()),
        })
    }

    /// What ends the stream; with the schema if no batch has carried it.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, ArrowError> {
        self.writer.finish()?;
        Ok(std::mem::take(self.writer.get_mut()))
    }
}

fn parts(batch: RecordBatch) -> Vec<RecordBatch> {
    let size = |column: &dyn Array| column.to_data().get_slice_memory_size().unwrap_or(0);
    let bytes: usize = batch.columns().iter().map(|column| size(column.as_ref())).sum();
    let rows = batch.num_rows();
    let step = rows.div_ceil((bytes / LARGE).clamp(1, rows.max(1)));
    if step >= rows {
        return vec![batch];
    }
    (0..rows).step_by(step).map(|at| batch.slice(at, step.min(rows - at))).collect()
}

/// Messages into batches.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    decoder: StreamDecoder,
    ready: VecDeque<RecordBatch>,
}

impl Decoder {
    /// Takes one message or several.
    pub(crate) fn feed(&mut self, payload: Vec<u8>) -> Result<(), ArrowError> {
        let mut buffer = Buffer::from_vec(payload);
        while !buffer.is_empty() {
            let before = buffer.len();
            self.ready.extend(self.decoder.decode(&mut buffer)?);
            if buffer.len() == before {
                break;
            }
        }
        Ok(())
    }

    /// The next batch that is complete.
    pub(crate) fn batch(&mut self) -> Option<RecordBatch> {
        self.ready.pop_front()
    }

    /// The schema, once its message has come.
    pub(crate) fn schema(&self) -> Option<SchemaRef> {
        self.decoder.schema()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, StringArray};

    use super::*;

    #[test]
    fn large_batches_travel_in_parts_and_arrive_whole() {
        let text = "x".repeat(1 << 20);
        let column: ArrayRef = Arc::new(StringArray::from_iter_values((0..100).map(|n| format!("{n}{text}"))));
        let batch = RecordBatch::try_from_iter([("text", column)]).unwrap();

        let mut encoder = Encoder::new(&batch.schema()).unwrap();
        let mut decoder = Decoder::default();
        let mut batches = [Ok::<_, ArrowError>(batch.clone())].into_iter();
        let mut messages = 0;
        while let Some(message) = encoder.next(&mut batches) {
            let message = message.unwrap();
            assert!(message.len() < 2 * LARGE);
            messages += 1;
            decoder.feed(message).unwrap();
        }
        decoder.feed(encoder.finish().unwrap()).unwrap();
        assert!(messages > 2);

        let found: Vec<RecordBatch> = std::iter::from_fn(|| decoder.batch()).collect();
        let mut at = 0;
        for part in &found {
            assert_eq!(*part, batch.slice(at, part.num_rows()));
            at += part.num_rows();
        }
        assert_eq!(at, 100);
    }

    #[test]
    fn a_stream_without_batches_has_a_schema() {
        let batch = RecordBatch::try_from_iter([("a", Arc::new(StringArray::from(vec!["x"])) as ArrayRef)]).unwrap();
        let mut decoder = Decoder::default();
        decoder.feed(Encoder::new(&batch.schema()).unwrap().finish().unwrap()).unwrap();
        assert_eq!(decoder.schema(), Some(batch.schema()));
        assert_eq!(decoder.batch(), None);
    }
}
