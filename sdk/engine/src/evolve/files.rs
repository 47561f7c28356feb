//! How rows lie in files, kept with the table under Iceberg's own names: whoever writes it next does the same.
use std::collections::HashMap;

use iceberg::TableUpdate;
use iceberg::table::Table;
use meshwright_spec::{FileLayout, Span};

const SIZE: &str = "write.target-file-size-bytes";
const ROW_GROUP: &str = "write.parquet.row-group-size-bytes";
const BLOOM: &str = "write.parquet.bloom-filter-enabled.column.";
/// Iceberg has no name for it.
const DICTIONARY: &str = "mesh.dictionary-columns";

/// Updates that keep a layout with its table; none when that is so.
pub(crate) fn remember(table: &Table, layout: &FileLayout) -> Vec<TableUpdate> {
    let wanted = properties(layout);
    let now = table.metadata().properties();
    let ours = |key: &String| key == SIZE || key == ROW_GROUP || key == DICTIONARY || key.starts_with(BLOOM);
    let removals: Vec<String> = now.keys().filter(|k| ours(k) && !wanted.contains_key(*k)).cloned().collect();
    let updates: HashMap<String, String> = wanted.into_iter().filter(|(k, v)| now.get(k) != Some(v)).collect();
    let set = (!updates.is_empty()).then_some(TableUpdate::SetProperties { updates });
    let remove = (!removals.is_empty()).then_some(TableUpdate::RemoveProperties { removals });
    set.into_iter().chain(remove).collect()
}

/// The layout that a table was last written with.
pub(crate) fn layout_of(table: &Table) -> FileLayout {
    let now = table.metadata().properties();
    let named = |name: &str| (name.to_owned(), Span::default());
    let bytes = |key: &str| now.get(key).and_then(|v| v.parse().ok());
    let dictionary = now.get(DICTIONARY).map(|names| names.split(',').map(named).collect());
    let bloom = now.iter().filter(|(_, v)| *v == "true").filter_map(|(k, _)| k.strip_prefix(BLOOM));
    FileLayout {
        size: bytes(SIZE),
        row_group: bytes(ROW_GROUP),
        dictionary,
        bloom: bloom.map(named).collect(),
        format_version: None,
    }
}

fn properties(layout: &FileLayout) -> HashMap<String, String> {
    let mut out = HashMap::new();
    let sizes = [(SIZE, layout.size), (ROW_GROUP, layout.row_group)];
    out.extend(sizes.into_iter().filter_map(|(key, size)| Some((key.to_owned(), size?.to_string()))));
    if let Some(columns) = &layout.dictionary {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        out.insert(DICTIONARY.to_owned(), names.join(","));
    }
    out.extend(layout.bloom.iter().map(|(name, _)| (format!("{BLOOM}{name}"), "true".to_owned())));
    out
}
