//! S3 and what speaks its protocol, configured by the usual `AWS_*` variables.
use std::time::Duration;

use opendal::layers::{RetryLayer, TimeoutLayer};
use opendal::services::S3;
use opendal::{Operator, Result};

use crate::{install_tls, secret, variable};

/// How long a request without data may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How long the next bytes of a request may take.
const SILENCE: Duration = Duration::from_secs(60);

/// Opens a bucket. Requests that fail for a passing reason are tried again, with growing pauses.
///
/// # Errors
/// When a variable that configures it holds nonsense; nothing is asked of the network yet.
pub fn bucket(bucket: &str) -> Result<Operator> {
    install_tls();
    let mut service = S3::default().bucket(bucket);
    let endpoint = variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL"));
    if let Some(endpoint) = &endpoint {
        // a store of one's own has none of AWS's machines around it to ask for credentials
        service = service.endpoint(endpoint).disable_ec2_metadata();
    }
    // stores of one's own take any region, but the signature needs one
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    service = service.region(region.as_deref().unwrap_or("us-east-1"));
    if let (Some(id), Some(key)) = (secret("AWS_ACCESS_KEY_ID"), secret("AWS_SECRET_ACCESS_KEY")) {
        service = service.access_key_id(id.expose()).secret_access_key(key.expose());
        if let Some(token) = secret("AWS_SESSION_TOKEN") {
            service = service.session_token(token.expose());
        }
    }
    let retry = RetryLayer::new().with_max_times(4).with_jitter();
    let timeout = TimeoutLayer::new().with_timeout(ANSWER).with_io_timeout(SILENCE);
    Ok(Operator::new(service)?.layer(timeout).layer(retry).finish())
}
