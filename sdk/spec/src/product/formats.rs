//! How the bytes of a source are laid out, and the options of separated values.
use super::Format;
use crate::Diagnostic;
use crate::document::{Table, Value};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Csv,
    Ndjson,
    Json,
    Parquet,
}

pub(super) const KINDS: [(&str, Kind); 4] =
    [("csv", Kind::Csv), ("ndjson", Kind::Ndjson), ("json", Kind::Json), ("parquet", Kind::Parquet)];

const CSV_KEYS: [&str; 5] = ["delimiter", "header", "quote", "encoding", "null"];

/// The `format` of a source; where it is not said, the suffix of its files says it.
pub(super) fn format(table: &Table<'_>, paths: &[String]) -> Option<Format> {
    let by_suffix = suffix(paths);
    let kind = match (table.get("format"), by_suffix) {
        (Some(value), _) => value.choice(&KINDS),
        (None, Some((kind, _))) => Some(kind),
        (None, None) => table.need("format", "format = \"csv\"").and(None),
    };
    let delimiter = if by_suffix == Some((Kind::Csv, b'\t')) { b'\t' } else { b',' };
    let csv = csv(table, delimiter);
    let kind = kind?;
    if kind != Kind::Csv {
        csv_only(table);
    }
    match kind {
        Kind::Csv => csv,
        Kind::Ndjson => Some(Format::Ndjson),
        Kind::Json => Some(Format::Json),
        Kind::Parquet => Some(Format::Parquet),
    }
}

impl Format {
    /// The layout that the names of files tell by their suffixes, with its usual options; none if they tell none, or
    /// different ones.
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Format> {
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let (kind, delimiter) = suffix(&names)?;
        Some(match kind {
            Kind::Csv => Format::Csv {
                delimiter,
                header: true,
                quote: b'"',
                encoding: "utf-8".to_owned(),
                null: vec![String::new()],
            },
            Kind::Ndjson => Format::Ndjson,
            Kind::Json => Format::Json,
            Kind::Parquet => Format::Parquet,
        })
    }
}

/// The layout that the suffix of all files means, and the delimiter that goes with it.
fn suffix(paths: &[String]) -> Option<(Kind, u8)> {
    let mut kinds = paths.iter().map(|path| {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = path.strip_suffix(".gz").or_else(|| path.strip_suffix(".zst")).unwrap_or(path);
        match path.rsplit_once('.')?.1 {
            "csv" => Some((Kind::Csv, b',')),
            "tsv" => Some((Kind::Csv, b'\t')),
            "ndjson" | "jsonl" => Some((Kind::Ndjson, 0)),
            "json" => Some((Kind::Json, 0)),
            "parquet" => Some((Kind::Parquet, 0)),
            _ => None,
        }
    });
    let first = kinds.next()??;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}

fn csv(table: &Table<'_>, delimiter: u8) -> Option<Format> {
    let delimiter = table.get("delimiter").map_or(Some(delimiter), Value::byte);
    let header = table.get("header").map_or(Some(true), Value::flag);
    let quote = table.get("quote").map_or(Some(b'"'), Value::byte);
    let encoding = table.get("encoding").map_or(Some("utf-8"), Value::some_text);
    let null = table.get("null").map_or(Some(vec![String::new()]), null);
    if let (Some(same), true) = (delimiter, delimiter == quote) {
        let place = table.get("quote").or_else(|| table.get("delimiter"));
        let message = format!("`{}` cannot both part fields and quote them", char::from(same));
        let span = place.map_or(table.span.clone(), |value| value.whole_line());
        table.document.report(Diagnostic::error("M0115", message).at(span, ""));
    }
    Some(Format::Csv {
        delimiter: delimiter?,
        header: header?,
        quote: quote?,
        encoding: encoding?.to_owned(),
        null: null?,
    })
}

/// Spellings of null; the empty one is a spelling, too.
fn null(value: &Value<'_>) -> Option<Vec<String>> {
    if value.is_text() {
        return Some(vec![value.text()?.to_owned()]);
    }
    let texts: Vec<Option<&str>> = value.list("text")?.iter().map(Value::text).collect();
    texts.into_iter().map(|text| text.map(str::to_owned)).collect()
}

fn csv_only(table: &Table<'_>) {
    for value in CSV_KEYS.iter().filter_map(|key| table.get(key)) {
        let message = format!("`{}` is an option of csv, which this source is not", value.name);
        let report = Diagnostic::error("M0115", message).at(value.whole_line(), "");
        table.document.report(report.help("drop it, or set `format = \"csv\"`"));
    }
}
