//! `.mesh/answers.toml`: what a repository was born from, committed with it.
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use meshwright_spec::ProductName;
use serde::{Deserialize, Serialize};

use crate::ScaffoldError;

const HEADER: &str =
    "# What this repository was made from; newer templates are merged in with its help. Do not edit.\n";

/// What a product is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavor {
    /// `product.toml` and SQL; needs no compiler.
    Sql,
    /// Typed Rust beside SQL.
    Rust,
}

/// Everything that decides what a rendered template looks like, and nothing else: the same answers give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// Name of the template.
    pub template: String,
    /// Its released version.
    pub version: semver::Version,
    /// What the product is written in.
    pub flavor: Flavor,
    /// The product's full name.
    pub name: ProductName,
    /// The dependency on `meshwright` as TOML; only the Rust flavour has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// The answers to the template's questions, by key.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

impl Answers {
    /// Where the answers stand in a product's folder.
    pub const PATH: &'static str = ".mesh/answers.toml";

    /// Reads the answers of the product in a folder.
    ///
    /// # Errors
    /// `NotFound` when the folder has none, `Invalid` when they cannot be understood.
    pub fn read(product: &Path) -> Result<Self, ScaffoldError> {
        let path = product.join(Self::PATH);
        let text = std::fs::read_to_string(&path).map_err(|error| ScaffoldError::io("read", &path, &error))?;
        toml::from_str(&text).map_err(|error| {
            ScaffoldError::invalid(format!("`{}` cannot be understood: {}", path.display(), error.message()))
        })
    }

    /// Writes the answers into a product's folder.
    ///
    /// # Errors
    /// `Denied` or `Unexpected`, as the file system says.
    pub fn write(&self, product: &Path) -> Result<(), ScaffoldError> {
        let path = product.join(Self::PATH);
        let folder = product.join(".mesh");
        std::fs::create_dir_all(&folder).map_err(|error| ScaffoldError::io("create", &folder, &error))?;
        std::fs::write(&path, self.to_toml()).map_err(|error| ScaffoldError::io("write", &path, &error))
    }

    pub(crate) fn to_toml(&self) -> String {
        let body = toml::to_string(self).expect("texts and a table of texts can be written as TOML");
        format!("{HEADER}{body}")
    }
}

impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sql => "sql",
            Self::Rust => "rust",
        })
    }
}

impl FromStr for Flavor {
    type Err = ScaffoldError;

    fn from_str(text: &str) -> Result<Self, ScaffoldError> {
        match text {
            "sql" => Ok(Self::Sql),
            "rust" => Ok(Self::Rust),
            _ => Err(ScaffoldError::invalid(format!("`{text}` is not a flavour")).help("use `sql` or `rust`")),
        }
    }
}
