//! A mesh directory that was moved gets its own paths: metadata is told anew, data files stay as they are.
use std::collections::HashMap;

use meshwright_catalog::{Catalog, HistoryFile, Removed, local};
use serde::Serialize;

use crate::deleted_places::{fate_of, is_by_place};
use crate::failure::Result;

/// A move, planned or mended.
#[derive(Debug, Clone, Serialize)]
pub struct Relocation {
    /// Whether it was mended.
    pub applied: bool,
    /// Where tables say that their files are.
    pub from: String,
    /// Where they are.
    pub to: String,
    /// Ports, their snapshots, and the files that stay as they are.
    pub tables: Vec<RelocatedTable>,
    /// Whether the old place still has files: then this is a copy of a mesh that is alive.
    pub old_place_exists: bool,
    /// Metadata of the old place that was removed.
    pub removed: Removed,
}

/// One table of a mesh that was moved.
#[derive(Debug, Clone, Serialize)]
pub struct RelocatedTable {
    /// `domain.product.port`
    pub port: String,
    /// States that stay readable.
    pub snapshots: usize,
    /// Data files, which are not touched.
    pub files: usize,
    /// Files of deleted rows, which name data files by path and are written anew.
    pub delete_files: usize,
}

/// Plans or mends a move; none when the mesh is where its tables say.
///
/// # Errors
/// When a file that a table needs did not come along. Nothing has changed then.
pub async fn relocate(catalog: &Catalog, apply: bool) -> Result<Option<Relocation>> {
    let Some(moved) = catalog.moved().await? else { return Ok(None) };
    let mut out = Relocation {
        applied: apply,
        from: moved.from.clone(),
        to: moved.to.clone(),
        tables: vec![],
        old_place_exists: local(&moved.from).is_some_and(|p| std::path::Path::new(p).exists()),
        removed: Removed::default(),
    };
    let mut tables = vec![];
    for port in &moved.ports {
        let (table, pointer) = catalog.load_moved(port, &moved).await?;
        let files = HistoryFile::all(&table, Some(&moved)).await?;
        let deletes: Vec<&HistoryFile> = files.iter().filter(|f| is_by_place(f)).collect();
        out.tables.push(RelocatedTable {
            port: port.to_string(),
            snapshots: table.metadata().snapshots().len(),
            files: files.iter().filter(|f| f.alive).count() - deletes.len(),
            delete_files: deletes.len(),
        });
        if !apply {
            continue;
        }
        let mut fates = HashMap::new();
        for one in deletes {
            let here = moved.now(one.file.file_path());
            let renamed = fate_of(catalog.files(), one, &here, true, |path, row| Some((moved.now(path), row))).await;
            let fate = renamed.map_err(|e| e.with("table", port))?;
            fates.extend(fate.map(|fate| (one.key(), fate)));
        }
        tables.push((table, pointer, fates));
    }
    if apply {
        out.removed = catalog.settle_moved(&moved, tables).await?;
    }
    Ok(Some(out))
}
