//! Where things are: the checkout, its target folder, the built `mesh`.
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process;

/// The top folder of the checkout.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A `cargo` command at the top of the checkout.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    // what the cargo that started this program told it of its package: a build script that watches it (ring's) would run
    // again, and DataFusion be compiled again, whenever somebody goes from `cargo test` to `cargo xtask test` or back
    let told = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| told(name)) {
        command.env_remove(name);
    }
    command
}

/// What `cargo metadata` says of the workspace's own packages.
pub(crate) fn metadata() -> Result<Value, String> {
    let text = process::stdout_of(&mut cargo(&["metadata", "--format-version", "1", "--no-deps"]))?;
    serde_json::from_str(&text).map_err(|e| format!("`cargo metadata` is not JSON: {e}"))
}

/// The folder cargo builds into, wherever the environment puts it.
pub(crate) fn target() -> Result<PathBuf, String> {
    let facts = metadata()?;
    let folder = facts["target_directory"].as_str().ok_or("`cargo metadata` names no target directory")?;
    Ok(PathBuf::from(folder))
}

/// Builds the binaries of the whole workspace, so that features are those of every other build, and returns `mesh`.
pub(crate) fn build_mesh(release: bool) -> Result<PathBuf, String> {
    let mut command = cargo(&["build", "--workspace", "--bins"]);
    if release {
        command.arg("--release");
    }
    process::run(&mut command)?;
    built_mesh(release)
}

/// `mesh` as it was built last.
pub(crate) fn built_mesh(release: bool) -> Result<PathBuf, String> {
    let profile = if release { "release" } else { "debug" };
    let mesh = target()?.join(profile).join(format!("mesh{}", std::env::consts::EXE_SUFFIX));
    if mesh.exists() { Ok(mesh) } else { Err(format!("the build made no {}", mesh.display())) }
}

/// Copies a folder, leaving out what builds leave behind.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{} cannot be copied to {}: {e}", from.display(), to.display());
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if name == "target" || name == ".git" {
            continue;
        }
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_folder(&entry.path(), &to.join(name))?;
        } else {
            std::fs::copy(entry.path(), to.join(name)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Makes a folder afresh, empty.
pub(crate) fn fresh_folder(folder: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{} cannot be made afresh: {e}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(failed)?;
    }
    std::fs::create_dir_all(folder).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_started_as_from_a_shell() {
        // this test was started by cargo, too
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let cargo = cargo(&[]);
        let removed: Vec<_> = cargo.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert!(removed.iter().any(|name| *name == "CARGO_MANIFEST_DIR"), "{removed:?}");
        assert!(!removed.iter().any(|name| *name == "CARGO_HOME"), "{removed:?}");
    }
}
