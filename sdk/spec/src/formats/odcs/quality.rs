//! `quality`: rules as checks. A rule that nobody can run is an error, unless it says who runs it instead.
mod operator;

use std::ops::Range;

use super::lint::Findings;
use super::read::{custom, start};
use crate::Declared;
use crate::document::tree::{Kind, Node};
use crate::{Span, nearest};
use operator::Operator;

/// What became of a document's rules.
#[derive(Default)]
pub(super) struct Rules {
    /// Native checks.
    pub(super) checks: Vec<Node>,
    /// Rules that stand in the document for people or for other programs.
    pub(super) declared: Vec<Declared>,
}

const METRICS: [&str; 5] = ["nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"];

/// Every key of a rule that does not belong to what it measures.
struct Rule<'a> {
    node: &'a Node,
    column: Option<&'a str>,
    /// The object of the document, which SQL may name.
    object: &'a Node,
    id: String,
    at: Range<usize>,
}

/// The rules of an object or a property.
pub(super) fn rules(holder: &Node, column: Option<&str>, object: &Node, rules: &mut Rules, found: &mut Findings) {
    for node in holder.get("quality").map(Node::items).unwrap_or_default() {
        if column.is_some_and(|column| super::options::is_values_line(node, column)) {
            continue;
        }
        let (id, at) = id_of(node, column, rules);
        let rule = Rule { node, column, object, id, at };
        let kind = node.get("type").and_then(Node::as_text).unwrap_or("library");
        if let Some(who) = custom(node, "runBy").and_then(Node::as_text) {
            rules.declared.push(rule.declared(found.file, format!("run by {who}")));
            continue;
        }
        let check = match kind {
            "text" => {
                rules.declared.push(rule.declared(found.file, "in words".to_owned()));
                continue;
            }
            "sql" => rule.sql(found),
            "custom" => rule.custom(found),
            _ => rule.library(found),
        };
        rules.checks.extend(check);
    }
}

/// An id that is not taken yet: `id`, or made of `name` or `metric`.
fn id_of(node: &Node, column: Option<&str>, rules: &Rules) -> (String, Range<usize>) {
    let said = ["id", "name", "metric", "rule"].iter().find_map(|key| Some((*key, node.get(key)?)));
    let at = said.map_or_else(|| start(node), |(_, value)| value.span.clone());
    let text = said.and_then(|(_, value)| value.as_text()).or_else(|| node.get("type")?.as_text()).unwrap_or("rule");
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let plain = plain.trim_matches('-');
    let plain = if plain.is_empty() { "rule" } else { plain };
    if said.is_some_and(|(key, _)| key == "id") {
        return (plain.to_owned(), at);
    }
    let base = column.map_or_else(|| plain.to_owned(), |column| format!("{column}-{plain}"));
    let taken = |id: &str| rules.checks.iter().any(|check| check.get("id").and_then(Node::as_text) == Some(id));
    let mut id = base.clone();
    let mut next = 2;
    while taken(&id) {
        id = format!("{base}-{next}");
        next += 1;
    }
    (id, at)
}

impl Rule<'_> {
    fn declared(&self, file: usize, why: String) -> Declared {
        Declared { id: self.id.clone(), why, span: Span::new(file, self.at.clone()) }
    }

    /// A native check of a kind, with what all kinds share.
    fn check(&self, kind: &str) -> Node {
        let mut check = Node::map(self.at.clone());
        check.put("id", self.at.clone(), Node::text(self.at.clone(), self.id.clone()));
        check.put("kind", self.at.clone(), Node::text(self.at.clone(), kind));
        for key in ["description", "severity", "dimension"] {
            if let Some((key, value)) = self.node.entry(key) {
                let mut value = value.clone();
                if let Kind::Text(text) = &mut value.kind {
                    match text.as_str() {
                        "warn" => *text = "warning".to_owned(),
                        "fatal" | "critical" | "high" => *text = "error".to_owned(),
                        _ => {}
                    }
                }
                check.put(&key.text, key.span.clone(), value);
            }
        }
        if let Some(owner) = custom(self.node, "owner") {
            check.put("owner", owner.span.clone(), owner.clone());
        }
        check
    }

    fn put(&self, check: &mut Node, key: &str, kind: Kind) {
        check.put(key, self.at.clone(), Node { span: self.at.clone(), kind });
    }

    fn library(&self, found: &mut Findings) -> Option<Node> {
        let Some(metric) = self.node.get("metric").or_else(|| self.node.get("rule")) else {
            found.error_at(
                "M0104",
                self.at.clone(),
                "the rule lacks `metric`",
                format!("one of {}", METRICS.join(", ")),
            );
            return None;
        };
        let name = metric.as_text()?;
        let operator = Operator::of(self, found)?;
        match (name, self.column) {
            ("rowCount", _) => self.row_count(&operator),
            ("nullValues" | "missingValues" | "invalidValues", None) => {
                let message = format!("`{name}` judges the values of one property");
                found.error("M0224", metric, message, "put it under `quality` of the property");
                None
            }
            ("nullValues", Some(column)) => {
                self.of_rows(&operator, "not_null", |_, _| {}, &format!("\"{column}\" is null"))
            }
            ("missingValues", Some(column)) => self.missing(column, &operator),
            ("invalidValues", Some(column)) => self.invalid(column, &operator, found),
            ("duplicateValues" | "duplicateCount" | "unique", _) => self.duplicates(&operator, metric, found),
            (other, _) => {
                let help = match nearest(other, METRICS) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("one of {}; or say it as `type: sql`", METRICS.join(", ")),
                };
                found.error("M0224", metric, format!("`{other}` is not a metric of ODCS and cannot be run"), help);
                None
            }
        }
    }

    /// A kind of ours that judges rows where the operator only says how many may fail, else the number in SQL.
    fn of_rows(&self, operator: &Operator, kind: &str, body: impl Fn(&Self, &mut Node), bad: &str) -> Option<Node> {
        let percent = self.node.get("unit").and_then(Node::as_text) == Some("percent");
        if let Some(tolerance) = operator.at_most(percent) {
            let mut check = self.check(kind);
            if let (Some(column), true) = (self.column, kind != "expression") {
                self.put(&mut check, "column", Kind::Text(column.to_owned()));
            }
            body(self, &mut check);
            if tolerance != "0" {
                self.put(&mut check, "at_most", Kind::Number(tolerance));
            }
            return Some(check);
        }
        let count = format!("count(case when {bad} then 1 end)");
        let number = if percent { format!("coalesce(100.0 * {count} / nullif(count(*), 0), 0)") } else { count };
        Some(self.query(&format!("select {number} from port"), operator))
    }

    fn missing(&self, column: &str, operator: &Operator) -> Option<Node> {
        let listed = self.node.get("arguments").and_then(|arguments| arguments.get("missingValues"));
        let listed = listed.map(Node::items).unwrap_or_default();
        let texts: Vec<String> = listed.iter().filter(|item| item.kind != Kind::Null).map(quoted).collect();
        let with_null = listed.is_empty() || listed.iter().any(|item| item.kind == Kind::Null);
        if texts.is_empty() {
            return self.of_rows(operator, "not_null", |_, _| {}, &format!("\"{column}\" is null"));
        }
        let listed = format!("cast(\"{column}\" as varchar) in ({})", texts.join(", "));
        let (good, bad) = match with_null {
            true => (format!("\"{column}\" is not null and not {listed}"), format!("\"{column}\" is null or {listed}")),
            false => {
                (format!("\"{column}\" is null or not {listed}"), format!("\"{column}\" is not null and {listed}"))
            }
        };
        self.of_rows(operator, "expression", |rule, check| rule.put(check, "sql", Kind::Text(good.clone())), &bad)
    }

    fn invalid(&self, column: &str, operator: &Operator, found: &mut Findings) -> Option<Node> {
        let arguments = self.node.get("arguments");
        let argument = |key| arguments.and_then(|arguments| arguments.get(key)).or_else(|| self.node.get(key));
        for (key, _) in arguments.map(Node::entries).unwrap_or_default() {
            if !["validValues", "pattern"].contains(&key.text.as_str()) {
                let help = "`invalidValues` has the arguments `validValues` and `pattern`";
                found.error_at("M0224", key.span.clone(), format!("the argument `{}` cannot be run", key.text), help);
                return None;
            }
        }
        match (argument("validValues"), argument("pattern")) {
            (Some(values), None) => {
                // null is never among the values that are judged
                let mut values = values.clone();
                if let Kind::List(items) = &mut values.kind {
                    items.retain(|item| item.kind != Kind::Null);
                }
                let texts: Vec<String> = values.items().iter().map(quoted).collect();
                let bad =
                    format!("\"{column}\" is not null and cast(\"{column}\" as varchar) not in ({})", texts.join(", "));
                self.of_rows(
                    operator,
                    "values",
                    |_, check| check.put("values", values.span.clone(), values.clone()),
                    &bad,
                )
            }
            (None, Some(pattern)) => {
                let bad = format!("\"{column}\" is not null and not regexp_like(\"{column}\", {})", quoted(pattern));
                self.of_rows(
                    operator,
                    "pattern",
                    |_, check| check.put("pattern", pattern.span.clone(), pattern.clone()),
                    &bad,
                )
            }
            _ => {
                let help = "add `arguments: {validValues: [...]}` or `arguments: {pattern: ...}`, one rule for each";
                found.error_at("M0224", self.at.clone(), "which values are valid is not said", help);
                None
            }
        }
    }

    fn duplicates(&self, operator: &Operator, metric: &Node, found: &mut Findings) -> Option<Node> {
        let listed = self.node.get("arguments").and_then(|arguments| arguments.get("properties"));
        let columns: Vec<String> = match (self.column, listed) {
            (_, Some(listed)) => listed.items().iter().filter_map(|item| item.as_text().map(str::to_owned)).collect(),
            (Some(column), None) => vec![column.to_owned()],
            (None, None) => {
                let help = "add `arguments: {properties: [...]}`";
                found.error("M0224", metric, "which properties are to be unique together is not said", help);
                return None;
            }
        };
        if operator.at_most(false).as_deref() == Some("0") {
            let mut check = self.check("unique");
            let items = columns.iter().map(|column| Node::text(self.at.clone(), column.as_str())).collect();
            self.put(&mut check, "columns", Kind::List(items));
            return Some(check);
        }
        let names: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        let present: Vec<String> = names.iter().map(|name| format!("{name} is not null")).collect();
        let percent = self.node.get("unit").and_then(Node::as_text) == Some("percent");
        let extra = format!(
            "select coalesce(sum(n - 1), 0) as extra from (select count(*) as n from port where {} group by {})",
            present.join(" and "),
            names.join(", ")
        );
        let sql = match percent {
            true => format!(
                "select coalesce(100.0 * max(extra) / nullif((select count(*) from port), 0), 0) from ({extra})"
            ),
            false => extra,
        };
        Some(self.query(&sql, operator))
    }

    fn row_count(&self, operator: &Operator) -> Option<Node> {
        let Some((min, max)) = operator.whole() else { return Some(self.query("select count(*) from port", operator)) };
        let mut check = self.check("row_count");
        min.into_iter().for_each(|min| self.put(&mut check, "min", Kind::Number(min.to_string())));
        max.into_iter().for_each(|max| self.put(&mut check, "max", Kind::Number(max.to_string())));
        Some(check)
    }

    /// A check of one number that a query returns.
    fn query(&self, sql: &str, operator: &Operator) -> Node {
        let mut check = self.check("query");
        let (sql, min, max) = operator.bounds(sql);
        self.put(&mut check, "sql", Kind::Text(sql));
        min.into_iter().for_each(|min| self.put(&mut check, "min", Kind::Number(min)));
        max.into_iter().for_each(|max| self.put(&mut check, "max", Kind::Number(max)));
        check
    }

    fn sql(&self, found: &mut Findings) -> Option<Node> {
        if let Some(native) = custom(self.node, "meshwrightCheck").filter(|native| native.get("kind").is_some()) {
            return Some(self.native(native));
        }
        let Some(query) = self.node.get("query") else {
            let help = "add `query: select count(*) from ${object} where ...`";
            found.error_at("M0104", self.at.clone(), "the rule lacks `query`", help);
            return None;
        };
        let operator = Operator::of(self, found)?;
        let mut sql = query.as_text()?.trim().trim_end_matches(';').to_owned();
        for name in ["table", "object", "model", "schema"] {
            sql = sql.replace(&format!("${{{name}}}"), "port").replace(&format!("{{{name}}}"), "port");
        }
        for name in ["column", "property", "field"] {
            let column = self.column.map(|column| format!("\"{column}\"")).unwrap_or_default();
            if !column.is_empty() {
                sql = sql.replace(&format!("${{{name}}}"), &column).replace(&format!("{{{name}}}"), &column);
            }
        }
        for key in ["name", "physicalName"] {
            if let Some(name) = self.object.get(key).and_then(Node::as_text).filter(|_| self.column.is_none()) {
                sql = replace_word(&sql, name, "port");
            }
        }
        if let Some(open) = sql.find("${") {
            let name: String = sql[open..].chars().take_while(|c| *c != '}').chain(['}']).collect();
            found.error(
                "M0224",
                query,
                format!("the query has `{name}`, which stands for nothing"),
                "known are `${object}` and, at a property, `${property}`",
            );
            return None;
        }
        Some(self.query(&sql, &operator))
    }

    fn custom(&self, found: &mut Findings) -> Option<Node> {
        let engine = self.node.get("engine");
        match (engine.and_then(Node::as_text), self.node.get("implementation")) {
            (Some("meshwright"), Some(native)) if native.get("kind").is_some() => Some(self.native(native)),
            (engine_name, _) => {
                let name = engine_name.unwrap_or("nobody");
                let at = engine.map_or_else(|| self.at.clone(), |engine| engine.span.clone());
                let help = "say it as `type: library` or `type: sql`, or name who runs it: `customProperties: [{property: runBy, value: ...}]`";
                found.error_at("M0224", at, format!("a rule for `{name}` cannot be run here"), help);
                None
            }
        }
    }

    /// A check that stands in the document in our own words.
    fn native(&self, native: &Node) -> Node {
        let mut check = self.check("");
        if let Kind::Map(entries) = &mut check.kind {
            entries.retain(|(key, _)| key.text != "kind" && native.get(&key.text).is_none());
        }
        for (key, value) in native.entries() {
            check.put(&key.text, self.at.clone(), value.clone());
        }
        check
    }
}

/// A check that every row meets a condition.
pub(super) fn expression(id: &str, at: &Range<usize>, value: &Node, sql: String) -> Node {
    let mut check = Node::map(at.start..value.span.end);
    for (key, text) in [("id", id), ("kind", "expression"), ("sql", sql.as_str()), ("dimension", "conformity")] {
        check.put(key, at.clone(), Node::text(at.clone(), text));
    }
    check
}

/// A value as a text literal of SQL.
fn quoted(node: &Node) -> String {
    let text = match &node.kind {
        Kind::Text(text) | Kind::Number(text) => text.clone(),
        Kind::Flag(flag) => flag.to_string(),
        _ => String::new(),
    };
    format!("'{}'", text.replace('\'', "''"))
}

/// A name in SQL, where it stands as a word of its own and not in quotes.
pub(super) fn replace_word(sql: &str, name: &str, with: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quote: Option<char> = None;
    let mut word = String::new();
    let flush = |word: &mut String, out: &mut String| {
        out.push_str(if word.eq_ignore_ascii_case(name) { with } else { word.as_str() });
        word.clear();
    };
    for c in sql.chars() {
        if quote.is_none() && (c.is_alphanumeric() || c == '_') {
            word.push(c);
            continue;
        }
        flush(&mut word, &mut out);
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => {}
        }
        out.push(c);
    }
    flush(&mut word, &mut out);
    out
}
