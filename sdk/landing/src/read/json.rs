//! JSON: one object a line (`ndjson`), or an array of objects or a single one (`json`).
//!
//! - A member that is missing or `null` is null; members that are not declared are ignored.
//! - A number is taken by a number column that holds it exactly (by `float` and `double` rounded), text by text columns
//!   and by those written as text in JSON: dates, times, `uuid`, `binary` (hexadecimal), `decimal`.
//! - Text columns also take numbers and booleans, as they are written. Nothing else is converted.
mod batches;
mod builder;
mod objects;
mod sample;

use std::io::{self, Read};
use std::sync::Arc;

use meshwright_spec::Format;

pub(super) use sample::infer;

use super::Task;
use super::input::{Input, fault};
use super::split::{Cuts, Piece, PieceBatches, Split, splits as erased};
use crate::data_error::DataError;
use crate::landing::Resource;

/// Objects of a file from one offset to another one or the end.
struct Objects {
    input: Arc<Input>,
    from: u64,
    to: Option<u64>,
}

impl Piece for Objects {
    fn open(&self, task: &Arc<Task>) -> Result<PieceBatches, Box<DataError>> {
        Ok(Box::new(batches::JsonBatches::open(task, &self.input, self.from, self.to)?))
    }
}

/// Plans the reading: big files of lines are cut between them, an array stays whole.
pub(super) fn splits(
    task: &Arc<Task>,
    resources: &[Resource],
    parallelism: usize,
) -> Result<Vec<Split>, Box<DataError>> {
    let mut inputs = Vec::with_capacity(resources.len());
    for resource in resources {
        inputs.push(Arc::new(Input::new(resource, &task.source)?));
    }
    let cuts = Cuts::new(inputs.iter().map(|input| input.weight()).sum(), parallelism, task.options.min_split_bytes);
    let mut pieces = Vec::new();
    let mut start = 0;
    for input in inputs {
        let weight = input.weight();
        let mut borders = vec![input.start];
        if input.is_plain() && task.source.format == Format::Ndjson {
            for target in cuts.inside(start, weight) {
                let found = line_start(&input, target).map_err(|error| fault(&input, &task.source, &error))?;
                borders.extend(found.filter(|found| borders.last().is_some_and(|last| found > last)));
            }
        }
        for (at, from) in borders.iter().enumerate() {
            let to = borders.get(at + 1).copied().or_else(|| input.length());
            let place = if at == 0 { start } else { start + from };
            pieces.push((place, Objects { input: input.clone(), from: *from, to }));
        }
        start += weight;
    }
    Ok(erased(task, cuts.deal(pieces)))
}

/// The first line start at or after an offset, unless the file ends before. JSON has no line ends within values.
fn line_start(input: &Input, target: u64) -> io::Result<Option<u64>> {
    let mut offset = target.saturating_sub(1);
    let mut stream = input.open(offset, None)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(None);
        }
        if let Some(at) = memchr::memchr(b'\n', &buffer[..read]) {
            let start = offset + at as u64 + 1;
            return Ok(Some(start).filter(|start| input.length().is_none_or(|length| *start < length)));
        }
        offset += read as u64;
    }
}
