//! Rendering with cargo-generate, in a child process that cannot see who or where we are.
//!
//! As a library, cargo-generate reads `$USER`, the user's own configuration and any `CARGO_GENERATE_VALUE_*`, and
//! writes to stderr whatever it is told. An empty environment and captured pipes make it a function of the answers.
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use cargo_generate::{GenerateArgs, TemplatePath, Vcs};
use meshwright_templates::Template;

use crate::manifest::Manifest;
use crate::{Answers, ErrorKind, Flavor, ScaffoldError, inspect};

/// The hidden verb that makes this program render a template: `mesh __render REQUEST FOLDER`.
pub const RENDER_VERB: &str = "__render";

/// Renders the template that the answers name into the new folder `into`, and checks what came out.
///
/// `program` understands [`RENDER_VERB`]; nothing means the running program. The same answers give the same bytes,
/// whoever renders them and where, which is what lets a later update tell people's edits from the template's.
///
/// # Errors
/// `NotFound` for a template that is not embedded, `Unexpected` when it cannot be rendered without remainder.
pub fn render(answers: &Answers, into: &Path, program: Option<&Path>) -> Result<(), ScaffoldError> {
    let template = template_of(answers)?;
    let work = tempfile::tempdir().map_err(|error| ScaffoldError::io("work in", &std::env::temp_dir(), &error))?;
    let request = work.path().join("request.toml");
    std::fs::write(&request, answers.to_toml()).map_err(|error| ScaffoldError::io("write", &request, &error))?;
    let into = std::path::absolute(into).map_err(|error| ScaffoldError::io("find", into, &error))?;
    let program = match program {
        Some(program) => program.to_owned(),
        None => std::env::current_exe()
            .map_err(|error| ScaffoldError::unexpected(format!("cannot find this program: {error}")))?,
    };
    let mut command = Command::new(&program);
    command.arg(RENDER_VERB).arg(&request).arg(&into).current_dir(work.path()).stdin(Stdio::null()).env_clear();
    for variable in ["HOME", "CARGO_HOME", "TMPDIR", "TEMP", "TMP"] {
        command.env(variable, work.path());
    }
    // cargo-generate refuses to work for nobody, and colours its errors unless told otherwise
    command.env("CARGO_NAME", "mesh").env("NO_COLOR", "1");
    if let Some(root) = std::env::var_os("SystemRoot") {
        command.env("SystemRoot", root);
    }
    let output = command.output().map_err(|error| ScaffoldError::io("start", &program, &error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let message = format!("template {} {} cannot be rendered", answers.template, answers.version);
        return Err(ScaffoldError::unexpected(message).help(said.trim().to_owned()));
    }
    inspect::accept(&Manifest::of(&template)?, answers, &into)
}

/// What the program does when it is started with [`RENDER_VERB`]; `args` are those after the verb.
///
/// Only [`render`] calls this, in an environment it has emptied. Errors go to stderr, which it reads.
pub fn render_child_main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<PathBuf> = args.into_iter().map(PathBuf::from).collect();
    let result = match args.as_slice() {
        [request, into] => render_here(request, into),
        _ => Err(ScaffoldError::invalid(format!("`{RENDER_VERB}` is for this program's own use"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // the parent may be gone, and then nobody is left to tell
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn render_here(request: &Path, into: &Path) -> Result<(), ScaffoldError> {
    let text = std::fs::read_to_string(request).map_err(|error| ScaffoldError::io("read", request, &error))?;
    let answers: Answers = toml::from_str(&text).map_err(|error| ScaffoldError::invalid(error.to_string()))?;
    let template = template_of(&answers)?;
    let work = request.parent().unwrap_or(Path::new("."));
    let (parent, name) = match (into.parent(), into.file_name().and_then(|name| name.to_str())) {
        (Some(parent), Some(name)) => (parent.to_owned(), name.to_owned()),
        _ => return Err(ScaffoldError::invalid(format!("`{}` cannot be a product's folder", into.display()))),
    };
    let source = work.join("template");
    unpack(&template, &source)?;
    let values = write(&work.join("values.toml"), &values(&answers))?;
    let config = write(&work.join("config.toml"), "")?;
    let args = GenerateArgs {
        template_path: TemplatePath { path: Some(text_of(&source)?), ..TemplatePath::default() },
        name: Some(name),
        destination: Some(parent),
        config: Some(config),
        template_values_file: Some(text_of(&values)?),
        silent: true,
        quiet: true,
        vcs: Some(Vcs::None),
        no_workspace: true,
        no_fmt: true,
        force: true,
        ..GenerateArgs::default()
    };
    cargo_generate::generate(args).map(drop).map_err(|error| ScaffoldError::unexpected(format!("{error:#}")))
}

fn template_of(answers: &Answers) -> Result<Template, ScaffoldError> {
    let (name, version) = (&answers.template, &answers.version);
    meshwright_templates::find(name, version).ok_or_else(|| {
        ScaffoldError::new(ErrorKind::NotFound, format!("this program has no template {name} {version}"))
            .help("a newer `mesh` may have it")
    })
}

/// Writes the embedded template to disk, where cargo-generate can read it.
fn unpack(template: &Template, to: &Path) -> Result<(), ScaffoldError> {
    for file in template.files() {
        let path = to.join(file.path);
        let folder = path.parent().unwrap_or(to);
        std::fs::create_dir_all(folder).map_err(|error| ScaffoldError::io("create", folder, &error))?;
        std::fs::write(&path, file.contents).map_err(|error| ScaffoldError::io("write", &path, &error))?;
    }
    Ok(())
}

/// Everything the template can name, as cargo-generate's values file.
fn values(answers: &Answers) -> String {
    let mut values: toml::Table =
        answers.values.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    values.insert("domain".to_owned(), answers.name.domain.as_str().into());
    values.insert("name".to_owned(), answers.name.name.as_str().into());
    values.insert("flavor".to_owned(), answers.flavor.to_string().into());
    if let (Flavor::Rust, Some(sdk)) = (answers.flavor, &answers.sdk) {
        values.insert("sdk".to_owned(), sdk.clone().into());
    }
    toml::Table::from_iter([("values".to_owned(), toml::Value::Table(values))]).to_string()
}

fn write(path: &Path, text: &str) -> Result<PathBuf, ScaffoldError> {
    std::fs::write(path, text).map_err(|error| ScaffoldError::io("write", path, &error))?;
    Ok(path.to_owned())
}

fn text_of(path: &Path) -> Result<String, ScaffoldError> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        ScaffoldError::invalid(format!("`{}` is not Unicode", path.display())).help("point TMPDIR to another folder")
    })
}
