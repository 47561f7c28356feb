//! What a template says about itself in its `cargo-generate.toml`.
use std::collections::BTreeMap;

use meshwright_templates::Template;
use serde::Deserialize;

use crate::{Flavor, ScaffoldError};

/// The parts of `cargo-generate.toml` that we read; cargo-generate reads the rest and does not mind `[mesh]`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Manifest {
    #[serde(default)]
    template: TemplateTable,
    #[serde(default)]
    placeholders: toml::Table,
    #[serde(default)]
    conditional: BTreeMap<String, Conditional>,
    /// Our own table.
    #[serde(default)]
    pub(crate) mesh: Mesh,
}

#[derive(Debug, Default, Deserialize)]
struct TemplateTable {
    #[serde(default)]
    exclude: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Conditional {
    #[serde(default)]
    placeholders: toml::Table,
}

/// `[mesh]`: what cargo-generate has no word for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mesh {
    /// The placeholders that a person answers, in the order of asking; the caller fills all others.
    #[serde(default)]
    pub(crate) ask: Vec<String>,
    /// Files that get the executable bit.
    #[serde(default)]
    pub(crate) executable: Vec<String>,
    /// Answers that would clash with something in the template.
    #[serde(default)]
    pub(crate) reserved: BTreeMap<String, Vec<String>>,
    /// Defaults made from the product's name.
    #[serde(default)]
    pub(crate) defaults: BTreeMap<String, String>,
}

/// One placeholder as cargo-generate defines it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Placeholder {
    pub(crate) prompt: String,
    pub(crate) default: Option<String>,
    pub(crate) regex: Option<String>,
}

impl Manifest {
    pub(crate) fn of(template: &Template) -> Result<Self, ScaffoldError> {
        let broken = |why: String| {
            ScaffoldError::unexpected(format!("template {} {} is broken: {why}", template.name, template.version))
        };
        let bytes = template.file("cargo-generate.toml").ok_or_else(|| broken("no cargo-generate.toml".to_owned()))?;
        let text = std::str::from_utf8(bytes).map_err(|error| broken(error.to_string()))?;
        toml::from_str(text).map_err(|error| broken(error.to_string()))
    }

    /// The placeholders that a person answers, in the order of asking; those of other flavours are left out.
    pub(crate) fn asked(&self, flavor: Flavor) -> Result<Vec<(&str, Placeholder)>, ScaffoldError> {
        let own = self.conditional.get(&format!("flavor == \"{flavor}\"")).map(|conditional| &conditional.placeholders);
        let find = |key: &String| self.placeholders.get(key).or_else(|| own?.get(key));
        self.mesh
            .ask
            .iter()
            .filter_map(|key| find(key).map(|value| (key, value)))
            .map(|(key, value)| match value.clone().try_into() {
                Ok(placeholder) => Ok((key.as_str(), placeholder)),
                Err(error) => Err(ScaffoldError::unexpected(format!("placeholder `{key}` is broken: {error}"))),
            })
            .collect()
    }

    /// Whether a file is copied as it is. Patterns are paths or `folder/**`.
    pub(crate) fn is_raw(&self, path: &str) -> bool {
        self.template.exclude.iter().any(|pattern| match pattern.strip_suffix("/**") {
            Some(folder) => path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
            None => path == pattern,
        })
    }
}
