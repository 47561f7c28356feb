//! JSON Schemas of `product.toml` and of contracts, for editors. Words come from the tables that the parser reads with;
//! that the keys are the parser's is tested against the parser.
use serde_json::{Map, Value as Json, json};

use crate::contract::vocabulary;
use crate::product;

/// A kind of file that editors can be told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditorSchema {
    /// `product.toml`
    Product,
    /// `contracts/<port>.toml`
    Contract,
}

/// The JSON Schema (draft 7, which editors of TOML read) of a kind of file.
pub fn editor_schema(of: EditorSchema) -> Json {
    let mut schema = match of {
        EditorSchema::Product => product_file(),
        EditorSchema::Contract => contract_file(),
    };
    let title = match of {
        EditorSchema::Product => "product.toml",
        EditorSchema::Contract => "contracts/<port>.toml",
    };
    let mut out = Map::new();
    out.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
    out.insert("title".to_owned(), title.into());
    out.extend(schema.as_object_mut().map(std::mem::take).unwrap_or_default());
    Json::Object(out)
}

fn contract_file() -> Json {
    let terms = table(
        &["version"],
        &[
            ("version", text("Semantic version; `mesh publish` refuses one that is too small")),
            ("status", words(&vocabulary::status(), "")),
            ("description", text("What a row is")),
            ("key", texts("Columns that are unique together and not null")),
            ("partition", texts("`country`, `bucket(16, country)`, `truncate(4, code)`, `month(at)`, ...")),
            ("sort", texts("Order of rows within files")),
            (
                "freshness",
                json!({ "description": "Since the last release, or of a column", "anyOf": [
                duration(""), table(&["column", "max_age"], &[("column", text("")), ("max_age", duration(""))]) ] }),
            ),
            ("retention", duration("How long rows are kept")),
            (
                "quarantine",
                json!({ "description": "Rows that violate wait in a table beside the port", "anyOf": [
                flag(""), table(&["at_most"], &[("at_most", json!({ "type": "number", "minimum": 0 }))]) ] }),
            ),
            ("license", text("SPDX identifier or name")),
            ("usage", text("What it may be used for")),
            ("id", text("What other systems know it by; it never changes")),
            ("sunset", json!({ "description": "The day after which it is no longer served" })),
            ("successor", text("The port to move to: `domain.product.port`")),
        ],
    );
    let any = json!({});
    let column = table(
        &["type"],
        &[
            ("type", text(TYPES)),
            ("required", flag("Never null")),
            ("unique", flag("No value twice")),
            ("min", described(any.clone(), "Smallest value, inclusive")),
            ("max", described(any.clone(), "Greatest value, inclusive")),
            ("min_length", count("Shortest text")),
            ("max_length", count("Longest text")),
            ("pattern", text("Regular expression that is found in the text")),
            ("values", json!({ "type": "array", "minItems": 1, "description": "All values that are allowed" })),
            ("format", words(&crate::FORMATS, "Form of the text")),
            ("unit", text("Unit of measure")),
            ("description", text("What it means")),
            ("tags", texts("Words such as `pii`")),
            ("classification", text("Who may see it: `public`, `restricted`, ...")),
            ("default", described(any.clone(), "Value of rows that were written before the column came")),
            ("references", text("`domain.product.port(column)`")),
            ("renamed_from", text("The name it had in the version before")),
            (
                "renamed_members",
                json!({
                    "type": "object", "additionalProperties": { "type": "string" },
                    "description": "Names that members of its structs had in the version before, by their paths now"
                }),
            ),
            ("field_id", count("Its id in the table")),
            ("open", flag("Whether the list of `values` may grow")),
            (
                "deprecated",
                json!({ "type": ["boolean", "string"], "description": "Why it should not be used any more" }),
            ),
        ],
    );
    let mut check: Vec<(&str, Json)> = vec![
        ("id", text("Unique in the contract")),
        ("kind", words(&vocabulary::kinds(), "What is checked")),
        ("description", text("For people")),
        ("severity", words(&vocabulary::severities(), "Errors keep a run from being released")),
        ("owner", words(&vocabulary::owners(), "Whose fix it is")),
        ("dimension", words(&vocabulary::dimensions(), "")),
        (
            "at_most",
            json!({ "type": "number", "minimum": 0, "description": "Rows that may fail: a share with a fraction, a count without" }),
        ),
        ("where", text("SQL predicate that selects the rows it speaks of")),
        ("on_violation", words(&vocabulary::on_violation(), "What becomes of rows that violate")),
    ];
    check.extend(vocabulary::check_keys().into_iter().map(|key| (key, any.clone())));
    let line = json!({ "anyOf": [text(TYPES), column] });
    table(
        &["contract", "columns"],
        &[
            ("contract", terms),
            ("columns", json!({ "type": "object", "additionalProperties": line })),
            ("checks", json!({ "type": "array", "items": table(&["id", "kind"], &check) })),
            (
                "beyond",
                json!({ "type": "object", "description": "What an imported document said beyond this contract" }),
            ),
        ],
    )
}

fn product_file() -> Json {
    let owner = table(&["team"], &[("team", text("")), ("email", text(""))]);
    let product = table(
        &["domain", "name", "title", "owner"],
        &[
            ("domain", name("The team's field of knowledge")),
            ("name", name("The product's own name")),
            ("title", text("One line")),
            ("description", text("For people who search")),
            ("owner", owner),
            ("tags", texts("Words to find it by")),
            ("program", texts("How the program of a Rust product is started")),
        ],
    );
    let mesh = table(
        &["url"],
        &[("url", text("`file://`, `sqlite://`, `postgres://` or `https://`")), ("warehouse", text(""))],
    );
    let input = table(
        &["port"],
        &[
            ("port", text("`domain.product.port`")),
            ("version", text("Which contract versions will do, as in `^1`")),
            ("columns", texts("The columns that are used")),
        ],
    );
    let location = json!({ "anyOf": [text("Path, glob or URL"), texts("")] });
    let source = table(
        &["location"],
        &[
            ("location", location),
            ("format", words(&product::vocabulary::formats(), "")),
            ("columns", json!({ "type": "object", "additionalProperties": text(TYPES) })),
            ("every", duration("How often a delivery is expected")),
            ("delimiter", text("One character, of csv")),
            ("header", flag("Whether the first record names the columns")),
            ("quote", text("One character, of csv")),
            ("encoding", text("WHATWG label")),
            ("null", json!({ "anyOf": [text(""), texts("Spellings of null")] })),
        ],
    );
    let step = table(
        &[],
        &[
            ("materialize", words(&product::vocabulary::materialize(), "Whether its rows are kept")),
            ("sql", text("File of a SQL step")),
            ("run", texts("Program of a command step")),
        ],
    );
    let files = table(
        &[],
        &[
            ("size", text("Size of a data file, such as `256MB`")),
            ("row_group", text("Size of a row group")),
            ("dictionary", texts("Columns with a dictionary")),
            ("bloom", texts("Columns with a bloom filter")),
            ("format_version", count("Version of Iceberg's table format")),
        ],
    );
    let output = table(
        &[],
        &[
            ("from", name("A step or source")),
            ("contract", text("File; default `contracts/<port>.toml` or `.odcs.yaml`")),
            ("mode", words(&product::vocabulary::modes(), "How a run changes the port")),
            ("files", files),
        ],
    );
    let many = |of: Json| json!({ "type": "object", "additionalProperties": of });
    table(
        &["product"],
        &[
            ("product", product),
            ("mesh", mesh),
            ("inputs", many(input)),
            ("sources", many(source)),
            ("steps", many(step)),
            ("outputs", many(output)),
        ],
    )
}

const TYPES: &str = "boolean int long float double decimal(p,s) date time timestamp timestamptz string uuid binary fixed(n) \
                     list<T> map<K,V> struct<name: T, ...>";

fn table(needed: &[&str], keys: &[(&str, Json)]) -> Json {
    let keys: Map<String, Json> = keys.iter().map(|(key, schema)| ((*key).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": keys, "required": needed, "additionalProperties": false })
}

fn described(mut schema: Json, about: &str) -> Json {
    if !about.is_empty() {
        schema["description"] = about.into();
    }
    schema
}

fn text(about: &str) -> Json {
    described(json!({ "type": "string" }), about)
}

fn texts(about: &str) -> Json {
    described(json!({ "type": "array", "items": { "type": "string" } }), about)
}

fn flag(about: &str) -> Json {
    described(json!({ "type": "boolean" }), about)
}

fn count(about: &str) -> Json {
    described(json!({ "type": "integer", "minimum": 0 }), about)
}

fn name(about: &str) -> Json {
    described(json!({ "type": "string", "pattern": "^[a-z][a-z0-9_]*$" }), about)
}

fn duration(about: &str) -> Json {
    described(json!({ "type": "string", "pattern": "^[0-9]+[smhdw]$" }), about)
}

fn words(among: &[&str], about: &str) -> Json {
    described(json!({ "enum": among }), about)
}
