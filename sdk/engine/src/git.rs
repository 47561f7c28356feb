//! Which commit a product's files are at.
use std::path::Path;

/// State of the repository around a folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct GitState {
    /// The commit, with `+dirty` when tracked files differ from it.
    pub(crate) commit: Option<String>,
    /// The `origin` remote, without credentials.
    pub(crate) remote: Option<String>,
}

impl GitState {
    /// Looks upwards from a folder; a folder outside any repository has no commit.
    pub(crate) fn of(dir: &Path) -> Self {
        let Ok(repo) = git2::Repository::discover(dir) else { return Self::default() };
        let id = repo.head().ok().and_then(|h| h.peel_to_commit().ok()).map(|c| c.id().to_string());
        let mut options = git2::StatusOptions::new();
        options.include_untracked(false).include_ignored(false).exclude_submodules(true);
        let dirty = repo.statuses(Some(&mut options)).is_ok_and(|s| !s.is_empty());
        let remote = repo.find_remote("origin").ok().and_then(|r| r.url().ok().map(str::to_owned));
        Self {
            commit: id.map(|id| if dirty { format!("{id}+dirty") } else { id }),
            remote: remote.map(|url| meshwright_spec::redact(&url).to_string()),
        }
    }
}

/// Who is at work, for records of decisions: git's name and address, else the system's user.
pub fn person() -> String {
    let config = git2::Config::open_default().ok();
    let said = |key: &str| config.as_ref().and_then(|c| c.get_string(key).ok()).filter(|v| !v.trim().is_empty());
    let user = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|v| std::env::var(v).ok()).filter(|v| !v.is_empty());
    match (said("user.name"), said("user.email")) {
        (Some(name), Some(email)) => format!("{name} <{email}>"),
        (Some(name), None) => name,
        (None, Some(email)) => email,
        (None, None) => user().unwrap_or_else(|| "unknown".to_owned()),
    }
}

/// The text of a file in a revision of the repository around `dir`; `path` is relative to `dir`. What is wrong, else.
pub(crate) fn file_at(dir: &Path, revision: &str, path: &Path) -> Result<String, String> {
    let repo = git2::Repository::discover(dir).map_err(|_| "there is no git repository here".to_owned())?;
    let tree = repo
        .revparse_single(revision)
        .and_then(|object| object.peel_to_tree())
        .map_err(|_| format!("there is no revision `{revision}`"))?;
    let root = repo.workdir().and_then(|root| root.canonicalize().ok()).unwrap_or_default();
    let here = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let below = here.strip_prefix(&root).map(|below| below.join(path)).unwrap_or_else(|_| path.to_owned());
    // as `git show` has it: from the repository's root, or else from here
    let found = tree.get_path(&below).or_else(|_| tree.get_path(path));
    let blob = found.and_then(|entry| entry.to_object(&repo)).and_then(|object| object.peel_to_blob());
    let blob = blob.map_err(|_| format!("it has no `{}`", path.display()))?;
    String::from_utf8(blob.content().to_vec()).map_err(|_| "it is not text".to_owned())
}
