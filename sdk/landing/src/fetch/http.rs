//! Addresses of web servers.
//!
//! OpenDAL's HTTP client is used, but not its HTTP service: that one escapes the `?` of a query and hides the response
//! headers, which belong in the collection log.
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use opendal_core::raw::{HttpBody, HttpClient};
use opendal_core::{Buffer, Error};
use url::Url;

use super::{Failure, Fetched, land};
use crate::error::ErrorKind;
use crate::landing::Store;

/// Tries in all.
const TRIES: u32 = 3;
/// Before the second try; doubled each time.
const PAUSE: Duration = Duration::from_millis(250);
/// Until the headers must be here.
const ANSWER: Duration = Duration::from_secs(30);
/// Until the next bytes must be here.
const SILENCE: Duration = Duration::from_secs(60);

/// Lands what the server answers.
pub(super) async fn fetch(url: &Url, store: &Store) -> Result<Fetched, Failure> {
    meshwright_storage::install_tls();
    let mut pause = PAUSE;
    let mut tries = 1;
    loop {
        match once(url, store).await {
            Err(failure) if failure.kind == ErrorKind::Unavailable && tries < TRIES => {
                tracing::debug!(tries, message = failure.message, "landing.fetch tries again");
                tokio::time::sleep(pause).await;
                pause *= 2;
                tries += 1;
            }
            result => return result,
        }
    }
}

async fn once(url: &Url, store: &Store) -> Result<Fetched, Failure> {
    let client = HttpClient::new()?;
    let mut request = http::Request::get(url.as_str()).header(http::header::ACCEPT, "*/*");
    request = request.header(http::header::USER_AGENT, concat!("meshwright/", env!("CARGO_PKG_VERSION")));
    let request = request
        .body(Buffer::new())
        .map_err(|error| Failure::new(ErrorKind::Invalid, format!("not an address: {error}")))?;
    let answer = match tokio::time::timeout(ANSWER, client.fetch(request)).await {
        Ok(answer) => answer?,
        Err(_) => return Err(Failure::new(ErrorKind::Unavailable, "no answer within 30 s")),
    };
    let (head, body) = answer.into_parts();
    let status = head.status.as_u16();
    if !head.status.is_success() {
        return Err(refused(status));
    }
    let header = |name: http::HeaderName| head.headers.get(name)?.to_str().ok().map(str::to_owned);
    let length = header(http::header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let landed = land(pieces(body), length, store).await.map_err(|failure| Failure { status: Some(status), ..failure });
    let (sha256, bytes) = landed?;
    Ok(Fetched {
        sha256,
        bytes,
        status: Some(status),
        media_type: header(http::header::CONTENT_TYPE),
        etag: header(http::header::ETAG),
        last_modified: header(http::header::LAST_MODIFIED),
        settling: None,
    })
}

/// The body's bytes; a long silence is an error.
fn pieces(body: HttpBody) -> impl Stream<Item = Result<Bytes, Failure>> + Unpin {
    Box::pin(futures::stream::try_unfold(body, |mut body| async move {
        match tokio::time::timeout(SILENCE, opendal_core::raw::oio::Read::read(&mut body)).await {
            Ok(Ok(buffer)) if buffer.is_empty() => Ok(None),
            Ok(Ok(buffer)) => Ok(Some((buffer.to_bytes(), body))),
            Ok(Err(error)) => Err(Failure::from(error)),
            Err(_) => Err(Failure::new(ErrorKind::Unavailable, "the delivery broke off: 60 s without a byte")),
        }
    }))
}

fn refused(status: u16) -> Failure {
    let (kind, message) = match status {
        404 | 410 => (ErrorKind::NotFound, format!("the server says that nothing is there ({status})")),
        401 | 403 | 407 => (ErrorKind::Denied, format!("the server denies access ({status})")),
        408 | 425 | 429 | 500..=599 => (ErrorKind::Unavailable, format!("the server cannot answer now ({status})")),
        _ => (ErrorKind::Invalid, format!("the server answers {status}")),
    };
    Failure { status: Some(status), ..Failure::new(kind, message) }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use opendal_core::ErrorKind as Kind;
        let kind = match error.kind() {
            Kind::NotFound => ErrorKind::NotFound,
            Kind::PermissionDenied => ErrorKind::Denied,
            Kind::ConfigInvalid | Kind::Unsupported | Kind::IsADirectory => ErrorKind::Invalid,
            _ => ErrorKind::Unavailable,
        };
        // the innermost cause is the one that says something: "connection refused", "unknown host"
        let mut said = error.message().to_owned();
        let mut inner = std::error::Error::source(&error);
        while let Some(cause) = inner {
            said = cause.to_string();
            inner = cause.source();
        }
        Failure::new(kind, meshwright_spec::redact(&said).into_owned())
    }
}
