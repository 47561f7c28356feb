//! What `create` leaves on disk, and what it does not.
use std::fs;
use std::path::Path;

use meshwright_scaffold::{ErrorKind, Flavor, NewProduct, create};

use crate::{SQL_FILES, entries, make, product, read, toml};

#[test]
fn without_any_answer_a_product_is_complete() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("deep/er/emissions");
    let made = make(&folder, Flavor::Sql, &[]).unwrap();
    assert_eq!(made.files, SQL_FILES);
    assert_eq!(made.path, folder);
    assert_eq!(made.notes, [""; 0]);
    let product = toml(folder.join("product.toml"));
    assert_eq!(product["product"]["domain"].as_str(), Some("climate"));
    assert_eq!(product["product"]["name"].as_str(), Some("emissions"));
    assert_eq!(product["product"]["title"].as_str(), Some("Emissions"));
    assert_eq!(product["product"]["owner"]["email"].as_str(), Some("climate@example.org"));
    assert!(product["steps"]["records"].is_table() && product["outputs"]["records"].is_table());
    let workflow = read(folder.join(".github/workflows/check.yml"));
    assert!(workflow.contains("${{ github.workflow }}"), "{workflow}");
    assert!(read(folder.join("README.md")).contains("select * from climate.emissions.records"));
    assert_eq!(entries(home.path()), ["deep"], "nothing stays beside it");
}

#[test]
fn the_first_commit_holds_everything() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("emissions");
    let made = make(&folder, Flavor::Sql, &[("team", "Air Quality")]).unwrap();
    let repository = git2::Repository::open(&folder).unwrap();
    let head = repository.head().unwrap();
    assert_eq!(head.name(), Ok("refs/heads/main"));
    let commit = head.peel_to_commit().unwrap();
    assert_eq!((commit.id().to_string(), commit.parent_count()), (made.commit, 0));
    assert!(!commit.author().name().unwrap().is_empty());
    let mut all = git2::StatusOptions::new();
    all.include_untracked(true).include_ignored(true).recurse_untracked_dirs(true);
    let dirty: Vec<_> =
        repository.statuses(Some(&mut all)).unwrap().iter().map(|s| format!("{:?}", s.path())).collect();
    assert!(dirty.is_empty(), "{dirty:?}");
    let tree = commit.tree().unwrap();
    for file in made.files {
        assert!(tree.get_path(Path::new(&file)).is_ok(), "{file} is not committed");
    }
}

#[test]
fn a_folder_in_use_is_refused_untouched() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("emissions");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mine.txt"), "mine").unwrap();
    let error = make(&folder, Flavor::Sql, &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.message.contains("is not empty"), "{error}");
    assert_eq!(entries(&folder), ["mine.txt"]);
    let error = make(&folder.join("mine.txt"), Flavor::Sql, &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(read(folder.join("mine.txt")), "mine");
}

#[test]
fn an_empty_folder_is_filled_and_stays_the_same_folder() {
    let home = tempfile::tempdir().unwrap();
    make(home.path(), Flavor::Sql, &[]).unwrap();
    let names =
        [".git", ".github", ".gitignore", ".mesh", "README.md", "contracts", "data", "product.toml", "sql", "tests"];
    assert_eq!(entries(home.path()), names);
    assert!(git2::Repository::open(home.path()).is_ok());
}

#[test]
fn a_failed_render_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let broken = |program: &str| {
        let folder = home.path().join("deep/emissions");
        create(NewProduct { program: Some(program.into()), ..product(&folder, Flavor::Sql, &[]) }).unwrap_err()
    };
    let error = broken("/nowhere/mesh");
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.message.contains("/nowhere/mesh"), "{error}");
    // a program that fails
    assert_eq!(broken("false").kind, ErrorKind::Unexpected);
    assert_eq!(entries(home.path()), [""; 0]);
}

#[test]
fn inside_a_repository_it_is_independent_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    git2::Repository::init(home.path()).unwrap();
    let made = make(&home.path().join("domains/emissions"), Flavor::Sql, &[]).unwrap();
    assert_eq!(made.notes.len(), 1);
    assert!(made.notes[0].contains("lies inside the git repository"), "{:?}", made.notes);
    let own = git2::Repository::discover(&made.path).unwrap();
    assert_eq!(own.head().unwrap().peel_to_commit().unwrap().id().to_string(), made.commit);
}
