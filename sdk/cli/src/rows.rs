//! Rows of a query on their way out, batch by batch.
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use meshwright_catalog::{Error, Kind};
use meshwright_engine::Failure;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::verbs::query::Format;

type Out = BufWriter<Box<dyn Write + Send>>;

/// Where and how rows are written. A file appears when it is complete, not before.
pub(crate) struct Sink {
    writer: Writer,
    file: Option<(PathBuf, PathBuf)>,
}

enum Writer {
    Table(Table),
    Json { out: Out, first: bool },
    Ndjson(arrow::json::LineDelimitedWriter<Out>),
    Csv(Box<arrow::csv::Writer<Out>>),
    Parquet(Box<ArrowWriter<Out>>),
    Arrow(arrow::ipc::writer::StreamWriter<Out>),
}

/// A failure to write rows.
pub(crate) fn write_error(e: ArrowError) -> Failure {
    let broken_pipe = matches!(&e, ArrowError::IoError(_, io) if io.kind() == std::io::ErrorKind::BrokenPipe);
    if broken_pipe {
        // the reader has seen enough, as in `mesh query ... | head`
        std::process::exit(0);
    }
    Failure::Operation(Error::new(Kind::Unavailable, "the rows cannot be written").because(e))
}

impl Sink {
    pub(crate) fn open(format: Format, file: Option<&Path>, schema: &SchemaRef) -> Result<Self, Failure> {
        let (inner, file): (Box<dyn Write + Send>, _) = match file {
            Some(path) => {
                let staged =
                    path.with_file_name(format!(".{}.part", path.file_name().unwrap_or_default().to_string_lossy()));
                let made = std::fs::File::create(&staged).map_err(|e| Error::from(e).with("file", path.display()))?;
                (Box::new(made), Some((staged, path.to_owned())))
            }
            None if std::io::stdout().is_terminal() && matches!(format, Format::Parquet | Format::Arrow) => {
                return Err(Error::new(Kind::Invalid, "this format is not for a terminal")
                    .help("name a file: `--output rows.parquet`")
                    .into());
            }
            None => (Box::new(std::io::stdout()), None),
        };
        let mut out = BufWriter::with_capacity(1 << 16, inner);
        let writer = match format {
            Format::Table => Writer::Table(Table::new(out, schema)),
            Format::Json => {
                let columns: Vec<_> = schema
                    .fields()
                    .iter()
                    .map(|f| serde_json::json!({ "name": f.name(), "type": f.data_type().to_string() }))
                    .collect();
                let head =
                    format!("{{\"format_version\":1,\"columns\":{},\"rows\":[", serde_json::Value::from(columns));
                out.write_all(head.as_bytes()).map_err(|e| write_error(e.into()))?;
                Writer::Json { out, first: true }
            }
            Format::Ndjson => Writer::Ndjson(arrow::json::WriterBuilder::new().with_explicit_nulls(true).build(out)),
            Format::Csv => {
                let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(out);
                // the header also when there are no rows
                writer.write(&RecordBatch::new_empty(schema.clone())).map_err(write_error)?;
                Writer::Csv(Box::new(writer))
            }
            Format::Parquet => {
                let zstd = Compression::ZSTD(ZstdLevel::default());
                let properties = WriterProperties::builder().set_compression(zstd).build();
                let writer =
                    ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(|e| write_error(e.into()))?;
                Writer::Parquet(Box::new(writer))
            }
            Format::Arrow => {
                Writer::Arrow(arrow::ipc::writer::StreamWriter::try_new(out, schema).map_err(write_error)?)
            }
        };
        Ok(Self { writer, file })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match &mut self.writer {
            Writer::Table(t) => t.write(batch),
            Writer::Json { out, first } => {
                let mut rows = arrow::json::WriterBuilder::new()
                    .with_explicit_nulls(true)
                    .build::<_, arrow::json::writer::LineDelimited>(vec![]);
                rows.write(batch)?;
                rows.finish()?;
                for row in rows.into_inner().split(|b| *b == b'\n').filter(|r| !r.is_empty()) {
                    if !std::mem::take(first) {
                        out.write_all(b",")?;
                    }
                    out.write_all(row)?;
                }
                Ok(())
            }
            Writer::Ndjson(w) => w.write(batch),
            Writer::Csv(w) => w.write(batch),
            Writer::Parquet(w) => Ok(w.write(batch)?),
            Writer::Arrow(w) => w.write(batch),
        }
    }

    /// Ends the rows; `facts` about the query go where the format has a place for them.
    pub(crate) fn finish(self, facts: &serde_json::Value) -> Result<(), ArrowError> {
        match self.writer {
            Writer::Table(t) => t.finish()?,
            Writer::Json { mut out, .. } => {
                write!(out, "],\"metrics\":{facts}}}")?;
                out.write_all(b"\n")?;
                out.flush()?;
            }
            Writer::Ndjson(mut w) => {
                w.finish()?;
                w.into_inner().flush()?;
            }
            Writer::Csv(w) => w.into_inner().flush()?,
            Writer::Parquet(w) => w.into_inner()?.flush()?,
            Writer::Arrow(mut w) => {
                w.finish()?;
                w.into_inner()?.flush()?;
            }
        }
        if let Some((staged, path)) = self.file {
            std::fs::rename(staged, path)?;
        }
        Ok(())
    }
}

/// Rows whose widths are measured before columns are set: the first thousand decide.
const MEASURED: usize = 1000;

struct Table {
    out: Out,
    header: Vec<String>,
    right: Vec<bool>,
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
    rows: usize,
}

impl Table {
    fn new(out: Out, schema: &SchemaRef) -> Self {
        let header = schema.fields().iter().map(|f| f.name().clone()).collect();
        let right = schema.fields().iter().map(|f| f.data_type().is_numeric()).collect();
        Self { out, header, right, waiting: vec![], widths: None, rows: 0 }
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let options = FormatOptions::default();
        let columns: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options)).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cells: Vec<String> =
                columns.iter().map(|c| c.value(row).to_string().replace(['\n', '\r'], " ")).collect();
            self.rows += 1;
            if self.widths.is_some() {
                self.line(&cells)?;
            } else {
                self.waiting.push(cells);
            }
        }
        if self.widths.is_none() && self.waiting.len() >= MEASURED {
            self.settle()?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), ArrowError> {
        let mut widths: Vec<usize> = self.header.iter().map(|h| h.chars().count()).collect();
        for row in &self.waiting {
            for (w, cell) in widths.iter_mut().zip(row) {
                *w = (*w).max(cell.chars().count());
            }
        }
        let rule: Vec<String> = widths.iter().map(|w| "-".repeat(*w)).collect();
        self.widths = Some(widths);
        self.line(&self.header.clone())?;
        self.line(&rule)?;
        for row in std::mem::take(&mut self.waiting) {
            self.line(&row)?;
        }
        Ok(())
    }

    fn line(&mut self, cells: &[String]) -> Result<(), ArrowError> {
        let widths = self.widths.as_deref().unwrap_or_default();
        let mut text = String::new();
        for (i, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            if i > 0 {
                text.push_str("  ");
            }
            if self.right[i] { text.extend([pad.as_str(), cell]) } else { text.extend([cell, pad.as_str()]) }
        }
        writeln!(self.out, "{}", text.trim_end())?;
        Ok(())
    }

    fn finish(mut self) -> Result<(), ArrowError> {
        if self.widths.is_none() {
            self.settle()?;
        }
        writeln!(self.out, "({} {})", self.rows, if self.rows == 1 { "row" } else { "rows" })?;
        self.out.flush()?;
        Ok(())
    }
}
