//! The data-quality page: of a file that was judged, or of a port as it stands.
use std::collections::BTreeMap;

use meshwright_engine::{Failure, Findings};
use serde_json::{Value, json};

use super::render;
use crate::printer::thousands;
use crate::problem::short;

const TEMPLATE: &str = include_str!("quality.html");

/// What the page tells.
pub(crate) struct Quality {
    /// What was judged.
    pub(crate) title: String,
    pub(crate) subtitle: String,
    /// In one line, and whether that is good.
    pub(crate) verdict: (String, &'static str),
    pub(crate) facts: Vec<(&'static str, String)>,
    /// Results of checks as JSON, with `at` for their place.
    pub(crate) results: Vec<Value>,
    pub(crate) executed: usize,
    pub(crate) declared: usize,
    /// `port` and `dimensions`, each from 0 to 1, as reports have it.
    pub(crate) score: Value,
    /// How each check ended before, by its id, the oldest first.
    pub(crate) history: BTreeMap<String, Vec<String>>,
    /// Rows of the table of releases.
    pub(crate) releases: Vec<Value>,
}

impl Quality {
    /// The page.
    pub(crate) fn html(&self) -> Result<String, Failure> {
        let mut results: Vec<Value> = self.results.iter().map(|result| self.shown(result)).collect();
        results.sort_by_key(|r| rank(r["outcome"].as_str().unwrap_or_default()));
        let facts: Vec<Value> =
            self.facts.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let (words, class) = &self.verdict;
        render(
            "quality.html",
            TEMPLATE,
            json!({
                "title": self.title, "subtitle": self.subtitle, "facts": facts, "results": results, "findings": [],
                "verdict": { "words": words, "class": class, "symbol": symbol(class) },
                "dimensions": dimensions(&self.results, &self.score), "executed": self.executed,
                "declared": self.declared, "releases": self.releases, "with_history": !self.history.is_empty(),
                "score": percent(&self.score["port"]), "silent": silent(&self.score),
            }),
        )
    }

    fn shown(&self, result: &Value) -> Value {
        let mut shown = shown(result);
        let before = self.history.get(result["id"].as_str().unwrap_or_default());
        let signs: Vec<Value> = before
            .into_iter()
            .flatten()
            .map(|outcome| json!({ "class": outcome, "symbol": symbol(outcome), "word": word(outcome) }))
            .collect();
        shown["history"] = signs.into();
        shown
    }
}

/// The page of a file that could not even be read.
pub(crate) fn refused(files: &str, port: &str, findings: &Findings) -> Result<String, Failure> {
    let texts: Vec<String> = findings.diagnostics.iter().map(|d| d.render(&findings.sources, false)).collect();
    render(
        "quality.html",
        TEMPLATE,
        json!({
            "title": files, "subtitle": format!("judged by the contract of {port}"), "facts": [], "results": [],
            "verdict": { "words": "would be rejected: it cannot be read", "class": "failed", "symbol": symbol("failed") },
            "dimensions": [], "executed": 0, "declared": 0, "releases": [], "findings": texts, "with_history": false,
            "score": "", "silent": "",
        }),
    )
}

/// A result in the words of the page.
fn shown(result: &Value) -> Value {
    let text = |key: &str| result[key].as_str().unwrap_or_default().to_owned();
    let outcome = text("outcome");
    let columns: Vec<&str> = result["columns"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let sample: Vec<Value> = result["sample"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|s| {
            let file = s["file"].as_str().unwrap_or_default();
            let place = if file.is_empty() { String::new() } else { format!("{file}, row {}", s["row"]) };
            let key = if s["key"].is_null() { String::new() } else { short(&s["key"]) };
            json!({ "place": place, "key": key, "value": short(&s["value"]) })
        })
        .collect();
    let count = |key: &str| result[key].as_i64().map(thousands).unwrap_or_default();
    let at = &result["at"];
    let at = at["file"].as_str().map(|file| format!("{file}:{}", at["line"])).unwrap_or_default();
    json!({
        "id": text("id"), "kind": text("kind"), "columns": columns.join(", "), "outcome": outcome,
        "word": word(&outcome), "symbol": symbol(&outcome), "severity": text("severity"), "owner": text("owner"),
        "dimension": text("dimension"), "message": text("message"), "description": text("description"),
        "scope": text("where"), "violations": count("violations"), "rows": count("rows_in_scope"), "at": at,
        "sample": sample, "open": outcome == "failed",
    })
}

/// How the checks of each dimension ended.
fn dimensions(results: &[Value], score: &Value) -> Vec<Value> {
    let mut names: Vec<&str> = results.iter().filter_map(|r| r["dimension"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let of = |name: &str, outcomes: &[&str]| {
        let hit = |r: &&Value| {
            r["dimension"] == name && (outcomes.is_empty() || outcomes.contains(&r["outcome"].as_str().unwrap_or("")))
        };
        results.iter().filter(hit).count()
    };
    let row = |name: &&str| {
        json!({
            "name": name, "score": percent(&score["dimensions"][*name]), "checks": of(name, &[]), "passed": of(name, &["passed"]), "warned": of(name, &["warned"]),
            "failed": of(name, &["failed"]), "not_run": of(name, &["error", "not_evaluated"]),
        })
    };
    names.iter().map(row).collect()
}

/// Rounded down, so that only what holds altogether is 100 %.
pub(crate) fn percent(score: &Value) -> String {
    score.as_f64().map_or_else(String::new, |score| format!("{} %", (score * 1000.0).floor() / 10.0))
}

/// The share of checks that a score leaves out.
fn silent(score: &Value) -> String {
    match score["not_evaluated"].as_f64() {
        Some(share) if share > 0.0 => percent(&share.into()),
        _ => String::new(),
    }
}

fn rank(outcome: &str) -> u8 {
    match outcome {
        "failed" => 0,
        "error" => 1,
        "warned" => 2,
        "not_evaluated" => 3,
        _ => 4,
    }
}

fn word(outcome: &str) -> &'static str {
    match outcome {
        "passed" => "holds",
        "failed" => "fails",
        "warned" => "warns",
        "error" => "not run",
        _ => "nothing to judge",
    }
}

fn symbol(class: &str) -> &'static str {
    match class {
        "passed" => "✓",
        "warned" | "not_evaluated" => "!",
        _ => "✗",
    }
}
