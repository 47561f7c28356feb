//! Mode `upsert`: rows of main whose key is among the new rows' leave.
use std::sync::Arc;

use datafusion::common::{Column, JoinType};
use datafusion::logical_expr::Expr;
use futures::StreamExt;
use iceberg::spec::{DataFile, MAIN_BRANCH};
use meshwright_catalog::{Error, Kind};
use meshwright_spec::Contract;

use super::Replaced;
use super::keys::KeySet;
use super::rewrite::rewrite;
use crate::evolve::Shaped;
use crate::failure::Result;
use crate::scan::{FilePart, IcebergTable};
use crate::session::session;
use crate::write::{Target, sorted, write};

/// Keys that are held in memory; with more, rows are matched by sorting both sides, on disk at need.
const KEYS: usize = 1_000_000;

/// Takes rows out of main that new files bring anew.
///
/// # Errors
/// `Invalid` when the contract has no key.
pub(crate) async fn upsert(
    shaped: &Shaped,
    new: &[DataFile],
    target: &Target,
    contract: &Contract,
) -> Result<Replaced> {
    upsert_with(shaped, new, target, contract, KEYS).await
}

async fn upsert_with(
    shaped: &Shaped,
    new: &[DataFile],
    target: &Target,
    contract: &Contract,
    most: usize,
) -> Result<Replaced> {
    if contract.key.is_empty() {
        return Err(Error::new(Kind::Invalid, "mode `upsert` needs a key")
            .help("name the columns that identify a row: `key = [...]` in the contract")
            .into());
    }
    let Some(head) = shaped.table.metadata().snapshot_for_ref(MAIN_BRANCH).cloned() else {
        return Ok(Replaced::default());
    };
    if new.is_empty() {
        return Ok(Replaced::default());
    }
    let old = IcebergTable::at(shaped.table.clone(), Some(head), shaped.schema())?;
    let incoming = Arc::new(IcebergTable::of_files(&shaped.table, new, shaped.schema())?);
    match keys(&incoming, contract, most).await? {
        Some(mut keys) => {
            let candidates = candidates(&old, &mut keys, contract).await?;
            rewrite(&old, candidates, Arc::new(keys), target, &contract.sort).await
        }
        None => by_sorting(old, incoming, target, contract).await,
    }
}

/// The keys of the new rows, unless there are more than `most`.
async fn keys(incoming: &Arc<IcebergTable>, contract: &Contract, most: usize) -> Result<Option<KeySet>> {
    let names: Vec<&str> = contract.key.iter().map(String::as_str).collect();
    let mut rows = session()?.read_table(incoming.clone())?.select_columns(&names)?.execute_stream().await?;
    let mut keys = KeySet::new(&rows.schema())?;
    while let Some(batch) = rows.next().await {
        keys.add(&batch?)?;
        if keys.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(keys))
}

/// Files of main that can hold one of the keys.
async fn candidates(old: &IcebergTable, keys: &mut KeySet, contract: &Contract) -> Result<Vec<FilePart>> {
    let parts = old.parts(None).await?;
    let mut keep = vec![true; parts.len()];
    for (at, column) in contract.key.iter().enumerate() {
        if let Some(bounds) = old.bounds(column).await? {
            let can = keys.can_hold(at, &bounds)?;
            keep.iter_mut().zip(can).for_each(|(keep, can)| *keep &= can);
        }
    }
    Ok(parts.into_iter().zip(keep).filter_map(|(part, keep)| keep.then_some(part)).collect())
}

/// All of main is written again: with this many keys hardly a file has none of them.
async fn by_sorting(
    old: IcebergTable,
    incoming: Arc<IcebergTable>,
    target: &Target,
    contract: &Contract,
) -> Result<Replaced> {
    let parts = old.parts(None).await?;
    let rows: u64 = parts.iter().map(|part| part.left().unwrap_or(part.data().record_count())).sum();
    let bytes: u64 = parts.iter().map(|part| part.data().file_size_in_bytes()).sum();
    let ctx = session()?;
    // a hash join holds one side in memory, a merge join spills
    ctx.state_ref().write().config_mut().options_mut().optimizer.prefer_hash_join = false;
    let names: Vec<&str> = contract.key.iter().map(String::as_str).collect();
    let before = ctx.read_table(Arc::new(old))?.alias("before")?;
    let after = ctx.read_table(incoming)?.select_columns(&names)?.alias("after")?;
    let columns: Vec<Expr> = contract.columns.iter().map(|c| Expr::Column(Column::new_unqualified(&c.name))).collect();
    let kept = before.join(after, JoinType::LeftAnti, &names, &names, None)?.select(columns)?;
    let target = Target { run: format!("{}-k", target.run), ..target.clone() };
    let kept = write(&ctx, sorted(kept, &contract.sort)?, &target, bytes * crate::source::PACKED).await?;
    let stay: u64 = kept.iter().map(DataFile::record_count).sum();
    let removed = parts.iter().map(|part| part.path().to_owned()).collect();
    Ok(Replaced { removed, kept, rows: rows.saturating_sub(stay) })
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use meshwright_catalog::{Catalog, Home};
    use meshwright_spec::{FileLayout, Sources};

    use super::*;
    use crate::evolve::shape;
    use crate::tables::TableWriter;

    const CONTRACT: &str = "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"Rows.\"\nkey = [\"id\", \"part\"]\n\
                            sort = [\"id\"]\n[columns]\nid = \"long\"\npart = \"string\"\nvalue = \"long\"\n";

    fn batch(ids: std::ops::Range<i64>, part: &str, value: i64) -> RecordBatch {
        let n = ids.clone().count();
        let columns: [(&str, ArrayRef); 3] = [
            ("id", Arc::new(Int64Array::from_iter_values(ids))),
            ("part", Arc::new(StringArray::from(vec![part; n]))),
            ("value", Arc::new(Int64Array::from(vec![value; n]))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// Both ways of matching take out the same rows, whether keys fit in memory or not.
    #[tokio::test(flavor = "multi_thread")]
    async fn rows_that_leave_do_not_depend_on_how_keys_are_matched() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(Home::parse(folder.path().to_str().unwrap(), None).unwrap()).await.unwrap();
        let mut sources = Sources::default();
        let file = sources.add("rows", CONTRACT);
        let contract = Contract::parse(&"rows".parse().unwrap(), file, &sources).0.unwrap();
        let port: meshwright_spec::PortName = "a.b.rows".parse().unwrap();
        let writer = TableWriter::new(&catalog, port.clone(), &contract);
        for (ids, part) in [(0..1000, "x"), (1000..2000, "x"), (2000..3000, "x"), (990..1010, "y")] {
            let rows = batch(ids, part, 1);
            writer.write(rows.schema(), vec![futures::stream::iter([Ok(rows)]).boxed()]).await.unwrap();
        }
        let mut found = vec![];
        for (most, removed) in [(KEYS, 2), (5, 4)] {
            let shaped = shape(&catalog, &port, &contract, None).await.unwrap();
            let target = Target::of(&shaped, &FileLayout::default(), &format!("try-{most}"));
            let ctx = session().unwrap();
            let new = write(&ctx, ctx.read_batch(batch(990..1010, "x", 2)).unwrap(), &target, 0).await.unwrap();
            let replaced = upsert_with(&shaped, &new, &target, &contract, most).await.unwrap();
            assert_eq!((replaced.rows, replaced.removed.len()), (20, removed));
            // what was in files that stay as they are counts as kept
            let all = IcebergTable::at(
                shaped.table.clone(),
                shaped.table.metadata().current_snapshot().cloned(),
                shaped.schema(),
            );
            let stay = all.unwrap().parts(None).await.unwrap();
            let stay =
                stay.iter().filter(|part| !replaced.removed.contains(part.path())).map(|part| part.data().clone());
            let files: Vec<DataFile> = stay.chain(replaced.kept).collect();
            let kept = IcebergTable::of_files(&shaped.table, &files, shaped.schema()).unwrap();
            let frame = ctx
                .read_table(Arc::new(kept))
                .unwrap()
                .sort_by(vec![datafusion::prelude::col("id"), datafusion::prelude::col("part")]);
            found.push(frame.unwrap().collect().await.unwrap());
        }
        let rows = |batches: &[RecordBatch]| arrow::compute::concat_batches(&batches[0].schema(), batches).unwrap();
        assert_eq!(rows(&found[0]), rows(&found[1]));
        assert_eq!(rows(&found[0]).num_rows(), 3000 - 20 + 20);
    }
}
