//! Splits: shares of the rows that can be read side by side.
use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::Task;
use crate::data_error::DataError;

/// Batches of one piece.
pub(super) type PieceBatches = Box<dyn Iterator<Item = Result<RecordBatch, Box<DataError>>> + Send>;

/// A file or a part of one, ready to be opened.
pub(super) trait Piece: Send + Sync {
    /// Starts reading.
    fn open(&self, task: &Arc<Task>) -> Result<PieceBatches, Box<DataError>>;

    /// Starts reading after so many rows; pieces that know a shorter way than reading them override it.
    fn open_after(&self, task: &Arc<Task>, rows: u64) -> Result<PieceBatches, Box<DataError>> {
        Ok(Box::new(Rest { batches: self.open(task)?, skip: rows }))
    }

    /// How many rows it has, if that can be told without reading them.
    fn rows(&self) -> Option<u64> {
        None
    }

    /// Schema of its batches, where the file has a say in it.
    fn schema(&self) -> Option<SchemaRef> {
        None
    }

    /// The same rows with only the columns at these places of the schema, if reading fewer is less work.
    fn only(&self, _places: &[usize]) -> Option<Arc<dyn Piece>> {
        None
    }
}

/// Batches without the first rows.
struct Rest {
    batches: PieceBatches,
    skip: u64,
}

impl Iterator for Rest {
    type Item = Result<RecordBatch, Box<DataError>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let batch = match self.batches.next()? {
                Ok(batch) => batch,
                failed => return Some(failed),
            };
            let rows = batch.num_rows() as u64;
            if self.skip < rows || rows == 0 {
                let skip = std::mem::take(&mut self.skip) as usize;
                return Some(Ok(batch.slice(skip, batch.num_rows() - skip)));
            }
            self.skip -= rows;
        }
    }
}

/// A share of the rows.
#[derive(Clone)]
pub struct Split {
    task: Arc<Task>,
    pieces: Vec<Arc<dyn Piece>>,
}

impl Split {
    /// Schema of its batches.
    pub fn schema(&self) -> SchemaRef {
        self.pieces.first().and_then(|piece| piece.schema()).unwrap_or_else(|| self.task.schema.clone())
    }

    /// How many rows it has, if that can be told without reading them.
    pub fn rows(&self) -> Option<u64> {
        self.pieces.iter().map(|piece| piece.rows()).sum()
    }

    /// The same rows with only the columns at these places of the schema, in ascending order; `None` where that is no
    /// less work.
    pub fn only(&self, places: &[usize]) -> Option<Self> {
        let pieces = self.pieces.iter().map(|piece| piece.only(places)).collect::<Option<_>>()?;
        let mut task = self.task.as_ref().clone();
        task.projection = places.iter().map(|at| self.task.projection[*at]).collect();
        task.schema = Arc::new(self.task.schema.project(places).ok()?);
        Some(Self { task: Arc::new(task), pieces })
    }

    /// Starts reading after so many of its rows.
    pub fn open_after(self, rows: u64) -> Batches {
        let mut left = rows;
        let mut pieces = self.pieces.into_iter().peekable();
        while let Some(skipped) = pieces.peek().and_then(|piece| piece.rows()).filter(|rows| *rows <= left) {
            left -= skipped;
            pieces.next();
        }
        let mut rest: Vec<_> = pieces.collect();
        let current = match rest.first() {
            Some(first) if left > 0 => {
                // a piece that does not know its rows may end before: then the next ones go on where it ended
                let first = first.clone();
                if first.rows().is_none() && rest.len() > 1 {
                    let all =
                        Batches { task: self.task.clone(), pieces: rest.drain(..).rev().collect(), current: None };
                    return Batches {
                        task: self.task,
                        pieces: Vec::new(),
                        current: Some(Box::new(Rest { batches: Box::new(all), skip: left })),
                    };
                }
                rest.remove(0);
                Some(first.open_after(&self.task, left).unwrap_or_else(|error| Box::new(std::iter::once(Err(error)))))
            }
            _ => None,
        };
        rest.reverse();
        Batches { task: self.task, pieces: rest, current }
    }

    /// Starts reading; the iterator blocks while it reads and ends after its first error.
    pub fn open(self) -> Batches {
        let mut pieces = self.pieces;
        pieces.reverse();
        Batches { task: self.task, pieces, current: None }
    }
}

impl IntoIterator for Split {
    type Item = Result<RecordBatch, Box<DataError>>;
    type IntoIter = Batches;

    fn into_iter(self) -> Batches {
        self.open()
    }
}

impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split").field("source", &self.task.source.name).field("pieces", &self.pieces.len()).finish()
    }
}

/// The batches of a split.
pub struct Batches {
    task: Arc<Task>,
    /// Those not yet opened, last first.
    pieces: Vec<Arc<dyn Piece>>,
    current: Option<PieceBatches>,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, Box<DataError>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.current.as_mut().and_then(Iterator::next) {
                if item.is_err() {
                    self.pieces.clear();
                    self.current = None;
                }
                return Some(item);
            }
            match self.pieces.pop()?.open(&self.task) {
                Ok(batches) => self.current = Some(batches),
                Err(error) => {
                    self.pieces.clear();
                    self.current = None;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").field("source", &self.task.source.name).finish_non_exhaustive()
    }
}

/// Where to cut a row of weights so that the shares are about equal.
#[derive(Debug)]
pub(super) struct Cuts {
    at: Vec<u64>,
}

impl Cuts {
    /// At most `shares` shares of `total`, none smaller than `least`.
    pub(super) fn new(total: u64, shares: usize, least: u64) -> Self {
        let shares = (shares.max(1) as u64).min((total / least.max(1)).max(1));
        // in 128 bits: total times shares may be more than 64 hold
        let cut = |share: u64| (u128::from(total) * u128::from(share) / u128::from(shares)) as u64;
        Self { at: (1..shares).map(cut).collect() }
    }

    /// The cuts that lie inside of what starts at `start` and weighs `weight`, counted from its start.
    pub(super) fn inside(&self, start: u64, weight: u64) -> Vec<u64> {
        self.at.iter().filter(|at| **at > start && **at < start + weight).map(|at| at - start).collect()
    }

    /// The share of what starts there.
    fn share(&self, start: u64) -> usize {
        self.at.partition_point(|at| *at <= start)
    }

    /// Deals pieces, given in order with their starts, to the shares.
    pub(super) fn deal<P>(&self, pieces: Vec<(u64, P)>) -> Vec<Vec<P>> {
        let mut shares: Vec<Vec<P>> = Vec::new();
        shares.resize_with(self.at.len() + 1, Vec::new);
        for (start, piece) in pieces {
            shares[self.share(start)].push(piece);
        }
        shares.retain(|share| !share.is_empty());
        shares
    }
}

/// One split per share.
pub(super) fn splits<P: Piece + 'static>(task: &Arc<Task>, shares: Vec<Vec<P>>) -> Vec<Split> {
    let erase = |piece| Arc::new(piece) as Arc<dyn Piece>;
    let split = |share: Vec<P>| Split { task: task.clone(), pieces: share.into_iter().map(erase).collect() };
    shares.into_iter().map(split).collect()
}
