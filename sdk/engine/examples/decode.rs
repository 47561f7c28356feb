//! What it costs to decode a Parquet file and do nothing with it: `decode FILE`, all columns, row groups on two threads.
//! The floor under every check that reads rows; `cargo xtask bench checks` measures against it.
use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

fn main() {
    let path = std::env::args().nth(1).expect("decode FILE");
    let open = || File::open(&path).expect("the file can be opened");
    let metadata = ArrowReaderMetadata::load(&open(), ArrowReaderOptions::new()).expect("it is a Parquet file");
    let (next, rows) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        loop {
            let group = next.fetch_add(1, Ordering::Relaxed);
            if group >= metadata.metadata().num_row_groups() {
                return;
            }
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(open(), metadata.clone());
            let reader = builder.with_row_groups(vec![group]).with_batch_size(8192).build().expect("it can be read");
            for batch in reader {
                rows.fetch_add(batch.expect("it can be decoded").num_rows(), Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let expected = metadata.metadata().file_metadata().num_rows() as usize;
    assert_eq!(rows.into_inner(), expected, "every row is decoded");
}
