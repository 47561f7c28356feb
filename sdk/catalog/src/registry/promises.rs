//! What published promises forbid: judged inside the transaction that would break them, so that no writer gets past.
use iceberg::spec::TableMetadata;
use meshwright_spec::{Consumer, Contract, DataType, Grade, PortName, diff, impact, needed_bump, smallest_version};
use sqlx::Row;

use super::contracts::contract_of;
use super::{ContractRecord, ReleasedPort};
use crate::{Error, Kind, Result};

type Tx<'a> = crate::database::Transaction<'a>;

/// Refuses a contract whose version is smaller than its changes since the newest published one need.
pub(super) async fn keeps(tx: &mut Tx<'_>, port: &PortName, mode: &str, contract: &Contract) -> Result<()> {
    let Some(newest) = newest(tx, &port.to_string()).await? else { return Ok(()) };
    if newest.checksum == contract.checksum && newest.version == contract.version.to_string() {
        return Ok(());
    }
    let old = newest.parse()?;
    let changes = diff(&old, contract);
    let grade = needed_bump(&changes);
    let smallest = smallest_version(&old.version, grade);
    let refuse = |message: String, help: String| {
        let named = changes.iter().filter(|change| change.grade == grade).map(|change| change.message.clone());
        Err(Error::new(Kind::Breaking, message).with("changes", named.collect::<Vec<_>>().join("; ")).help(help))
    };
    if grade == Grade::Refused {
        let message = format!("contract {} of `{port}` makes a change that no version can make", contract.version);
        return refuse(
            message,
            "offer it as another port, deprecate this one, and name the other as its `successor`".into(),
        );
    }
    if contract.version == old.version {
        let message = format!("contract {} of `{port}` is published with another text", old.version);
        return refuse(message, format!("make it version {smallest}"));
    }
    if contract.version < smallest {
        let hit: Vec<String> =
            impact(&changes, &consumers(tx, port).await?).into_iter().flat_map(|i| i.consumers).collect();
        let hit = if hit.is_empty() { String::new() } else { format!("; used by {}", hit.join(", ")) };
        let message = format!("version {} of the contract of `{port}` is too small for its changes", contract.version);
        return refuse(message, format!("make it at least {smallest} ({}){hit}", grade.as_str()));
    }
    let late = |column: &str| contract.column(column).is_some_and(|column| column.default.is_none());
    if mode != "replace"
        && let Some(added) =
            changes.iter().find(|c| c.rule == "required-column-added" && c.column.as_deref().is_some_and(late))
    {
        let column = added.column.as_deref().unwrap_or_default();
        let message = format!("older rows of `{port}` have no value for the required column `{column}`");
        return refuse(
            message,
            "give it a `default`, let it be null, or replace the port's rows with every run".into(),
        );
    }
    let today = chrono::Utc::now().date_naive().to_string();
    if contract.status == "retired"
        && let Some(sunset) = old.sunset.filter(|sunset| *sunset >= today)
    {
        let message = format!("`{port}` was promised until {sunset} and cannot be retired today");
        return refuse(message, "wait until that day is over".into());
    }
    Ok(())
}

/// Refuses to leave out a published port before its end.
pub(super) async fn keeps_ports(tx: &mut Tx<'_>, product: &str, kept: &[String]) -> Result<()> {
    let rows = sqlx::query("SELECT port FROM mesh_ports WHERE product = $1 AND published_at IS NOT NULL ORDER BY port")
        .bind(product)
        .fetch_all(&mut **tx)
        .await?;
    let today = chrono::Utc::now().date_naive().to_string();
    for row in rows {
        let port: String = row.try_get("port")?;
        if kept.contains(&port) {
            continue;
        }
        let Some(newest) = newest(tx, &port).await? else { continue };
        let old = newest.parse()?;
        if old.status != "retired" && old.sunset.as_ref().is_none_or(|sunset| *sunset >= today) {
            let until = old.sunset.map_or("without an end".to_owned(), |sunset| format!("until {sunset}"));
            return Err(Error::new(Kind::Breaking, format!("the published port `{port}` is promised {until} and is gone"))
                .help("keep its [outputs] entry; to end it, publish it with `status = \"deprecated\"`, a `sunset` and a `successor`"));
        }
    }
    Ok(())
}

/// Refuses a release of a published port under a contract that nobody has published.
pub(crate) async fn is_promised(tx: &mut Tx<'_>, released: &ReleasedPort) -> Result<()> {
    let published: Option<Option<String>> = sqlx::query_scalar("SELECT published_at FROM mesh_ports WHERE port = $1")
        .bind(&released.port)
        .fetch_optional(&mut **tx)
        .await?;
    if published.flatten().is_none() {
        return Ok(());
    }
    let frozen: Option<Option<String>> =
        sqlx::query_scalar("SELECT frozen_at FROM mesh_contracts WHERE port = $1 AND version = $2 AND checksum = $3")
            .bind(&released.port)
            .bind(&released.contract_version)
            .bind(&released.contract_checksum)
            .fetch_optional(&mut **tx)
            .await?;
    if frozen.flatten().is_some() {
        return Ok(());
    }
    let message = format!("contract {} of `{}` is not published", released.contract_version, released.port);
    Err(Error::new(Kind::Breaking, message).help("publish it first; the next release makes it current"))
}

/// Refuses a table whose columns no longer are those that the published contract promises.
pub(crate) async fn keeps_columns(tx: &mut Tx<'_>, port: &str, metadata: &TableMetadata) -> Result<()> {
    let row = sqlx::query(
        "SELECT c.* FROM mesh_contracts c JOIN mesh_ports p ON p.port = c.port AND p.current_checksum = c.checksum
         WHERE p.port = $1 AND p.published_at IS NOT NULL AND c.frozen_at IS NOT NULL LIMIT 1",
    )
    .bind(port)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(record) = row.as_ref().map(contract_of).transpose()? else { return Ok(()) };
    let contract = record.parse()?;
    for column in &contract.columns {
        let field = metadata.current_schema().field_by_name(&column.name);
        let kept = field.is_some_and(|field| {
            let found: Option<DataType> = field.field_type.to_string().parse().ok();
            field.field_type.is_nested() || found.is_none_or(|found| found == column.data_type)
        });
        if !kept {
            let how = field.map_or("is gone".to_owned(), |field| format!("is of type {}", field.field_type));
            let promised = format!("contract {} promises it as {}", contract.version, column.data_type);
            return Err(Error::new(Kind::Breaking, format!("column `{}` of `{port}` {how}", column.name))
                .with("promise", promised)
                .help("publish a contract of a new major version, then release the change with it"));
        }
    }
    Ok(())
}

async fn newest(tx: &mut Tx<'_>, port: &str) -> Result<Option<ContractRecord>> {
    let rows = sqlx::query("SELECT * FROM mesh_contracts WHERE port = $1 AND frozen_at IS NOT NULL")
        .bind(port)
        .fetch_all(&mut **tx)
        .await?;
    let all: Vec<ContractRecord> = rows.iter().map(contract_of).collect::<Result<_>>()?;
    Ok(all.into_iter().max_by_key(|c| c.version.parse::<semver::Version>().ok()))
}

async fn consumers(tx: &mut Tx<'_>, port: &PortName) -> Result<Vec<Consumer>> {
    let rows = sqlx::query("SELECT product, columns FROM mesh_consumers WHERE port = $1 ORDER BY product")
        .bind(port.to_string())
        .fetch_all(&mut **tx)
        .await?;
    rows.iter()
        .map(|row| {
            let columns = serde_json::from_str(&row.try_get::<String, _>("columns")?)?;
            Ok(Consumer { product: row.try_get("product")?, columns })
        })
        .collect()
}
