//! The first commit.
use std::path::Path;

use git2::{Config, IndexAddOption, Repository, RepositoryInitOptions, Signature};

use crate::{Answers, ScaffoldError};

/// Makes the folder a git repository whose branch `main` holds everything in it, and returns the commit's id.
pub(crate) fn begin(folder: &Path, answers: &Answers) -> Result<String, ScaffoldError> {
    commit(folder, answers)
        .map_err(|error| ScaffoldError::unexpected(format!("git cannot make the first commit: {}", error.message())))
}

/// The repository that a folder lies in, if any.
pub(crate) fn around(folder: &Path) -> Option<String> {
    let repository = Repository::discover(folder).ok()?;
    Some(repository.workdir()?.display().to_string().trim_end_matches('/').to_owned())
}

fn commit(folder: &Path, answers: &Answers) -> Result<String, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.initial_head("main").external_template(false).no_reinit(true);
    let repository = Repository::init_opts(folder, &options)?;
    let mut index = repository.index()?;
    // forced: the user's global ignore rules must not keep a part of the product out
    index.add_all(["*"], IndexAddOption::FORCE, None)?;
    index.write()?;
    let tree = repository.find_tree(index.write_tree()?)?;
    let author = author(repository.config().ok(), answers)?;
    let message = format!("Scaffold {} from template {} {}\n", answers.name, answers.template, answers.version);
    Ok(repository.commit(Some("HEAD"), &author, &author, &message, &tree, &[])?.to_string())
}

/// Who the user's git says they are, else the product's owner: a first commit never fails for lack of configuration.
fn author(config: Option<Config>, answers: &Answers) -> Result<Signature<'static>, git2::Error> {
    let configured = |key: &str| config.as_ref()?.get_string(key).ok().filter(|text| !text.trim().is_empty());
    let answered = |key: &str| answers.values.get(key).cloned();
    let name = configured("user.name").or_else(|| answered("team")).unwrap_or_else(|| "mesh".to_owned());
    let email = configured("user.email").or_else(|| answered("email")).unwrap_or_else(|| "mesh@localhost".to_owned());
    Signature::now(&name, &email).or_else(|_| Signature::now("mesh", "mesh@localhost"))
}
