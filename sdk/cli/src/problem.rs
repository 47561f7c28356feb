//! What failed, shown to people or as JSON, and the exit code it means.
use meshwright_catalog::{Error, Kind};
use meshwright_check::{CheckResult, Outcome};
use meshwright_engine::{Failure, Findings, Rejection};
use meshwright_spec::{Diagnostic, Severity, Sources};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Shows a failure; returns its exit code.
pub(crate) fn show(context: &Context, failure: &Failure) -> Exit {
    let code = exit_of(failure);
    if context.json {
        printer::json(&as_json(failure));
        return code;
    }
    match failure {
        Failure::Product(f)
        | Failure::Usage(f)
        | Failure::Data(f)
        | Failure::Missing(f)
        | Failure::Unavailable(f)
        | Failure::Breaking(f) => {
            findings(f);
        }
        Failure::Rejected(r) => rejection(r),
        Failure::Operation(e) => operation(e),
    }
    code
}

fn exit_of(failure: &Failure) -> Exit {
    match failure {
        Failure::Product(_) => Exit::ProductFiles,
        Failure::Usage(_) => Exit::Usage,
        Failure::Data(_) | Failure::Rejected(_) => Exit::DataRejected,
        Failure::Missing(_) => Exit::NotFound,
        Failure::Unavailable(_) => Exit::Unavailable,
        Failure::Breaking(_) => Exit::Breaking,
        Failure::Operation(e) => match e.kind() {
            Kind::NotFound => Exit::NotFound,
            Kind::Conflict => Exit::Conflict,
            Kind::Breaking => Exit::Breaking,
            Kind::Denied => Exit::Denied,
            Kind::Unavailable if e.can_retry() => Exit::TryAgain,
            Kind::Unavailable => Exit::Unavailable,
            Kind::Invalid | Kind::Unsupported => Exit::Usage,
            Kind::Unexpected => Exit::Internal,
        },
    }
}

fn findings(f: &Findings) {
    for d in &f.diagnostics {
        printer::talk(&d.render(&f.sources, printer::colour_on_stderr()));
    }
    let errors = f.diagnostics.iter().filter(|d| d.is_error()).count();
    if errors > 1 {
        printer::talk(&format!("{errors} errors"));
    }
    if let Some(code) = f.diagnostics.iter().find(|d| d.is_error()).map(|d| d.code) {
        printer::hint(&format!("`mesh explain {code}` says more"));
    }
}

fn operation(e: &Error) {
    match e.page() {
        Some(code) => printer::error(&format!("{code}: {e}")),
        None => printer::error(&e.to_string()),
    }
    for cause in e.causes() {
        printer::talk(&format!("  because: {cause}"));
    }
    if let Some(help) = e.help_text() {
        printer::hint(help);
    }
}

fn rejection(r: &Rejection) {
    for port in &r.ports {
        for result in &port.report.results {
            if let Some(d) = finding(&port.port, result) {
                printer::talk(&d.render(&r.sources, printer::colour_on_stderr()));
            }
        }
        let report = &port.report;
        printer::talk(&format!(
            "{}: {} rows, {} of {} checks ran",
            port.port,
            printer::thousands(report.rows as i64),
            report.executed,
            report.declared
        ));
    }
    for quarantine in r.ports.iter().filter_map(|p| p.quarantine.as_ref()) {
        if let Some(refused) = &quarantine.refused {
            printer::talk(&Diagnostic::error("M0505", refused.clone()).render(&r.sources, printer::colour_on_stderr()));
        }
    }
    printer::error(&format!("run {} was rejected; what readers see is unchanged", r.run));
    if let Some(port) = r.ports.iter().find(|p| p.report.rejects()) {
        let branch = &r.branch;
        printer::hint(&format!(
            "the rejected rows stay for 7 days: `mesh query \"select * from {} limit 10\" --at {branch}`",
            port.port
        ));
        printer::hint(&format!("`mesh accept {} --reason TEXT` releases it all the same, on record", r.run));
    }
}

/// A check that does not hold, at the contract's line.
pub(crate) fn finding(port: &str, result: &CheckResult) -> Option<Diagnostic> {
    let (code, severity) = match result.outcome {
        Outcome::Failed => ("M0501", Severity::Error),
        Outcome::Error => ("M0502", Severity::Error),
        Outcome::Warned => ("M0501", Severity::Warning),
        Outcome::Passed | Outcome::NotEvaluated => return None,
    };
    let words = if result.outcome == Outcome::Error { "could not be run" } else { "does not hold" };
    let message = format!("check `{}` of `{port}` {words}: {}", result.id, result.message);
    let mut d = match severity {
        Severity::Error => Diagnostic::error(code, message),
        _ => Diagnostic::warning(code, message),
    };
    if !result.implied {
        let expected = result.expects().unwrap_or_else(|| short(&result.expected));
        d = d.at(result.span.clone(), format!("measured {}, expected {expected}", short(&result.measured)));
    }
    for s in &result.sample {
        let key = if s.key.is_null() { String::new() } else { format!(" {}", short(&s.key)) };
        let place = if s.file.is_empty() { String::new() } else { format!("row {}", s.row) };
        d = d.help(format!("{place}{key}: {}", short(&s.value)).trim_start_matches(": ").to_owned());
    }
    Some(d)
}

/// A value in one line.
pub(crate) fn short(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Object(o) => o.iter().map(|(k, v)| format!("{k} = {v}")).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// `{"error": {...}, "errors": [...]}`
fn as_json(failure: &Failure) -> Value {
    let list = |f: &Findings| -> Vec<Value> {
        f.diagnostics
            .iter()
            .enumerate()
            .map(|(i, d)| {
                let mut object = d.to_json(&f.sources);
                if let (Some(facts), Some(object)) = (f.facts.get(i), object.as_object_mut()) {
                    object.insert("data".to_owned(), facts.clone());
                }
                object
            })
            .collect()
    };
    match failure {
        Failure::Product(f)
        | Failure::Usage(f)
        | Failure::Data(f)
        | Failure::Missing(f)
        | Failure::Unavailable(f)
        | Failure::Breaking(f) => {
            let errors = list(f);
            json!({ "error": errors.first(), "errors": errors })
        }
        Failure::Rejected(r) => {
            let errors: Vec<Value> = r
                .ports
                .iter()
                .flat_map(|p| p.report.results.iter().filter_map(|c| finding(&p.port, c)))
                .filter(Diagnostic::is_error)
                .map(|d| d.to_json(&r.sources))
                .collect();
            let ports = place_lines(serde_json::to_value(&r.ports).unwrap_or_default(), &r.sources);
            json!({ "error": errors.first(), "errors": errors, "outcome": "rejected", "run": r.run, "branch": r.branch, "ports": ports })
        }
        Failure::Operation(e) => {
            let error = json!({
                "code": match (e.page(), e.kind()) {
                    (Some(code), _) => code.to_owned(),
                    (None, Kind::Conflict) => "M0603".to_owned(),
                    (None, kind) => format!("{kind:?}"),
                }, "message": e.to_string(), "cause": e.causes(), "at": Value::Null,
                "help": e.help_text(),
            });
            json!({ "error": error, "errors": [error] })
        }
    }
}

/// Spans of check results as file, line and column.
pub(crate) fn place_lines(mut ports: Value, sources: &Sources) -> Value {
    for port in ports.as_array_mut().into_iter().flatten() {
        for result in port["results"].as_array_mut().into_iter().flatten() {
            let number = |key: &str| result["span"][key].as_u64().unwrap_or(0) as usize;
            let span = meshwright_spec::Span { file: number("file"), start: number("start"), end: number("end") };
            let place = sources.get(span.file).zip(sources.position(&span));
            if let (Some(object), Some((file, (line, column)))) = (result.as_object_mut(), place) {
                object.remove("span");
                object.insert("at".to_owned(), json!({ "file": file.path, "line": line, "column": column }));
            }
        }
    }
    ports
}
