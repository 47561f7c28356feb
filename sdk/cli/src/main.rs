//! The `mesh` command: one file per verb, and the only place that prints.

mod arguments;
mod context;
mod exit;
mod pages;
mod printer;
mod problem;
mod progress;
mod rows;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // a scaffold renders itself in a child process without environment; nothing else may run there
    if std::env::args_os().nth(1).is_some_and(|a| a == meshwright_scaffold::RENDER_VERB) {
        return meshwright_scaffold::render_child_main(std::env::args_os().skip(2));
    }
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(e) => return printer::usage(&e),
    };
    let context = context::Context::new(&arguments.global);
    context.trace();
    let code = match arguments.verb {
        Some(verb) => verb.go(&context),
        None => printer::short_help(),
    };
    ExitCode::from(code.number())
}
