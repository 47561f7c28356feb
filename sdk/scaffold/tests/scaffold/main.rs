//! `create` through its public face. The child process that renders is this test program itself: started with the
//! verb `__render`, the test harness takes that for a filter and runs the test of that name.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use meshwright_scaffold::{Created, Flavor, NewProduct, RENDER_VERB, ScaffoldError, create, render_child_main};

mod answers;
mod environment;
mod products;
mod repository;
mod template;

/// The name by which this program, instead of rendering, tells which environment it was given.
const PRINT_ENVIRONMENT: &str = "print-environment";

#[test]
fn __render() {
    if std::env::args_os().next().is_some_and(|program| Path::new(&program).ends_with(PRINT_ENVIRONMENT)) {
        for (name, value) in std::env::vars() {
            let _ = writeln!(std::io::stderr(), "{name}={value}");
        }
        std::process::exit(1);
    }
    let args: Vec<_> = std::env::args_os().skip_while(|arg| arg != RENDER_VERB).skip(1).collect();
    // two paths follow the verb in the child, nothing or flags of the harness in an ordinary test run
    if args.len() == 2 && Path::new(&args[0]).is_absolute() {
        assert_eq!(render_child_main(args), ExitCode::SUCCESS);
    }
}

pub(crate) fn product(into: &Path, flavor: Flavor, answers: &[(&str, &str)]) -> NewProduct<'static> {
    NewProduct {
        name: "climate.emissions".parse().unwrap(),
        flavor,
        into: into.to_owned(),
        answers: answers.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        answers_file: None,
        sdk: "{ path = \"../sdk\" }".to_owned(),
        ask: None,
        program: None,
    }
}

pub(crate) fn make(into: &Path, flavor: Flavor, answers: &[(&str, &str)]) -> Result<Created, ScaffoldError> {
    create(product(into, flavor, answers))
}

pub(crate) fn read(path: PathBuf) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn toml(path: PathBuf) -> toml::Table {
    read(path).parse().unwrap()
}

pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub(crate) const SQL_FILES: [&str; 9] = [
    ".github/workflows/check.yml",
    ".gitignore",
    ".mesh/answers.toml",
    "README.md",
    "contracts/records.toml",
    "data/sample.csv",
    "product.toml",
    "sql/records.sql",
    "tests/records.toml",
];
