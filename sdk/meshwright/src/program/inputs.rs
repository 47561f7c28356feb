//! Inputs that come through the socket, as they are pulled.
use std::sync::mpsc::Receiver;

use arrow_array::RecordBatch;

use super::link::Link;
use crate::wire::{Decoder, Op, READ_AHEAD};
use crate::{Batches, Error, Result};

/// One input stream.
struct Pulled {
    link: Link,
    stream: u32,
    messages: Receiver<Vec<u8>>,
    decoder: Decoder,
}

/// Opens an input: waits for its first message, which has the schema.
pub(super) fn open(link: Link, stream: u32, messages: Receiver<Vec<u8>>) -> Result<Batches> {
    let mut input = Pulled { link, stream, messages, decoder: Decoder::default() };
    for _ in 1..READ_AHEAD {
        input.pull()?;
    }
    input.receive()?;
    let schema = input.decoder.schema().ok_or_else(|| Error::unexpected("an input has no schema"))?;
    Ok(Batches::new(schema, input))
}

impl Pulled {
    fn pull(&self) -> Result<()> {
        Ok(self.link.send(Op::Pull, self.stream, b"")?)
    }

    /// Waits for a message and has another one sent meanwhile; false at the end.
    fn receive(&mut self) -> Result<bool> {
        self.pull()?;
        match self.messages.recv() {
            Ok(message) => {
                self.decoder.feed(message)?;
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}

impl Iterator for Pulled {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.decoder.batch() {
                return Some(Ok(batch));
            }
            match self.receive() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
