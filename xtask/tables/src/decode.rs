//! What it costs to decode a Parquet file and do nothing with it: all columns, row groups on all cores, text in place.
//! The floor under every check that reads rows.
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use serde_json::{Value, json};

pub(crate) fn decode(path: &str) -> Value {
    let open = || File::open(path).unwrap();
    let metadata = ArrowReaderMetadata::load(&open(), ArrowReaderOptions::new()).unwrap();
    let in_place = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => field.as_ref().clone().with_data_type(DataType::Utf8View),
        _ => field.as_ref().clone(),
    };
    let schema = Schema::new(metadata.schema().fields().iter().map(in_place).collect::<Vec<_>>());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    let metadata = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options).unwrap();
    let (next, rows) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        loop {
            let group = next.fetch_add(1, Ordering::Relaxed);
            if group >= metadata.metadata().num_row_groups() {
                return;
            }
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open(), metadata.clone());
            for batch in builder.with_row_groups(vec![group]).with_batch_size(8192).build().unwrap() {
                rows.fetch_add(batch.unwrap().num_rows(), Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    let expected = metadata.metadata().file_metadata().num_rows() as usize;
    assert_eq!(rows.into_inner(), expected, "every row is decoded");
    json!({ "rows": expected })
}
