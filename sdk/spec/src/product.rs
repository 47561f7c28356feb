//! `product.toml`: what a product is, reads, does and offers.
mod files;
mod formats;
mod inputs;
mod mesh;
mod outputs;
mod read;
mod sources;
mod steps;
pub(crate) mod vocabulary;

use std::path::PathBuf;

use crate::document;
use crate::{DataType, Diagnostic, Duration, Name, PortName, ProductName, Sources, Span};

/// A whole `product.toml`, valid in itself.
#[derive(Debug, Clone)]
pub struct Product {
    /// `domain.name`
    pub name: ProductName,
    /// One line.
    pub title: String,
    /// What it is, for people who search.
    pub description: String,
    /// Who answers for it.
    pub owner: Owner,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// How to start the program of a Rust product; none: built and started with cargo when there is a `Cargo.toml`.
    pub program: Option<Vec<String>>,
    /// The mesh it belongs to, if the file says so.
    pub mesh: Option<MeshHome>,
    /// Input ports in the order of the file.
    pub inputs: Vec<Input>,
    /// Declared sources in the order of the file.
    pub sources: Vec<Source>,
    /// Steps in the order of the file.
    pub steps: Vec<Step>,
    /// Output ports in the order of the file.
    pub outputs: Vec<Output>,
    /// Index of the file in [`crate::Sources`].
    pub file: usize,
}

/// Who answers for a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The team.
    pub team: String,
    /// Where to write to.
    pub email: Option<String>,
}

/// Where the mesh is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeshHome {
    /// `file://`, `sqlite://`, `postgres://` or `https://`
    pub url: String,
    /// Where table data lie, for the homes that do not imply it.
    pub warehouse: Option<String>,
    /// Place of the url.
    pub span: Span,
}

/// An input port: another product's output port.
#[derive(Debug, Clone)]
pub struct Input {
    /// The table name it has in this product's steps.
    pub name: Name,
    /// Which port.
    pub port: PortName,
    /// Which contract versions satisfy it; `*` when not said.
    pub version: semver::VersionReq,
    /// The columns that are used, if declared.
    pub columns: Option<Vec<String>>,
    /// Place of the port's name.
    pub span: Span,
}

/// A declared source of raw bytes.
#[derive(Debug, Clone)]
pub struct Source {
    /// The table name it has in the steps.
    pub name: Name,
    /// Paths, globs or URLs, as written.
    pub location: Vec<String>,
    /// How the bytes are laid out.
    pub format: Format,
    /// Declared columns in the order of the file; empty: inferred.
    pub columns: Vec<(String, DataType)>,
    /// How often a delivery is expected.
    pub every: Option<Duration>,
    /// Place of its table header.
    pub span: Span,
    /// Place of its location.
    pub location_span: Span,
}

/// Layout of raw bytes. Compression (`.gz`, `.zst`) is told by the suffix of each file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Separated values.
    Csv {
        /// One byte, default `,`.
        delimiter: u8,
        /// Whether the first record names the columns, default yes.
        header: bool,
        /// One byte, default `"`.
        quote: u8,
        /// WHATWG label, default `utf-8`.
        encoding: String,
        /// Spellings of null, default only the empty field.
        null: Vec<String>,
    },
    /// One JSON object a line.
    Ndjson,
    /// One JSON array of objects, or one object.
    Json,
    /// Apache Parquet.
    Parquet,
}

/// One transformation.
#[derive(Debug, Clone)]
pub struct Step {
    /// The table name it has in later steps.
    pub name: Name,
    /// What it does.
    pub body: StepBody,
    /// Whether its rows are kept.
    pub materialize: Materialize,
    /// Place of its table header.
    pub span: Span,
}

/// How a step makes its rows.
#[derive(Debug, Clone)]
pub enum StepBody {
    /// A `select` in this file (relative to the product's folder); default `sql/<step>.sql`.
    Sql(PathBuf),
    /// A program that reads and writes Arrow IPC streams.
    Command(Vec<String>),
}

/// Whether a step's rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Materialize {
    /// Computed where it is used.
    View,
    /// Computed once a run and kept.
    Table,
}

/// An output port.
#[derive(Debug, Clone)]
pub struct Output {
    /// The port's own name.
    pub name: Name,
    /// The step or source whose rows it offers.
    pub from: Name,
    /// The contract's file, relative to the product's folder, if said; else `contracts/<port>.toml` or `.odcs.yaml`.
    pub contract: Option<PathBuf>,
    /// How a run changes the port.
    pub mode: WriteMode,
    /// How its rows lie in files.
    pub files: FileLayout,
    /// Place of its table header.
    pub span: Span,
    /// Place of `from`, or of the header.
    pub from_span: Span,
}

/// How a port's rows lie in its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileLayout {
    /// Bytes of a data file before the next one is begun.
    pub size: Option<u64>,
    /// Bytes of a row group, which is what a writer holds in memory.
    pub row_group: Option<u64>,
    /// Columns whose values are written as a dictionary, with their places; all where that pays, when not said.
    pub dictionary: Option<Vec<(String, Span)>>,
    /// Columns with Bloom filters, with their places: for looking up single values that are scattered over all files.
    pub bloom: Vec<(String, Span)>,
    /// Version of Iceberg's table format; 2, or what the contract's types need, when not said.
    pub format_version: Option<u8>,
}

/// How a run changes a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// The run's rows are the port's rows.
    Replace,
    /// The run's rows are added.
    Append,
    /// The run's rows replace those with the same key.
    Upsert,
    /// The run's rows replace the partitions they touch.
    ReplacePartitions,
}

/// What the rest of a product is made of, which decides what `product.toml` alone has to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// Files only: whatever an output offers is an input, source or step of `product.toml`.
    Declarative,
    /// A program implements parts of it: outputs may offer what only the program knows.
    Program,
}

impl Product {
    /// Reads `product.toml`. Some only if nothing of error severity was found; all mistakes are reported at once.
    pub fn parse(file: usize, sources: &Sources, flavor: Flavor) -> (Option<Product>, Vec<Diagnostic>) {
        document::read(file, sources, |document, root| read::product(document, root, flavor))
    }
}
