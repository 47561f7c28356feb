//! `[outputs.<port>.files]`: how a port's rows lie in its files. No promise: it may change with any run.
use super::FileLayout;
use crate::document::{Table, Value};

pub(super) fn layout(table: &Table<'_>) -> FileLayout {
    let layout = FileLayout {
        size: table.get("size").and_then(bytes),
        row_group: table.get("row_group").and_then(bytes),
        dictionary: table.get("dictionary").and_then(columns),
        bloom: table.get("bloom").and_then(columns).unwrap_or_default(),
        format_version: table.get("format_version").and_then(version),
    };
    table.reject_unknown();
    layout
}

const UNITS: [(&str, u64); 3] = [("kB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30)];

/// A size such as `256MB`, in bytes; at least 64 kB, for smaller files only cost.
fn bytes(value: &Value<'_>) -> Option<u64> {
    let text = value.text_of("a size such as `\"256MB\"`")?;
    let size = UNITS.iter().find_map(|(unit, times)| {
        let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        number.checked_mul(*times)
    });
    if size.is_none_or(|size| size < 64 << 10) {
        let help = "a number and `kB`, `MB` or `GB`, at least `64kB`".to_owned();
        value.wrong("M1201", format!("`{text}` is not a size of files"), Some(help));
        return None;
    }
    size
}

fn columns(value: &Value<'_>) -> Option<Vec<(String, crate::Span)>> {
    let items = value.words()?;
    Some(items.iter().filter_map(|item| Some((item.text()?.to_owned(), item.span.clone()))).collect())
}

fn version(value: &Value<'_>) -> Option<u8> {
    match value.whole()? {
        2 => Some(2),
        3 => Some(3),
        other => {
            let help = "2, which every engine reads, or 3, which keeps defaults of columns and nanoseconds".to_owned();
            value.wrong("M1201", format!("Iceberg has no format version {other} that is written here"), Some(help));
            None
        }
    }
}
