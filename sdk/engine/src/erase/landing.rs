//! The subject's records in what was received.
use std::collections::BTreeSet;

use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_landing::{Kept, Redacted, Remains, redact};
use serde::Serialize;

use super::subject::Subject;
use crate::failure::Result;
use crate::maintain::landing::blocking;

/// A landed object that holds the subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErasedObject {
    /// Hash of the bytes as received.
    pub sha256: String,
    /// `domain.product:source` of everybody who collected it.
    pub sources: BTreeSet<String>,
    /// Records that go; none where the format cannot be rewritten and the object goes as a whole.
    pub records: Option<u64>,
    /// Hash of what takes its place, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub becomes: Option<String>,
}

/// Landed objects that hold the subject: of some products, or all when none is named.
pub(super) async fn find(
    catalog: &Catalog,
    subject: &Subject,
    products: Option<BTreeSet<String>>,
) -> Result<Vec<ErasedObject>> {
    let subject = subject.clone();
    blocking(catalog, move |landing| {
        let attempts = landing.attempts()?;
        let mut out = vec![];
        for object in landing.objects()? {
            let sources: BTreeSet<String> = attempts
                .iter()
                .filter(|a| a.sha256.as_deref() == Some(&object.sha256))
                .filter(|a| products.as_ref().is_none_or(|p| p.contains(&a.product)))
                .map(|a| format!("{}:{}", a.product, a.source))
                .collect();
            if products.is_some() && sources.is_empty() {
                continue;
            }
            let records = match redact(&landing.object(&object.sha256)?, &subject) {
                Remains::Untouched => continue,
                Remains::Without { records, .. } => Some(records),
                Remains::Opaque => None,
            };
            out.push(ErasedObject { sha256: object.sha256, sources, records, becomes: None });
        }
        Ok(out)
    })
    .await
}

/// Lands what is left of the objects; the old ones are still there.
pub(super) async fn replace(
    catalog: &Catalog,
    subject: &Subject,
    objects: Vec<ErasedObject>,
    erasure: &str,
    reason: &str,
) -> Result<Vec<ErasedObject>> {
    let (subject, erasure, reason) = (subject.clone(), erasure.to_owned(), reason.to_owned());
    blocking(catalog, move |landing| {
        let mut out = vec![];
        for mut object in objects {
            let left = match redact(&landing.object(&object.sha256)?, &subject) {
                Remains::Without { bytes, records } => Some((bytes, records)),
                _ => None,
            };
            let left = left.as_ref().map(|(bytes, records)| (bytes.as_slice(), *records));
            let record: Redacted = landing.replace(&object.sha256, left, &erasure, &reason)?;
            object.becomes = record.becomes;
            out.push(object);
        }
        Ok(out)
    })
    .await
}

/// Removes objects that were replaced, and the subject's name from the collection log.
pub(super) async fn forget(catalog: &Catalog, subject: Option<&Subject>, objects: Vec<String>) -> Result<()> {
    let subject = subject.cloned();
    blocking(catalog, move |landing: &Kept| {
        for sha256 in &objects {
            landing.drop_object(sha256)?;
        }
        if let Some(subject) = subject {
            landing.redact_log(&|text| subject.redacted(text))?;
        }
        Ok(())
    })
    .await
}

/// What a live run would do to an erasure.
pub(super) fn busy(run: &str) -> Error {
    Error::new(Kind::Unavailable, format!("run {run} is at work and may bring the subject back"))
        .help("try again when it has ended: `mesh runs`")
}
