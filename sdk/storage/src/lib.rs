//! Where bytes lie: object stores by their URL, with credentials that are never shown.
//!
//! - [`Place`] is a bucket and a prefix in it, and opens the store that holds them.
//! - [`variable`] finds a setting: in the environment, or in the file that `MESH_SECRETS_FILE` names.
//! - S3 is spoken to AWS and to whatever speaks it (Ceph RGW, MinIO). The usual variables configure it:
//!   `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//!   `AWS_SESSION_TOKEN`, `AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE`, and what AWS gives its own machines.

mod place;
mod s3;
mod secrets;
mod tls;

pub use place::Place;
pub use s3::bucket;
pub use secrets::{secret, variable};
pub use tls::install_tls;
