//! Column types guessed from the first records of each file.
use meshwright_spec::{DataType, Source};

use super::fault::malformed;
use super::header;
use super::{Dialect, Nulls};
use crate::code;
use crate::data_error::DataError;
use crate::landing::Resource;
use crate::read::ReadOptions;
use crate::read::guess::Guess;
use crate::read::infer::{SAMPLE, combine};
use crate::read::input::Input;
use crate::read::window::{Next, Window};

/// Names and types of the columns of all files, which must have the same.
pub(in crate::read) fn infer(
    resources: &[Resource],
    source: &Source,
) -> Result<Vec<(String, DataType)>, Box<DataError>> {
    let mut files = Vec::with_capacity(resources.len());
    for resource in resources {
        files.push((resource.location.as_str(), columns(resource, source)?));
    }
    let columns = combine(source, files, Guess::and)?;
    Ok(columns.into_iter().map(|(name, guess)| (name, guess.data_type())).collect())
}

fn columns(resource: &Resource, source: &Source) -> Result<Vec<(String, Guess)>, Box<DataError>> {
    let input = Input::new(resource, source)?;
    let chunk = ReadOptions::default().chunk_bytes;
    let header = header::read(&input, source, chunk)?;
    let width = header.names.len();
    let (dialect, nulls) = (Dialect::of(source), Nulls::of(source));
    let mut guesses = vec![Guess::Null; width];
    let mut window = Window::open(&input, source, header.start, None, chunk)?;
    let (mut fields, mut scratch, mut seen) = (Vec::new(), Vec::new(), 0);
    while seen < SAMPLE {
        fields.clear();
        let found = dialect.records(window.text(), window.is_last(), Some(width), usize::MAX, &mut fields);
        window.prove(&input, source, found.consumed)?;
        for record in fields.chunks_exact(width) {
            for (field, guess) in record.iter().zip(&mut guesses) {
                let text = field.text(window.text(), dialect.quote, &mut scratch);
                if !nulls.is_null(text) {
                    guess.see(text);
                }
            }
        }
        seen += found.consumed;
        if let Some(fault) = found.fault {
            return Err(malformed(&input, source, &window, found.consumed, fault, Some(width)));
        }
        match window.next(&input, source, found.consumed)? {
            Next::More => {}
            Next::End => break,
            Next::TooLong => {
                let error = DataError::new(code::MALFORMED, source, &input.shown, "a record is longer than 64 MiB");
                return Err(error.help("a quote may never be closed"));
            }
        }
    }
    Ok(header.names.into_iter().zip(guesses).collect())
}
