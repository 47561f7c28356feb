//! What the modes of an output port do to rows and files that are there already.
use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::{Column, JoinType};
use datafusion::logical_expr::Expr;
use datafusion::prelude::{DataFrame, SessionContext};
use iceberg::spec::{DataFile, MAIN_BRANCH, Struct};
use iceberg::table::Table;
use meshwright_catalog::{Error, Kind};
use meshwright_spec::Contract;

use crate::evolve::Shaped;
use crate::failure::Result;
use crate::scan::IcebergTable;

/// New rows, and those of main whose key is not among them.
pub(crate) async fn upsert(
    ctx: &SessionContext,
    new: DataFrame,
    shaped: &Shaped,
    contract: &Contract,
) -> Result<DataFrame> {
    let metadata = shaped.table.metadata();
    let Some(head) = metadata.snapshot_for_ref(MAIN_BRANCH).cloned() else { return Ok(new) };
    if contract.key.is_empty() {
        return Err(Error::new(Kind::Invalid, "mode `upsert` needs a key")
            .help("name the columns that identify a row: `key = [...]` in the contract")
            .into());
    }
    let current = metadata.current_schema().clone();
    if shaped.next.is_some() {
        return Err(Error::new(Kind::Unsupported, "an upsert cannot change the columns of its port in the same run")
            .help("run once with `mode = \"replace\"`")
            .into());
    }
    let old =
        ctx.read_table(Arc::new(IcebergTable::at(shaped.table.clone(), Some(head), current)?))?.alias("before")?;
    let columns: Vec<Expr> = contract.columns.iter().map(|c| Expr::Column(Column::new_unqualified(&c.name))).collect();
    let keys: Vec<&str> = contract.key.iter().map(String::as_str).collect();
    let kept =
        old.join(new.clone().alias("after")?, JoinType::LeftAnti, &keys, &keys, None)?.select(columns.clone())?;
    Ok(kept.union(new.select(columns)?)?)
}

/// Live files of main in the partitions that new files belong to; every live file where nothing is partitioned.
pub(crate) async fn touched(table: &Table, new: &[DataFile]) -> Result<HashSet<String>> {
    let metadata = table.metadata();
    let Some(head) = metadata.snapshot_for_ref(MAIN_BRANCH) else { return Ok(HashSet::new()) };
    let spec = metadata.default_partition_spec_id();
    let whole = metadata.default_partition_spec().is_unpartitioned();
    let partitions: HashSet<&Struct> = new.iter().map(DataFile::partition).collect();
    let mut out = HashSet::new();
    for manifest in table.manifest_list_reader(head).load().await?.entries() {
        if manifest.partition_spec_id != spec && !whole {
            return Err(Error::new(
                Kind::Unsupported,
                "files of an older partitioning cannot be replaced by partition",
            )
            .into());
        }
        for entry in manifest.load_manifest(table.file_io()).await?.entries() {
            if entry.is_alive() && (whole || partitions.contains(entry.data_file().partition())) {
                out.insert(entry.file_path().to_owned());
            }
        }
    }
    Ok(out)
}
