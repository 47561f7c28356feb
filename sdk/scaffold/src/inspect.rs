//! What cargo-generate made, looked at with suspicion: on an error inside a file it copies the file as it is and
//! reports success.
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::manifest::Manifest;
use crate::{Answers, ScaffoldError};

/// Accepts a rendered folder and sets its executable bits, or says what is wrong with it.
pub(crate) fn accept(manifest: &Manifest, answers: &Answers, folder: &Path) -> Result<(), ScaffoldError> {
    let template = format!("template {} {}", answers.template, answers.version);
    for path in files(folder)? {
        let file = folder.join(&path);
        if let Some(mark) = leftover(&path, answers) {
            return Err(ScaffoldError::unexpected(format!("{template} left `{mark}` in the file name `{path}`")));
        }
        if manifest.is_raw(&path) {
            continue;
        }
        let bytes = fs::read(&file).map_err(|error| ScaffoldError::io("read", &file, &error))?;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        for (line, text) in text.lines().enumerate() {
            if let Some(mark) = leftover(text, answers) {
                let line = line + 1;
                return Err(ScaffoldError::unexpected(format!("{template} left `{mark}` in `{path}`, line {line}")));
            }
        }
        if path.ends_with(".toml")
            && let Err(error) = toml::from_str::<toml::Table>(&text)
        {
            return Err(ScaffoldError::unexpected(format!("{template} made a broken `{path}`: {error}")));
        }
    }
    for path in &manifest.mesh.executable {
        set_executable(&folder.join(path))?;
    }
    Ok(())
}

/// All files below a folder, sorted, with `/` between their parts; a repository's `.git` is left out.
pub(crate) fn files(folder: &Path) -> Result<Vec<String>, ScaffoldError> {
    let mut files = Vec::new();
    let entries = WalkDir::new(folder).into_iter().filter_entry(|entry| entry.file_name() != ".git");
    for entry in entries {
        let entry =
            entry.map_err(|error| ScaffoldError::unexpected(format!("cannot look through the folder: {error}")))?;
        if entry.file_type().is_dir() {
            continue;
        }
        let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        files.push(path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"));
    }
    files.sort();
    Ok(files)
}

/// The first mark of Liquid that nobody answered with; people may use braces in a title.
fn leftover(text: &str, answers: &Answers) -> Option<&'static str> {
    const MARKS: [&str; 2] = ["{{", "{%"];
    let marked = |text: &str| MARKS.into_iter().find(|mark| text.contains(mark));
    marked(text)?;
    let mut text = text.to_owned();
    let mut own: Vec<_> = answers.values.values().filter(|value| marked(value).is_some()).collect();
    own.sort_by_key(|value| std::cmp::Reverse(value.len()));
    for value in own {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        text = text.replace(&escaped, "").replace(value.as_str(), "");
    }
    marked(&text)
}

#[cfg(unix)]
fn set_executable(path: &Path) -> Result<(), ScaffoldError> {
    use std::os::unix::fs::PermissionsExt as _;
    // a file that this flavour does not have needs no bit
    let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
    let mut permissions = metadata.permissions();
    let readable = permissions.mode() & 0o444;
    permissions.set_mode(permissions.mode() | readable >> 2);
    fs::set_permissions(path, permissions).map_err(|error| ScaffoldError::io("make executable", path, &error))
}

#[cfg(not(unix))]
fn set_executable(_: &Path) -> Result<(), ScaffoldError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(title: &str) -> Answers {
        let text =
            format!("template = 'domain'\nversion = '1.0.0'\nflavor = 'sql'\nname = 'a.b'\nvalues.title = '{title}'");
        toml::from_str(&text).unwrap()
    }

    fn judge(files: &[(&str, &str)], title: &str) -> Result<(), String> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let manifest: Manifest =
            toml::from_str("template.exclude = ['ci/**']\nmesh.executable = ['run.sh', 'none.sh']").unwrap();
        let verdict = accept(&manifest, &answers(title), folder.path()).map_err(|error| error.message);
        #[cfg(unix)]
        if let Ok(script) = fs::metadata(folder.path().join("run.sh")) {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(script.permissions().mode() & 0o100, 0o100);
        }
        verdict
    }

    #[test]
    fn an_unrendered_file_is_named_with_its_line() {
        let error = judge(&[("a/README.md", "fine\n# {{ title }}\n")], "x").unwrap_err();
        assert_eq!(error, "template domain 1.0.0 left `{{` in `a/README.md`, line 2");
        let error = judge(&[("{{port}}.sql", "")], "x").unwrap_err();
        assert!(error.contains("file name `{{port}}.sql`"), "{error}");
        assert!(judge(&[("a.md", "{% if x %}")], "{{ y }}").is_err());
    }

    #[test]
    fn raw_files_and_answers_may_hold_braces() {
        judge(
            &[("ci/check.yml", "${{ x }}"), ("a.md", "# My \"{{ x }}\""), ("a.toml", r#"t = "My \"{{ x }}\"""#)],
            r#"My "{{ x }}""#,
        )
        .unwrap();
        assert!(judge(&[("ci.yml", "${{ x }}")], "x").is_err());
    }

    #[test]
    fn broken_toml_is_refused_and_scripts_become_executable() {
        assert!(judge(&[("a.toml", "t = \"Bob \"the\" builder\"")], "x").unwrap_err().contains("broken `a.toml`"));
        judge(&[("run.sh", "#!/bin/sh\n")], "x").unwrap();
    }
}
