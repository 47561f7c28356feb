//! `mesh`'s side and a program's side of the protocol, with real processes between them.
#![allow(missing_docs, unreachable_pub, clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

mod commands;
mod product;
mod rows;
mod trouble;

use std::path::Path;
use std::sync::{Arc, Mutex};

use meshwright::host::{Options, Program};

/// Not a test: this very binary is also the product's program, when the tests start it as one.
#[test]
fn the_program() {
    if std::env::var_os("MESH_SOCKET").is_some() {
        meshwright::program::main(&product::Trouble, "trouble");
        std::process::exit(0);
    }
}

fn command() -> Vec<String> {
    let path = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    [&path, "--exact", "the_program", "--nocapture", "--quiet"].map(str::to_owned).to_vec()
}

fn program() -> Program {
    Program::start(&command(), Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A program and what it prints.
fn talking() -> (Program, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = lines.clone();
    let talk = Arc::new(move |line: &str| heard.lock().unwrap().push(line.to_owned()));
    let options = Options { talk: Some(talk), ..Options::default() };
    (Program::start_with(&command(), Path::new(env!("CARGO_MANIFEST_DIR")), options).unwrap(), lines)
}
