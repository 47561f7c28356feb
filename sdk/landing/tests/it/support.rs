//! What the tests share: sources, landed files, and rows as text.
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use meshwright_landing::{AttemptContext, DataError, Landing, ReadOptions, Resource, Split, infer, reader_with};
use meshwright_spec::{DataType, Format, Source, Span};

pub(crate) fn csv() -> Format {
    Format::Csv { delimiter: b',', header: true, quote: b'"', encoding: "utf-8".into(), null: vec![] }
}

pub(crate) fn source(format: Format, locations: &[&str]) -> Source {
    Source {
        name: "owid".parse().unwrap(),
        location: locations.iter().map(|location| (*location).to_owned()).collect(),
        format,
        columns: vec![],
        every: None,
        span: Span::default(),
        location_span: Span { file: 0, start: 7, end: 9 },
    }
}

pub(crate) fn columns(pairs: &[(&str, DataType)]) -> Vec<(String, DataType)> {
    pairs.iter().map(|(name, data_type)| ((*name).to_owned(), data_type.clone())).collect()
}

pub(crate) fn attempt() -> AttemptContext {
    let at = "2024-05-06T07:08:09Z".parse().unwrap();
    AttemptContext { run: "run-1".into(), product: "climate.emissions".into(), at }
}

/// A folder with files and a landing.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) landing: Landing,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let landing = Landing::open(folder.path().join("landing")).unwrap();
        Self { folder, landing }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and lands it.
    pub(crate) fn land(&self, source: &Source, name: &str, bytes: &[u8]) -> Resource {
        std::fs::write(self.path().join(name), bytes).unwrap();
        let source = Source { location: vec![name.to_owned()], ..source.clone() };
        let collected = block_on(self.landing.collect(&source, self.path(), &attempt())).unwrap();
        collected.settled().unwrap().remove(0)
    }

    /// Every object's path.
    pub(crate) fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.landing.root().join("objects")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found
    }

    /// The collection log's text.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.landing.root().join("log/2024-05-06/run-1-owid.ndjson")).unwrap()
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// All rows of all splits in order, values as text, null as `∅`.
pub(crate) fn rows(
    resources: &[Resource],
    source: &Source,
    columns: &[(String, DataType)],
    projection: Option<&[usize]>,
    parallelism: usize,
    options: &ReadOptions,
) -> Result<Vec<Vec<String>>, Box<DataError>> {
    let mut rows = Vec::new();
    for split in reader_with(resources, source, columns, projection, parallelism, options)? {
        for batch in split {
            rows.extend(shown(&batch?));
        }
    }
    Ok(rows)
}

pub(crate) fn shown(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("∅");
    let formatters: Vec<_> =
        batch.columns().iter().map(|array| ArrayFormatter::try_new(array, &options).unwrap()).collect();
    (0..batch.num_rows()).map(|row| formatters.iter().map(|one| one.value(row).to_string()).collect()).collect()
}

/// Lands one text and reads it with inferred or given columns; rows are joined with `|`.
pub(crate) fn read(
    format: Format,
    name: &str,
    bytes: &[u8],
    wanted: &[(&str, DataType)],
) -> Result<Vec<String>, Box<DataError>> {
    let place = Place::new();
    let source = source(format, &[name]);
    let resource = [place.land(&source, name, bytes)];
    let columns = if wanted.is_empty() { infer(&resource, &source)? } else { columns(wanted) };
    let rows = rows(&resource, &source, &columns, None, 2, &ReadOptions::default())?;
    Ok(rows.into_iter().map(|row| row.join("|")).collect())
}

/// Types that are inferred for one text, as `name: type`.
pub(crate) fn inferred(format: Format, name: &str, bytes: &[u8]) -> Vec<String> {
    let place = Place::new();
    let source = source(format, &[name]);
    let resource = place.land(&source, name, bytes);
    let columns = infer(&[resource], &source).unwrap();
    columns.iter().map(|(name, data_type)| format!("{name}: {data_type}")).collect()
}

/// Number of rows, counted split by split on threads.
pub(crate) fn count(resources: &[Resource], source: &Source, columns: &[(String, DataType)]) -> usize {
    let splits = meshwright_landing::reader(resources, source, columns, None, 2).unwrap();
    let count = |split: Split| split.into_iter().map(|batch| batch.unwrap().num_rows()).sum::<usize>();
    std::thread::scope(|scope| {
        let counts: Vec<_> = splits.into_iter().map(|split| scope.spawn(move || count(split))).collect();
        counts.into_iter().map(|count| count.join().unwrap()).sum()
    })
}
