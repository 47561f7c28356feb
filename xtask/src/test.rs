//! `cargo xtask test`: the one command that passes the tests. It needs a Rust toolchain and a C compiler.
//!
//! Stages run from cheap to dear and the first that fails ends it. `--fast` leaves out clippy and the products.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::checkout::{built_mesh, cargo, root, target};
use crate::{Outcome, features, only_known, process, tidy};

/// A stage: its name, whether `--fast` keeps it, what it does with cargo.
type Stage = (&'static str, bool, fn(Cargo) -> Outcome);

const STAGES: &[Stage] = &[
    ("format", true, |_| Cargo { clippy: false }.run(&["fmt", "--all", "--check"])),
    ("tidy", true, |_| tidy::go(&[])),
    ("lock files", true, |_| lock_files()),
    ("features", true, |_| features::check()),
    ("build and clippy", false, |cargo| cargo.run(&["build", "--workspace", "--all-targets", "--quiet"])),
    // one feature set for all of it: a crate tested alone would be built, heavy dependencies and all, a second time
    ("tests", true, |cargo| cargo.run(&["test", "--workspace", "--tests", "--quiet"])),
    ("doc tests", true, |cargo| cargo.run(&["test", "--workspace", "--doc", "--quiet"])),
    ("products", false, products),
];

/// How cargo is called.
#[derive(Clone, Copy)]
struct Cargo {
    /// Clippy compiles the crates of the workspace, and what it has to say ends the build. `cargo clippy` would have to
    /// read every dependency once more, DataFusion among them, for what the tests build anyway.
    clippy: bool,
}

impl Cargo {
    fn command(self, arguments: &[&str]) -> Command {
        let mut command = cargo(arguments);
        if self.clippy {
            // as `cargo clippy -- -D warnings` does it; products that tests build are not to inherit it
            command.args(["--config", r#"build.rustc-workspace-wrapper="clippy-driver""#]);
            command.env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__");
        }
        command
    }

    fn run(self, arguments: &[&str]) -> Outcome {
        process::run(&mut self.command(arguments))
    }
}

pub(crate) fn go(arguments: &[String]) -> Outcome {
    only_known(arguments, &["--fast"])?;
    let fast = !arguments.is_empty();
    let begin = Instant::now();
    let mut times = Vec::new();
    for (name, _, stage) in STAGES.iter().filter(|(_, kept, _)| *kept || !fast) {
        println!("== {name}");
        let start = Instant::now();
        let outcome = stage(Cargo { clippy: !fast });
        times.push(format!("{name} {:.1} s", start.elapsed().as_secs_f64()));
        if let Err(why) = outcome {
            println!("== {}", times.join(" · "));
            return Err(format!("stage `{name}` failed: {why}"));
        }
    }
    println!("== {}", times.join(" · "));
    let note = if fast { " (without clippy and the products)" } else { "" };
    println!("== all passed in {:.1} s{note}", begin.elapsed().as_secs_f64());
    Ok(())
}

/// The lock files of the products kept here follow the manifests of the crates they name; said in seconds, not after
/// the tests.
fn lock_files() -> Outcome {
    for product in kept_products()?.iter().filter(|p| p.join("Cargo.toml").exists()) {
        let mut metadata = cargo(&["metadata", "--quiet", "--locked", "--format-version", "1"]);
        metadata.current_dir(product).stdout(Stdio::null());
        let place = product.strip_prefix(root()).unwrap_or(product).display();
        process::run(&mut metadata)
            .map_err(|why| format!("{why}\nhint: run `cargo metadata` in {place} and commit its Cargo.lock"))?;
    }
    Ok(())
}

/// Where they lie, in the order of their names.
fn kept_products() -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for folder in ["domains", "examples"] {
        find(&root().join(folder), &mut found);
    }
    found.sort();
    if found.is_empty() {
        return Err("there are no products in domains/ and examples/".to_owned());
    }
    Ok(found)
}

/// The unit tests that the products kept here bring along, as their owners would run them.
fn products(with: Cargo) -> Outcome {
    // nothing to do where the stages before have done it
    with.run(&["build", "--workspace", "--all-targets", "--quiet"])?;
    let mesh = built_mesh(false)?;
    // a mesh of its own, so that nothing of the developer's is touched
    let home = target()?.join("xtask-test/mesh");
    crate::checkout::fresh_folder(&home)?;
    // `mesh` builds what is written in Rust: into the same folder as its own tests, so once
    let builds = target()?.join("products");
    for product in kept_products()? {
        println!("-- {}", product.strip_prefix(root()).unwrap_or(&product).display());
        if product.join("Cargo.toml").exists() {
            let mut tests = cargo(&["test", "--quiet", "--locked"]);
            process::run(tests.current_dir(&product).env("CARGO_TARGET_DIR", &builds))?;
        }
        let mut tests = Command::new(&mesh);
        tests.arg("test").current_dir(&product).env("MESH_URL", &home).env("CARGO_TARGET_DIR", &builds);
        process::run(&mut tests)?;
    }
    Ok(())
}

/// Folders with a `product.toml`, not looking inside products.
fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.join("product.toml").exists() {
        found.push(folder.to_owned());
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            find(&entry.path(), found);
        }
    }
}
