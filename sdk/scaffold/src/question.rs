//! The questions of a template, and how their answers are gathered and judged.
use std::collections::BTreeMap;
use std::path::Path;

use meshwright_spec::ProductName;
use meshwright_templates::Template;
use regex::Regex;

use crate::create::{Ask, TEMPLATE};
use crate::manifest::Manifest;
use crate::{Flavor, ScaffoldError};

/// One thing that a template wants to know.
#[derive(Debug, Clone)]
pub struct Question {
    /// What `--set` calls it.
    pub key: String,
    /// How to put it to a person.
    pub prompt: String,
    /// What holds when nothing is answered.
    pub default: Option<String>,
    /// What an answer must look like.
    pub pattern: Option<String>,
    /// Answers that are taken.
    pub reserved: Vec<String>,
}

/// What the newest template asks for a product of this name, in order.
///
/// # Errors
/// `Unexpected` when the embedded template is broken.
pub fn questions(name: &ProductName, flavor: Flavor) -> Result<Vec<Question>, ScaffoldError> {
    let template =
        meshwright_templates::newest(TEMPLATE).ok_or_else(|| ScaffoldError::unexpected("no template is embedded"))?;
    of_template(&template, name, flavor)
}

impl Question {
    /// Judges an answer.
    ///
    /// # Errors
    /// `Invalid`, with the reason, when the answer cannot be taken.
    pub fn check(&self, answer: &str) -> Result<(), ScaffoldError> {
        let key = &self.key;
        if answer.trim().is_empty() {
            return Err(ScaffoldError::invalid(format!("`{key}` is empty")));
        }
        if answer.chars().any(char::is_control) {
            return Err(ScaffoldError::invalid(format!("`{key}` is not one line of text")));
        }
        if self.reserved.iter().any(|taken| taken == answer) {
            return Err(ScaffoldError::invalid(format!("`{key}` cannot be `{answer}`: the template uses that name")));
        }
        let Some(pattern) = &self.pattern else { return Ok(()) };
        let regex = Regex::new(pattern)
            .map_err(|error| ScaffoldError::unexpected(format!("the pattern of `{key}` is broken: {error}")))?;
        if regex.is_match(answer) {
            return Ok(());
        }
        let error = ScaffoldError::invalid(format!("`{key}` cannot be `{answer}`: it does not match `{pattern}`"));
        Err(match near(answer).filter(|near| regex.is_match(near)) {
            Some(near) => error.help(format!("did you mean `{near}`")),
            None => error,
        })
    }
}

pub(crate) fn of_template(
    template: &Template,
    name: &ProductName,
    flavor: Flavor,
) -> Result<Vec<Question>, ScaffoldError> {
    let manifest = Manifest::of(template)?;
    let mesh = &manifest.mesh;
    let asked = manifest.asked(flavor)?.into_iter().map(|(key, placeholder)| Question {
        key: key.to_owned(),
        prompt: placeholder.prompt,
        default: mesh.defaults.get(key).map(|text| fill(text, name)).or(placeholder.default),
        pattern: placeholder.regex,
        reserved: mesh.reserved.get(key).cloned().unwrap_or_default(),
    });
    Ok(asked.collect())
}

/// Answers every question: what was `set` wins over the file, then comes the person, then the default.
pub(crate) fn gather(
    questions: &[Question],
    set: &BTreeMap<String, String>,
    file: Option<&Path>,
    mut ask: Option<&mut Ask<'_>>,
) -> Result<BTreeMap<String, String>, ScaffoldError> {
    let mut given = match file {
        Some(path) => from_file(path)?,
        None => BTreeMap::new(),
    };
    given.extend(set.clone());
    if let Some(key) = given.keys().find(|key| !questions.iter().any(|question| question.key == **key)) {
        return Err(unknown(key, questions));
    }
    for question in questions {
        if let Some(answer) = given.get(&question.key) {
            question.check(answer)?;
        }
    }
    let mut values = BTreeMap::new();
    for question in questions {
        let answer = match (given.remove(&question.key), ask.as_mut()) {
            (Some(answer), _) => answer,
            (None, Some(ask)) => {
                Some(ask(question)?).filter(|answer| !answer.is_empty()).map_or_else(|| default(question), Ok)?
            }
            (None, None) => default(question)?,
        };
        question.check(&answer)?;
        values.insert(question.key.clone(), answer);
    }
    Ok(values)
}

fn default(question: &Question) -> Result<String, ScaffoldError> {
    let key = &question.key;
    question.default.clone().ok_or_else(|| {
        ScaffoldError::invalid(format!("`{key}` is not answered")).help(format!("answer it with `--set {key}=...`"))
    })
}

/// A table of answers, or another product's `.mesh/answers.toml`, whose answers stand under `[values]`.
fn from_file(path: &Path) -> Result<BTreeMap<String, String>, ScaffoldError> {
    let text = std::fs::read_to_string(path).map_err(|error| ScaffoldError::io("read", path, &error))?;
    let wrong =
        |why: &str| ScaffoldError::invalid(format!("the answers in `{}` cannot be used: {why}", path.display()));
    let table: toml::Table = toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end()))?;
    let answers = match table.get("values") {
        Some(toml::Value::Table(values)) => values,
        _ => &table,
    };
    answers
        .iter()
        .map(|(key, value)| match value {
            toml::Value::String(answer) => Ok((key.clone(), answer.clone())),
            _ => Err(wrong(&format!("`{key}` is not a text"))),
        })
        .collect()
}

fn unknown(key: &str, questions: &[Question]) -> ScaffoldError {
    let known: Vec<_> = questions.iter().map(|question| question.key.as_str()).collect();
    let error = ScaffoldError::invalid(format!("the template does not ask for `{key}`"));
    match meshwright_spec::nearest(key, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`")),
        None => error.help(format!("it asks for `{}`", known.join("`, `"))),
    }
}

/// The placeholders of a default: all of them are about the product's name.
fn fill(text: &str, name: &ProductName) -> String {
    let words = name.name.as_str().replace('_', " ").trim().to_owned();
    let mut letters = words.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    text.replace("{domain}", name.domain.as_str())
        .replace("{name}", name.name.as_str())
        .replace("{words}", &words)
        .replace("{Words}", &capital)
}

/// The spelling as a name.
fn near(answer: &str) -> Option<String> {
    answer.parse::<meshwright_spec::Name>().err().and_then(|error| error.suggestion)
}
