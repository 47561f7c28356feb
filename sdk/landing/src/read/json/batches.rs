//! Batches of objects.
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use meshwright_spec::{Format, Source};
use serde::de::DeserializeSeed;

use super::builder::{Members, Misfit, Row};
use super::objects::Objects;
use crate::code;
use crate::data_error::{DataError, excerpt};
use crate::read::input::{Input, not_utf8};
use crate::read::{MAX_BATCH_BYTES, Task};

/// Batches of one range of a file.
pub(super) struct JsonBatches {
    task: Arc<Task>,
    input: Arc<Input>,
    objects: Objects,
    members: Members,
    done: bool,
}

impl JsonBatches {
    pub(super) fn open(
        task: &Arc<Task>,
        input: &Arc<Input>,
        from: u64,
        to: Option<u64>,
    ) -> Result<Self, Box<DataError>> {
        let lines = task.source.format == Format::Ndjson;
        Ok(Self {
            task: task.clone(),
            input: input.clone(),
            objects: Objects::open(input, &task.source, lines, from, to, task.options.chunk_bytes)?,
            members: Members::new(task.wanted().map(|(name, data_type)| (name.as_str(), data_type))),
            done: false,
        })
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>, Box<DataError>> {
        let source = &self.task.source;
        let (mut rows, mut bytes) = (0, 0);
        while rows < self.task.options.batch_rows && bytes < MAX_BATCH_BYTES {
            let Some(object) = self.objects.next(&self.input, source)? else {
                self.done = true;
                break;
            };
            let text = self.objects.text(&object);
            bytes += text.len();
            let mut misfit = Misfit::default();
            let mut json = serde_json::Deserializer::from_slice(text);
            let row = Row { members: &mut self.members, misfit: &mut misfit };
            if let Err(error) = row.deserialize(&mut json).and_then(|()| json.end()) {
                return Err(broken(&self.input, source, &self.objects, &object, &error, misfit));
            }
            rows += 1;
        }
        if rows == 0 {
            return Ok(None);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        self.members
            .finish()
            .and_then(|arrays| RecordBatch::try_new_with_options(self.task.schema.clone(), arrays, &options))
            .map(Some)
            .map_err(|error| DataError::new(code::MALFORMED, source, &self.input.shown, error))
    }
}

impl Iterator for JsonBatches {
    type Item = Result<RecordBatch, Box<DataError>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self.batch();
        self.done |= batch.is_err();
        batch.transpose()
    }
}

/// Says what is wrong with an object, and where.
pub(super) fn broken(
    input: &Input,
    source: &Source,
    objects: &Objects,
    object: &Range<usize>,
    error: &serde_json::Error,
    misfit: Misfit,
) -> Box<DataError> {
    let text = objects.text(object);
    if let Err(error) = std::str::from_utf8(text) {
        return not_utf8(input, source, objects.offset(object.start + error.valid_up_to()));
    }
    // a line is its own place; an object over many lines needs a closer one
    let inside = if objects.is_lines() { 0 } else { place_inside(text, error) };
    let place = input.place(objects.offset(object.start + inside));
    if let Some((value, data_type)) = misfit.what {
        let column = misfit.column.unwrap_or_default();
        let what = format!("`{value}` in column `{column}` is not of type {data_type}");
        return DataError::placed(code::BAD_VALUE, source, &input.shown, place, what).column(&column);
    }
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or(&said);
    let error = DataError::placed(code::MALFORMED, source, &input.shown, place, format!("not JSON: {said}"));
    let line = text[inside.min(text.len())..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    error.help(format!("the line is: {}", excerpt(line)))
}

/// Start of the line within an object that the parser stopped in.
fn place_inside(text: &[u8], error: &serde_json::Error) -> usize {
    match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', text).nth(line - 2).map_or(0, |end| end + 1),
    }
}
