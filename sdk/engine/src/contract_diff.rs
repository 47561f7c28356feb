//! Two contracts, wherever they stand: files, git revisions, published versions.
use std::path::{Path, PathBuf};

use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_spec::{
    Change, Consumer, Contract, Diagnostic, Grade, Name, PortName, Sources, diff, impact, needed_bump, smallest_version,
};
use serde::Serialize;

use crate::failure::{Failure, Findings, Result};
use crate::git::file_at;

/// A contract and where it was found.
#[derive(Debug, Clone)]
pub struct Located {
    /// As it was asked for.
    pub from: String,
    /// The contract.
    pub contract: Contract,
    /// The port, where the place says it.
    pub port: Option<PortName>,
    /// The port's own name.
    pub name: Name,
    /// The file it stands in.
    pub sources: Sources,
}

/// What changed between two contracts, and what that asks of the version.
#[derive(Debug, Clone, Serialize)]
pub struct ContractDiff {
    /// The older one.
    pub from: Side,
    /// The newer one.
    pub to: Side,
    /// Every change.
    pub changes: Vec<Graded>,
    /// The gravest grade for those who read the port.
    pub grade: &'static str,
    /// The smallest version that the newer one may have; none when no version can make the change.
    pub needed: Option<String>,
    /// Whether the newer one has a version that is large enough.
    pub satisfied: bool,
    /// Registered consumers that something is taken away from.
    pub affected: Vec<String>,
}

/// One of the two.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    /// As it was asked for.
    pub source: String,
    /// Its version.
    pub version: String,
    /// `sha256:<hex>`
    pub checksum: String,
}

/// A change with what it means to whom.
#[derive(Debug, Clone, Serialize)]
pub struct Graded {
    /// Stable name of the rule.
    pub rule: &'static str,
    /// For those who read the port.
    pub consumer: &'static str,
    /// For those who fill it.
    pub producer: &'static str,
    /// The column it is about.
    pub column: Option<String>,
    /// One sentence.
    pub message: String,
    /// Registered consumers that use what it takes away.
    pub affects: Vec<String>,
}

/// Reads a contract: `FILE`, `REV:FILE` of the repository around `dir`, or `domain.product.port@VERSION` of the mesh.
///
/// # Errors
/// `Missing` when there is none, `Product` when it is wrong.
pub async fn locate(dir: &Path, catalog: Option<&Catalog>, place: &str) -> Result<Located> {
    if let Some((port, version)) = published(place) {
        return of_mesh(catalog, &port, &version, place).await;
    }
    if dir.join(place).is_file() {
        return parse(place, Path::new(place), std::fs::read_to_string(dir.join(place))?, None);
    }
    if let Some((revision, path)) = place.split_once(':') {
        return match file_at(dir, revision, Path::new(path)) {
            Ok(text) => parse(place, Path::new(path), text, None),
            Err(why) => Err(missing(format!("`{place}` cannot be read: {why}"))),
        };
    }
    Err(missing(format!("there is no contract at `{place}`")))
}

/// The port and version that a place names.
fn published(place: &str) -> Option<(PortName, String)> {
    let (port, version) = place.split_once('@')?;
    Some((port.parse().ok()?, version.to_owned()))
}

async fn of_mesh(catalog: Option<&Catalog>, port: &PortName, version: &str, place: &str) -> Result<Located> {
    let found = match catalog {
        Some(catalog) => catalog.contract_version(port, version).await?,
        None => None,
    };
    let Some(record) = found else {
        return Err(missing(format!("the mesh has no contract {version} of `{port}`")));
    };
    let mut sources = Sources::default();
    sources.add(place, record.text.clone());
    Ok(Located {
        from: place.to_owned(),
        contract: record.parse()?,
        port: Some(port.clone()),
        name: port.port.clone(),
        sources,
    })
}

fn parse(place: &str, path: &Path, text: String, port: Option<PortName>) -> Result<Located> {
    let name = port_of(path).ok_or_else(|| missing(format!("`{place}` does not have a port's name")))?;
    let mut sources = Sources::default();
    let file = sources.add(place, text);
    let (contract, found) = Contract::parse(&name, file, &sources);
    match contract {
        Some(contract) => Ok(Located { from: place.to_owned(), contract, port, name, sources }),
        None => Err(Failure::Product(Findings::many(found, &sources))),
    }
}

/// The port's name out of `contracts/<port>.toml` or `contracts/<port>.odcs.yaml`.
fn port_of(path: &Path) -> Option<Name> {
    path.file_name()?.to_str()?.split('.').next()?.to_lowercase().replace('-', "_").parse().ok()
}

fn missing(message: String) -> Failure {
    let d = Diagnostic::error("M0232", message)
        .help("say a file, `REVISION:FILE` such as `HEAD~1:contracts/sale.toml`, or `domain.product.port@1.0.0`");
    Failure::Missing(Findings::one(d, &Sources::default()))
}

/// What changed between two contracts; consumers are those that the mesh knows of the port.
///
/// # Errors
/// When the mesh does not answer.
pub async fn contract_diff(catalog: Option<&Catalog>, old: &Located, new: &Located) -> Result<ContractDiff> {
    let changes = diff(&old.contract, &new.contract);
    let port = old.port.as_ref().or(new.port.as_ref());
    let consumers = match (catalog, port) {
        (Some(catalog), Some(port)) => consumers_of(catalog, port).await?,
        _ => vec![],
    };
    let hit = impact(&changes, &consumers);
    let grade = needed_bump(&changes);
    let smallest = smallest_version(&old.contract.version, grade);
    let same = old.contract.checksum == new.contract.checksum;
    let affects = |change: &Change| hit.iter().find(|i| i.change == *change).map_or(vec![], |i| i.consumers.clone());
    let mut affected: Vec<String> = hit.iter().flat_map(|i| i.consumers.clone()).collect();
    affected.sort();
    affected.dedup();
    Ok(ContractDiff {
        from: side(old),
        to: side(new),
        changes: changes
            .iter()
            .map(|change| Graded {
                rule: change.rule,
                consumer: change.grade.as_str(),
                producer: change.producer().as_str(),
                column: change.column.clone(),
                message: change.message.clone(),
                affects: affects(change),
            })
            .collect(),
        grade: if same { "none" } else { grade.as_str() },
        needed: (grade != Grade::Refused && !same).then(|| smallest.to_string()),
        satisfied: same || (grade != Grade::Refused && new.contract.version >= smallest),
        affected,
    })
}

/// Registered consumers of a port with the columns they use.
pub(crate) async fn consumers_of(catalog: &Catalog, port: &PortName) -> Result<Vec<Consumer>> {
    let known = catalog.consumers(port).await?;
    Ok(known.into_iter().map(|(product, columns)| Consumer { product, columns }).collect())
}

fn side(located: &Located) -> Side {
    Side {
        source: located.from.clone(),
        version: located.contract.version.to_string(),
        checksum: located.contract.checksum.clone(),
    }
}

/// Contracts of a product's folder as they stood in a revision, by the ports that the folder has now.
///
/// # Errors
/// `NotFound` when the revision is unknown.
pub fn contracts_at(dir: &Path, revision: &str, paths: &[PathBuf]) -> Result<Vec<String>> {
    let mut out = vec![];
    for path in paths {
        match file_at(dir, revision, path) {
            Ok(_) => out.push(format!("{revision}:{}", path.display())),
            // a contract that is new since then has nothing to be compared with
            Err(why) if why.starts_with("it has no") => {}
            Err(why) => {
                return Err(Error::new(Kind::NotFound, format!("revision `{revision}` cannot be read: {why}")).into());
            }
        }
    }
    Ok(out)
}
