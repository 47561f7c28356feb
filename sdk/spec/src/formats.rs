//! Contracts in the formats of others: read, and written again with everything they said.
mod arrow;
mod avro;
mod dbt;
mod iceberg;
mod import;
mod json_schema;
mod native;
pub(crate) mod odcs;
mod openmetadata;
mod product;
mod residue;
mod yaml;

use serde_json::Value as Json;

use crate::document::yaml as read_yaml;
use crate::{Contract, PortName};
pub use import::{Imported, import};
pub use product::{ProductExport, PublishedPort, export_product, import_product};

/// A format that contracts are written in elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContractFormat {
    /// Open Data Contract Standard, YAML.
    Odcs,
    /// The same as OpenMetadata's own model of it takes it.
    OpenMetadata,
    /// JSON Schema of one row.
    JsonSchema,
    /// An Avro record.
    Avro,
    /// dbt `sources:`.
    Dbt,
    /// An Iceberg schema, as JSON.
    Iceberg,
    /// An Arrow schema, as JSON.
    Arrow,
}

/// What an export says beside the contract.
#[derive(Debug, Clone, Default)]
pub struct ExportSettings {
    /// Write ODCS 3.2 instead of 3.1, which more tools read.
    pub newest: bool,
    /// Where the port can be read, as ODCS `servers`.
    pub servers: Vec<Json>,
    /// Who answers for it, as an ODCS `team`.
    pub team: Option<Json>,
}

impl ContractFormat {
    /// All formats, by the names they have on the command line.
    pub const ALL: [(&'static str, ContractFormat); 7] = [
        ("odcs", ContractFormat::Odcs),
        ("openmetadata", ContractFormat::OpenMetadata),
        ("json-schema", ContractFormat::JsonSchema),
        ("avro", ContractFormat::Avro),
        ("dbt", ContractFormat::Dbt),
        ("iceberg", ContractFormat::Iceberg),
        ("arrow", ContractFormat::Arrow),
    ];

    /// The name of the table that keeps what its documents say beyond ours.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Odcs => "odcs",
            Self::OpenMetadata => "openmetadata",
            Self::JsonSchema => "json-schema",
            Self::Avro => "avro",
            Self::Dbt => "dbt",
            Self::Iceberg => "iceberg",
            Self::Arrow => "arrow",
        }
    }

    /// It in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Odcs => "an ODCS contract",
            Self::OpenMetadata => "an ODCS contract of OpenMetadata",
            Self::JsonSchema => "a JSON Schema of a row",
            Self::Avro => "an Avro schema",
            Self::Dbt => "a dbt properties file",
            Self::Iceberg => "an Iceberg schema",
            Self::Arrow => "an Arrow schema",
        }
    }

    /// The format of a file, by its name and what stands in it.
    pub fn of(path: &str, text: &str) -> Option<Self> {
        let has = |word: &str| text.contains(word);
        match path.rsplit('.').next()? {
            "avsc" => Some(Self::Avro),
            "yaml" | "yml" if has("kind: DataContract") || has("kind: \"DataContract\"") => Some(Self::Odcs),
            "yaml" | "yml" if has("sources:") || has("models:") => Some(Self::Dbt),
            "json" if has("\"schema-id\"") || has("\"current-schema-id\"") => Some(Self::Iceberg),
            "json" if has("\"record\"") && has("\"fields\"") => Some(Self::Avro),
            "json" if has("\"nullable\"") && has("\"children\"") => Some(Self::Arrow),
            "json" if has("\"properties\"") => Some(Self::JsonSchema),
            _ => None,
        }
    }
}

/// A contract in another format, with what it said in that format when it was imported.
pub fn export(contract: &Contract, port: &PortName, format: ContractFormat, settings: &ExportSettings) -> String {
    let own = |key| contract.beyond.as_ref().is_some_and(|beyond| beyond.get(key).is_some());
    let made = match format {
        // what a contract has kept of ODCS is told to OpenMetadata as far as it listens
        ContractFormat::OpenMetadata if contract.is_odcs() || !own(format.key()) => {
            let settings = ExportSettings { newest: false, ..settings.clone() };
            openmetadata::profile(whole(contract, port, ContractFormat::Odcs, &settings))
        }
        _ => whole(contract, port, format, settings),
    };
    match format {
        ContractFormat::Odcs | ContractFormat::OpenMetadata | ContractFormat::Dbt => yaml::write(&made),
        _ => format!("{made:#}\n"),
    }
}

/// The document with what it said beyond the contract when it was imported.
fn whole(contract: &Contract, port: &PortName, format: ContractFormat, settings: &ExportSettings) -> Json {
    let kept = kept(contract, port, format);
    let asked = if settings.newest { 2 } else { 1 };
    let kept_minor = kept.as_ref().and_then(|rest| rest.get("@minor")).and_then(Json::as_u64);
    let around = odcs::Around {
        minor: kept_minor.unwrap_or(asked),
        servers: settings.servers.clone(),
        team: settings.team.clone(),
    };
    let mut made = export_json(contract, port, format, &around);
    if let Some(rest) = kept {
        made = with_kept(made, contract, port, format, &rest, &around);
    }
    if settings.newest && format == ContractFormat::Odcs {
        made["apiVersion"] = "v3.2.0".into();
    }
    made
}

/// What a document of this format said beyond the contract: kept at import, or, of a contract that is one, in its text.
fn kept(contract: &Contract, port: &PortName, format: ContractFormat) -> Option<Json> {
    if contract.is_odcs() && format == ContractFormat::Odcs {
        let original = read_yaml::parse(0, &contract.text).0?.to_json();
        let minor =
            original.get("apiVersion").and_then(Json::as_str).is_some_and(|version| version.starts_with("v3.2"));
        let whole = import_name(port)?;
        let around = odcs::Around { minor: if minor { 2 } else { 1 }, ..odcs::Around::default() };
        let mut rest = residue::residue(&odcs::document(contract, &whole, &around), &original);
        if minor && let Json::Object(rest) = &mut rest {
            rest.insert("@minor".to_owned(), 2.into());
        }
        return Some(rest);
    }
    contract.beyond.as_ref()?.get(format.key()).cloned()
}

/// The residue was made without servers and team, under a name without a domain: it is put back into such a document.
fn with_kept(
    made: Json,
    contract: &Contract,
    port: &PortName,
    format: ContractFormat,
    rest: &Json,
    around: &odcs::Around,
) -> Json {
    let bare = odcs::Around { minor: around.minor, ..odcs::Around::default() };
    let there = import_name(port);
    let base = match &there {
        Some(there) => export_json(contract, there, format, &bare),
        None => made.clone(),
    };
    let mut rest = rest.clone();
    if let Some(rest) = rest.as_object_mut() {
        rest.shift_remove("@minor");
    }
    let mut restored = residue::restore(base, &rest);
    // servers and team that the document did not have are ours to add
    for key in ["servers", "team"] {
        if let (None, Some(ours)) = (restored.get(key), made.get(key)) {
            restored[key] = ours.clone();
        }
    }
    restored
}

/// The port in a domain and a product that stand for any.
fn import_name(port: &PortName) -> Option<PortName> {
    format!("domain.product.{}", port.port).parse().ok()
}

fn export_json(contract: &Contract, port: &PortName, format: ContractFormat, around: &odcs::Around) -> Json {
    match format {
        ContractFormat::Odcs => odcs::document(contract, port, around),
        ContractFormat::OpenMetadata => openmetadata::profile(odcs::document(contract, port, around)),
        ContractFormat::JsonSchema => json_schema::write(contract, port),
        ContractFormat::Avro => avro::write(contract, port),
        ContractFormat::Dbt => dbt::write(contract, port),
        ContractFormat::Iceberg => iceberg::write(contract),
        ContractFormat::Arrow => arrow::write(contract),
    }
}
