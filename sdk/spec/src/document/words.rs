//! Values with a grammar: names, versions, durations, types, one word of a few.
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use super::Value;
use crate::{DataType, Diagnostic, Duration, Name, NameError, PortName, nearest};

impl Value<'_> {
    /// A name of a column, product, port and so on.
    pub(crate) fn name(&self) -> Option<Name> {
        self.named(self.text()?)
    }

    /// The key itself as a name.
    pub(crate) fn key_name(&self, key: &str) -> Option<Name> {
        Value { span: self.key.clone(), ..self.clone() }.named(key)
    }

    /// The full name of a port.
    pub(crate) fn port(&self) -> Option<PortName> {
        self.named(self.text()?)
    }

    fn named<T: FromStr<Err = NameError>>(&self, text: &str) -> Option<T> {
        let error = match text.parse() {
            Ok(name) => return Some(name),
            Err(error) => error,
        };
        self.wrong("M0106", error.message, error.suggestion.map(|near| format!("`{near}` would do")));
        None
    }

    /// A duration such as `1d`.
    pub(crate) fn duration(&self) -> Option<Duration> {
        let error = match self.text_of("a duration such as `\"1d\"`")?.parse::<Duration>() {
            Ok(duration) => return Some(duration),
            Err(error) => error,
        };
        let help = error.suggestion.map(|near| format!("did you mean `{near}`?"));
        self.wrong("M0109", error.message, help.or_else(|| Some("for example `45s`, `10m`, `6h`, `1d`, `2w`".into())));
        None
    }

    /// A semantic version.
    pub(crate) fn version(&self) -> Option<semver::Version> {
        let text = self.text_of("a version such as `\"1.0.0\"`")?;
        let error = match semver::Version::parse(text) {
            Ok(version) => return Some(version),
            Err(error) => error,
        };
        let numbers: Vec<&str> = text.trim_start_matches('v').split('.').collect();
        let padded = format!("{}{}", numbers.join("."), ".0".repeat(3_usize.saturating_sub(numbers.len())));
        let near = semver::Version::parse(&padded).is_ok().then(|| format!("did you mean `{padded}`?"));
        let help = near.or_else(|| Some("three numbers, for example `1.0.0`".to_owned()));
        self.wrong("M0108", format!("`{text}` is not a semantic version: {error}"), help);
        None
    }

    /// Which versions will do, as in `^1`.
    pub(crate) fn version_req(&self) -> Option<semver::VersionReq> {
        let text = self.text_of("versions such as `\"^1\"`")?;
        let error = match semver::VersionReq::parse(text) {
            Ok(req) => return Some(req),
            Err(error) => error,
        };
        let help = Some("for example `^1`, `~1.2`, `>=1.2, <3`, `=1.0.0` or `*`".to_owned());
        self.wrong("M0108", format!("`{text}` does not say which versions will do: {error}"), help);
        None
    }

    /// A column type.
    pub(crate) fn data_type(&self) -> Option<DataType> {
        let text = self.text_of("a type such as `\"string\"`")?;
        let error = match text.parse::<DataType>() {
            Ok(data_type) => return Some(data_type),
            Err(error) => error,
        };
        let help = match error.suggestion {
            Some(near) => format!("did you mean `{near}`?"),
            None => "types: boolean int long float double decimal(p,s) date time timestamp timestamptz string uuid \
                     binary fixed(n) list<T> map<K,V> struct<name: T, ...>"
                .to_owned(),
        };
        let message = match text {
            "" => error.message,
            _ if error.at == (0..text.len()) => error.message,
            _ => format!("`{text}`: {}", error.message),
        };
        let report = Diagnostic::error("M0112", message).at(self.part(error.at), "");
        self.document.report(report.help(help));
        None
    }

    /// One word of a few.
    pub(crate) fn choice<T: Clone>(&self, among: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, found)) = among.iter().find(|(word, _)| *word == text) {
            return Some(found.clone());
        }
        let words: Vec<&str> = among.iter().map(|(word, _)| *word).collect();
        let help = match nearest(text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", words.join(", ")),
        };
        self.wrong("M0107", format!("`{}` cannot be `{text}`", self.name), Some(help));
        None
    }

    /// A path below the product's folder.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        let text = self.some_text()?;
        let path = Path::new(text);
        let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside || text.contains('\\') {
            let help = "paths are relative to the folder of `product.toml`, with `/`, and stay below it";
            self.wrong("M0117", format!("`{text}` is not a path in the product"), Some(help.to_owned()));
            return None;
        }
        Some(path.to_owned())
    }

    /// A single byte, such as a delimiter.
    pub(crate) fn byte(&self) -> Option<u8> {
        let text = self.text()?;
        match text.as_bytes() {
            [byte] => Some(*byte),
            _ => {
                let help = "for example `\",\"`, `\";\"`, `\"|\"` or `\"\\t\"`".to_owned();
                self.wrong("M0107", format!("`{}` is to be one ASCII character, not `{text}`", self.name), Some(help));
                None
            }
        }
    }
}
