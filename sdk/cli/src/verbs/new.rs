//! `mesh new <domain>/<product>`
use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use meshwright_scaffold::{Flavor, NewProduct, Question, ScaffoldError, create};
use meshwright_spec::ProductName;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Scaffold a product: an independent git repository that runs as it is
///
/// Questions that no flag answers are asked on a terminal; without one their defaults hold.
#[derive(Debug, Args)]
#[command(after_help = "Example:  mesh new climate/emissions --set owner_team=climate-data")]
pub(crate) struct New {
    /// `<domain>/<product>`, both [a-z][a-z0-9_]*
    #[arg(value_parser = parse_name)]
    name: ProductName,
    /// Steps in SQL only, or a program in Rust beside them
    #[arg(long, value_enum, default_value = "sql")]
    flavor: FlavorName,
    /// An answer to a question of the template
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_answer)]
    set: Vec<(String, String)>,
    /// A TOML file of answers
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// The new folder [default: ./<product>]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// The meshwright crate of a Rust product: a version, a path or a git URL [default: the checkout of this binary]
    #[arg(long, value_name = "PATH|VERSION|GIT-URL")]
    sdk: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FlavorName {
    Sql,
    Rust,
}

fn parse_name(text: &str) -> Result<ProductName, String> {
    text.parse().map_err(|e: meshwright_spec::NameError| match e.suggestion {
        Some(near) => format!("{}; did you mean `{near}`?", e.message),
        None => e.message,
    })
}

fn parse_answer(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

impl New {
    pub(crate) fn go(self, context: &Context) -> Exit {
        let folder = self.into.clone().unwrap_or_else(|| PathBuf::from(self.name.name.as_str()));
        let mut ask = |q: &Question| ask(q);
        let product = NewProduct {
            name: self.name.clone(),
            flavor: match self.flavor {
                FlavorName::Sql => Flavor::Sql,
                FlavorName::Rust => Flavor::Rust,
            },
            into: context.dir.join(&folder),
            answers: self.set.into_iter().collect::<BTreeMap<_, _>>(),
            answers_file: self.answers,
            sdk: dependency(self.sdk.as_deref()),
            ask: if context.has_terminal() { Some(&mut ask) } else { None },
            program: None,
        };
        match create(product) {
            Ok(created) => {
                if context.json {
                    printer::json(&json!({
                        "product": self.name, "path": created.path, "files": created.files, "commit": created.commit,
                        "template": created.template, "version": created.version, "answers": created.answers,
                    }));
                    return Exit::Done;
                }
                context.say(&format!(
                    "created {} in {}: {} files, commit {}",
                    self.name,
                    created.path.display(),
                    created.files.len(),
                    created.commit.get(..8).unwrap_or(&created.commit)
                ));
                for note in &created.notes {
                    context.say(&format!("note: {note}"));
                }
                context.say(&format!("next: cd {} && mesh run", folder.display()));
                Exit::Done
            }
            Err(e) => failed(context, &e),
        }
    }
}

fn failed(context: &Context, e: &ScaffoldError) -> Exit {
    use meshwright_scaffold::ErrorKind;
    if context.json {
        let error = json!({ "code": "M0801", "message": e.message, "cause": [], "at": null, "help": e.help });
        printer::json(&json!({ "error": error, "errors": [error] }));
    } else {
        printer::error(&e.message);
        if let Some(help) = &e.help {
            printer::hint(help);
        }
    }
    match e.kind {
        ErrorKind::Invalid => Exit::Usage,
        ErrorKind::Conflict => Exit::Conflict,
        ErrorKind::NotFound => Exit::NotFound,
        _ => Exit::Internal,
    }
}

/// One question on the terminal; an empty line takes the default.
fn ask(q: &Question) -> Result<String, ScaffoldError> {
    let mut err = std::io::stderr();
    loop {
        let default = q.default.as_deref().map(|d| format!(" [{d}]")).unwrap_or_default();
        let _ = write!(err, "{}{default}: ", q.prompt);
        let _ = err.flush();
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).unwrap_or(0);
        let typed = line.trim();
        let answer = if typed.is_empty() { q.default.clone().unwrap_or_default() } else { typed.to_owned() };
        match q.check(&answer) {
            Ok(()) => return Ok(answer),
            Err(e) if read == 0 => return Err(e),
            Err(e) => printer::talk(&e.message),
        }
    }
}

/// The dependency on the facade as Cargo.toml has it.
fn dependency(said: Option<&str>) -> String {
    let quoted = |s: &str| serde_json::Value::from(s).to_string();
    match said {
        Some(url) if url.contains("://") || url.starts_with("git@") => format!("{{ git = {} }}", quoted(url)),
        Some(version)
            if version.starts_with(|c: char| c.is_ascii_digit() || "^~=".contains(c))
                && !Path::new(version).exists() =>
        {
            quoted(version)
        }
        Some(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
            let facade = path.join("sdk/meshwright");
            let path = if facade.exists() { facade } else { path };
            format!("{{ path = {} }}", quoted(&path.to_string_lossy()))
        }
        // until the crate is on the registry: the checkout that this binary was built from
        None => match Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../meshwright")).canonicalize() {
            Ok(path) => format!("{{ path = {} }}", quoted(&path.to_string_lossy())),
            Err(_) => quoted(env!("CARGO_PKG_VERSION")),
        },
    }
}
