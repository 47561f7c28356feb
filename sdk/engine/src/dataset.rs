//! What is looked at: a port at some state, or files.
use std::path::Path;
use std::sync::Arc;

use datafusion::prelude::DataFrame;
use iceberg::spec::SnapshotRef;
use iceberg::table::Table;
use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_spec::{Contract, DataType, Name, PortName, Sources};

use crate::check_file::{Delivered, bare_source, straight, without_place};
use crate::checks::check_port;
use crate::columns::spec_type;
use crate::describe::unknown;
use crate::failure::{Failure, Findings, Result};
use crate::scan::IcebergTable;
use crate::session::session;
use crate::source::{Delivery, data_failure};
use crate::when::{When, absent, state_at};

/// Names a port at some state, or files.
#[derive(Debug, Clone)]
pub enum Dataset {
    /// A port; without a state, its newest release.
    Port(PortName, Option<String>),
    /// Paths, globs or addresses.
    Files(Vec<String>),
}

impl Dataset {
    /// Reads what a person typed: what lies on disk or looks like a file is one, the rest are ports.
    pub fn parse(text: &str, base_dir: &Path) -> Self {
        let is_file = text.contains('/') || text.contains('*') || base_dir.join(text).is_file();
        match text.parse::<PortName>() {
            Ok(port) if !is_file => Self::Port(port, None),
            _ => Self::Files(vec![text.to_owned()]),
        }
    }

    /// As people know it.
    pub fn name(&self) -> String {
        match self {
            Self::Port(port, None) => port.to_string(),
            Self::Port(port, Some(at)) => format!("{port} at {at}"),
            Self::Files(files) => files.join(", "),
        }
    }
}

/// A subject, found and ready to be read.
pub(crate) enum Opened {
    Port { port: PortName, table: Table, snapshot: SnapshotRef, contract: Option<Box<Contract>> },
    Files { delivery: Delivery, _delivered: Delivered },
}

impl Opened {
    /// Finds it.
    pub(crate) async fn open(subject: &Dataset, catalog: Option<&Catalog>, base_dir: &Path) -> Result<Self> {
        match subject {
            Dataset::Port(port, at) => {
                let Some(catalog) = catalog else {
                    let e = Error::new(
                        Kind::NotFound,
                        format!("there is no port `{port}`: the mesh has not been made yet"),
                    );
                    return Err(e.help("name the mesh with `--mesh`; a file's path has a `/` or lies here").into());
                };
                let (table, releases) =
                    catalog.load_states(std::slice::from_ref(port), true).await?.pop().unwrap_or((None, vec![]));
                let Some(table) = table else { return Err(unknown(catalog, port).await?) };
                let snapshot = match at {
                    Some(at) => state_at(port, &table, &releases, &When::parse(at))?.snapshot,
                    None => {
                        let newest = table.metadata().current_snapshot().cloned();
                        newest.ok_or_else(|| absent(port, "release", None))?
                    }
                };
                let contract = catalog.current_contract(port).await?;
                let contract = contract.map(|held| held.parse()).transpose()?.map(Box::new);
                Ok(Self::Port { port: port.clone(), table, snapshot, contract })
            }
            Dataset::Files(files) => {
                let name: Name = "file".parse().map_err(|_| Error::new(Kind::Unexpected, "a name is refused"))?;
                let mut source = bare_source(name, files)?;
                let delivered = Delivered::fetch(files, base_dir, &source, &Sources::default()).await?;
                let (resources, asked) = (delivered.resources.clone(), source.clone());
                let found = tokio::task::spawn_blocking(move || meshwright_landing::infer(&resources, &asked)).await;
                let found = found.map_err(|e| Error::new(Kind::Unexpected, "inferring columns stopped").because(e))?;
                let columns = found.map_err(|e| without_place(data_failure(&e)))?;
                source.columns.clone_from(&columns);
                let resources = Arc::new(delivered.resources.clone());
                Ok(Self::Files { delivery: Delivery { source, columns, resources }, _delivered: delivered })
            }
        }
    }

    /// Names and types of its columns; those of a type that contracts lack are left out.
    pub(crate) fn columns(&self) -> Result<Vec<(String, DataType)>> {
        Ok(match self {
            Self::Files { delivery, .. } => delivery.columns.clone(),
            Self::Port { contract: Some(contract), .. } => crate::columns::contract_columns(contract),
            Self::Port { table, snapshot, .. } => {
                let schema = snapshot.schema(table.metadata())?;
                let arrow = iceberg::arrow::schema_to_arrow_schema(&schema)?;
                let typed = |f: &Arc<arrow::datatypes::Field>| Some((f.name().clone(), spec_type(f.data_type())?));
                arrow.fields().iter().filter_map(typed).collect()
            }
        })
    }

    /// Columns whose values must not be shown.
    pub(crate) fn secret(&self) -> Vec<String> {
        let Self::Port { contract: Some(contract), .. } = self else { return vec![] };
        let secret = |tag: &String| tag.eq_ignore_ascii_case("pii") || tag.eq_ignore_ascii_case("sensitive");
        contract.columns.iter().filter(|c| c.tags.iter().any(secret)).map(|c| c.name.clone()).collect()
    }

    /// The rows of a port.
    pub(crate) fn frame(table: &Table, snapshot: &SnapshotRef) -> Result<DataFrame> {
        let schema = snapshot.schema(table.metadata())?;
        Ok(session()?.read_table(Arc::new(IcebergTable::at(table.clone(), Some(snapshot.clone()), schema)?))?)
    }

    /// The verdict of a contract on its rows.
    pub(crate) async fn judge(
        &self,
        catalog: Option<&Catalog>,
        contract: &Contract,
    ) -> Result<meshwright_check::Report> {
        match (self, catalog) {
            (Self::Files { delivery, .. }, _) => {
                let port: PortName =
                    "files.files.files".parse().map_err(|_| Error::new(Kind::Unexpected, "a name is refused"))?;
                Ok(straight::judge(catalog, delivery.clone(), contract, &port).await.map_err(without_place)?.report)
            }
            (Self::Port { port, table, snapshot, .. }, Some(catalog)) => {
                Ok(check_port(catalog, table, snapshot.snapshot_id(), port, contract, None).await?.report.report)
            }
            (Self::Port { .. }, None) => Err(Error::new(Kind::NotFound, "the mesh has not been made yet").into()),
        }
    }
}

/// A contract that is made of text, not of a file.
pub(crate) fn contract_of(text: &str) -> Result<Contract> {
    let mut sources = Sources::default();
    let file = sources.add("suggestion", text);
    let name: Name = "suggested".parse().map_err(|_| Error::new(Kind::Unexpected, "a name is refused"))?;
    let (contract, found) = Contract::parse(&name, file, &sources);
    contract.ok_or_else(|| Failure::Product(Findings::many(found, &sources)))
}
