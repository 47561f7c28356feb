//! What the user's machine must not decide.
use std::fs;
use std::path::Path;

use meshwright_scaffold::{Flavor, NewProduct, create};

use crate::{PRINT_ENVIRONMENT, SQL_FILES, entries, make, product, read};

/// The environment is a process-wide thing, so the hostile one is given to a process of its own.
#[test]
fn a_hostile_environment_does_not_leak() {
    let home = tempfile::tempdir().unwrap();
    if let Some(folder) = std::env::var_os("SCAFFOLD_TEST_FOLDER") {
        make(Path::new(&folder), Flavor::Sql, &[]).unwrap();
        return;
    }
    let folder = home.path().join("emissions");
    fs::write(home.path().join("cargo-generate.toml"), "[values]\ntitle = \"leaked\"\nport = \"leaked\"\n").unwrap();
    let config = "[core]
excludesfile = ~/ignore
[init]
defaultBranch = leaked
";
    fs::write(home.path().join(".gitconfig"), config).unwrap();
    fs::write(
        home.path().join("ignore"),
        "*.csv
",
    )
    .unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "environment::a_hostile_environment_does_not_leak"])
        .env_clear()
        .env("SCAFFOLD_TEST_FOLDER", &folder)
        .env("HOME", home.path())
        .env("CARGO_HOME", home.path())
        .env("CARGO_GENERATE_VALUE_TITLE", "leaked")
        .env("CARGO_GENERATE_VALUE_DOMAIN", "leaked")
        .env("CARGO_GENERATE_TEMPLATE_VALUES_FILE", home.path().join("cargo-generate.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    for file in SQL_FILES {
        assert!(!read(folder.join(file)).contains("leaked"), "{file}");
    }
    let repository = git2::Repository::open(&folder).unwrap();
    let head = repository.head().unwrap();
    assert_eq!(head.name(), Ok("refs/heads/main"));
    let commit = head.peel_to_commit().unwrap();
    assert_eq!(commit.author().email(), Ok("climate@example.org"), "nobody is configured, so the owner is the author");
    assert!(commit.tree().unwrap().get_path(Path::new("data/sample.csv")).is_ok(), "ignored by the user, not by us");
    assert_eq!(entries(home.path()), [".gitconfig", "cargo-generate.toml", "emissions", "ignore"]);
}

#[cfg(unix)]
#[test]
fn the_child_sees_an_empty_environment() {
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join(PRINT_ENVIRONMENT);
    std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &program).unwrap();
    let folder = home.path().join("emissions");
    let error = create(NewProduct { program: Some(program), ..product(&folder, Flavor::Sql, &[]) }).unwrap_err();
    let said = error.help.unwrap();
    let mut seen: Vec<_> = said.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["CARGO_HOME", "CARGO_NAME", "HOME", "NO_COLOR", "TEMP", "TMP", "TMPDIR"]);
    assert_eq!(entries(home.path()), [PRINT_ENVIRONMENT], "a failed run leaves nothing");
}
