//! Products and their ports: registering, publishing, listing.
use meshwright_spec::{Contract, PortName, ProductName};
use serde::Serialize;
use sqlx::Row;

use super::promises::{keeps, keeps_ports};
use crate::database::{Record, Transaction, now};
use crate::{Catalog, Error, Kind, Result};

/// A product as the registry knows it.
#[derive(Debug, Clone, Serialize)]
pub struct ProductRecord {
    /// `domain.product`
    pub product: String,
    /// One line.
    pub title: String,
    /// For people who search.
    pub description: String,
    /// Who answers for it.
    pub owner_team: String,
    /// Where to write to.
    pub owner_email: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Address of its git remote, without credentials.
    pub repository: Option<String>,
    /// The commit it was last registered from.
    pub git_commit: Option<String>,
    /// Template and version it was born from.
    pub template: Option<String>,
    /// When it was first published; none: a draft.
    pub published_at: Option<String>,
}

/// An output port as the registry knows it.
#[derive(Debug, Clone, Serialize)]
pub struct PortRecord {
    /// `domain.product.port`
    pub port: String,
    /// Its product.
    pub product: String,
    /// How runs change it.
    pub mode: String,
    /// When it was first published; none: a draft.
    pub published_at: Option<String>,
    /// The contract version that the newest release satisfies.
    pub current_version: Option<String>,
    /// A published contract version that no release satisfies yet.
    pub pending_version: Option<String>,
}

/// What publishing did to one port.
#[derive(Debug, Clone, Serialize)]
pub struct Published {
    /// `domain.product.port`
    pub port: String,
    /// The contract's version.
    pub version: String,
    /// `new`, `unchanged`, `current` (a release satisfies it already) or `pending`.
    pub state: &'static str,
}

impl Catalog {
    /// Registers a product, its ports and contracts as a draft, or refreshes what is said of them, and publishes
    /// nothing. Contracts that are frozen stay.
    pub async fn register(&self, product: &ProductRecord, ports: &[(PortName, &str, &Contract)]) -> Result<()> {
        let mut tx = self.begin_alone(&product.product).await?;
        let published: Option<Option<String>> =
            sqlx::query_scalar("SELECT published_at FROM mesh_products WHERE product = $1")
                .bind(&product.product)
                .fetch_optional(&mut *tx)
                .await?;
        // what is published is described by what was published
        if published.flatten().is_none() {
            write_product(&mut tx, product).await?;
        }
        for (port, mode, contract) in ports {
            write_port(&mut tx, port, mode).await?;
            write_contract(&mut tx, port, contract, false).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Publishes a product: listed, searchable, its contract versions frozen. `consumes` are its input ports as
    /// (input, port, version requirement, columns).
    ///
    /// # Errors
    /// `Breaking` when a contract breaks what is published of its port under a version that is too small, or when a
    /// published port is left out before its end (callers look first and explain better).
    pub async fn publish(
        &self,
        product: &ProductRecord,
        ports: &[(PortName, &str, &Contract)],
        consumes: &[(String, PortName, String, Vec<String>)],
    ) -> Result<Vec<Published>> {
        let mut tx = self.begin_alone(&product.product).await?;
        write_product(&mut tx, product).await?;
        sqlx::query("UPDATE mesh_products SET published_at = coalesce(published_at, $2) WHERE product = $1")
            .bind(&product.product)
            .bind(now())
            .execute(&mut *tx)
            .await?;
        let kept: Vec<String> = ports.iter().map(|(port, ..)| port.to_string()).collect();
        keeps_ports(&mut tx, &product.product, &kept).await?;
        let mut out = vec![];
        for (port, mode, contract) in ports {
            write_port(&mut tx, port, mode).await?;
            out.push(publish_port(&mut tx, port, mode, contract).await?);
        }
        sqlx::query("DELETE FROM mesh_consumers WHERE product = $1").bind(&product.product).execute(&mut *tx).await?;
        for (input, port, version, columns) in consumes {
            sqlx::query("INSERT INTO mesh_consumers VALUES ($1, $2, $3, $4, $5, $6)")
                .bind(&product.product)
                .bind(input)
                .bind(port.to_string())
                .bind(version)
                .bind(serde_json::to_string(columns)?)
                .bind(now())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(out)
    }

    /// One product, draft or published.
    pub async fn product(&self, name: &ProductName) -> Result<Option<ProductRecord>> {
        let row = sqlx::query("SELECT * FROM mesh_products WHERE product = $1")
            .bind(name.to_string())
            .fetch_optional(&self.db)
            .await?;
        row.as_ref().map(product_of).transpose()
    }

    /// Published products, by name.
    pub async fn products(&self) -> Result<Vec<ProductRecord>> {
        let rows = sqlx::query("SELECT * FROM mesh_products WHERE published_at IS NOT NULL ORDER BY product")
            .fetch_all(&self.db)
            .await?;
        rows.iter().map(product_of).collect()
    }

    /// One port, draft or published.
    pub async fn port(&self, name: &PortName) -> Result<Option<PortRecord>> {
        let row = sqlx::query("SELECT * FROM mesh_ports WHERE port = $1")
            .bind(name.to_string())
            .fetch_optional(&self.db)
            .await?;
        row.as_ref().map(port_of).transpose()
    }

    /// Published ports, by name; of one product (drafts of it too) when named.
    pub async fn ports(&self, product: Option<&ProductName>) -> Result<Vec<PortRecord>> {
        let rows = match product {
            Some(p) => sqlx::query("SELECT * FROM mesh_ports WHERE product = $1 ORDER BY port").bind(p.to_string()),
            None => sqlx::query("SELECT * FROM mesh_ports WHERE published_at IS NOT NULL ORDER BY port"),
        };
        rows.fetch_all(&self.db).await?.iter().map(port_of).collect()
    }

    /// Products that declared an input on a port: (product, columns they use).
    pub async fn consumers(&self, port: &PortName) -> Result<Vec<(String, Vec<String>)>> {
        let rows = sqlx::query("SELECT product, columns FROM mesh_consumers WHERE port = $1 ORDER BY product")
            .bind(port.to_string())
            .fetch_all(&self.db)
            .await?;
        rows.iter().map(|r| Ok((r.try_get("product")?, serde_json::from_str(r.try_get("columns")?)?))).collect()
    }
}

async fn write_product(tx: &mut Transaction<'_>, p: &ProductRecord) -> Result<()> {
    sqlx::query(
        "INSERT INTO mesh_products (product, title, description, owner_team, owner_email, tags, repository, git_commit,
         template, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (product) DO UPDATE SET title = $2, description = $3, owner_team = $4, owner_email = $5, tags = $6,
         repository = $7, git_commit = $8, template = $9, updated_at = $10",
    )
    .bind(&p.product)
    .bind(&p.title)
    .bind(&p.description)
    .bind(&p.owner_team)
    .bind(&p.owner_email)
    .bind(serde_json::to_string(&p.tags)?)
    .bind(&p.repository)
    .bind(&p.git_commit)
    .bind(&p.template)
    .bind(now())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn write_port(tx: &mut Transaction<'_>, port: &PortName, mode: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO mesh_ports (port, product, mode) VALUES ($1, $2, $3) ON CONFLICT (port) DO UPDATE SET mode = $3",
    )
    .bind(port.to_string())
    .bind(port.product.to_string())
    .bind(mode)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn write_contract(tx: &mut Transaction<'_>, port: &PortName, contract: &Contract, freeze: bool) -> Result<()> {
    let frozen = freeze.then(now);
    sqlx::query(
        "INSERT INTO mesh_contracts VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (port, version, checksum) DO UPDATE SET frozen_at = coalesce(mesh_contracts.frozen_at, $5)",
    )
    .bind(port.to_string())
    .bind(contract.version.to_string())
    .bind(&contract.checksum)
    .bind(&contract.text)
    .bind(frozen)
    .bind(now())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn publish_port(tx: &mut Transaction<'_>, port: &PortName, mode: &str, contract: &Contract) -> Result<Published> {
    keeps(tx, port, mode, contract).await?;
    let (name, version) = (port.to_string(), contract.version.to_string());
    let frozen: Option<String> = sqlx::query_scalar(
        "SELECT checksum FROM mesh_contracts WHERE port = $1 AND version = $2 AND frozen_at IS NOT NULL",
    )
    .bind(&name)
    .bind(&version)
    .fetch_optional(&mut **tx)
    .await?;
    if frozen.as_ref().is_some_and(|c| c != &contract.checksum) {
        return Err(Error::new(Kind::Conflict, format!("contract {version} of `{name}` is frozen with another text")));
    }
    write_contract(tx, port, contract, true).await?;
    let current: Option<String> = sqlx::query_scalar("SELECT current_checksum FROM mesh_ports WHERE port = $1")
        .bind(&name)
        .fetch_one(&mut **tx)
        .await?;
    let satisfied = current.as_ref() == Some(&contract.checksum);
    let pending = (!satisfied).then_some((&version, &contract.checksum));
    sqlx::query(
        "UPDATE mesh_ports SET published_at = coalesce(published_at, $2), pending_version = $3, pending_checksum = $4
         WHERE port = $1",
    )
    .bind(&name)
    .bind(now())
    .bind(pending.map(|p| p.0))
    .bind(pending.map(|p| p.1))
    .execute(&mut **tx)
    .await?;
    let state = match (frozen, satisfied) {
        (Some(_), true) => "unchanged",
        (_, true) => "current",
        (_, false) => "pending",
    };
    Ok(Published { port: name, version, state })
}

fn product_of(row: &Record) -> Result<ProductRecord> {
    Ok(ProductRecord {
        product: row.try_get("product")?,
        title: row.try_get("title")?,
        description: row.try_get("description")?,
        owner_team: row.try_get("owner_team")?,
        owner_email: row.try_get("owner_email")?,
        tags: serde_json::from_str(row.try_get("tags")?)?,
        repository: row.try_get("repository")?,
        git_commit: row.try_get("git_commit")?,
        template: row.try_get("template")?,
        published_at: row.try_get("published_at")?,
    })
}

fn port_of(row: &Record) -> Result<PortRecord> {
    Ok(PortRecord {
        port: row.try_get("port")?,
        product: row.try_get("product")?,
        mode: row.try_get("mode")?,
        published_at: row.try_get("published_at")?,
        current_version: row.try_get("current_version")?,
        pending_version: row.try_get("pending_version")?,
    })
}
