//! Everything a reader wants to know of a port.
use meshwright_catalog::{Catalog, Error, Kind, ReleaseRecord, Waiver};
use meshwright_spec::{PortName, nearest};
use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::when::{When, absent, release_of, state_at};

/// A port, its promise and how it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Description {
    /// `domain.product.port`
    pub port: String,
    /// The product's title.
    pub title: String,
    /// What the product is.
    pub product_description: String,
    /// What a row is.
    pub description: String,
    /// Who answers for it.
    pub owner: OwnerOf,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// `draft` until it is published, then the contract's status.
    pub status: String,
    /// The promise that held at the described state.
    pub contract: Promise,
    /// A published contract version that no release satisfies yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_version: Option<String>,
    /// The release described, if the state is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseRecord>,
    /// The snapshot described.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_id: Option<i64>,
    /// Rows in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// Bytes of its data files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
    /// Check results of the release's run, by outcome.
    pub checks: Checks,
    /// Checks that did not hold and were let pass.
    pub waivers: Vec<WaiverOf>,
    /// How good the data are, of the port and by dimension; absent where the run did not keep it.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub score: serde_json::Value,
    /// Products that read it.
    pub consumers: Vec<String>,
    /// The repository's address and commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The commit that made the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git_commit: Option<String>,
}

/// A check that was let pass, and whether its time is over.
#[derive(Debug, Clone, Serialize)]
pub struct WaiverOf {
    /// As it was recorded.
    #[serde(flatten)]
    pub waiver: Waiver,
    /// It was to be mended by now.
    pub overdue: bool,
}

/// Who answers for a port.
#[derive(Debug, Clone, Serialize)]
pub struct OwnerOf {
    /// The team.
    pub team: String,
    /// Where to write to.
    pub email: Option<String>,
}

/// A contract as shown.
#[derive(Debug, Clone, Serialize)]
pub struct Promise {
    /// Semantic version.
    pub version: String,
    /// `sha256:<hex>`
    pub checksum: String,
    /// Columns that identify a row.
    pub key: Vec<String>,
    /// Licence.
    pub license: Option<String>,
    /// What it may be used for.
    pub usage: Option<String>,
    /// Columns in order.
    pub columns: Vec<ColumnOf>,
    /// Ids of everything that is checked.
    pub checks: Vec<String>,
    /// The last day on which it is served, where it ends.
    pub sunset: Option<String>,
    /// The port to read instead.
    pub successor: Option<String>,
    /// Rules that stand in the contract without being run.
    pub not_run: Vec<String>,
}

/// A column as shown.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnOf {
    /// Its name.
    pub name: String,
    /// Its type, in the spelling of contracts.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Never null.
    pub required: bool,
    /// Unit of measure.
    pub unit: Option<String>,
    /// Meaning.
    pub description: Option<String>,
    /// Words such as `pii`.
    pub tags: Vec<String>,
}

/// How many checks ended how.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Checks {
    /// They hold.
    pub passed: usize,
    /// They do not hold, which people should know.
    pub warned: usize,
    /// They do not hold.
    pub failed: usize,
    /// They could not be run.
    pub error: usize,
    /// There was nothing to judge.
    pub not_evaluated: usize,
}

impl WaiverOf {
    fn of(waiver: Waiver) -> Self {
        let until = waiver.until.as_deref().and_then(|u| chrono::DateTime::parse_from_rfc3339(u).ok());
        Self { overdue: until.is_some_and(|u| u < chrono::Utc::now()), waiver }
    }
}

/// Fails unless the mesh knows a port: by its registration, or by rows of a run that was never released.
///
/// # Errors
/// `NotFound` with the nearest published port.
pub async fn known(catalog: &Catalog, port: &PortName) -> Result<()> {
    if catalog.port(port).await?.is_some() || catalog.tables().await?.contains(port) {
        return Ok(());
    }
    Err(unknown(catalog, port).await?)
}

pub(crate) async fn unknown(catalog: &Catalog, port: &PortName) -> Result<Failure> {
    let known: Vec<String> = catalog.ports(None).await?.into_iter().map(|p| p.port).collect();
    let near = nearest(&port.to_string(), known.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
    Ok(Error::new(Kind::NotFound, format!("there is no port `{port}` in this mesh"))
        .help(near.unwrap_or_else(|| "`mesh list` shows the ports".to_owned()))
        .into())
}

/// Describes a port as it stands, or as it stood.
///
/// # Errors
/// `NotFound` when the mesh has no such port or state.
pub async fn describe(catalog: &Catalog, port: &PortName, at: Option<&str>) -> Result<Description> {
    let Some(record) = catalog.port(port).await? else { return Err(unknown(catalog, port).await?) };
    let gone = || Error::new(Kind::Unexpected, format!("the registry has no product for `{port}`"));
    let product = catalog.product(&port.product).await?.ok_or_else(gone)?;
    let (table, releases) =
        catalog.load_states(std::slice::from_ref(port), true).await?.pop().unwrap_or((None, vec![]));
    let state = match (&table, at) {
        (Some(table), Some(at)) => Some(state_at(port, table, &releases, &When::parse(at))?),
        (None, Some(at)) => return Err(absent(port, &format!("state `{at}`: it has no release yet"), None)),
        (_, None) => None,
    };
    let now = || table.as_ref().and_then(|t| t.metadata().current_snapshot().cloned());
    let snapshot = state.as_ref().map(|s| s.snapshot.clone()).or_else(now);
    let summary = snapshot.as_ref().map(|s| s.summary().additional_properties.clone()).unwrap_or_default();
    let number = |key: &str| summary.get(key).and_then(|v| v.parse().ok());
    let mut release = match state {
        Some(state) => state.release,
        None => snapshot
            .as_ref()
            .zip(table.as_ref())
            .and_then(|(s, table)| release_of(table, &releases, s.snapshot_id()).cloned()),
    };
    if let Some(release) = &mut release {
        release.withdrawn_by = catalog.withdrawn(&port.product).await?.get(&release.number).copied();
    }
    // the promise of that time is named in the snapshot itself
    let then = match summary.get("mesh.contract-checksum").filter(|_| at.is_some()) {
        Some(checksum) => catalog.contract(port, checksum).await?,
        None => None,
    };
    let contract = match then {
        Some(c) => Some(c),
        None => catalog.current_contract(port).await?,
    };
    let no_contract = || Error::new(Kind::NotFound, format!("port `{port}` has no contract in this mesh"));
    let held = contract.ok_or_else(no_contract)?;
    let contract = held.parse()?;
    let results = match summary.get("mesh.run-id") {
        Some(run) => catalog.check_results(run, Some(port)).await?,
        None => vec![],
    };
    let waivers = match summary.get("mesh.run-id") {
        Some(run) => catalog.waivers(run, Some(port)).await?,
        None => vec![],
    };
    let score = match summary.get("mesh.run-id") {
        Some(run) => match catalog.run(run).await {
            Ok(run) => run.detail["scores"][port.to_string()].clone(),
            // another mesh's run, say
            Err(_) => serde_json::Value::Null,
        },
        None => serde_json::Value::Null,
    };
    let mut checks = Checks::default();
    for r in &results {
        match r.outcome.as_str() {
            "passed" => checks.passed += 1,
            "warned" => checks.warned += 1,
            "failed" => checks.failed += 1,
            "error" => checks.error += 1,
            _ => checks.not_evaluated += 1,
        }
    }
    Ok(Description {
        port: port.to_string(),
        title: product.title,
        product_description: product.description,
        description: contract.description.clone(),
        owner: OwnerOf { team: product.owner_team, email: product.owner_email },
        tags: product.tags,
        status: if record.published_at.is_none() { "draft".to_owned() } else { contract.status.clone() },
        contract: Promise {
            version: contract.version.to_string(),
            checksum: contract.checksum.clone(),
            key: contract.key.clone(),
            license: contract.license.clone(),
            usage: contract.usage.clone(),
            columns: contract
                .columns
                .iter()
                .map(|c| ColumnOf {
                    name: c.name.clone(),
                    data_type: c.data_type.to_string(),
                    required: c.required || contract.key.contains(&c.name),
                    unit: c.unit.clone(),
                    description: c.description.clone(),
                    tags: c.tags.clone(),
                })
                .collect(),
            checks: contract.checks.iter().map(|c| c.id.clone()).collect(),
            sunset: contract.sunset.clone(),
            successor: contract.successor.as_ref().map(ToString::to_string),
            not_run: contract.declared.iter().map(|rule| rule.id.clone()).collect(),
        },
        pending_version: record.pending_version,
        release,
        snapshot_id: snapshot.as_ref().map(|s| s.snapshot_id()),
        rows: number("total-records"),
        bytes: number("total-files-size"),
        checks,
        waivers: waivers.into_iter().map(WaiverOf::of).collect(),
        score,
        consumers: catalog.consumers(port).await?.into_iter().map(|(product, _)| product).collect(),
        repository: product.repository,
        git_commit: summary.get("mesh.git").cloned().or(product.git_commit),
    })
}
