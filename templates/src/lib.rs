//! The product templates, embedded with every released version.
//!
//! A template is a folder of this crate, a released version a folder in it: `domain/1.0.0/`. Released versions are
//! never edited, because `mesh template update` renders the version a repository was born from to find out what its
//! people have changed since.
//!
//! ```
//! let newest = meshwright_templates::newest("domain").unwrap();
//! assert!(newest.file("cargo-generate.toml").is_some());
//! ```
use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};
pub use semver::Version;

static DOMAIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/domain");

/// Every template by its name. A new template is one more line here and in `build.rs`.
static TEMPLATES: &[(&str, &Dir<'_>)] = &[("domain", &DOMAIN)];

/// One released version of one template.
#[derive(Debug, Clone)]
pub struct Template {
    /// `domain`
    pub name: &'static str,
    /// `1.0.0`
    pub version: Version,
    folder: &'static Dir<'static>,
}

/// One file of a template.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Relative to the template's folder; may hold placeholders.
    pub path: &'static Path,
    /// As it stands in the template, not rendered.
    pub contents: &'static [u8],
}

/// The names of all templates.
pub fn names() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().map(|(name, _)| *name)
}

/// The released versions of a template, oldest first; empty when there is no such template.
pub fn versions(name: &str) -> Vec<Template> {
    let mut found: Vec<_> = TEMPLATES
        .iter()
        .filter(|(known, _)| *known == name)
        .flat_map(|(name, folder)| folder.dirs().filter_map(|version| Template::of(name, version)))
        .collect();
    found.sort_by(|a, b| a.version.cmp(&b.version));
    found
}

/// The version of a template that new products get.
pub fn newest(name: &str) -> Option<Template> {
    versions(name).pop()
}

/// One version of a template.
pub fn find(name: &str, version: &Version) -> Option<Template> {
    versions(name).into_iter().find(|template| template.version == *version)
}

impl Template {
    fn of(name: &'static str, folder: &'static Dir<'static>) -> Option<Self> {
        let version = folder.path().file_name()?.to_str()?.parse().ok()?;
        Some(Self { name, version, folder })
    }

    /// All files, each with its path relative to the template's folder.
    pub fn files(&self) -> Vec<File> {
        let mut files = Vec::new();
        self.collect(self.folder, &mut files);
        files.sort_by_key(|file| file.path);
        files
    }

    /// The contents of one file.
    pub fn file(&self, path: &str) -> Option<&'static [u8]> {
        self.folder.get_file(self.folder.path().join(path)).map(include_dir::File::contents)
    }

    fn collect(&self, folder: &'static Dir<'static>, files: &mut Vec<File>) {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(inner) => self.collect(inner, files),
                // include_dir keeps paths relative to the embedded root
                DirEntry::File(file) => files.push(File {
                    path: file.path().strip_prefix(self.folder.path()).unwrap_or(file.path()),
                    contents: file.contents(),
                }),
            }
        }
    }
}
