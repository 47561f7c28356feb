//! Taking somebody's records out of what was received: the one thing that may change a landed object.
use std::io::{self, Read, Write};

use chrono::{SecondsFormat, Utc};

use super::store::name_of;
use super::verify::{LOG, REDACTIONS};
use super::{Kept, Redacted};
use crate::error::LandingError;

mod records;

pub use records::Wanted;

/// What is left of an object without somebody's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remains {
    /// It never had any.
    Untouched,
    /// The other records, in the same format and order.
    Without {
        /// The new bytes.
        bytes: Vec<u8>,
        /// Records that were taken out.
        records: u64,
    },
    /// It names the subject, and its format cannot be rewritten: it has to go as a whole.
    Opaque,
}

/// Bytes without the records that are wanted, in the format and compression they have.
pub fn redact(bytes: &[u8], wanted: &dyn Wanted) -> Remains {
    let packed = match bytes {
        [0x1f, 0x8b, ..] => Some(Packing::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Packing::Zstd),
        _ => None,
    };
    let Some(packing) = packed else { return records::without(bytes, wanted) };
    let Ok(plain) = packing.open(bytes) else { return Remains::Opaque };
    match records::without(&plain, wanted) {
        Remains::Without { bytes, records } => match packing.close(&bytes) {
            Ok(bytes) => Remains::Without { bytes, records },
            Err(_) => Remains::Opaque,
        },
        other => other,
    }
}

/// Bytes as they read when they are unpacked; the same bytes when they are not packed.
pub fn unpacked(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let plain = match bytes {
        [0x1f, 0x8b, ..] => Packing::Gzip.open(bytes).ok(),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Packing::Zstd.open(bytes).ok(),
        _ => None,
    };
    plain.map_or(bytes.into(), Into::into)
}

enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    fn open(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = vec![];
        match self {
            Self::Gzip => flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out)?,
            Self::Zstd => zstd::stream::read::Decoder::new(bytes)?.read_to_end(&mut out)?,
        };
        Ok(out)
    }

    fn close(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let mut out = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
                out.write_all(bytes)?;
                out.finish()
            }
            Self::Zstd => zstd::stream::encode_all(bytes, 3),
        }
    }
}

impl Kept {
    /// Lands what is left of an object and records that it takes the other's place. The other is still there: see
    /// [`Kept::drop_object`].
    ///
    /// # Errors
    /// When the landing cannot be written.
    pub fn replace(
        &self,
        sha256: &str,
        left: Option<(&[u8], u64)>,
        erasure: &str,
        reason: &str,
    ) -> Result<Redacted, LandingError> {
        let record = Redacted {
            sha256: sha256.to_owned(),
            becomes: left.map(|(bytes, _)| self.keep(bytes)).transpose()?,
            records: left.map(|(_, records)| records),
            at: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            erasure: erasure.to_owned(),
            reason: reason.to_owned(),
        };
        let text = serde_json::to_vec(&record)
            .map_err(|e| LandingError::store(format!("replace object {sha256}"), io::Error::from(e)))?;
        self.write(&format!("{REDACTIONS}/{sha256}.json"), &text)?;
        Ok(record)
    }

    /// Removes an object for good. Only what was replaced may go.
    ///
    /// # Errors
    /// When there is no record of its replacement, or the landing cannot be written.
    pub fn drop_object(&self, sha256: &str) -> Result<(), LandingError> {
        if !self.redactions()?.contains_key(sha256) {
            let why = io::Error::other("only what an erasure replaced may be removed");
            return Err(LandingError::store(format!("remove object {sha256}"), why));
        }
        self.remove(&name_of(sha256))
    }

    /// Writes the lines of the collection log anew that name somebody; returns how many files changed.
    ///
    /// # Errors
    /// When a log file cannot be written.
    pub fn redact_log(&self, redact: &dyn Fn(&str) -> Option<String>) -> Result<u64, LandingError> {
        let mut changed = 0;
        for entry in self.list(LOG)? {
            let bytes = self.read(&entry.name)?;
            if let Some(text) = redact(&String::from_utf8_lossy(&bytes)) {
                self.write(&entry.name, text.as_bytes())?;
                changed += 1;
            }
        }
        Ok(changed)
    }
}
