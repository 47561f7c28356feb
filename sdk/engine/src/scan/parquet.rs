//! DataFusion's Parquet scan over files of the table.
use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::common::{Result, Statistics};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::{Count, MetricBuilder};

use super::position_deletes::PositionDeletesExec;
use super::provider::{IcebergTable, Index};
use super::reader::{Readers, ScanFile};
use super::snapshot::LiveFile;
use super::statistics;

/// One scan being planned.
pub(super) struct Scan<'a> {
    pub(super) table: &'a IcebergTable,
    pub(super) index: &'a Index,
    pub(super) state: &'a dyn Session,
    /// All filters, over the presented schema.
    pub(super) predicate: Option<Arc<dyn PhysicalExpr>>,
}

impl Scan<'_> {
    /// The rows of these data files, deleted ones included.
    pub(super) fn parquet(
        &self,
        files: &[usize],
        projection: &[usize],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let known: Vec<_> = files
            .iter()
            .map(|at| (self.index.files[*at].clone(), self.table.file_statistics(self.index, *at)))
            .collect();
        let total = statistics::of_files(&known, projection, &self.table.arrow);
        let files = known.into_iter().map(|(file, statistics)| {
            let must_hold = self.table.columns.must_hold(&file);
            partitioned(ScanFile { file, must_hold }).with_statistics(statistics)
        });
        self.exec(files.collect(), projection, self.predicate.clone(), limit, total)
    }

    /// All rows of one data file in their order, deleted ones included: no filter leaves out a part of it.
    pub(super) fn whole(&self, at: usize, projection: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
        let (file, statistics) = (self.index.files[at].clone(), self.table.file_statistics(self.index, at));
        let must_hold = self.table.columns.must_hold(&file);
        let file = partitioned(ScanFile { file, must_hold }).with_statistics(statistics);
        self.exec(vec![file], projection, None, None, Statistics::new_unknown(&self.table.arrow))
    }

    /// The keys in equality delete files, which are read like data.
    pub(super) fn keys(&self, files: &[Arc<LiveFile>], keys: &[usize], ids: &[i32]) -> Result<Arc<dyn ExecutionPlan>> {
        let scanned = |file: &Arc<LiveFile>| ScanFile { file: file.clone(), must_hold: ids.to_vec() };
        let files = files.iter().map(|file| partitioned(scanned(file)));
        self.exec(files.collect(), keys, None, None, Statistics::new_unknown(&self.table.arrow))
    }

    fn exec(
        &self,
        files: Vec<PartitionedFile>,
        projection: &[usize],
        predicate: Option<Arc<dyn PhysicalExpr>>,
        limit: Option<usize>,
        statistics: Statistics,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut options =
            TableParquetOptions { global: self.state.config_options().execution.parquet.clone(), ..Default::default() };
        // in nanoseconds, the default, the old type ends in 2262 and wraps around
        options.global.coerce_int96.get_or_insert_with(|| "us".into());
        let readers = Readers { io: self.table.table.file_io().clone(), origin: self.table.origin };
        let mut source = ParquetSource::new(self.table.arrow.clone())
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(readers));
        if let Some(predicate) = predicate {
            source = source.with_predicate(predicate);
        }
        // the reader knows its storage; the URL is only asked for, and that of the local files is always there
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(
                self.groups(files, |file| file.object_meta.size).into_iter().map(FileGroup::new).collect(),
            )
            .with_projection_indices(Some(projection.to_vec()))?
            .with_limit(limit)
            .with_statistics(statistics)
            .with_expr_adapter(Some(self.table.field_ids.clone()))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    /// At most one group for each partition wanted, with about the same number of bytes; at least one.
    pub(super) fn groups<T>(&self, files: Vec<T>, size: impl Fn(&T) -> u64) -> Vec<Vec<T>> {
        let wanted = self.state.config().target_partitions().min(files.len()).max(1);
        let mut groups: Vec<(u64, Vec<T>)> = (0..wanted).map(|_| (0, vec![])).collect();
        for file in files {
            if let Some((bytes, group)) = groups.iter_mut().min_by_key(|(bytes, group)| (*bytes, group.len())) {
                *bytes += size(&file);
                group.push(file);
            }
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }
}

fn partitioned(file: ScanFile) -> PartitionedFile {
    let path = file.file.path();
    // for display only
    let path = path.split_once("://").map_or(path, |(_, path)| path);
    PartitionedFile::new(path, file.file.data().file_size_in_bytes()).with_extensions(Arc::new(file))
}

/// Files considered and left out by one scan.
pub(super) struct Counts {
    pub(super) files: usize,
    pub(super) pruned: usize,
}

impl Counts {
    /// Puts the counts among the metrics of the first scan, where `EXPLAIN ANALYZE` shows them.
    pub(super) fn report(&self, plans: &[Arc<dyn ExecutionPlan>]) {
        let Some(metrics) = plans.iter().find_map(scan_metrics) else { return };
        let count = |name: &'static str| -> Count { MetricBuilder::new(&metrics).global_counter(name) };
        count("snapshot_files").add(self.files);
        count("snapshot_files_pruned").add(self.pruned);
    }
}

fn scan_metrics(plan: &Arc<dyn ExecutionPlan>) -> Option<datafusion::physical_plan::metrics::ExecutionPlanMetricsSet> {
    if let Some(scan) = plan.as_any().downcast_ref::<DataSourceExec>() {
        return Some(scan.data_source().metrics());
    }
    if let Some(scan) = plan.as_any().downcast_ref::<PositionDeletesExec>() {
        return Some(scan.metrics.clone());
    }
    // the probe side of the joins with deletes
    plan.children().last().and_then(|child| scan_metrics(child))
}
