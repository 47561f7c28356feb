//! A product's repository, read and valid in itself.
use std::path::{Path, PathBuf};

use meshwright_spec::{
    Contract, DataType, Diagnostic, Flavor, MeshLock, Name, Output, PortName, Product, Sources, Span, StepBody,
    WriteMode, nearest,
};

use crate::failure::{Failure, Findings, Result};
use crate::git::GitState;
use crate::interval::Interval;

/// A product's files.
#[derive(Debug, Clone)]
pub struct Project {
    /// The repository's folder.
    pub dir: PathBuf,
    /// Texts that diagnostics point into.
    pub sources: Sources,
    /// `product.toml`
    pub product: Product,
    /// One contract per output, in the order of `product.outputs`.
    pub contracts: Vec<Contract>,
    /// `mesh.lock`, empty when there is none.
    pub lock: MeshLock,
    /// Texts of SQL steps, by their names.
    pub(crate) sql: Vec<SqlText>,
    /// How its program is started, when it has one.
    pub(crate) program: Option<Vec<String>>,
    /// The stretch of time that this reading of the files is about.
    pub(crate) interval: Option<Interval>,
    pub(crate) git: GitState,
    /// The template it was born from.
    pub(crate) template: Option<String>,
}

/// One SQL step after templating.
#[derive(Debug, Clone)]
pub(crate) struct SqlText {
    pub(crate) step: Name,
    /// What is planned.
    pub(crate) text: String,
    /// Index in [`Sources`] of the text that was planned.
    pub(crate) file: usize,
}

impl Project {
    /// Reads a product's folder. Every mistake in every file is found at once; warnings come back beside the project.
    ///
    /// # Errors
    /// [`Failure::Product`] with all findings; [`Failure::Missing`] when there is no `product.toml`.
    pub fn load(dir: &Path) -> Result<(Self, Vec<Diagnostic>)> {
        Self::load_for(dir, None)
    }

    /// The same for a stretch of time, which steps know as `{{ interval.start }}` and `{{ interval.end }}` and programs as
    /// their window.
    ///
    /// # Errors
    /// As [`Project::load`].
    pub fn load_for(dir: &Path, interval: Option<Interval>) -> Result<(Self, Vec<Diagnostic>)> {
        let dir = std::path::absolute(dir)?;
        let mut sources = Sources::default();
        let Ok(text) = std::fs::read_to_string(dir.join("product.toml")) else {
            let d = Diagnostic::error("M0120", format!("there is no product.toml in {}", dir.display())).help(
                "go to a product's folder, name it with `-C DIR`, or make one with `mesh new <domain>/<product>`",
            );
            return Err(Failure::Missing(Findings::one(d, &sources)));
        };
        let file = sources.add("product.toml", text);
        let has_program = dir.join("Cargo.toml").exists();
        let declares = sources.get(file).is_some_and(|f| f.text.contains("program"));
        let flavor = if has_program || declares { Flavor::Program } else { Flavor::Declarative };
        let (product, mut found) = Product::parse(file, &sources, flavor);
        let Some(product) = product else {
            found.extend(contract_mistakes(&dir, &mut sources));
            return Err(Failure::Product(Findings::many(found, &sources)));
        };

        let mut contracts = vec![];
        for output in &product.outputs {
            match read_contract(&dir, output, &mut sources) {
                Ok((contract, more)) => {
                    found.extend(more);
                    found.extend(contract.iter().flat_map(|contract| layout_mistakes(output, contract)));
                    contracts.extend(contract);
                }
                Err(d) => found.push(*d),
            }
        }
        let whole = contracts.len() == product.outputs.len();
        for (output, contract) in product.outputs.iter().zip(&contracts).filter(|_| whole) {
            let moves = contract.checks.iter().any(|c| c.on_violation == meshwright_spec::OnViolation::Quarantine);
            let side = format!("{}__quarantine", output.name);
            if let Some(other) = product.outputs.iter().find(|o| moves && o.name.as_str() == side) {
                let message = format!("`{side}` is where rows of `{}` go that violate its checks", output.name);
                found.push(
                    Diagnostic::error("M1402", message)
                        .at(other.span.clone(), "")
                        .help("give this output another name"),
                );
            }
        }
        let mut sql = vec![];
        for step in &product.steps {
            if let StepBody::Sql(path) = &step.body {
                match read_sql(&dir, path, &step.name, &step.span, &product, interval.as_ref(), &mut sources) {
                    Ok(text) => sql.push(text),
                    Err(d) => found.push(*d),
                }
            }
        }
        let lock = match std::fs::read_to_string(dir.join("mesh.lock")) {
            Ok(text) => {
                let file = sources.add("mesh.lock", text);
                let (lock, more) = MeshLock::parse(file, &sources);
                found.extend(more);
                lock.unwrap_or_default()
            }
            Err(_) => MeshLock::default(),
        };
        if found.iter().any(Diagnostic::is_error) {
            return Err(Failure::Product(Findings::many(found, &sources)));
        }
        let program = product.program.clone().or_else(|| has_program.then(|| cargo_program(&dir)).flatten());
        let git = GitState::of(&dir);
        let template = template_of(&dir);
        Ok((Self { dir, sources, product, contracts, lock, sql, program, interval, git, template }, found))
    }

    /// The full name of one of its ports.
    pub fn port(&self, output: &Output) -> PortName {
        self.product.name.port(output.name.clone())
    }

    /// The file of an output's contract, relative to the folder.
    pub fn contract_path(&self, output: &Output) -> PathBuf {
        output.contract.clone().unwrap_or_else(|| usual_contract(&self.dir, &output.name))
    }

    /// Outputs with their contracts.
    pub fn outputs(&self) -> impl Iterator<Item = (&Output, &Contract)> {
        self.product.outputs.iter().zip(&self.contracts)
    }

    pub(crate) fn fail(&self, diagnostics: Vec<Diagnostic>) -> Failure {
        Failure::Product(Findings::many(diagnostics, &self.sources))
    }

    /// Writes `mesh.lock` when it differs from what is there.
    pub(crate) fn write_lock(&self, lock: &MeshLock) -> Result<()> {
        if *lock != self.lock {
            let path = self.dir.join("mesh.lock");
            let staged = self.dir.join(".mesh.lock.new");
            std::fs::write(&staged, lock.to_string())?;
            std::fs::rename(&staged, &path)?;
        }
        Ok(())
    }
}

/// How a mode is spelled in files and in the registry.
pub(crate) fn mode_name(mode: WriteMode) -> &'static str {
    match mode {
        WriteMode::Replace => "replace",
        WriteMode::Append => "append",
        WriteMode::Upsert => "upsert",
        WriteMode::ReplacePartitions => "replace-partitions",
    }
}

/// Columns that `[outputs.<port>.files]` names and the contract does not promise.
fn layout_mistakes(output: &Output, contract: &Contract) -> Vec<Diagnostic> {
    let named = output.files.bloom.iter().map(|named| ("bloom", named));
    let named = named.chain(output.files.dictionary.iter().flatten().map(|named| ("dictionary", named)));
    let wrong = |(key, (name, span)): (&str, &(String, Span))| match contract.column(name) {
        None => {
            let names = contract.columns.iter().map(|c| c.name.as_str());
            let near = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
            let message = format!("`{key}` names `{name}`, which port `{}` does not promise", output.name);
            Some(Diagnostic::error("M1202", message).at(span.clone(), "").help_if(near))
        }
        Some(column) if column.data_type.is_nested() || (key == "bloom" && column.data_type == DataType::Boolean) => {
            let message = format!("`{key}` cannot be had for `{name}`, which is of type {}", column.data_type);
            Some(Diagnostic::error("M1202", message).at(span.clone(), "").at(column.span.clone(), ""))
        }
        Some(_) => None,
    };
    named.filter_map(wrong).collect()
}

fn read_contract(
    dir: &Path,
    output: &Output,
    sources: &mut Sources,
) -> std::result::Result<(Option<Contract>, Vec<Diagnostic>), Box<Diagnostic>> {
    let path = match &output.contract {
        Some(path) => path.clone(),
        None => usual_contract(dir, &output.name),
    };
    let text = std::fs::read_to_string(dir.join(&path)).map_err(|e| {
        Box::new(
            Diagnostic::error("M0220", format!("the contract of port `{}` cannot be read", output.name))
                .at(output.span.clone(), format!("{}: {e}", path.display()))
                .help(format!("write what the port promises to {}", path.display())),
        )
    })?;
    let file = sources.add(&path, text);
    Ok(Contract::parse(&output.name, file, sources))
}

/// `contracts/<port>.toml`, or `contracts/<port>.odcs.yaml` where only that is there.
fn usual_contract(dir: &Path, port: &Name) -> PathBuf {
    let native = PathBuf::from(format!("contracts/{port}.toml"));
    let odcs = ["odcs.yaml", "odcs.yml"].map(|suffix| PathBuf::from(format!("contracts/{port}.{suffix}")));
    match odcs.into_iter().find(|path| dir.join(path).is_file()) {
        Some(odcs) if !dir.join(&native).is_file() => odcs,
        _ => native,
    }
}

/// Where `product.toml` cannot say which contracts there are, those at their usual places are judged all the same.
fn contract_mistakes(dir: &Path, sources: &mut Sources) -> Vec<Diagnostic> {
    let entries = std::fs::read_dir(dir.join("contracts")).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> =
        entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "toml" || e == "yaml")).collect();
    paths.sort();
    let mut found = vec![];
    for path in paths {
        let name = path.file_name().and_then(|s| s.to_str()?.split('.').next()?.parse::<Name>().ok());
        if let (Some(name), Ok(text)) = (name, std::fs::read_to_string(&path)) {
            let file = sources.add(path.strip_prefix(dir).unwrap_or(&path), text);
            found.extend(Contract::parse(&name, file, sources).1);
        }
    }
    found
}

/// Step files are templated only when they say so: `{{` or `{%`.
fn read_sql(
    dir: &Path,
    path: &Path,
    step: &Name,
    span: &Span,
    product: &Product,
    interval: Option<&Interval>,
    sources: &mut Sources,
) -> std::result::Result<SqlText, Box<Diagnostic>> {
    let text = std::fs::read_to_string(dir.join(path)).map_err(|e| {
        Box::new(
            Diagnostic::error("M0404", format!("the file of step `{step}` cannot be read"))
                .at(span.clone(), format!("{}: {e}", path.display()))
                .help(format!("write a `select` to {}, or name another file with `sql = \"...\"`", path.display())),
        )
    })?;
    if !text.contains("{{") && !text.contains("{%") {
        let file = sources.add(path, text.clone());
        return Ok(SqlText { step: step.clone(), text, file });
    }
    let file = sources.add(path, text.clone());
    let mut context = tera::Context::new();
    context.insert("product", product.name.name.as_str());
    context.insert("domain", product.name.domain.as_str());
    if let Some(interval) = interval {
        context.insert("interval", interval);
    }
    let mut engine = tera::Tera::default();
    engine.autoescape_on(Vec::<&str>::new());
    let rendered =
        engine.add_raw_template("step", &text).and_then(|()| engine.render("step", &context)).map_err(|e| {
            Box::new(
                Diagnostic::error("M0406", format!("the template of step `{step}` cannot be rendered"))
                    .at(Span { file, start: 0, end: text.lines().next().unwrap_or_default().len() }, "")
                    .help(e.to_string()),
            )
        })?;
    let file = sources.add(format!("{} (rendered)", path.display()), rendered.clone());
    Ok(SqlText { step: step.clone(), text: rendered, file })
}

/// `cargo` builds it and says where it is; the engine only starts it.
fn cargo_program(dir: &Path) -> Option<Vec<String>> {
    let manifest = std::fs::read_to_string(dir.join("Cargo.toml")).ok()?;
    manifest.contains("meshwright").then(|| vec!["cargo".to_owned(), "run".to_owned(), "--quiet".to_owned()])
}

fn template_of(dir: &Path) -> Option<String> {
    let text = std::fs::read_to_string(dir.join(".mesh/answers.toml")).ok()?;
    let value = |key: &str| {
        text.lines().find_map(|l| {
            let (k, v) = l.split_once('=')?;
            (k.trim() == key).then(|| v.trim().trim_matches('"').to_owned())
        })
    };
    Some(format!("{} {}", value("template")?, value("version")?))
}
