//! Parquet over iceberg's `FileIO`: every storage the table can be on, opened once per file and scan.
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileMetrics;
use datafusion::datasource::physical_plan::parquet::ParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};
use iceberg::io::{FileIO, FileRead};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use super::cache::{Cache, Origin};
use super::footer;
use super::snapshot::LiveFile;

/// In bytes.
static FOOTERS: LazyLock<Cache<ParquetMetaData>> = LazyLock::new(|| Cache::new(256 << 20));

/// First read of a file: its end, with the footer in most cases.
const FOOTER_GUESS: usize = 64 << 10;

/// Ranges nearer than this are read together: a request to a remote storage costs as much as these bytes.
const NEAR: u64 = 256 << 10;

/// Requests for one file at the same time.
const PARALLEL: usize = 4;

/// What travels with a file through DataFusion's plan to its reader.
#[derive(Debug)]
pub(super) struct ScanFile {
    pub(super) file: Arc<LiveFile>,
    /// Columns which must be in the file, since nothing else knows their values.
    pub(super) must_hold: Vec<i32>,
}

/// Makes the readers of one scan.
#[derive(Debug)]
pub(super) struct Readers {
    pub(super) io: FileIO,
    pub(super) origin: Origin,
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        _: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let metrics = ParquetFileMetrics::new(partition, file.object_meta.location.as_ref(), metrics);
        let scanned = file
            .extensions
            .and_then(|extension| extension.downcast::<ScanFile>().ok())
            .ok_or_else(|| DataFusionError::Internal("a file of a table scan lost its manifest entry".into()))?;
        Ok(Box::new(Reader { io: self.io.clone(), origin: self.origin, scanned, opened: None, metrics }))
    }
}

struct Reader {
    io: FileIO,
    origin: Origin,
    scanned: Arc<ScanFile>,
    opened: Option<Arc<dyn FileRead>>,
    metrics: ParquetFileMetrics,
}

impl Reader {
    async fn open(&mut self) -> ParquetResult<Arc<dyn FileRead>> {
        if let Some(opened) = &self.opened {
            return Ok(opened.clone());
        }
        let input = self.io.new_input(self.scanned.file.path()).map_err(parquet)?;
        let opened: Arc<dyn FileRead> = Arc::from(input.reader().await.map_err(parquet)?);
        self.opened = Some(opened.clone());
        Ok(opened)
    }

    async fn footer(&mut self) -> ParquetResult<Arc<ParquetMetaData>> {
        let file = self.scanned.file.clone();
        if let Some(footer) = FOOTERS.get(self.origin, file.path()) {
            return Ok(footer);
        }
        // without page indexes first: their offsets must be hidden before anybody loads them
        let footer = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Skip)
            .with_prefetch_hint(Some(FOOTER_GUESS))
            .load_and_finish(&mut *self, file.data().file_size_in_bytes())
            .await?;
        footer::check_rows(&footer, &file)?;
        let mut reader = ParquetMetaDataReader::new_with_metadata(footer::without_nan_statistics(footer, &file)?)
            .with_page_index_policy(PageIndexPolicy::Optional);
        reader.load_page_index(&mut *self).await?;
        let footer = Arc::new(reader.finish()?);
        FOOTERS.put(self.origin, file.path(), footer.clone(), footer.memory_size());
        Ok(footer)
    }
}

fn parquet(error: iceberg::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move {
            self.metrics.bytes_scanned.add((range.end - range.start) as usize);
            self.open().await?.read(range).await.map_err(parquet)
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        async move {
            let file = self.open().await?;
            let merged = merge(&ranges);
            self.metrics.bytes_scanned.add(merged.iter().map(|range| (range.end - range.start) as usize).sum());
            let parts: Vec<Bytes> = futures::stream::iter(merged.clone())
                .map(|range| {
                    let file = file.clone();
                    async move { file.read(range).await.map_err(parquet) }
                })
                .buffered(PARALLEL)
                .try_collect()
                .await?;
            let cut = |range: &Range<u64>| {
                // every range lies in the last merged one that does not start behind it
                let at = merged.partition_point(|merged| merged.start <= range.start).saturating_sub(1);
                let from = (range.start - merged[at].start) as usize;
                parts[at].slice(from..from + (range.end - range.start) as usize)
            };
            Ok(ranges.iter().map(cut).collect())
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            let footer = self.footer().await?;
            footer::check_columns(&footer, &self.scanned)?;
            Ok(footer)
        }
        .boxed()
    }
}

/// The same bytes in fewer, longer ranges, in ascending order.
fn merge(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut sorted = ranges.to_vec();
    sorted.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = vec![];
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end + NEAR => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_are_read_together() {
        let far = NEAR * 4;
        assert_eq!(merge(&[far..far + 5, 10..20, 0..5, 20..30, 12..14]), [0..30, far..far + 5]);
        assert_eq!(merge(&[]), []);
    }
}
