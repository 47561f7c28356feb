//! `mesh new`: from a name and a few answers to a repository with its first commit.
use std::collections::BTreeMap;
use std::path::PathBuf;

use meshwright_spec::ProductName;
use serde::Serialize;

use crate::place::{self, Place};
use crate::{Answers, Flavor, Question, ScaffoldError, history, inspect, question, render};

/// The template that new products are made from.
pub const TEMPLATE: &str = "domain";

/// Puts a question to a person; an empty answer takes the default.
pub type Ask<'a> = dyn FnMut(&Question) -> Result<String, ScaffoldError> + 'a;

/// Everything that is known about the product to be.
pub struct NewProduct<'a> {
    /// `domain.name`
    pub name: ProductName,
    /// What it is written in.
    pub flavor: Flavor,
    /// The new folder; may exist when it is empty.
    pub into: PathBuf,
    /// Answers from the command line, by key.
    pub answers: BTreeMap<String, String>,
    /// A TOML file of further answers.
    pub answers_file: Option<PathBuf>,
    /// The dependency on `meshwright`, as TOML (`"0.1"`, `{ path = "..." }`); only the Rust flavour uses it.
    pub sdk: String,
    /// How to ask a person for what is not answered; nothing where there is no terminal.
    pub ask: Option<&'a mut Ask<'a>>,
    /// The program that understands [`crate::RENDER_VERB`]; nothing means the running one.
    pub program: Option<PathBuf>,
}

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct Created {
    /// The product's folder.
    pub path: PathBuf,
    /// Its files, sorted, relative to it.
    pub files: Vec<String>,
    /// The first commit.
    pub commit: String,
    /// The template it was made from.
    pub template: String,
    /// The template's version.
    pub version: String,
    /// What the questions were answered with.
    pub answers: BTreeMap<String, String>,
    /// What the user should know besides, one sentence each.
    pub notes: Vec<String>,
}

/// Makes the product, whole or not at all.
///
/// # Errors
/// `Invalid` for an answer that cannot be taken, `NotFound` for a missing answers file, `Conflict` when the folder is
/// in use, `Denied` when it cannot be written, `Unexpected` for a broken template.
pub fn create(product: NewProduct<'_>) -> Result<Created, ScaffoldError> {
    let into = std::path::absolute(&product.into).map_err(|error| ScaffoldError::io("find", &product.into, &error))?;
    Place::check(&into)?;
    let template = meshwright_templates::newest(TEMPLATE)
        .ok_or_else(|| ScaffoldError::unexpected(format!("no template `{TEMPLATE}` is embedded")))?;
    let questions = question::of_template(&template, &product.name, product.flavor)?;
    let values = question::gather(&questions, &product.answers, product.answers_file.as_deref(), product.ask)?;
    let answers = Answers {
        template: template.name.to_owned(),
        version: template.version,
        flavor: product.flavor,
        name: product.name,
        sdk: (product.flavor == Flavor::Rust).then_some(product.sdk),
        values,
    };
    check_sdk(&answers)?;
    let outer = history::around(place::nearest(&into));
    let place = Place::prepare(&into)?;
    let folder = place.folder();
    render::render(&answers, &folder, product.program.as_deref())?;
    answers.write(&folder)?;
    let files = inspect::files(&folder)?;
    let commit = history::begin(&folder, &answers)?;
    place.fill()?;
    Ok(Created {
        path: into,
        files,
        commit,
        template: answers.template,
        version: answers.version.to_string(),
        answers: answers.values,
        notes: outer.into_iter().map(inside).collect(),
    })
}

fn inside(outer: String) -> String {
    format!("the folder lies inside the git repository `{outer}`; the product is a repository of its own there")
}

/// The dependency is pasted into `Cargo.toml`, so it must be one value and nothing else.
fn check_sdk(answers: &Answers) -> Result<(), ScaffoldError> {
    let Some(sdk) = &answers.sdk else { return Ok(()) };
    let one_line = !sdk.contains(['\n', '\r']);
    match format!("meshwright = {sdk}").parse::<toml::Table>() {
        Ok(table) if one_line && (table["meshwright"].is_table() || table["meshwright"].is_str()) => Ok(()),
        _ => Err(ScaffoldError::invalid(format!("`{sdk}` is not a dependency as Cargo.toml writes it"))
            .help("write it like `\"0.1\"` or `{ path = \"../sdk/meshwright\" }`")),
    }
}
