//! Contract versions of ports.
use meshwright_spec::{Contract, Name, PortName, Sources};
use serde::Serialize;
use sqlx::Row;

use crate::database::Record;
use crate::{Catalog, Error, Kind, Result};

/// One version of a port's contract.
#[derive(Debug, Clone, Serialize)]
pub struct ContractRecord {
    /// `domain.product.port`
    pub port: String,
    /// Semantic version.
    pub version: String,
    /// `sha256:<hex>` of the promise.
    pub checksum: String,
    /// The file as it was registered.
    pub text: String,
    /// When it was frozen by publishing; none: a draft.
    pub frozen_at: Option<String>,
}

impl ContractRecord {
    /// The contract itself.
    pub fn parse(&self) -> Result<Contract> {
        let broken = || Error::new(Kind::Unexpected, "a registered contract cannot be read").with("port", &self.port);
        let name: Name = self.port.rsplit('.').next().unwrap_or_default().parse().map_err(|_| broken())?;
        let mut sources = Sources::default();
        let file = sources.add(format!("{}@{}", self.port, self.version), self.text.clone());
        Contract::parse(&name, file, &sources).0.ok_or_else(broken)
    }
}

impl Catalog {
    /// The contract that the newest release of a port satisfies; before the first release, the newest registered.
    pub async fn current_contract(&self, port: &PortName) -> Result<Option<ContractRecord>> {
        let row = sqlx::query(
            "SELECT c.* FROM mesh_contracts c JOIN mesh_ports p ON p.port = c.port
             WHERE c.port = $1 AND (p.current_checksum IS NULL OR p.current_checksum = c.checksum)
             ORDER BY c.registered_at DESC LIMIT 1",
        )
        .bind(port.to_string())
        .fetch_optional(&self.db)
        .await?;
        row.as_ref().map(contract_of).transpose()
    }

    /// The newest frozen contract of a port: what a changed contract is compared with.
    pub async fn frozen_contract(&self, port: &PortName) -> Result<Option<ContractRecord>> {
        let rows = sqlx::query("SELECT * FROM mesh_contracts WHERE port = $1 AND frozen_at IS NOT NULL")
            .bind(port.to_string())
            .fetch_all(&self.db)
            .await?;
        let all: Vec<ContractRecord> = rows.iter().map(contract_of).collect::<Result<_>>()?;
        Ok(all.into_iter().max_by_key(|c| c.version.parse::<semver::Version>().ok()))
    }

    /// A contract by its version; the published one where drafts had the same.
    pub async fn contract_version(&self, port: &PortName, version: &str) -> Result<Option<ContractRecord>> {
        let row = sqlx::query(
            "SELECT * FROM mesh_contracts WHERE port = $1 AND version = $2
             ORDER BY frozen_at IS NULL, registered_at DESC LIMIT 1",
        )
        .bind(port.to_string())
        .bind(version)
        .fetch_optional(&self.db)
        .await?;
        row.as_ref().map(contract_of).transpose()
    }

    /// A contract by its checksum, as snapshots name it.
    pub async fn contract(&self, port: &PortName, checksum: &str) -> Result<Option<ContractRecord>> {
        let row = sqlx::query("SELECT * FROM mesh_contracts WHERE port = $1 AND checksum = $2")
            .bind(port.to_string())
            .bind(checksum)
            .fetch_optional(&self.db)
            .await?;
        row.as_ref().map(contract_of).transpose()
    }
}

pub(super) fn contract_of(row: &Record) -> Result<ContractRecord> {
    Ok(ContractRecord {
        port: row.try_get("port")?,
        version: row.try_get("version")?,
        checksum: row.try_get("checksum")?,
        text: row.try_get("text")?,
        frozen_at: row.try_get("frozen_at")?,
    })
}
