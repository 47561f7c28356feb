//! Loading and creating tables.
use std::collections::HashMap;

use iceberg::spec::{
    FormatVersion, Schema, SortOrder, TableMetadata, TableMetadataBuilder, TableMetadataRef, UnboundPartitionSpec,
};
use iceberg::table::Table;
use iceberg::{MetadataLocation, NamespaceIdent, Runtime, TableCreation, TableIdent};
use meshwright_spec::PortName;
use sqlx::Row;

use super::recent;
use super::stage::DELETE_AFTER_COMMIT;
use crate::database::{CATALOG, Record};
use crate::registry::releases_in;
use crate::{Catalog, Error, Kind, ReleaseRecord, Result};

/// A table to be made.
#[derive(Debug)]
pub struct NewTable {
    /// Columns; their ids are assigned anew, in order.
    pub schema: Schema,
    /// Hidden partitioning, by the ids in `schema`.
    pub partition: Option<UnboundPartitionSpec>,
    /// Order of rows within files, by the ids in `schema`.
    pub sort: Option<SortOrder>,
    /// Table properties; `format-version` says which version of Iceberg's format it has, 2 when not said.
    pub properties: HashMap<String, String>,
}

/// A port's Iceberg identifier: namespace (`domain`, `product`), table `port`.
pub fn ident_of(port: &PortName) -> TableIdent {
    let levels = vec![port.product.domain.to_string(), port.product.name.to_string()];
    let namespace = NamespaceIdent::from_vec(levels).expect("two levels are not none");
    TableIdent::new(namespace, port.port.to_string())
}

impl Catalog {
    /// Loads a port's table as it is now.
    ///
    /// # Errors
    /// `NotFound` when the port has no table.
    pub async fn load(&self, port: &PortName) -> Result<Table> {
        self.try_load(port)
            .await?
            .ok_or_else(|| Error::new(Kind::NotFound, format!("port `{port}` has no table in this mesh")))
    }

    /// Loads a port's table if it has one.
    pub async fn try_load(&self, port: &PortName) -> Result<Option<Table>> {
        Ok(self.try_load_all(std::slice::from_ref(port)).await?.pop().flatten())
    }

    /// Loads the tables of several ports as they are at one moment: never one before and one after a release of both.
    pub async fn try_load_all(&self, ports: &[PortName]) -> Result<Vec<Option<Table>>> {
        Ok(self.load_states(ports, false).await?.into_iter().map(|(table, _)| table).collect())
    }

    /// The same with the releases of each port, newest first, where they are wanted: what is in both was there at once.
    pub async fn load_states(
        &self,
        ports: &[PortName],
        with_releases: bool,
    ) -> Result<Vec<(Option<Table>, Vec<ReleaseRecord>)>> {
        let mut locations = vec![];
        if let ([port], false) = (ports, with_releases) {
            // one statement reads one state of the database by itself
            let location = location_of(&mut *self.db.acquire().await?, port).await?;
            locations.push((ident_of(port), location, vec![]));
        } else {
            // one transaction reads one state of the database
            let mut tx = self.begin_read().await?;
            for port in ports {
                let location = location_of(&mut tx, port).await?;
                let releases = if with_releases { releases_in(&mut tx, port).await? } else { vec![] };
                locations.push((ident_of(port), location, releases));
            }
            tx.commit().await?;
        }
        let mut tables = vec![];
        for (ident, location, releases) in locations {
            let Some(location) = location else {
                tables.push((None, releases));
                continue;
            };
            let metadata = match recent::get(&location) {
                Some(metadata) => metadata,
                None => {
                    let metadata = TableMetadataRef::new(self.metadata(&location).await?);
                    recent::put(&location, &metadata);
                    metadata
                }
            };
            tables.push((Some(self.table(ident, location, metadata)?), releases));
        }
        Ok(tables)
    }

    async fn metadata(&self, location: &str) -> Result<TableMetadata> {
        match TableMetadata::read_from(&self.io, location).await {
            Ok(metadata) => Ok(metadata),
            Err(e) => {
                let gone = matches!(self.io.exists(location).await, Ok(false));
                let e = if gone {
                    Error::new(Kind::NotFound, "a table's metadata file is gone").because(e)
                } else {
                    e.into()
                };
                let help = "a mesh directory that was moved is mended with `mesh relocate`";
                Err(e.with("metadata file", location).help(help))
            }
        }
    }

    /// All ports that have a table, published or not.
    pub async fn tables(&self) -> Result<Vec<PortName>> {
        let rows =
            sqlx::query("SELECT table_namespace, table_name FROM iceberg_tables WHERE catalog_name = $1 ORDER BY 1, 2")
                .bind(CATALOG)
                .fetch_all(&self.db)
                .await?;
        let name = |r: &Record| format!("{}.{}", r.get::<String, _>(0), r.get::<String, _>(1));
        Ok(rows.iter().filter_map(|r| name(r).parse().ok()).collect())
    }

    /// Makes a port's table without any snapshot; when somebody else was faster, theirs is returned.
    ///
    /// Field ids are assigned by Iceberg, in order: read them back from the table.
    pub async fn create(&self, port: &PortName, mut new: NewTable) -> Result<Table> {
        let format_version = match new.properties.remove("format-version").as_deref() {
            Some("3") => FormatVersion::V3,
            _ => FormatVersion::V2,
        };
        // metadata files that no longer stand in the log are removed by the commit that takes them out of it
        new.properties.entry(DELETE_AFTER_COMMIT.to_owned()).or_insert_with(|| "true".to_owned());
        let ident = ident_of(port);
        let namespace = ident.namespace().join(".");
        let location = format!("{}/{}/{}", self.home.warehouse, namespace.replace('.', "/"), ident.name());
        let creation = TableCreation {
            name: ident.name().to_owned(),
            location: Some(location.clone()),
            schema: new.schema,
            partition_spec: new.partition,
            sort_order: new.sort,
            properties: new.properties,
            format_version,
        };
        let metadata = TableMetadataBuilder::from_table_creation(creation)?.build()?.metadata;
        let file = MetadataLocation::new_with_metadata(&location, &metadata);
        let file = self.write_metadata(&metadata, &file).await?;

        let mut tx = self.begin().await?;
        for level in [port.product.domain.to_string(), namespace.clone()] {
            sqlx::query(
                "INSERT INTO iceberg_namespace_properties VALUES ($1, $2, 'exists', 'true') ON CONFLICT DO NOTHING",
            )
            .bind(CATALOG)
            .bind(level)
            .execute(&mut *tx)
            .await?;
        }
        let made =
            sqlx::query("INSERT INTO iceberg_tables VALUES ($1, $2, $3, $4, NULL, 'TABLE') ON CONFLICT DO NOTHING")
                .bind(CATALOG)
                .bind(&namespace)
                .bind(ident.name())
                .bind(&file)
                .execute(&mut *tx)
                .await?;
        tx.commit().await?;
        if made.rows_affected() == 1 {
            return self.table(ident, file, metadata);
        }
        self.io.delete(&file).await?;
        self.load(port).await
    }

    pub(crate) fn table(
        &self,
        ident: TableIdent,
        location: String,
        metadata: impl Into<TableMetadataRef>,
    ) -> Result<Table> {
        Ok(Table::builder()
            .file_io(self.io.clone())
            .identifier(ident)
            .metadata_location(location)
            .metadata(metadata)
            .runtime(Runtime::try_current()?)
            .build()?)
    }
}

/// Where the metadata of a port's table is, if it has one.
async fn location_of(db: &mut sqlx::AnyConnection, port: &PortName) -> Result<Option<String>> {
    let ident = ident_of(port);
    let location = sqlx::query_scalar(
        "SELECT metadata_location FROM iceberg_tables WHERE catalog_name = $1 AND table_namespace = $2
         AND table_name = $3 AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)",
    )
    .bind(CATALOG)
    .bind(ident.namespace().join("."))
    .bind(ident.name())
    .fetch_optional(db)
    .await?;
    Ok(location)
}
