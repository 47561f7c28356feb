//! `[mesh]`: where the mesh is.
use super::MeshHome;
use crate::document::{Table, Value};
use crate::{Diagnostic, Span, nearest, redact};

const SCHEMES: [&str; 6] = ["file", "sqlite", "postgres", "postgresql", "https", "http"];

pub(super) fn home(table: &Table<'_>) -> Option<MeshHome> {
    let url = table.need("url", "url = \"file:///srv/mesh\"").and_then(|value| Some((url(value)?, value.span.clone())));
    let warehouse = table.get("warehouse").and_then(Value::some_text);
    if let Some((url, span)) = &url
        && url.starts_with("postgres")
        && !table.has("warehouse")
    {
        table.document.report(
            Diagnostic::error("M0104", "[mesh] lacks `warehouse`")
                .at(span.clone(), "the database holds the catalog, not the tables' data")
                .help("add `warehouse = \"s3://bucket/mesh\"`"),
        );
    }
    table.reject_unknown();
    let (url, span): (String, Span) = url?;
    Some(MeshHome { url, warehouse: warehouse.map(str::to_owned), span })
}

fn url(value: &Value<'_>) -> Option<String> {
    let text = value.some_text()?;
    let Some((scheme, rest)) = text.split_once("://") else {
        let help = format!("with a scheme: `file://{}`", if text.starts_with('/') { text } else { "/srv/mesh" });
        value.wrong("M0110", format!("`{}` is not a URL", redact(text)), Some(help));
        return None;
    };
    if !SCHEMES.contains(&scheme) {
        let help = match nearest(scheme, SCHEMES) {
            Some(near) => format!("did you mean `{near}://`?"),
            None => "a mesh is at `file://`, `sqlite://`, `postgres://` or `https://`".to_owned(),
        };
        value.wrong("M0110", format!("a mesh cannot be at `{scheme}://`"), Some(help));
        return None;
    }
    if rest.is_empty() || text.chars().any(char::is_whitespace) {
        value.wrong("M0110", format!("`{}` is not a URL", redact(text)), Some("for example `file:///srv/mesh`".into()));
        return None;
    }
    if redact(text) != text {
        value.document.report(
            Diagnostic::warning("M0119", "a secret stands in `url`")
                .at(value.span.clone(), "")
                .help("leave it out here and set `MESH_URL` where the product runs"),
        );
    }
    Some(text.to_owned())
}
