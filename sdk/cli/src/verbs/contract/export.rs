//! `mesh contract export`
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use meshwright_catalog::{Database, Home};
use meshwright_engine::{Failure, Findings, Located, Project, locate};
use meshwright_spec::{
    ContractFormat, Diagnostic, ExportSettings, Flavor, PortName, Product, ProductExport, PublishedPort, Sources,
    export, export_product,
};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Write a port's contract in another format
#[derive(Debug, Args)]
#[command(after_help = "Examples:  mesh contract export country_year\n           \
                        mesh contract export climate.emissions.country_year@1.0.0 --format json-schema\n           \
                        mesh contract export --format bitol-product")]
pub(crate) struct Export {
    /// A port of this product, domain.product.port@VERSION, or a contract's file; not for a whole product
    port: Option<String>,
    /// The format
    #[arg(long, value_enum, default_value = "odcs")]
    format: Format,
    /// The standard's newest version (ODCS 3.2, Bitol product 1.1) instead of the one that most tools read
    #[arg(long)]
    newest: bool,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Formats of contracts, and of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Open Data Contract Standard (Bitol)
    Odcs,
    /// ODCS as OpenMetadata's own model takes it
    Openmetadata,
    /// Open Data Product Standard (Bitol), of a whole product
    BitolProduct,
    /// JSON Schema of a row
    JsonSchema,
    /// Avro record
    Avro,
    /// dbt `sources:`
    Dbt,
    /// Iceberg schema, JSON
    Iceberg,
    /// Arrow schema, JSON
    Arrow,
}

impl Format {
    pub(crate) fn contract(self) -> Option<ContractFormat> {
        Some(match self {
            Self::Odcs => ContractFormat::Odcs,
            Self::Openmetadata => ContractFormat::OpenMetadata,
            Self::JsonSchema => ContractFormat::JsonSchema,
            Self::Avro => ContractFormat::Avro,
            Self::Dbt => ContractFormat::Dbt,
            Self::Iceberg => ContractFormat::Iceberg,
            Self::Arrow => ContractFormat::Arrow,
            Self::BitolProduct => return None,
        })
    }
}

impl Export {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let text = match self.format.contract() {
                Some(format) => self.contract(context, format).await?,
                None => self.product(context)?,
            };
            match &self.output {
                Some(path) => {
                    std::fs::write(context.dir.join(path), &text)?;
                    context.say(&format!("wrote {}", path.display()));
                }
                None if context.json => printer::json(&json!({ "text": text })),
                None => printer::line(text.trim_end()),
            }
            Ok(Exit::Done)
        })
    }

    async fn contract(&self, context: &Context, format: ContractFormat) -> Result<String, Failure> {
        let Some(place) = &self.port else {
            let d =
                Diagnostic::error("M0232", "which contract is not said").help("name a port of the product, or a file");
            return Err(Failure::Usage(Findings::one(d, &Sources::default())));
        };
        let home = context.home(None)?;
        let (found, project) = self.find(context, place).await?;
        let port = found.port.clone().or_else(|| project.as_ref().map(|p| p.product.name.port(found.name.clone())));
        let port = port
            .or_else(|| format!("domain.product.{}", found.name).parse().ok())
            .ok_or_else(|| Failure::Missing(Findings::default()))?;
        let team = project.as_ref().map(team);
        let servers = if format == ContractFormat::Odcs { vec![server(&home, &port, self.newest)] } else { vec![] };
        let settings = ExportSettings { newest: self.newest, servers, team };
        Ok(export(&found.contract, &port, format, &settings))
    }

    /// A port of the product in the folder, else whatever the place names.
    async fn find(&self, context: &Context, place: &str) -> Result<(Located, Option<Project>), Failure> {
        let project = if context.dir.join("product.toml").exists() { Some(context.project()?) } else { None };
        if let Some(project) = &project {
            let named =
                project.outputs().find(|(o, _)| o.name.as_str() == place || project.port(o).to_string() == place);
            if let Some((output, contract)) = named {
                let found = Located {
                    from: place.to_owned(),
                    contract: contract.clone(),
                    port: Some(project.port(output)),
                    name: output.name.clone(),
                    sources: project.sources.clone(),
                };
                return Ok((found, Some(project.clone())));
            }
        }
        let catalog = context.catalog_if_any().await?;
        Ok((locate(&context.dir, catalog.as_ref(), place).await?, project))
    }

    fn product(&self, context: &Context) -> Result<String, Failure> {
        let kept = std::fs::read_to_string(context.dir.join("product.odps.yaml")).ok();
        let project = match context.project() {
            Ok(project) => project,
            Err(failure) => return imported(context, kept.as_deref(), self.newest).ok_or(failure),
        };
        let ports = project.outputs().map(|(output, contract)| PublishedPort {
            name: output.name.to_string(),
            version: Some(contract.version.to_string()),
            contract_id: Some(contract.id.clone().unwrap_or_else(|| project.port(output).to_string())),
            description: contract.description.clone(),
            deprecated: contract.status == "deprecated",
        });
        let inputs = project.lock.inputs.iter().map(|i| (i.name.clone(), i.port.to_string(), i.version.to_string()));
        let export = ProductExport {
            product: &project.product,
            ports: ports.collect(),
            inputs: inputs.collect(),
            newest: self.newest,
        };
        Ok(export_product(&export, kept.as_deref()))
    }
}

/// A product that has been imported and has no contracts yet: what the document said of its ports still holds.
fn imported(context: &Context, document: Option<&str>, newest: bool) -> Option<String> {
    let mut sources = Sources::default();
    let file = sources.add("product.toml", std::fs::read_to_string(context.dir.join("product.toml")).ok()?);
    let product = Product::parse(file, &sources, Flavor::Program).0.filter(|_| document.is_some())?;
    // once there is a contract, its mistakes are worth more than an export
    let usual =
        |name: &str| ["toml", "odcs.yaml", "odcs.yml"].map(|end| PathBuf::from(format!("contracts/{name}.{end}")));
    let contracts = product
        .outputs
        .iter()
        .flat_map(|output| usual(output.name.as_str()).into_iter().chain(output.contract.clone()));
    if contracts.map(|path| context.dir.join(path)).any(|path| path.exists()) {
        return None;
    }
    let ports = product.outputs.iter().map(|output| PublishedPort {
        name: output.name.to_string(),
        version: None,
        contract_id: None,
        description: String::new(),
        deprecated: false,
    });
    Some(export_product(&ProductExport { product: &product, ports: ports.collect(), inputs: vec![], newest }, document))
}

fn team(project: &Project) -> Value {
    let owner = &project.product.owner;
    match &owner.email {
        Some(email) => json!({ "name": owner.team, "members": [{ "username": email, "role": "owner" }] }),
        None => json!({ "name": owner.team }),
    }
}

/// Where the port can be read: the Iceberg catalog itself, which ODCS can name since 3.2.
fn server(home: &Home, port: &PortName, newest: bool) -> Value {
    let namespace = port.product.to_string();
    // as Python's drivers spell it: a path after three slashes
    let url = match &home.database {
        Database::Sqlite(file) => format!("sqlite:///{}", file.display()),
        database @ Database::Postgres(_) => database.to_string(),
    };
    match newest {
        true => json!({ "server": "mesh", "type": "iceberg", "catalog": "mesh",
            "catalogUrl": url, "warehouse": home.warehouse, "namespace": namespace }),
        false => json!({ "server": "mesh", "type": "custom", "catalog": "mesh", "schema": namespace,
            "location": format!("{}/{}", home.warehouse, port.to_string().replace('.', "/")), "warehouse": home.warehouse }),
    }
}
