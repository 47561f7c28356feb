//! Diagnostics as JSON, in the shape of all errors of `--json`.
use serde_json::{Value, json};

use super::{Diagnostic, Label, Sources, redact};

impl Diagnostic {
    /// `{"code", "severity", "message", "cause": [], "at": {"file", "line", "column"}, "help"}`, and `"also"` with the
    /// other places where there are any. `at` and `help` are null where there is nothing to say.
    pub fn to_json(&self, sources: &Sources) -> Value {
        let mut places = self.labels.iter().map(|label| place(label, sources));
        let mut object = json!({
            "code": self.code,
            "severity": self.severity.as_str(),
            "message": redact(&self.message),
            "cause": [],
            "at": places.next().map(|(at, _)| at),
            "help": (!self.help.is_empty()).then(|| redact(&self.help.join("\n")).into_owned()),
        });
        let also: Vec<Value> = places
            .map(|(mut at, text)| {
                at["text"] = redact(text).into();
                at
            })
            .collect();
        if !also.is_empty() {
            object["also"] = also.into();
        }
        object
    }
}

fn place<'a>(label: &'a Label, sources: &Sources) -> (Value, &'a str) {
    let (line, column) = sources.position(&label.span).unwrap_or((1, 1));
    let file = sources.get(label.span.file).map(|file| file.path.display().to_string());
    (json!({ "file": file, "line": line, "column": column }), &label.text)
}
