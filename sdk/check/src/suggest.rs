//! A contract suggested by what data are like: every rule with what it was measured on.
mod columns;
mod key;
mod text;

use meshwright_spec::DataType;

use crate::profile::Profile;
pub use columns::Confidence;
pub use key::candidates;

/// Rows below which nothing is promised of all rows to come.
pub(crate) const LEAST_ROWS: u64 = 200;

/// A contract to be reviewed.
#[derive(Debug, Clone)]
pub struct Suggestion {
    /// Where the data came from, for the head.
    origin: String,
    rows: u64,
    /// Columns that identify a row, and in how many rows that was found.
    key: Vec<String>,
    columns: Vec<columns::Suggested>,
    checks: Vec<SuggestedCheck>,
}

/// A `[[checks]]` entry.
#[derive(Debug, Clone)]
pub(crate) struct SuggestedCheck {
    pub(crate) id: String,
    /// Its lines after `id`.
    pub(crate) lines: Vec<String>,
    pub(crate) evidence: String,
}

impl Suggestion {
    /// Suggests rules for columns of these types. `key` are columns whose values were found to be different in all rows;
    /// nobody takes that from an estimate.
    pub fn new(origin: &str, profile: &Profile, types: &[(String, DataType)], key: Vec<String>) -> Self {
        let columns = types
            .iter()
            .filter_map(|(name, data_type)| {
                let column = profile.columns.iter().find(|column| column.name == *name)?;
                Some(columns::suggest(column, data_type, profile.rows, key.contains(name)))
            })
            .collect();
        let checks = columns::table_checks(profile);
        Self { origin: origin.to_owned(), rows: profile.rows, key, columns, checks }
    }

    /// Adds fingerprints of columns, see `fingerprint` checks: what they were for the rows that `scope` selects.
    pub fn with_fingerprints(mut self, scope: &str, found: impl IntoIterator<Item = (String, String)>) -> Self {
        for (column, value) in found {
            let id = format!("{column}-as-it-was");
            let evidence = format!("the history of `{column}` as it was measured: a restated value changes it");
            let lines = vec![
                "kind = \"fingerprint\"".to_owned(),
                format!("column = {}", text::quoted(&column)),
                format!("value = {}", text::quoted(&value)),
                format!("where = {}", text::quoted(scope)),
                "severity = \"warning\"".to_owned(),
                "owner = \"external\"".to_owned(),
            ];
            self.checks.push(SuggestedCheck { id, lines, evidence });
        }
        self
    }

    /// Takes out what asks for checks of these ids, because they do not hold. False if nothing was taken out.
    pub fn without(&mut self, ids: &[String]) -> bool {
        let before = self.size();
        self.checks.retain(|check| !ids.contains(&check.id));
        for column in &mut self.columns {
            column.rules.retain(|rule| !ids.contains(&format!("{}.{}", column.name, rule.check)));
        }
        if ids.iter().any(|id| id == "key") {
            self.key.clear();
        }
        self.size() != before
    }

    /// The columns that identify a row.
    pub fn key(&self) -> &[String] {
        &self.key
    }

    /// The contract's text, comments and all.
    pub fn to_toml(&self) -> String {
        text::contract(self)
    }

    fn size(&self) -> usize {
        self.checks.len() + self.columns.iter().map(|column| column.rules.len()).sum::<usize>() + self.key.len()
    }
}
