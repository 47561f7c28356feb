//! `[product]`, and how the sections hang together.
use super::{Flavor, Owner, Product, inputs, mesh, outputs, sources, steps};
use crate::document::{Document, Table, Value};
use crate::{Diagnostic, Name, ProductName};

/// The head of a product, as far as it could be read.
struct Head {
    name: ProductName,
    title: String,
    description: String,
    owner: Owner,
    tags: Vec<String>,
    program: Option<Vec<String>>,
}

pub(super) fn product(document: &Document<'_>, root: &Table<'_>, flavor: Flavor) -> Option<Product> {
    // a section that is missing and one that is misspelled are told apart by asking for all of them first
    let [mesh, inputs, sources, steps, outputs] =
        ["mesh", "inputs", "sources", "steps", "outputs"].map(|section| root.table(section));
    let product = root.need("product", "[product]").and_then(|value| value.table("[product]".to_owned()));
    root.reject_unknown();

    let head = product.as_ref().and_then(head);
    let mesh = mesh.as_ref().and_then(mesh::home);
    let inputs = inputs.as_ref().map(|table| inputs::inputs(table, head.as_ref().map(|head| &head.name)));
    let sources = sources.as_ref().map(sources::sources);
    let steps = steps.as_ref().map(steps::steps);
    let tables = tables(root);
    let outputs = outputs.as_ref().map(|table| outputs::outputs(table, flavor, &tables));
    let head = head?;
    Some(Product {
        name: head.name,
        title: head.title,
        description: head.description,
        owner: head.owner,
        tags: head.tags,
        program: head.program,
        mesh,
        inputs: inputs.unwrap_or_default(),
        sources: sources.unwrap_or_default(),
        steps: steps.unwrap_or_default(),
        outputs: outputs.unwrap_or_default(),
        file: document.file(),
    })
}

fn head(table: &Table<'_>) -> Option<Head> {
    let domain = table.need("domain", "domain = \"climate\"").and_then(domain);
    let name = table.need("name", "name = \"emissions\"").and_then(Value::name);
    let title = table.need("title", "title = \"Emissions by country and year\"").and_then(Value::some_text);
    let description = table.get("description").and_then(Value::text).unwrap_or_default();
    let owner = table.need("owner", "owner = { team = \"climate-data\" }").and_then(owner);
    let tags = table.get("tags").and_then(Value::texts).unwrap_or_default();
    let program = table.get("program").and_then(command);
    table.reject_unknown();
    Some(Head {
        name: ProductName::new(domain?, name?),
        title: title?.to_owned(),
        description: description.to_owned(),
        owner: owner?,
        tags,
        program,
    })
}

/// Schemas that SQL engines keep for themselves.
const RESERVED_DOMAINS: [&str; 5] = ["information_schema", "mesh", "pg_catalog", "public", "system"];

fn domain(value: &Value<'_>) -> Option<Name> {
    let name = value.name()?;
    if RESERVED_DOMAINS.contains(&name.as_str()) {
        let help = "take the name of the team's field of knowledge, such as `climate`".to_owned();
        value.wrong("M0113", format!("`{name}` is reserved and cannot be a domain"), Some(help));
        return None;
    }
    Some(name)
}

fn owner(value: &Value<'_>) -> Option<Owner> {
    if value.is_text() {
        return value.wrong_type_help("a table", Some(format!("write `owner = {{ team = {} }}`", value.source())));
    }
    let table = value.table("owner".to_owned())?;
    let team = table.need("team", "team = \"climate-data\"").and_then(Value::some_text);
    let email = table.get("email").and_then(email);
    table.reject_unknown();
    Some(Owner { team: team?.to_owned(), email })
}

fn email(value: &Value<'_>) -> Option<String> {
    let text = value.text()?;
    let good = text.split_once('@').is_some_and(|(who, host)| {
        let labels = host.split('.').filter(|label| !label.is_empty()).count();
        !who.is_empty() && labels > 1 && labels == host.split('.').count() && !host.contains('@')
    });
    if !good || text.chars().any(char::is_whitespace) {
        value.wrong(
            "M0111",
            format!("`{text}` is not an e-mail address"),
            Some("for example `team@example.org`".into()),
        );
        return None;
    }
    Some(text.to_owned())
}

/// A program and its arguments.
pub(super) fn command(value: &Value<'_>) -> Option<Vec<String>> {
    if let Some(line) = value.is_text().then(|| value.text()).flatten() {
        let words: Vec<String> = line.split_whitespace().map(|word| format!("\"{word}\"")).collect();
        let help = format!("each word by itself, there is no shell: `[{}]`", words.join(", "));
        return value.wrong_type_help("a list of text", Some(help));
    }
    let items = value.list("text")?;
    if items.is_empty() {
        value.empty();
        return None;
    }
    // arguments may be empty and may be repeated, the program's name may not be empty
    let words: Vec<Option<&str>> =
        items.iter().enumerate().map(|(at, item)| if at == 0 { item.some_text() } else { item.text() }).collect();
    words.into_iter().map(|word| word.map(str::to_owned)).collect()
}

/// Inputs, sources and steps are tables of one namespace: every name with what it names, as written in the file.
/// Names that are taken twice or that SQL keeps for itself are reported.
fn tables<'a>(root: &Table<'a>) -> Vec<(&'a str, &'static str)> {
    let mut taken: Vec<(&str, &'static str, Value<'_>)> = Vec::new();
    for (section, noun) in [("inputs", "input"), ("sources", "source"), ("steps", "step")] {
        let Some(section) = root.quiet_table(section) else { continue };
        for entry in section.entries() {
            if RESERVED_TABLES.contains(&entry.key) {
                let message = format!("`{}` is a word of SQL and cannot be the name of a table", entry.key);
                let report = Diagnostic::error("M0113", message).at(entry.value.key.clone(), "");
                root.document.report(report.help(format!("for example `{}_rows`", entry.key)));
            }
            match taken.iter().find(|(name, ..)| *name == entry.key) {
                Some((_, first, value)) => {
                    let message = format!("`{}` names an {first} and a {noun}", entry.key).replace("an s", "a s");
                    let report =
                        Diagnostic::error("M0113", message).at(entry.value.key.clone(), format!("{noun} here"));
                    let report = report.at(value.key.clone(), format!("{first} here"));
                    root.document
                        .report(report.help("inputs, sources and steps are tables by their names: rename one"));
                }
                None => taken.push((entry.key, noun, entry.value.clone())),
            }
        }
    }
    taken.into_iter().map(|(name, noun, _)| (name, noun)).collect()
}

/// Words that a query cannot use as a table's name without quotes.
const RESERVED_TABLES: [&str; 44] = [
    "all",
    "and",
    "as",
    "by",
    "case",
    "cross",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "false",
    "fetch",
    "for",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "into",
    "is",
    "join",
    "lateral",
    "left",
    "limit",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "right",
    "select",
    "then",
    "true",
    "union",
    "using",
    "when",
    "where",
    "with",
];
