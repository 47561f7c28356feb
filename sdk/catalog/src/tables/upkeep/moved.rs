//! A mesh directory that was moved: tables name their files by full path, so their metadata must be told anew.
use std::collections::HashMap;

use iceberg::TableIdent;
use iceberg::spec::TableMetadata;
use iceberg::table::Table;
use meshwright_spec::PortName;
use serde_json::Value;
use sqlx::Row;

use super::super::load::ident_of;
use super::super::stage::move_pointers;
use super::{Fate, HistoryFile, Reach, Removed, Retold, inside, local, normal};
use crate::database::CATALOG;
use crate::{Catalog, Error, Kind, Result};

/// Where a mesh's tables were, and where they are.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// The old root of table data.
    pub from: String,
    /// The new one.
    pub to: String,
    /// Ports whose tables still name the old place.
    pub ports: Vec<PortName>,
}

impl Moved {
    /// The place at which a file is now.
    pub fn now(&self, path: &str) -> String {
        match normal(path).strip_prefix(&normal(&self.from)) {
            Some(rest) if rest.starts_with('/') || rest.is_empty() => format!("{}{rest}", self.to),
            _ => path.to_owned(),
        }
    }

    /// Metadata with the new place in every path; columns and their texts are left alone.
    fn told(&self, metadata: &Value) -> Value {
        match metadata {
            Value::String(text) if text.contains('/') => Value::from(self.now(text)),
            Value::Array(items) => items.iter().map(|v| self.told(v)).collect(),
            Value::Object(fields) => {
                let told = |(key, v): (&String, &Value)| {
                    (key.clone(), if key == "schemas" { v.clone() } else { self.told(v) })
                };
                Value::Object(fields.iter().map(told).collect())
            }
            other => other.clone(),
        }
    }
}

impl Catalog {
    /// Whether the tables of this mesh name a place where the mesh no longer is: it was moved or copied.
    pub async fn moved(&self) -> Result<Option<Moved>> {
        let mut out: Option<Moved> = None;
        let rows = sqlx::query(
            "SELECT table_namespace, table_name, metadata_location FROM iceberg_tables
             WHERE catalog_name = $1 AND metadata_location IS NOT NULL AND substr(metadata_location, 1, CAST($2 AS INTEGER)) <> $3
             ORDER BY 1, 2",
        )
        .bind(CATALOG)
        .bind(self.home.warehouse.len() as i64)
        .bind(&self.home.warehouse)
        .fetch_all(&self.db)
        .await?;
        for row in rows {
            let (namespace, name, location): (String, String, String) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let Ok(port) = format!("{namespace}.{name}").parse::<PortName>() else { continue };
            let place = format!("/{}/{name}/metadata/", namespace.replace('.', "/"));
            let Some((from, file)) = location.split_once(&place) else { continue };
            let here = format!("{}{place}{file}", self.home.warehouse);
            if inside(&self.home.warehouse, &location)
                || !local(&here).is_some_and(|p| std::path::Path::new(p).exists())
            {
                continue;
            }
            match &mut out {
                None => out = Some(Moved { from: from.to_owned(), to: self.home.warehouse.clone(), ports: vec![port] }),
                Some(moved) if moved.from == from => moved.ports.push(port),
                // moved twice without being mended: the rest is next
                Some(_) => {}
            }
        }
        Ok(out)
    }

    /// Refuses a mesh that was moved and not mended.
    pub(crate) async fn refuse_moved(&self) -> Result<()> {
        let Some(moved) = self.moved().await? else { return Ok(()) };
        Err(Error::new(
            Kind::NotFound,
            format!("this mesh was moved: {} of its tables name files below `{}`", moved.ports.len(), moved.from),
        )
        .code("M1101")
        .with("but it lies in", &moved.to)
        .help("`mesh relocate` shows what is to be mended, `mesh relocate --apply` mends it"))
    }

    /// A table of a moved mesh, as it is at its new place, and what its pointer says.
    pub async fn load_moved(&self, port: &PortName, moved: &Moved) -> Result<(Table, String)> {
        let ident = ident_of(port);
        let pointer = self
            .pointer(&ident)
            .await?
            .ok_or_else(|| Error::new(Kind::NotFound, format!("port `{port}` has no table in this mesh")))?;
        let here = moved.now(&pointer);
        let old =
            TableMetadata::read_from(&self.io, &here).await.map_err(|e| Error::from(e).with("metadata file", &here))?;
        let metadata: TableMetadata = serde_json::from_value(moved.told(&serde_json::to_value(&old)?))?;
        Ok((self.table(ident, here, metadata)?, pointer))
    }

    /// Makes the new place the tables' own, all of them in one transaction; then removes what told the old one.
    ///
    /// # Errors
    /// `Conflict` when a pointer moved meanwhile. Nothing has changed then.
    pub async fn settle_moved(
        &self,
        moved: &Moved,
        tables: Vec<(Table, String, HashMap<String, Fate>)>,
    ) -> Result<Removed> {
        let (mut staged, mut old) = (vec![], vec![]);
        for (table, pointer, fates) in tables {
            let reach = Reach::of_moved(&table, moved).await?;
            let retold = Retold::of(&table, &fates, Some(moved), None).await?;
            let here = table.metadata_location_result()?.to_owned();
            let ident: TableIdent = table.identifier().clone();
            staged.push(self.stage_as(ident.clone(), pointer, &here, retold.metadata).await?);
            old.push((ident, table, reach));
        }
        let outcome = async {
            let mut tx = self.begin().await?;
            move_pointers(&mut tx, &staged).await?;
            tx.commit().await.map_err(Error::from)
        };
        let outcome = outcome.await;
        self.settle(&staged, outcome).await?;
        let mut removed = Removed::default();
        for (staged, (ident, before, reach)) in staged.iter().zip(old) {
            let Some(port) = format!("{}.{}", ident.namespace().join("."), ident.name()).parse().ok() else { continue };
            let after = Reach::of(&self.load(&port).await?).await?;
            let gone = reach.without(&after);
            let more = self.remove_files(before.metadata().location(), gone).await;
            tracing::debug!(table = %staged.ident(), files = more.files, "what named the old place is gone");
            removed = Removed { files: removed.files + more.files, bytes: removed.bytes + more.bytes };
        }
        Ok(removed)
    }
}

impl Reach {
    /// What a table of a moved mesh reaches, where it lies now.
    async fn of_moved(table: &Table, moved: &Moved) -> Result<Self> {
        let metadata = table.metadata();
        let mut out = Self::default();
        for snapshot in metadata.snapshots() {
            out.manifests.insert(normal(snapshot.manifest_list()), 0);
            for manifest in table.manifest_list_reader(snapshot).load().await?.entries() {
                let bytes = u64::try_from(manifest.manifest_length).unwrap_or(0);
                out.manifests.insert(normal(&moved.now(&manifest.manifest_path)), bytes);
            }
        }
        for one in HistoryFile::all(table, Some(moved)).await? {
            out.data.insert(normal(&moved.now(one.file.file_path())), one.file.file_size_in_bytes());
        }
        out.metadata.extend(metadata.metadata_log().iter().map(|log| normal(&log.metadata_file)));
        out.metadata.extend(table.metadata_location().map(normal));
        Ok(out)
    }
}
