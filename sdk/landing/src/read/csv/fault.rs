//! What is wrong with records and values, said so that it can be mended.
use meshwright_spec::{DataType, Source};

use super::Dialect;
use super::tokens::{Fault, Field};
use crate::code;
use crate::data_error::{DataError, excerpt};
use crate::read::input::Input;
use crate::read::value;
use crate::read::window::Window;

/// A value that is not of its column's type.
pub(super) fn bad_value(
    input: &Input,
    source: &Source,
    window: &Window,
    field: Field,
    (name, data_type): &(String, DataType),
) -> Box<DataError> {
    let mut scratch = Vec::new();
    let text = field.text(window.text(), Dialect::of(source).quote, &mut scratch);
    let place = input.place(window.offset() + field.start() as u64);
    let what = format!("`{}` in column `{name}` is not of type {data_type}", excerpt(text));
    let error = DataError::placed(code::BAD_VALUE, source, &input.shown, place, what).column(name);
    match hint(text, data_type) {
        Some(hint) => error.help(hint),
        None => error,
    }
}

/// What would make the value fit.
fn hint(text: &[u8], data_type: &DataType) -> Option<String> {
    let lowered = text.trim_ascii().to_ascii_lowercase();
    if matches!(&lowered[..], b"" | b"na" | b"n/a" | b"null" | b"none" | b"nan" | b"-" | b"." | b"\\n" | b"..") {
        return Some(format!(
            "if it stands for null, add it to `null` of the source: `null = [\"\", \"{}\"]`",
            excerpt(text)
        ));
    }
    match data_type {
        DataType::Int if value::integer(text.trim_ascii()).is_some() => {
            Some("it needs 64 bits: type `long`".to_owned())
        }
        DataType::Int | DataType::Long if value::double(text.trim_ascii()).is_some() => {
            Some("it is no whole number: type `double` or `decimal`".to_owned())
        }
        DataType::Timestamp if value::stamp(text.trim_ascii()).is_some_and(|stamp| stamp.offset.is_some()) => {
            Some("it has a time zone: type `timestamptz`".to_owned())
        }
        _ => None,
    }
}

/// A type that text cannot hold.
pub(super) fn nested(source: &Source, input: &Input, name: &str, data_type: &DataType) -> Box<DataError> {
    let what = format!("column `{name}` is declared {data_type}, which csv cannot hold");
    DataError::new(code::BAD_VALUE, source, &input.shown, what).column(name)
}

/// A record that breaks the rules; it starts `at` bytes into the window.
pub(super) fn malformed(
    input: &Input,
    source: &Source,
    window: &Window,
    at: usize,
    fault: Fault,
    width: Option<usize>,
) -> Box<DataError> {
    let text = &window.text()[at..];
    let place = input.place(window.offset() + at as u64);
    let what = match fault {
        Fault::Width(count) => {
            let expected = width.unwrap_or_default();
            format!("{count} fields where the first record has {expected}")
        }
        Fault::AfterQuote => "text follows a closing quote".to_owned(),
        Fault::Unclosed => "a quote is never closed".to_owned(),
    };
    let line = memchr::memchr(b'\n', text).map_or(text, |end| &text[..end]);
    let error = DataError::placed(code::MALFORMED, source, &input.shown, place, what);
    let error = error.help(format!("the line is: {}", excerpt(line)));
    match fault {
        Fault::AfterQuote => error.help("a quote within a quoted field is written twice"),
        _ => error,
    }
}
