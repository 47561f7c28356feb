//! Rows of files given to one worker per core: the way of everything that reads files without a query.
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use meshwright_check::RowOrigin;
use meshwright_landing::{DataError, ReadOptions, Resource, Split, arrow_schema, reader_with};
use meshwright_spec::{DataType, Format, Source};

/// Files cut into splits. A split stands for a file in [`RowOrigin`], until [`Feed::place`] says what it is a part of.
pub(crate) struct Feed {
    /// Which file each split belongs to, and the split.
    splits: Vec<(usize, Split)>,
    /// Rows found in each split.
    rows: Vec<u64>,
    /// Schema of the batches.
    pub(crate) schema: SchemaRef,
}

impl Feed {
    /// Plans the reading of the columns at these places of `columns`; text comes as it is stored in the files.
    pub(crate) fn plan(
        resources: &[Resource],
        source: &Source,
        columns: &[(String, DataType)],
        projection: Option<&[usize]>,
    ) -> Result<Self, Box<DataError>> {
        let shares = cores().div_ceil(resources.len().max(1));
        let row_groups = source.format == Format::Parquet;
        let read = |as_stored| {
            let options = ReadOptions { as_stored, row_groups, ..ReadOptions::default() };
            Self::cut(resources, source, columns, projection, shares, &options)
        };
        let feed = read(row_groups)?;
        // files that store a column in different ways are read in the one way that all have in common
        match feed.splits.iter().all(|(_, split)| split.schema() == feed.schema) {
            true => Ok(feed),
            false => read(false),
        }
    }

    /// One split per file, for reading single rows.
    pub(crate) fn of_files(
        resources: &[Resource],
        source: &Source,
        columns: &[(String, DataType)],
        projection: &[usize],
    ) -> Result<Self, Box<DataError>> {
        Self::cut(resources, source, columns, Some(projection), 1, &ReadOptions::default())
    }

    fn cut(
        resources: &[Resource],
        source: &Source,
        columns: &[(String, DataType)],
        projection: Option<&[usize]>,
        shares: usize,
        options: &ReadOptions,
    ) -> Result<Self, Box<DataError>> {
        let mut splits = vec![];
        for (file, resource) in resources.iter().enumerate() {
            let one = std::slice::from_ref(resource);
            let parts = reader_with(one, source, columns, projection, shares, options)?;
            splits.extend(parts.into_iter().map(|split| (file, split)));
        }
        let none = || match projection {
            Some(places) => arrow_schema(&places.iter().map(|at| columns[*at].clone()).collect::<Vec<_>>()),
            None => arrow_schema(columns),
        };
        let schema = splits.first().map_or_else(none, |(_, split)| split.schema());
        Ok(Self { rows: vec![0; splits.len()], splits, schema })
    }

    /// Gives every batch to the state of the worker that reads it; the states come back in no order. A Parquet file is
    /// split into its row groups; `share` says what is read of each split.
    pub(crate) fn run<S: Send>(
        &mut self,
        start: impl Fn() -> S + Sync,
        share: impl Fn(usize) -> Share + Sync,
        take: impl Fn(&mut S, &RecordBatch, RowOrigin) + Sync,
    ) -> Result<Vec<S>, Box<DataError>> {
        let queue: Mutex<VecDeque<(usize, Split)>> =
            Mutex::new(self.splits.iter().enumerate().map(|(at, (_, split))| (at, split.clone())).collect());
        let workers = cores().min(self.splits.len()).max(1);
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let work = || {
            let (mut state, mut counted) = (start(), vec![]);
            while let Some((at, split)) = next() {
                let split = match share(at) {
                    Share::All => split,
                    Share::Columns(places) => split.only(&places).unwrap_or(split),
                    Share::Nothing => {
                        counted.push((at, split.rows().unwrap_or_default()));
                        continue;
                    }
                };
                let mut first_row = 0;
                for batch in split {
                    let batch = match batch {
                        Ok(batch) => batch,
                        Err(error) => {
                            // nobody begins what comes after a defect; what came before it is still read
                            queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
                            return Err((at, error));
                        }
                    };
                    take(&mut state, &batch, RowOrigin { file: at as u32, first_row });
                    first_row += batch.num_rows() as u64;
                }
                counted.push((at, first_row));
            }
            Ok((state, counted))
        };
        let done = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            // a panic of a worker is a defect of ours and goes on as one
            handles
                .into_iter()
                .map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect::<Vec<_>>()
        });
        let (mut states, mut failed) = (vec![], vec![]);
        for result in done {
            match result {
                Ok((state, counted)) => {
                    states.push(state);
                    counted.into_iter().for_each(|(at, rows)| self.rows[at] = rows);
                }
                Err(error) => failed.push(error),
            }
        }
        // the first defect by place, whoever met it first
        match failed.into_iter().min_by_key(|(at, _)| *at) {
            Some((_, error)) => Err(error),
            None => Ok(states),
        }
    }

    /// One row of a file read again: the batch begins with it. Only for [`Feed::of_files`].
    pub(crate) fn row(&self, file: usize, row: u64) -> Option<RecordBatch> {
        let (_, split) = self.splits.iter().find(|(of, _)| *of == file)?;
        split.clone().open_after(row).next()?.ok().map(|batch| batch.slice(0, batch.num_rows().min(1)))
    }

    /// How many rows a split has, once it was read or counted.
    pub(crate) fn rows(&self, split: usize) -> u64 {
        self.rows[split]
    }

    /// How many splits there are.
    pub(crate) fn splits(&self) -> usize {
        self.splits.len()
    }

    /// Names by which splits are known while the work goes on.
    pub(crate) fn marks(&self) -> Vec<String> {
        (0..self.splits.len()).map(|at| at.to_string()).collect()
    }

    /// The file that a row of a split belongs to, and the row's place in it.
    pub(crate) fn place(&self, split: u32, row: u64) -> Option<(usize, u64)> {
        let at = split as usize;
        let file = self.splits.get(at)?.0;
        let before = self.splits.iter().zip(&self.rows).take(at).filter(|((of, _), _)| *of == file);
        Some((file, before.map(|(_, rows)| rows).sum::<u64>() + row))
    }
}

/// What is read of a split.
pub(crate) enum Share {
    /// Its rows are only counted.
    Nothing,
    /// The columns at these places of [`Feed::schema`], in ascending order.
    Columns(Vec<usize>),
    All,
}

/// Workers that read side by side.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
