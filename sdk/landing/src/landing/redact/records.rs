//! Records of the formats that can be taken apart: CSV, JSON, NDJSON, Parquet.
use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::Remains;

/// What is looked for.
pub trait Wanted {
    /// Whether a record, given as names and values, is about the subject.
    fn record(&self, fields: &[(&str, &str)]) -> bool;

    /// Whether bytes that cannot be taken apart name the subject.
    fn bytes(&self, bytes: &[u8]) -> bool;
}

pub(super) fn without(bytes: &[u8], wanted: &dyn Wanted) -> Remains {
    if bytes.starts_with(b"PAR1") {
        return parquet(bytes, wanted).unwrap_or(Remains::Opaque);
    }
    if bytes.contains(&0) {
        return if wanted.bytes(bytes) { Remains::Opaque } else { Remains::Untouched };
    }
    match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'{' | b'[') => json(bytes, wanted),
        _ => csv(bytes, wanted),
    }
}

fn left(bytes: Vec<u8>, records: u64) -> Remains {
    if records == 0 { Remains::Untouched } else { Remains::Without { bytes, records } }
}

fn parquet(bytes: &[u8], wanted: &dyn Wanted) -> Option<Remains> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::copy_from_slice(bytes)).ok()?;
    let schema = builder.schema().clone();
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_compression(parquet::basic::Compression::SNAPPY)
        .build();
    let mut writer = ArrowWriter::try_new(vec![], schema, Some(properties)).ok()?;
    let mut gone = 0;
    for batch in builder.build().ok()? {
        let batch = batch.ok()?;
        let keep = keep_rows(&batch, wanted)?;
        gone += keep.false_count() as u64;
        writer.write(&filter_record_batch(&batch, &keep).ok()?).ok()?;
    }
    Some(left(writer.into_inner().ok()?, gone))
}

fn keep_rows(batch: &RecordBatch, wanted: &dyn Wanted) -> Option<BooleanArray> {
    let options = FormatOptions::default();
    let columns: Vec<_> =
        batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options)).collect::<Result<_, _>>().ok()?;
    let schema = batch.schema();
    let row = |at: usize| {
        let values: Vec<(usize, String)> = columns
            .iter()
            .enumerate()
            .filter(|(i, _)| batch.column(*i).is_valid(at))
            .map(|(i, c)| (i, c.value(at).to_string()))
            .collect();
        let fields: Vec<(&str, &str)> =
            values.iter().map(|(i, v)| (schema.field(*i).name().as_str(), v.as_str())).collect();
        !wanted.record(&fields)
    };
    Some((0..batch.num_rows()).map(|at| Some(row(at))).collect())
}

fn json(bytes: &[u8], wanted: &dyn Wanted) -> Remains {
    if let Ok(mut whole) = serde_json::from_slice::<Value>(bytes) {
        if is_wanted(&whole, wanted) {
            return Remains::Opaque;
        }
        let records = prune(&mut whole, wanted);
        return match serde_json::to_vec(&whole) {
            Ok(bytes) => left(bytes, records),
            Err(_) => Remains::Opaque,
        };
    }
    let (mut out, mut records) = (Vec::with_capacity(bytes.len()), 0);
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        match serde_json::from_slice::<Value>(line) {
            Ok(value) if is_wanted(&value, wanted) => records += 1,
            Ok(mut value) => match prune(&mut value, wanted) {
                0 => out.extend_from_slice(line),
                some => {
                    records += some;
                    out.extend(serde_json::to_vec(&value).unwrap_or_default());
                    out.push(b'\n');
                }
            },
            Err(_) if wanted.bytes(line) => records += 1,
            Err(_) => out.extend_from_slice(line),
        }
    }
    left(out, records)
}

/// Takes objects out of the lists they are in; returns how many.
fn prune(value: &mut Value, wanted: &dyn Wanted) -> u64 {
    match value {
        Value::Array(items) => {
            let before = items.len();
            items.retain(|item| !is_wanted(item, wanted));
            (before - items.len()) as u64 + items.iter_mut().map(|item| prune(item, wanted)).sum::<u64>()
        }
        Value::Object(fields) => fields.values_mut().map(|item| prune(item, wanted)).sum(),
        _ => 0,
    }
}

fn is_wanted(value: &Value, wanted: &dyn Wanted) -> bool {
    let Value::Object(fields) = value else { return false };
    let mut texts = vec![];
    flatten(fields, &mut texts);
    let fields: Vec<(&str, &str)> = texts.iter().map(|(k, v)| (*k, v.as_str())).collect();
    wanted.record(&fields)
}

/// Scalars of an object and of objects in it; lists are records of their own.
fn flatten<'a>(fields: &'a serde_json::Map<String, Value>, out: &mut Vec<(&'a str, String)>) {
    for (key, value) in fields {
        match value {
            Value::String(text) => out.push((key, text.clone())),
            Value::Number(number) => out.push((key, number.to_string())),
            Value::Bool(flag) => out.push((key, flag.to_string())),
            Value::Object(inner) => flatten(inner, out),
            Value::Null | Value::Array(_) => {}
        }
    }
}

fn csv(bytes: &[u8], wanted: &dyn Wanted) -> Remains {
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| first.iter().filter(|b| **b == delimiter).count();
    let delimiter =
        [b',', b';', b'\t', b'|'].into_iter().max_by_key(|d| (count(*d), u8::from(*d == b','))).unwrap_or(b',');
    let mut names: Vec<String> = vec![];
    let (mut out, mut records, mut at) = (Vec::with_capacity(bytes.len()), 0, 0);
    while at < bytes.len() {
        let (fields, end) = record(bytes, at, delimiter);
        if at == 0 {
            names.clone_from(&fields);
        }
        let named: Vec<(&str, &str)> =
            fields.iter().enumerate().map(|(i, v)| (names.get(i).map_or("", String::as_str), v.as_str())).collect();
        if wanted.record(&named) {
            records += 1;
        } else {
            out.extend_from_slice(&bytes[at..end]);
        }
        at = end;
    }
    left(out, records)
}

/// The fields of the record that starts at an offset, and where the next one starts.
fn record(bytes: &[u8], from: usize, delimiter: u8) -> (Vec<String>, usize) {
    let (mut fields, mut field, mut quoted, mut at) = (vec![], vec![], false, from);
    while at < bytes.len() {
        let byte = bytes[at];
        at += 1;
        match byte {
            b'"' if quoted && bytes.get(at) == Some(&b'"') => {
                field.push(b'"');
                at += 1;
            }
            b'"' if quoted || field.is_empty() => quoted = !quoted,
            b'\n' if !quoted => break,
            byte if byte == delimiter && !quoted => fields.push(text(&std::mem::take(&mut field))),
            byte => field.push(byte),
        }
    }
    fields.push(text(&field));
    (fields, at)
}

fn text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    };
    text.trim().to_owned()
}
