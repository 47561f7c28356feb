//! Cases in Markdown: a heading, blocks of files, and a `text` block with what is expected.
use std::path::{Path, PathBuf};

/// One heading with its blocks.
pub(crate) struct Case {
    pub(crate) title: String,
    /// What stands behind `toml` in the fence: a path and words; and the block's text.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) expected: String,
    /// Byte range of the expected text in the Markdown.
    pub(crate) place: std::ops::Range<usize>,
}

/// All Markdown files with cases, in order.
pub(crate) fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    files
}

/// The cases of one file.
pub(crate) fn cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut title = String::new();
    let mut files = Vec::new();
    let mut open: Option<(String, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        match (&open, line.trim_end()) {
            (Some((info, from)), "```") => {
                let block = text[*from..start].to_owned();
                match info.strip_prefix("toml ").or_else(|| info.strip_prefix("yaml ")) {
                    Some(name) => files.push((name.to_owned(), block)),
                    None => cases.push(Case {
                        title: title.clone(),
                        files: std::mem::take(&mut files),
                        expected: block,
                        place: *from..start,
                    }),
                }
                open = None;
            }
            (None, line) if line.starts_with("```") => open = Some((line[3..].to_owned(), at)),
            (None, line) if line.starts_with('#') => title = line.trim_start_matches(['#', ' ']).to_owned(),
            _ => {}
        }
    }
    cases
}
