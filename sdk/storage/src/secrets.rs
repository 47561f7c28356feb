//! Settings and secrets: from the environment, or from a file that only it names.
use std::path::Path;

use meshwright_spec::Secret;

/// Names the file with what the environment should not hold: lines of `NAME=value`.
const FILE: &str = "MESH_SECRETS_FILE";

/// A setting from the environment, else from the file that `MESH_SECRETS_FILE` names; empty is not set.
pub fn variable(name: &str) -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    set(name).or_else(|| in_file(Path::new(&set(FILE)?), name))
}

/// The same for what must never be shown.
pub fn secret(name: &str) -> Option<Secret> {
    variable(name).map(Secret::new)
}

fn in_file(path: &Path, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (key, value) = line.split_once('=')?;
        let value = value.trim();
        let quoted = |mark: char| value.strip_prefix(mark)?.strip_suffix(mark);
        let value = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
        (key.trim() == name && !value.is_empty()).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_names_and_values() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secrets");
        std::fs::write(&file, "# keys\nexport A = \"one=1\"\nB='two'\n\nC=three\nD=\n").unwrap();
        let found: Vec<_> = ["A", "B", "C", "D", "# keys"].iter().map(|name| in_file(&file, name)).collect();
        assert_eq!(found, [Some("one=1".into()), Some("two".into()), Some("three".into()), None, None]);
        assert_eq!(in_file(&dir.path().join("none"), "A"), None);
    }
}
