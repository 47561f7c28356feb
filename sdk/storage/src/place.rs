//! A place in an object store.
use opendal::{Operator, Result};

use crate::s3;

/// A bucket and what its keys begin with: `s3://bucket/prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// Beginning of every key, without slashes at its ends; may be empty.
    pub prefix: String,
}

impl Place {
    /// Reads a URL; none when it names no object store.
    pub fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("s3://").or_else(|| url.strip_prefix("s3a://"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let place = Self { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() };
        (!bucket.is_empty()).then_some(place)
    }

    /// The key of something within this place.
    pub fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }

    /// Opens the store.
    ///
    /// # Errors
    /// When a variable that configures it holds nonsense; nothing is asked of the network yet.
    pub fn open(&self) -> Result<Operator> {
        s3::bucket(&self.bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_bucket_and_a_prefix() {
        let place = Place::parse("s3://lake/mesh/one/").unwrap();
        assert_eq!((place.bucket.as_str(), place.prefix.as_str()), ("lake", "mesh/one"));
        assert_eq!(place.key("a/b"), "mesh/one/a/b");
        assert_eq!(Place::parse("s3://lake").unwrap().key("a"), "a");
        assert_eq!(Place::parse("s3://"), None);
        assert_eq!(Place::parse("/srv/mesh"), None);
    }
}
