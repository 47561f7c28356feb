//! What a file is, by its first bytes.

/// Kinds that announce themselves and are none of the text formats.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ\0", "xz-compressed data"),
    (b"PAR1", "a Parquet file"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet or document"),
    (b"%PDF", "a PDF document"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3\0", "a SQLite database"),
];

/// The kind, if the first bytes are not those of plain data in text.
pub(super) fn announced(head: &[u8]) -> Option<&'static str> {
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(kind);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let starts = |tag: &str| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()));
    if starts("<!doctype html") || starts("<html") {
        return Some("a web page");
    }
    (starts("<?xml") || starts("<!doctype")).then_some("an XML document")
}

/// Whether text starts as JSON does. No header of a CSV file starts like that.
pub(super) fn is_json(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    let after = |open: u8| text.strip_prefix(&[open]).map(<[u8]>::trim_ascii_start);
    after(b'{').is_some_and(|rest| rest.starts_with(b"\"") || rest.starts_with(b"}"))
        || after(b'[').is_some_and(|rest| rest.starts_with(b"{"))
}
