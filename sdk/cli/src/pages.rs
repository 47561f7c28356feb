//! Pages for people who open a file: one HTML document that needs nothing else.
mod profile;
mod quality;

pub(crate) use profile::profile;
pub(crate) use quality::{Quality, percent, refused};

use meshwright_catalog::{Error, Kind};
use meshwright_engine::Failure;
use serde_json::Value;

const STYLE: &str = include_str!("pages/style.css");

/// Fills a template with facts; text is escaped.
pub(crate) fn render(name: &str, template: &str, mut facts: Value) -> Result<String, Failure> {
    let broken = |e: tera::Error| Failure::Operation(Error::new(Kind::Unexpected, "a page cannot be made").because(e));
    if let Some(facts) = facts.as_object_mut() {
        facts.insert("style".to_owned(), STYLE.into());
        facts.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
        facts.insert("made_at".to_owned(), chrono::Utc::now().format("%Y-%m-%d %H:%M UTC").to_string().into());
    }
    let mut engine = tera::Tera::default();
    engine.add_raw_template(name, template).map_err(broken)?;
    let context = tera::Context::from_serialize(&facts).map_err(broken)?;
    engine.render(name, &context).map_err(broken)
}

/// Writes a result where it was asked for: to a file, or to stdout.
pub(crate) fn deliver(text: &str, output: Option<&std::path::Path>) -> Result<(), Failure> {
    match output {
        Some(path) => Ok(std::fs::write(path, text).map_err(|e| {
            Error::new(Kind::Unavailable, format!("`{}` cannot be written", path.display())).because(e)
        })?),
        None => {
            crate::printer::line(text.trim_end_matches('\n'));
            Ok(())
        }
    }
}
