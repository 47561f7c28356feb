//! The landing, looked at: what was delivered, and whether it is still what was received.
use chrono::SecondsFormat;
use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_landing::{Attempt, ErrorKind, Kept, LandingError, Verification};
use meshwright_spec::ProductName;
use serde::Serialize;

use crate::failure::{Failure, Result};

/// One attempt to collect something.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// RFC 3339, seconds.
    #[serde(skip)]
    pub at: String,
    /// `landed`, `failed` or `redacted`.
    pub state: &'static str,
    /// The row of the collection log.
    #[serde(flatten)]
    pub attempt: Attempt,
}

/// Hashes every landed object again.
///
/// # Errors
/// When an object cannot be read at all.
pub async fn verify_landing(catalog: &Catalog) -> Result<Verification> {
    blocking(catalog, |landing| landing.verify()).await
}

/// Attempts of a product, or of all, newest first.
///
/// # Errors
/// When the collection log cannot be read.
pub async fn landed(catalog: &Catalog, product: Option<&ProductName>, limit: usize) -> Result<Vec<Delivery>> {
    let product = product.map(ToString::to_string);
    blocking(catalog, move |landing| {
        let redactions = landing.redactions()?;
        let wanted = |a: &Attempt| product.as_ref().is_none_or(|p| a.product == *p);
        let attempts = landing.attempts()?.into_iter().rev().filter(wanted).take(limit);
        let state = |a: &Attempt| match &a.sha256 {
            None => "failed",
            Some(hash) if redactions.contains_key(hash) => "redacted",
            Some(_) => "landed",
        };
        let delivery = |attempt: Attempt| Delivery {
            at: attempt.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            state: state(&attempt),
            attempt,
        };
        Ok(attempts.map(delivery).collect())
    })
    .await
}

/// Work on what the landing keeps, wherever that is, off the threads that serve others.
pub(crate) async fn blocking<T: Send + 'static>(
    catalog: &Catalog,
    work: impl FnOnce(&Kept) -> std::result::Result<T, LandingError> + Send + 'static,
) -> Result<T> {
    let (root, far) = (catalog.home().landing.clone(), catalog.home().far_landing.clone());
    let open = move || match far {
        Some(url) => Kept::there(&url),
        None => Kept::here(&root),
    };
    let done = tokio::task::spawn_blocking(move || open().and_then(|landing| work(&landing))).await;
    let done = done.map_err(|e| Error::new(Kind::Unexpected, "work on the landing stopped").because(e))?;
    done.map_err(|e| {
        let kind = if e.kind == ErrorKind::Denied { Kind::Denied } else { Kind::Unavailable };
        Failure::Operation(Error::new(kind, e.to_string()))
    })
}
