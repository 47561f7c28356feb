//! Rows set aside on disk, in a few piles.
use std::fs::File;
use std::io::{BufReader, BufWriter, Seek};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::failure::Result;

/// Piles that rows are dealt to.
const PILES: u64 = 16;

/// Deals rows to piles by a hash. The files have no names and end with the process.
pub(super) struct Spill {
    schema: SchemaRef,
    piles: Vec<Option<StreamWriter<BufWriter<File>>>>,
}

/// Rows of one pile.
pub(super) struct Pile(File);

impl Spill {
    pub(super) fn new(schema: SchemaRef) -> Self {
        Self { schema, piles: (0..PILES).map(|_| None).collect() }
    }

    pub(super) fn write(&mut self, hash: u64, rows: &RecordBatch) -> Result<()> {
        let pile = &mut self.piles[(hash % PILES) as usize];
        let writer = match pile {
            Some(writer) => writer,
            none => none.insert(StreamWriter::try_new(BufWriter::new(tempfile::tempfile()?), &self.schema)?),
        };
        Ok(writer.write(rows)?)
    }

    pub(super) fn close(self) -> Result<Vec<Pile>> {
        let close = |writer: StreamWriter<BufWriter<File>>| {
            let file = writer.into_inner()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            Ok(Pile(file))
        };
        self.piles.into_iter().flatten().map(close).collect()
    }
}

impl Pile {
    pub(super) fn rows(mut self) -> Result<impl Iterator<Item = std::result::Result<RecordBatch, ArrowError>>> {
        self.0.rewind()?;
        Ok(StreamReader::try_new(BufReader::new(self.0), None)?)
    }
}
