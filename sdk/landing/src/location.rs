//! Locations of sources: paths, globs and URLs.
use std::path::{Path, PathBuf};

use url::Url;

/// Where bytes come from, as written in `product.toml`.
#[derive(Debug, Clone)]
pub(crate) enum Location {
    /// A file or a glob, made absolute; `shown` is as written.
    Local { path: PathBuf, shown: String },
    /// `http://` or `https://`
    Http(Url),
    /// `s3://bucket/key`; the key may be a glob.
    S3 { bucket: String, key: String },
}

impl Location {
    /// Reads a location; the error is a sentence without the location itself.
    pub(crate) fn parse(text: &str, base_dir: &Path) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Local { path: base_dir.join(text), shown: text.to_owned() });
        };
        match scheme {
            "file" => {
                // not through `Url`, which would take `?` of a glob for a query
                let path = rest.strip_prefix("localhost").unwrap_or(rest);
                if !path.starts_with('/') {
                    return Err("a file address has an absolute path: `file:///folder/file`".into());
                }
                let path = percent_decoded(path);
                Ok(Self::Local { path: PathBuf::from(&path), shown: path })
            }
            "http" | "https" => match Url::parse(text) {
                Ok(url) if url.has_host() => Ok(Self::Http(url)),
                Ok(_) => Err("the address names no host".into()),
                Err(error) => Err(format!("not an address: {error}")),
            },
            "s3" | "s3a" => match rest.split_once('/') {
                Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                    Ok(Self::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
                }
                _ => Err("an object's address is `s3://bucket/key`".into()),
            },
            other => Err(format!("`{other}` is not among file, http, https, s3")),
        }
    }
}

/// The last segment of a path or address: the file's own name, which tells its compression.
pub(crate) fn file_name(path: &str) -> String {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path).to_owned()
}

/// `%20` and the like; a percent sign that starts nothing stands for itself.
fn percent_decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = path.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(byte) if bytes[at] == b'%' => {
                decoded.push(byte);
                at += 3;
            }
            _ => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
