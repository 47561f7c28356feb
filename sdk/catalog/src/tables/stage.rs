//! Commits by compare-and-swap: metadata file first, then the pointer.
use std::str::FromStr;
use std::time::{Duration, Instant};

use iceberg::spec::{TableMetadata, TableMetadataRef};
use iceberg::table::Table;
use iceberg::{MetadataLocation, TableIdent, TableRequirement, TableUpdate};
use sqlx::Row;

use super::json::{MetadataFile, RowsUpdate};
use crate::database::{CATALOG, Transaction};
use crate::dialect::PATIENCE;
use crate::{Catalog, Error, Kind, Result};

/// Iceberg's word for it; on for tables that we make.
pub(super) const DELETE_AFTER_COMMIT: &str = "write.metadata.delete-after-commit.enabled";

/// What is to happen to one table.
#[derive(Debug, Clone)]
pub struct TableChange {
    /// The table as it was when the change was decided.
    pub base: Table,
    /// What must still hold.
    pub requirements: Vec<TableRequirement>,
    /// What changes.
    pub updates: Vec<TableUpdate>,
}

/// A change whose metadata file is written, but that nobody sees yet.
#[derive(Debug)]
pub struct Staged {
    ident: TableIdent,
    base: String,
    location: String,
    metadata: TableMetadataRef,
    /// Older metadata files that the new one no longer lists.
    expired: Vec<String>,
}

impl Staged {
    pub(super) fn metadata(&self) -> TableMetadataRef {
        self.metadata.clone()
    }

    /// Where the new metadata file lies.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The table's name.
    pub fn ident(&self) -> &TableIdent {
        &self.ident
    }
}

impl Catalog {
    /// Applies a change to its base and writes the new metadata file.
    ///
    /// # Errors
    /// `Conflict` when a requirement no longer holds.
    pub async fn stage(&self, change: TableChange) -> Result<Staged> {
        let TableChange { base, requirements, updates } = change;
        for r in &requirements {
            r.check(Some(base.metadata())).map_err(|e| {
                Error::new(Kind::Conflict, format!("table `{}` has changed meanwhile", base.identifier())).because(e)
            })?;
        }
        let current = base.metadata_location_result()?.to_owned();
        let rows = RowsUpdate::all(&updates)?;
        let mut builder = base.metadata().clone().into_builder(Some(current.clone()));
        for update in updates {
            builder = update.apply(builder)?;
        }
        let built = builder.build()?;
        let metadata = TableMetadataRef::new(built.metadata);
        let tidy = metadata.properties().get(DELETE_AFTER_COMMIT).is_some_and(|v| v == "true");
        let expired = built.expired_metadata_logs.into_iter().map(|log| log.metadata_file);
        let location = MetadataLocation::from_str(&current)?.with_next_version().with_new_metadata(&metadata);
        let file = MetadataFile::after(&current, rows.as_deref(), &metadata, &location)?;
        let location = self.write(file).await?;
        let expired = expired.filter(|_| tidy).collect();
        Ok(Staged { ident: base.identifier().clone(), base: current, location, metadata, expired })
    }

    /// Writes metadata that was told anew in place of what a table has at `base`.
    pub(super) async fn stage_as(
        &self,
        ident: TableIdent,
        base: String,
        next_to: &str,
        metadata: TableMetadata,
    ) -> Result<Staged> {
        let location = MetadataLocation::from_str(next_to)?.with_next_version().with_new_metadata(&metadata);
        let location = self.write_metadata(&metadata, &location).await?;
        Ok(Staged { ident, base, location, metadata: TableMetadataRef::new(metadata), expired: vec![] })
    }

    /// Writes any metadata; returns where.
    pub(super) async fn write_metadata(&self, metadata: &TableMetadata, place: &MetadataLocation) -> Result<String> {
        self.write(MetadataFile::of(metadata, place)?).await
    }

    /// Writes a metadata file and waits until it, and everything that was written before it, is on the disk: whatever
    /// is staged can be pointed to.
    async fn write(&self, file: MetadataFile) -> Result<String> {
        let mut writer = self.io.new_output(&file.location)?.writer().await?;
        writer.write(file.bytes.into()).await?;
        writer.close().await?;
        self.syncs.wait().await?;
        Ok(file.location)
    }

    /// Commits one change.
    ///
    /// # Errors
    /// `Conflict` when somebody else moved the table since its base was loaded; nothing is left behind then.
    pub async fn commit(&self, change: TableChange) -> Result<Table> {
        let staged = [self.stage(change).await?];
        self.point_to(&staged).await?;
        let [Staged { ident, location, metadata, .. }] = staged;
        self.table(ident, location, metadata)
    }

    /// Commits changes of several tables at one moment: all of them, or none.
    ///
    /// # Errors
    /// `Conflict` when somebody else moved one of the tables since its base was loaded; nothing is left behind then.
    pub async fn commit_all(&self, changes: Vec<TableChange>) -> Result<()> {
        let mut staged = vec![];
        for change in changes {
            match self.stage(change).await {
                Ok(s) => staged.push(s),
                Err(e) => return self.settle(&staged, Err(e)).await,
            }
        }
        self.point_to(&staged).await
    }

    /// Moves the pointers of staged changes, all of them or none.
    async fn point_to(&self, staged: &[Staged]) -> Result<()> {
        let moved = async {
            let mut tx = self.begin().await?;
            keep_promises(&mut tx, staged).await?;
            move_pointers(&mut tx, staged).await?;
            tx.commit().await.map_err(Error::from)
        };
        let outcome = moved.await;
        self.settle(staged, outcome).await
    }

    /// After a lost attempt removes its metadata files; when the outcome is unknown looks whether it happened.
    pub(crate) async fn settle(&self, staged: &[Staged], outcome: Result<()>) -> Result<()> {
        let Err(error) = outcome else {
            self.committed(staged).await;
            return Ok(());
        };
        // the connection may have died inside COMMIT: the tables tell, as soon as the database answers again
        if matches!(error.kind(), Kind::Unexpected | Kind::Unavailable) && self.has_happened(staged).await? {
            self.committed(staged).await;
            return Ok(());
        }
        for s in staged {
            if let Err(e) = self.io.delete(&s.location).await {
                tracing::warn!(file = s.location, error = %e, "a metadata file that nobody names could not be removed");
            }
        }
        Err(error)
    }

    /// Once a commit is certain: what was written needs no reading, and what it no longer lists goes.
    async fn committed(&self, staged: &[Staged]) {
        for s in staged {
            super::recent::put(&s.location, &s.metadata);
            for file in &s.expired {
                if let Err(e) = self.io.delete(file).await {
                    tracing::debug!(file, error = %e, "an older metadata file could not be removed");
                }
            }
        }
    }

    /// Whether these changes, which are one transaction, are part of their tables now.
    ///
    /// # Errors
    /// `Unavailable` when nobody can say: then nothing may be removed.
    async fn has_happened(&self, staged: &[Staged]) -> Result<bool> {
        let Some(s) = staged.first() else { return Ok(false) };
        let unknown = |e: Error| {
            Error::new(Kind::Unavailable, format!("nobody can say whether the commit to `{}` happened", s.ident))
                .help("`mesh history` shows it when the database answers again; running again is safe")
                .because(e)
        };
        let Some(now) = self.pointer_when_it_answers(&s.ident).await.map_err(unknown)? else { return Ok(false) };
        if now == s.location {
            return Ok(true);
        }
        if now == s.base {
            return Ok(false);
        }
        // others have committed since: what they stand on is in the table's own log
        let metadata = TableMetadata::read_from(&self.io, &now).await.map_err(|e| unknown(e.into()))?;
        Ok(metadata.metadata_log().iter().any(|entry| entry.metadata_file == s.location))
    }

    async fn pointer_when_it_answers(&self, ident: &TableIdent) -> Result<Option<String>> {
        let started = Instant::now();
        loop {
            match self.pointer(ident).await {
                Err(e) if e.kind() == Kind::Unavailable && started.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                other => return other,
            }
        }
    }

    /// Where a table's metadata is, once nobody's transaction holds its row: a COMMIT may still be under way although
    /// its connection is gone, so this asks for the row as a writer.
    pub(super) async fn pointer(&self, ident: &TableIdent) -> Result<Option<String>> {
        let mut tx = self.begin().await?;
        let sql = format!(
            "SELECT metadata_location FROM iceberg_tables
             WHERE catalog_name = $1 AND table_namespace = $2 AND table_name = $3{}",
            self.dialect.for_update()
        );
        let rows = sqlx::query(&sql)
            .bind(CATALOG)
            .bind(ident.namespace().join("."))
            .bind(ident.name())
            .fetch_all(&mut *tx)
            .await?;
        tx.rollback().await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
    }
}

/// A release brings its contracts along; a commit by itself has to keep those that are published.
async fn keep_promises(tx: &mut Transaction<'_>, staged: &[Staged]) -> Result<()> {
    for s in staged {
        let port = format!("{}.{}", s.ident.namespace().join("."), s.ident.name());
        crate::registry::keeps_columns(tx, &port, &s.metadata).await?;
    }
    Ok(())
}

/// Moves the pointers inside a transaction, in the order of names so that two releases cannot deadlock.
pub(crate) async fn move_pointers(tx: &mut Transaction<'_>, staged: &[Staged]) -> Result<()> {
    let mut order: Vec<&Staged> = staged.iter().collect();
    order.sort_by_key(|s| (s.ident.namespace().join("."), s.ident.name().to_owned()));
    for s in order {
        let done = sqlx::query(
            "UPDATE iceberg_tables SET metadata_location = $1, previous_metadata_location = $2
             WHERE catalog_name = $3 AND table_namespace = $4 AND table_name = $5 AND metadata_location = $2
             AND (iceberg_type = 'TABLE' OR iceberg_type IS NULL)",
        )
        .bind(&s.location)
        .bind(&s.base)
        .bind(CATALOG)
        .bind(s.ident.namespace().join("."))
        .bind(s.ident.name())
        .execute(&mut **tx)
        .await?;
        if done.rows_affected() != 1 {
            return Err(Error::new(Kind::Conflict, format!("somebody else committed to `{}` first", s.ident))
                .help("run again: the work is done on the new state"));
        }
    }
    Ok(())
}
