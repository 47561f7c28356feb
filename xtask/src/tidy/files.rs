//! The files that the rules judge.
use std::path::Path;
use std::process::Command;

use super::rust_source;
use crate::process;

/// A text file of the checkout.
#[derive(Debug)]
pub(super) struct File {
    /// From the top of the checkout, with slashes.
    pub(super) path: String,
    pub(super) text: String,
    /// Of Rust files: the text with comments and literals blanked out, and inline test modules too.
    pub(super) code: Option<String>,
}

impl File {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let code = path.ends_with(".rs").then(|| rust_source::without_tests(&rust_source::bare(&text)));
        Self { path, text, code }
    }

    /// Whether the whole file is there for tests, examples or developers only.
    pub(super) fn is_for_tests(&self) -> bool {
        let helper = |part: &str| matches!(part, "tests" | "examples" | "benches" | "xtask" | "tests.rs" | "build.rs");
        self.path.split('/').any(helper)
    }

    /// `path:line` of a byte of the text.
    pub(super) fn at(&self, offset: usize) -> String {
        let line = self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
        format!("{}:{line}", self.path)
    }
}

/// Every text file that git tracks or would track; without git, everything outside build folders.
pub(super) fn tracked(root: &Path) -> Result<Vec<File>, String> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let mut paths: Vec<String> = match process::stdout_of(&mut git) {
        Ok(list) => list.split('\0').filter(|p| !p.is_empty()).map(str::to_owned).collect(),
        Err(_) => {
            let mut found = Vec::new();
            walk(root, "", &mut found)?;
            found
        }
    };
    paths.sort();
    paths.dedup();
    // a file that cannot be read as text is data, one that is not there was deleted and not committed yet
    let read = |path: String| Some(File::new(path.clone(), std::fs::read_to_string(root.join(path)).ok()?));
    Ok(paths.into_iter().filter_map(read).collect())
}

fn walk(root: &Path, below: &str, found: &mut Vec<String>) -> Result<(), String> {
    let folder = root.join(below);
    for entry in std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && name != "target" && name != ".git" => walk(root, &path, found)?,
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    Ok(())
}
