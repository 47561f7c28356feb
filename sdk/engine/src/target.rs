//! What a verb of history is about: one port, or a product with all its ports.
use std::fmt;
use std::str::FromStr;

use iceberg::table::Table;
use meshwright_catalog::{Catalog, Error, Kind, ReleaseRecord};
use meshwright_spec::{PortName, ProductName, nearest};

use crate::describe::known;
use crate::failure::{Failure, Result};

/// `domain.product.port` or `domain.product`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One port.
    Port(PortName),
    /// All ports of a product.
    Product(ProductName),
}

/// A port, its table and its releases at one moment.
pub(crate) type Seen = (PortName, Table, Vec<ReleaseRecord>);

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.split('.').count() {
            2 => text.parse().map(Self::Product).map_err(|e: meshwright_spec::NameError| e.message),
            3 => text.parse().map(Self::Port).map_err(|e: meshwright_spec::NameError| e.message),
            _ => Err(format!("`{text}` is neither a port, `domain.product.port`, nor a product, `domain.product`")),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => port.fmt(f),
            Self::Product(product) => product.fmt(f),
        }
    }
}

/// The tables of a port, a product or the whole mesh, as they are at one moment.
///
/// # Errors
/// `NotFound` when the mesh knows no such port or product.
pub(crate) async fn tables_of(catalog: &Catalog, target: Option<&Target>) -> Result<Vec<(PortName, Table)>> {
    if let Some(target) = target {
        return target.tables(catalog).await;
    }
    let ports = catalog.tables().await?;
    let tables = catalog.try_load_all(&ports).await?;
    Ok(ports.into_iter().zip(tables).filter_map(|(port, table)| Some((port, table?))).collect())
}

impl Target {
    /// The product it is, or is of.
    pub fn product(&self) -> &ProductName {
        match self {
            Self::Port(port) => &port.product,
            Self::Product(product) => product,
        }
    }

    /// Its ports that have a table, as they are at one moment.
    ///
    /// # Errors
    /// `NotFound` when the mesh knows no such port or product.
    pub(crate) async fn tables(&self, catalog: &Catalog) -> Result<Vec<(PortName, Table)>> {
        Ok(self.states(catalog).await?.into_iter().map(|(port, table, _)| (port, table)).collect())
    }

    /// The same with their releases, newest first.
    pub(crate) async fn states(&self, catalog: &Catalog) -> Result<Vec<Seen>> {
        let ports = match self {
            Self::Port(port) => {
                known(catalog, port).await?;
                vec![port.clone()]
            }
            Self::Product(product) => {
                let ports: Vec<PortName> =
                    catalog.tables().await?.into_iter().filter(|p| p.product == *product).collect();
                if ports.is_empty() && catalog.product(product).await?.is_none() {
                    return Err(unknown(catalog, product).await?);
                }
                ports
            }
        };
        let states = catalog.load_states(&ports, true).await?;
        Ok(ports
            .into_iter()
            .zip(states)
            .filter_map(|(port, (table, releases))| Some((port, table?, releases)))
            .collect())
    }
}

/// A product that the mesh does not know.
pub(crate) async fn unknown(catalog: &Catalog, product: &ProductName) -> Result<Failure> {
    let known: Vec<String> = catalog.products().await?.into_iter().map(|p| p.product).collect();
    let near = nearest(&product.to_string(), known.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
    Ok(Error::new(Kind::NotFound, format!("there is no product `{product}` in this mesh"))
        .help(near.unwrap_or_else(|| "`mesh list` shows the ports and their products".to_owned()))
        .into())
}
