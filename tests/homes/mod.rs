//! What homes of meshes are made of: a Postgres server, an S3 endpoint.
pub(crate) mod postgres;
pub(crate) mod s3;
