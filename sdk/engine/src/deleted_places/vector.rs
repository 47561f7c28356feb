//! Deletion vectors (format version 3): the deleted rows of one data file as a bitmap, which is a blob of a Puffin file.
//!
//! The blob `deletion-vector-v1` of Iceberg's Puffin specification: length and CRC-32 as big-endian, and between them a
//! magic number and the portable form of a 64-bit Roaring bitmap. Several vectors may share a file; a manifest's entry
//! says where its own lies, so the rest of the file is not read.
use std::collections::HashMap;
use std::io::{Cursor, Error as IoError};

use iceberg::io::FileIO;
use iceberg::puffin::{Blob, CompressionCodec, DELETION_VECTOR_V1, PuffinWriter};
use iceberg::spec::{DataFile, DataFileFormat};
use iceberg::{Error, ErrorKind, Result};
use roaring::RoaringTreemap;

const MAGIC: [u8; 4] = [0xD1, 0xD3, 0x39, 0x64];
/// Bytes of the length, and of the checksum.
const WORD: usize = 4;
/// Where a Puffin file's first blob begins: behind its own magic number.
const FIRST: i64 = 4;
/// Field id of a row's position, which such blobs are about.
const ROW: i32 = i32::MAX - 2;

/// Whether a file of deleted rows is a vector.
pub(crate) fn is_vector(file: &DataFile) -> bool {
    file.file_format() == DataFileFormat::Puffin
}

/// The deleted rows that an entry names; its file lies at `here`. Nothing but the blob is read.
///
/// # Errors
/// `DataInvalid`, with the file's name, when the blob is not what its entry and its checksum say.
pub(crate) async fn read(io: &FileIO, entry: &DataFile, here: &str) -> Result<RoaringTreemap> {
    let damaged = |why: &str| Error::new(ErrorKind::DataInvalid, format!("deletion vector in {here}: {why}"));
    let place = entry.content_offset().zip(entry.content_size_in_bytes());
    let (from, size) = place.ok_or_else(|| damaged("its entry does not say where it lies in the file"))?;
    let place = u64::try_from(from).ok().zip(u64::try_from(size).ok());
    let range = place.and_then(|(from, size)| Some(from..from.checked_add(size)?));
    let range = range
        .filter(|range| range.end <= entry.file_size_in_bytes())
        .ok_or_else(|| damaged(&format!("bytes {from} and {size} more are not in the file")))?;
    let bytes = io.new_input(here)?.reader().await?.read(range).await?;
    if i64::try_from(bytes.len()) != Ok(size) {
        return Err(damaged(&format!("{} bytes were read of {size}", bytes.len())));
    }
    let rows = decoded(&bytes).map_err(|why| damaged(&why))?;
    if rows.len() != entry.record_count() {
        return Err(damaged(&format!("it names {} rows, its entry counts {}", rows.len(), entry.record_count())));
    }
    Ok(rows)
}

fn decoded(blob: &[u8]) -> std::result::Result<RoaringTreemap, String> {
    let (length, rest) = blob.split_first_chunk::<WORD>().ok_or("it is cut off")?;
    let (body, checksum) = rest.split_last_chunk::<WORD>().ok_or("it is cut off")?;
    if u32::try_from(body.len()) != Ok(u32::from_be_bytes(*length)) {
        return Err(format!("its length is said to be {}, and is {}", u32::from_be_bytes(*length), body.len()));
    }
    let bitmap = body.strip_prefix(&MAGIC).ok_or("it does not begin with the magic number")?;
    if crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
        return Err("its checksum is wrong".to_owned());
    }
    let mut bytes = Cursor::new(bitmap);
    let rows = RoaringTreemap::deserialize_from(&mut bytes).map_err(|e| format!("its bitmap cannot be read: {e}"))?;
    match bytes.position() == bitmap.len() as u64 {
        true => Ok(rows),
        false => Err("bytes are left behind its bitmap".to_owned()),
    }
}

/// The blob of a vector.
pub(crate) fn encoded(rows: &RoaringTreemap) -> std::result::Result<Vec<u8>, IoError> {
    let mut body = MAGIC.to_vec();
    rows.serialize_into(&mut body)?;
    let length = u32::try_from(body.len()).map_err(IoError::other)?;
    let mut blob = length.to_be_bytes().to_vec();
    blob.extend(&body);
    blob.extend(crc32fast::hash(&body).to_be_bytes());
    Ok(blob)
}

/// A vector that was written, by itself in a file.
pub(super) struct Written {
    pub(super) bytes: u64,
    pub(super) from: i64,
    pub(super) size: i64,
}

/// Writes a file with the vector of one data file.
pub(super) async fn write(io: &FileIO, path: &str, data_file: &str, rows: &RoaringTreemap) -> Result<Written> {
    let broken = |e: IoError| Error::new(ErrorKind::Unexpected, "a deletion vector cannot be written").with_source(e);
    let data = encoded(rows).map_err(broken)?;
    let size = data.len() as i64;
    let properties = [("referenced-data-file", data_file.to_owned()), ("cardinality", rows.len().to_string())];
    let blob = Blob::builder()
        .r#type(DELETION_VECTOR_V1.to_owned())
        .fields(vec![ROW])
        // both are inherited from the entry
        .snapshot_id(-1)
        .sequence_number(-1)
        .data(data)
        .properties(properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
        .build();
    let mut writer = PuffinWriter::new(&io.new_output(path)?, HashMap::new(), false).await?;
    writer.add(blob, CompressionCodec::None).await?;
    writer.close().await?;
    Ok(Written { bytes: io.new_input(path)?.metadata().await?.size, from: FIRST, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for rows in [vec![], vec![0], (0..70_000).step_by(3).collect(), vec![1, u64::from(u32::MAX) + 5, 1 << 40]] {
            let rows: RoaringTreemap = rows.into_iter().collect();
            assert_eq!(decoded(&encoded(&rows).unwrap()), Ok(rows));
        }
    }

    #[test]
    fn a_byte_that_is_wrong_is_seen() {
        let good = encoded(&[1, 7, 70_000].into_iter().collect()).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert!(decoded(&bad).is_err(), "byte {at}");
            assert!(decoded(&good[..at]).is_err(), "cut at {at}");
        }
        assert!(decoded(&[good.clone(), vec![0]].concat()).is_err());
    }

    /// As Java wrote it: the example of one row in the specification's terms, put together by hand.
    #[test]
    fn the_portable_form_is_read() {
        let mut body = MAGIC.to_vec();
        body.extend(1_u64.to_le_bytes());
        body.extend(0_u32.to_le_bytes());
        // no runs, one container of one value, which lies 16 bytes from the start
        body.extend([12346_u32.to_le_bytes(), 1_u32.to_le_bytes(), [0; 4], 16_u32.to_le_bytes()].concat());
        body.extend(9_u16.to_le_bytes());
        let mut blob = (body.len() as u32).to_be_bytes().to_vec();
        blob.extend(&body);
        blob.extend(crc32fast::hash(&body).to_be_bytes());
        assert_eq!(decoded(&blob), Ok([9].into_iter().collect()));
    }
}
