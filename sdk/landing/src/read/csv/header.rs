//! Headers: the first record of a file, and where the declared columns are in it.
use std::collections::HashSet;

use meshwright_spec::{Format, Source, nearest};

use super::fault::malformed;
use super::tokens::Fault;
use super::{Dialect, Nulls, Table};
use crate::code;
use crate::data_error::DataError;
use crate::landing::Resource;
use crate::read::Task;
use crate::read::input::Input;
use crate::read::window::{Next, Window};

/// Names that are listed in a message, at most.
const LISTED: usize = 12;

/// The first record of a file.
#[derive(Debug)]
pub(super) struct Header {
    /// Usable names: an empty one is `column_<n>`, one that stands twice gets `_2`.
    pub(super) names: Vec<String>,
    /// Where the records start.
    pub(super) start: u64,
}

/// Reads the header; without one, columns are named `column_1` and so on.
pub(super) fn read(input: &Input, source: &Source, chunk: usize) -> Result<Header, Box<DataError>> {
    let has_header = matches!(&source.format, Format::Csv { header: true, .. });
    let dialect = Dialect::of(source);
    let mut window = Window::open(input, source, input.start, None, chunk)?;
    let mut fields = Vec::new();
    loop {
        let found = dialect.records(window.text(), window.is_last(), None, 1, &mut fields);
        if let Some(fault) = found.fault {
            return Err(malformed(input, source, &window, found.consumed, fault, None));
        }
        if found.records == 1 {
            window.prove(input, source, found.consumed)?;
            let mut scratch = Vec::new();
            let nulls = Nulls { empty: true, others: vec![] };
            let mut names = Names::default();
            for field in &fields {
                let text = field.text(window.text(), dialect.quote, &mut scratch);
                let text = if !has_header || nulls.is_null(text) { &[][..] } else { text };
                names.add(&String::from_utf8_lossy(text));
            }
            if !has_header {
                return Ok(Header { names: names.names, start: input.start });
            }
            let start = window.offset() + found.consumed as u64;
            if !any_record(&mut window, input, source, found.consumed)? {
                return Err(DataError::new(code::EMPTY, source, &input.shown, "the file has no rows below its header"));
            }
            return Ok(Header { names: names.names, start });
        }
        match window.next(input, source, found.consumed)? {
            Next::More => {}
            Next::End => return Err(DataError::new(code::EMPTY, source, &input.shown, "the file has no record")),
            Next::TooLong => {
                return Err(malformed(input, source, &window, 0, Fault::Unclosed, None));
            }
        }
    }
}

/// Whether anything but empty lines follows.
fn any_record(
    window: &mut Window,
    input: &Input,
    source: &Source,
    mut consumed: usize,
) -> Result<bool, Box<DataError>> {
    loop {
        let rest = &window.text()[consumed..];
        if rest.iter().any(|byte| !matches!(byte, b'\r' | b'\n')) {
            return Ok(true);
        }
        let length = rest.len();
        if window.next(input, source, consumed + length)? == Next::End {
            return Ok(false);
        }
        consumed = 0;
    }
}

#[derive(Default)]
struct Names {
    names: Vec<String>,
    taken: HashSet<String>,
}

impl Names {
    fn add(&mut self, text: &str) {
        let plain = if text.is_empty() { format!("column_{}", self.names.len() + 1) } else { text.to_owned() };
        let mut name = plain.clone();
        let mut count = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{plain}_{count}");
            count += 1;
        }
        self.names.push(name);
    }
}

/// Looks at a file and finds the declared columns in it.
pub(super) fn table(task: &Task, resource: &Resource) -> Result<Table, Box<DataError>> {
    let source = &task.source;
    let input = Input::new(resource, source)?;
    let header = read(&input, source, task.options.chunk_bytes)?;
    let has_header = matches!(&source.format, Format::Csv { header: true, .. });
    let mut places = Vec::with_capacity(task.declared.len());
    for (at, (name, _)) in task.declared.iter().enumerate() {
        // without a header the order is all there is
        let place = if has_header {
            header.names.iter().position(|known| known == name)
        } else {
            (at < header.names.len()).then_some(at)
        };
        places.push(place.ok_or_else(|| no_column(source, &input.shown, name, &header.names, has_header))?);
    }
    let fields = task.projection.iter().map(|at| places[*at]).collect();
    Ok(Table { input, width: header.names.len(), fields, start: header.start })
}

fn no_column(source: &Source, shown: &str, name: &str, names: &[String], has_header: bool) -> Box<DataError> {
    if !has_header {
        let what = format!("its records have {} fields, too few for column `{name}`", names.len());
        return DataError::new(code::NO_COLUMN, source, shown, what).column(name);
    }
    missing(source, shown, name, names)
}

/// A column that a file does not have; says which it has.
pub(in crate::read) fn missing(source: &Source, shown: &str, name: &str, names: &[String]) -> Box<DataError> {
    let mut error = DataError::new(code::NO_COLUMN, source, shown, format!("it has no column `{name}`")).column(name);
    if let Some(meant) = nearest(name, names.iter().map(String::as_str)) {
        error = error.help(format!("did you mean `{meant}`?"));
    } else if names.len() == 1 && names[0].contains([';', '\t', '|', ',']) {
        error = error.help("its header is a single field: is the `delimiter` right?");
    }
    let more = if names.len() > LISTED { ", …" } else { "" };
    let listed: Vec<_> = names.iter().take(LISTED).map(String::as_str).collect();
    error.help(format!("its columns are: {}{more}", listed.join(", ")))
}
