//! Another format's document as `contracts/<port>.toml`.
use serde_json::{Value as Json, json};

use super::residue::residue;
use super::{ContractFormat, arrow, avro, dbt, export_json, iceberg, json_schema, native, odcs};
use crate::document::tree::Node;
use crate::document::yaml;
use crate::{Contract, Diagnostic, Name, PortName, Severity, Sources, Span};

/// A contract that was read from another format.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The port's own name: as asked for, or made of the table's.
    pub port: Name,
    /// Text of `contracts/<port>.toml`.
    pub text: String,
    /// The contract in it.
    pub contract: Contract,
}

/// What a reader of a format makes of a document.
pub(super) struct Table {
    /// What the table is called there.
    pub(super) name: String,
    /// `contract`, `columns` and `checks` as in the native file.
    pub(super) native: Json,
}

/// Reads a document of another format. Rules that cannot be run are kept under `[beyond]` and reported as warnings.
/// `port` chooses the table where the document has several, and names the contract.
pub fn import(
    format: ContractFormat,
    port: Option<&Name>,
    file: usize,
    sources: &Sources,
) -> (Option<Imported>, Vec<Diagnostic>) {
    let text = sources.get(file).map_or("", |source| source.text.as_str());
    let (root, mut found) = yaml::parse(file, text);
    let Some(root) = root else { return (None, found) };
    let read = match format {
        ContractFormat::Odcs | ContractFormat::OpenMetadata => odcs::table(port, file, &root, &mut found),
        ContractFormat::JsonSchema => json_schema::read(&root),
        ContractFormat::Avro => avro::read(&root),
        ContractFormat::Dbt => dbt::read(port, &root),
        ContractFormat::Iceberg => iceberg::read(&root),
        ContractFormat::Arrow => arrow::read(&root),
    };
    let table = match read {
        Ok(table) => table,
        Err(why) => {
            if !found.iter().any(Diagnostic::is_error) {
                let at = Span::new(file, first_line(text));
                found.push(Diagnostic::error("M0231", format!("this is not {}: {why}", format.words())).at(at, ""));
            }
            return (None, found);
        }
    };
    let name = port.cloned().or_else(|| snake(&table.name).parse().ok());
    let Some(name) = name else {
        let at = Span::new(file, first_line(text));
        let help = "name the port with `--port NAME`";
        found.push(Diagnostic::error("M0231", "the document does not name a table").at(at, "").help(help));
        return (None, found);
    };
    build(format, name, &table, &root, found)
}

fn build(
    format: ContractFormat,
    port: Name,
    table: &Table,
    root: &Node,
    mut found: Vec<Diagnostic>,
) -> (Option<Imported>, Vec<Diagnostic>) {
    let text = native::write(&table.native, None);
    let parse = |text: &str| {
        let mut sources = Sources::default();
        let file = sources.add(format!("contracts/{port}.toml"), text);
        let (contract, found) = Contract::parse(&port, file, &sources);
        let said = found.into_iter().filter(Diagnostic::is_error).map(|found| found.render(&sources, false));
        (contract, said.collect::<Vec<_>>())
    };
    let (contract, wrong) = parse(&text);
    let Some(contract) = contract else {
        if !found.iter().any(Diagnostic::is_error) {
            let message = format!("the contract made of it is wrong: {}", wrong.join("\n"));
            found.push(Diagnostic::error("M0231", message).at(Span::new(0, 0..0), ""));
        }
        return (None, found);
    };
    // places and domains do not matter: what differs because of them is kept as well
    let whole = format!("domain.product.{port}").parse::<PortName>();
    let minor = root.get("apiVersion").and_then(Node::as_text).is_some_and(|version| version.starts_with("v3.2"));
    let rest = whole.map_or(Json::Null, |whole| {
        let around = odcs::Around { minor: if minor { 2 } else { 1 }, ..odcs::Around::default() };
        residue(&export_json(&contract, &whole, format, &around), &root.to_json())
    });
    let text = native::write(&table.native, Some((format.key(), &keep_minor(rest, minor))));
    let (contract, wrong) = parse(&text);
    match contract {
        Some(contract) => (Some(Imported { port, text, contract }), found),
        None => {
            let message = format!("what is kept of the document cannot be read again: {}", wrong.join("\n"));
            found.push(Diagnostic::error("M0231", message).at(Span::new(0, 0..0), ""));
            (None, found)
        }
    }
}

/// An export is made in the version that the residue was made against.
fn keep_minor(mut rest: Json, minor: bool) -> Json {
    if minor {
        match &mut rest {
            Json::Object(rest) => drop(rest.insert("@minor".to_owned(), 2.into())),
            _ => rest = json!({ "@minor": 2 }),
        }
    }
    rest
}

/// Errors that only keep a rule from being run are warnings here: the rule is kept.
pub(super) fn soften(found: &mut [Diagnostic]) {
    for diagnostic in found
        .iter_mut()
        .filter(|found| ["M0224", "M0230", "M0102", "M0103", "M0104", "M0226", "M0107"].contains(&found.code))
    {
        diagnostic.severity = Severity::Warning;
        diagnostic.help = vec!["it is kept under [beyond] and not run".to_owned()];
    }
}

fn first_line(text: &str) -> std::ops::Range<usize> {
    0..text.find('\n').unwrap_or(text.len())
}

/// A name as the mesh spells names: `Customer ID` and `customerId` are `customer_id`.
pub(super) fn snake(text: &str) -> String {
    let mut out = String::new();
    let mut before = '_';
    for c in text.chars() {
        let edge = c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if (edge || !c.is_ascii_alphanumeric()) && !out.ends_with('_') && !out.is_empty() {
            out.push('_');
        }
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    let out = out.trim_matches('_').to_owned();
    if out.starts_with(|c: char| c.is_ascii_digit()) { format!("c_{out}") } else { out }
}

/// A native file with nothing but columns.
pub(super) fn columns_only(description: Option<&str>, columns: Vec<(String, Json)>, key: Vec<String>) -> Json {
    let mut contract = json!({ "version": "1.0.0", "status": "draft" });
    description.into_iter().for_each(|text| contract["description"] = text.into());
    if !key.is_empty() {
        contract["key"] = json!(key);
    }
    json!({ "contract": contract, "columns": columns.into_iter().collect::<serde_json::Map<_, _>>() })
}
