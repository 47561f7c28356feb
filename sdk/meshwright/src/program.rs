//! The program of a product: one request of `mesh`, answered.
mod answer;
mod inputs;
mod link;

use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use crate::wire::{self, Op, Request, SOCKET};
use crate::{DataProduct, Error};
use link::Link;

/// What [`main!`](crate::main) runs.
pub fn main(product: &dyn DataProduct, name: &str) -> ExitCode {
    match std::env::var_os(SOCKET) {
        None => introduce(product, name),
        Some(socket) => match converse(product, socket.as_ref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
    }
}

/// For a person who has started the program by hand.
fn introduce(product: &dyn DataProduct, name: &str) -> ExitCode {
    let parts = product.parts();
    let mut text = format!("{name} is the program of a data product: {}\n\n", product.description());
    let sources = parts.sources.iter().map(|(name, source)| ("source", name, source.description()));
    let steps = parts.steps.iter().map(|(name, step)| ("step", name, step.description()));
    let checks = parts.checks.iter().map(|(name, check)| ("check", name, check.description()));
    for (kind, name, description) in sources.chain(steps).chain(checks) {
        text += &format!("  {kind:<7} {name:<20} {}\n", description.lines().next().unwrap_or_default());
    }
    for problem in parts.problems() {
        text += &format!("\nerror: {problem}\n");
    }
    text += "\nIt does nothing by itself: `mesh run` in the product's folder starts it and asks it for rows.\n";
    // nobody is there to hear that nobody listens
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Answers one request.
fn converse(product: &dyn DataProduct, socket: &std::path::Path) -> std::io::Result<()> {
    let mut link = Link::connect(socket)?;
    let Some(payload) = link.request()? else { return Ok(()) };

    let panics = remember_panics();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let request = Request::from_bytes(&payload)?;
        answer::answer(product, request, &mut link)
    }));
    let error = match outcome {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error,
        Err(panic) => {
            let text = panics.lock().unwrap_or_else(PoisonError::into_inner).take();
            Error::unexpected(text.unwrap_or_else(|| text_of(&*panic)))
        }
    };
    link.send(Op::Failure, wire::RESULT, wire::failure(&error).as_bytes())?;
    Err(std::io::Error::other(error))
}

/// Keeps the text of a panic with its place, and prints it as before.
fn remember_panics() -> Arc<Mutex<Option<String>>> {
    let last = Arc::new(Mutex::new(None));
    let (slot, before, thread) = (last.clone(), std::panic::take_hook(), std::thread::current().id());
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == thread {
            let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
            let text = format!("panicked{place}: {}", text_of(panic.payload()));
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        }
        before(panic);
    }));
    last
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without text").to_owned()
}
