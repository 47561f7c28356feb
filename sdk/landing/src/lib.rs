//! Fetches raw bytes, lands them unchanged under their hash, and parses them into Arrow batches.
//!
//! Two halves that meet in [`Resource`]:
//! - [`Landing`] brings the bytes of a source to `objects/sha256/ab/cd/<hash>` before anything parses them, and writes
//!   one row of the collection log per attempt, successful or not.
//! - [`infer`] and [`reader`] turn landed resources into Arrow record batches, in parallel and with bounded memory.
//!
//! What is wrong with a *delivery* comes back as [`LandingError`], what is wrong with *data* as [`DataError`]; both
//! carry diagnostics that point at the source in `product.toml`.

mod code;
mod data_error;
mod error;
mod fetch;
mod glob;
mod landing;
mod location;
mod read;

pub use data_error::DataError;
pub use error::{ErrorKind, LandingError};
pub use landing::{
    Attempt, AttemptContext, Collected, Damage, Duplicate, Kept, LandedObject, Landing, Redacted, Remains, Resource,
    Settling, Verification, Wanted, redact, unpacked,
};
pub use read::{Batches, ReadOptions, Split, arrow_schema, infer, reader, reader_with};
