//! Finding published ports by words.
use meshwright_spec::PortName;
use serde::Serialize;

use crate::{Catalog, Result};

/// A port that answers a search, and why.
#[derive(Debug, Clone, Serialize)]
pub struct SearchHit {
    /// `domain.product.port`
    pub port: String,
    /// The product's title.
    pub title: String,
    /// What a row of the port is.
    pub description: String,
    /// Who answers for it.
    pub owner_team: String,
    /// Its current contract version.
    pub version: Option<String>,
    /// Where the words were found: `name`, `column co2`, ...
    pub matched: Vec<String>,
    /// Higher is better; comparable within one search.
    pub score: f64,
}

/// How much a word counts, by where it stands.
const NAME: f64 = 8.0;
const TITLE: f64 = 5.0;
const TAG: f64 = 5.0;
const COLUMN: f64 = 4.0;
const TEXT: f64 = 2.0;
const COLUMN_TEXT: f64 = 1.0;

impl Catalog {
    /// Published ports in which every word is found (whole, or as the beginning of one), best first.
    pub async fn search(&self, words: &str) -> Result<Vec<SearchHit>> {
        let wanted = tokens(words);
        let products = self.products().await?;
        let mut hits = vec![];
        for port in self.ports(None).await? {
            let (Some(product), Ok(name)) =
                (products.iter().find(|p| p.product == port.product), port.port.parse::<PortName>())
            else {
                continue;
            };
            let contract = match self.current_contract(&name).await? {
                Some(record) => record.parse().ok(),
                None => None,
            };
            let mut fields = vec![
                (NAME, "name".to_owned(), tokens(&port.port)),
                (TITLE, "title".to_owned(), tokens(&product.title)),
                (TEXT, "description".to_owned(), tokens(&product.description)),
                (TEXT, "owner".to_owned(), tokens(&product.owner_team)),
            ];
            fields.extend(product.tags.iter().map(|t| (TAG, format!("tag {t}"), tokens(t))));
            if let Some(c) = &contract {
                fields.push((TEXT, "contract".to_owned(), tokens(&c.description)));
                for column in &c.columns {
                    fields.push((COLUMN, format!("column {}", column.name), tokens(&column.name)));
                    let said = column.description.as_deref().unwrap_or_default();
                    fields.push((COLUMN_TEXT, format!("column {}", column.name), tokens(said)));
                }
            }
            if let Some((score, matched)) = rank(&wanted, &fields) {
                hits.push(SearchHit {
                    port: port.port,
                    title: product.title.clone(),
                    description: contract.map(|c| c.description).unwrap_or_default(),
                    owner_team: product.owner_team.clone(),
                    version: port.current_version,
                    matched,
                    score,
                });
            }
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.port.cmp(&b.port)));
        Ok(hits)
    }
}

fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|t| !t.is_empty()).map(str::to_owned).collect()
}

/// None unless every word is found somewhere; a beginning counts half of a whole word.
fn rank(wanted: &[String], fields: &[(f64, String, Vec<String>)]) -> Option<(f64, Vec<String>)> {
    let (mut total, mut matched) = (0.0, vec![]);
    for word in wanted {
        let mut best = 0.0_f64;
        for (weight, label, tokens) in fields {
            let share = tokens.iter().fold(0.0_f64, |s, t| match t == word {
                true => 1.0,
                false if t.starts_with(word.as_str()) => s.max(0.5),
                false => s,
            });
            if share > 0.0 {
                best = best.max(weight * share);
                total += weight * share * 0.1;
                if !matched.contains(label) {
                    matched.push(label.clone());
                }
            }
        }
        if best == 0.0 {
            return None;
        }
        total += best;
    }
    Some((total, matched))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_counts_and_names_count_most() {
        let fields = vec![
            (NAME, "name".into(), tokens("climate.emissions.country_year")),
            (COLUMN, "column co2".into(), tokens("co2")),
        ];
        assert!(rank(&tokens("co2 emissions"), &fields).is_some());
        assert!(rank(&tokens("co2 unicorns"), &fields).is_none());
        assert!(rank(&tokens("emissions"), &fields).unwrap().0 > rank(&tokens("co2"), &fields).unwrap().0);
        assert!(rank(&tokens("emis"), &fields).unwrap().0 < rank(&tokens("emissions"), &fields).unwrap().0);
    }
}
