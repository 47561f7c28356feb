//! The canonical form of a contract: one text for one promise, whatever its layout, comments and order of keys.
//!
//! What is absent or has its default value is left out, so that the checksums of contracts that do not use a later
//! addition to the format stay what they are.
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::{Column, Contract, Freshness, PartitionField};
use crate::{Bounds, Check, CheckKind, FixOwner, OnViolation, Severity, Shares, Tolerance};

/// `sha256:<hex>` of the canonical form.
pub(super) fn checksum(contract: &Contract) -> String {
    let text = sorted(promise(contract)).to_string();
    let hex: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn promise(contract: &Contract) -> Json {
    let mut checks: Vec<&Check> = contract.checks.iter().collect();
    checks.sort_by(|left, right| left.id.cmp(&right.id));
    let freshness = contract.freshness.as_ref().map(|freshness| match freshness {
        Freshness::Release(max_age) => json!({ "max_age": max_age.seconds }),
        Freshness::Column { column, max_age } => json!({ "column": column, "max_age": max_age.seconds }),
    });
    json!({
        "version": contract.version.to_string(),
        "status": contract.status,
        "description": contract.description,
        "key": contract.key,
        "partition": contract.partition.iter().map(PartitionField::to_string).collect::<Vec<_>>(),
        "sort": contract.sort,
        "freshness": freshness,
        "quarantine": contract.quarantine.map(tolerance),
        "license": contract.license,
        "usage": contract.usage,
        "id": contract.id,
        "retention": contract.retention.map(|kept| kept.seconds),
        "sunset": contract.sunset,
        "successor": contract.successor.as_ref().map(ToString::to_string),
        "beyond": contract.beyond,
        "columns": contract.columns.iter().map(column).collect::<Vec<_>>(),
        "checks": checks.into_iter().map(check).collect::<Vec<_>>(),
    })
}

fn column(column: &Column) -> Json {
    let mut tags = column.tags.clone();
    tags.sort();
    json!({
        "name": column.name,
        "type": column.data_type.to_string(),
        "required": column.required.then_some(true),
        "description": column.description,
        "unit": column.unit,
        "tags": tags,
        "renamed_from": column.renamed_from,
        "renamed_members": (!column.renamed_members.is_empty()).then_some(&column.renamed_members),
        "references": column.references.as_ref().map(|(port, target)| format!("{port}({target})")),
        "default": column.default,
        "deprecated": column.deprecated,
        "classification": column.classification,
        "field_id": column.field_id,
        "open": column.open.then_some(true),
    })
}

fn check(check: &Check) -> Json {
    let at_most = match check.tolerance {
        Tolerance::Rows(0) => Json::Null,
        other => tolerance(other),
    };
    json!({
        "id": check.id,
        "what": kind(&check.kind),
        "where": check.filter,
        "at_most": at_most,
        "severity": (check.severity != Severity::Error).then(|| check.severity.as_str()),
        "on_violation": (check.on_violation == OnViolation::Quarantine).then_some("quarantine"),
        "dimension": check.dimension.as_str(),
        "owner": (check.owner != FixOwner::Internal).then(|| check.owner.as_str()),
        "description": check.description,
    })
}

fn tolerance(tolerance: Tolerance) -> Json {
    match tolerance {
        Tolerance::Rows(rows) => json!({ "rows": rows }),
        Tolerance::Share(share) => json!({ "share": share }),
    }
}

/// A kind of check in its canonical form, which is also how two checks are compared.
pub(crate) fn kind(kind: &CheckKind) -> Json {
    let json = match kind {
        CheckKind::NotNull { column } => json!({ "not_null": column }),
        CheckKind::Range { column, bounds } => json!({ "range": column, "bounds": limits(bounds) }),
        CheckKind::Length { column, min, max } => json!({ "length": column, "min": min, "max": max }),
        CheckKind::Pattern { column, pattern } => json!({ "pattern": column, "is": pattern }),
        CheckKind::Format { column, format } => json!({ "format": column, "is": format }),
        CheckKind::Values { column, values } => json!({ "values": column, "are": values }),
        CheckKind::NotValues { column, values } => json!({ "not_values": column, "are": values }),
        CheckKind::NotPattern { column, pattern } => json!({ "not_pattern": column, "is": pattern }),
        CheckKind::NotMissing { column, missing } => json!({ "not_missing": column, "words": missing }),
        CheckKind::Finite { column } => json!({ "finite": column }),
        CheckKind::Compare { column, operator, other } => {
            json!({ "compare": column, "operator": operator.as_str(), "other": other })
        }
        CheckKind::RowCountChange { max_drop, max_rise } => {
            json!({ "row_count_change": true, "max_drop": max_drop, "max_rise": max_rise })
        }
        CheckKind::Columns { columns, extra, ordered } => {
            json!({ "columns": columns, "all": columns.is_empty().then_some(true), "extra": extra, "ordered": ordered })
        }
        CheckKind::QueryRows { sql } => json!({ "query_rows": sql }),
        CheckKind::Unique { columns } => json!({ "unique": columns }),
        CheckKind::RowCount { min, max } => json!({ "row_count": true, "min": min, "max": max }),
        CheckKind::Expression { sql } => json!({ "expression": sql }),
        CheckKind::Query { sql, bounds } => json!({ "query": sql, "bounds": limits(bounds) }),
        CheckKind::Aggregate { column, function, bounds } => {
            json!({ "aggregate": column, "function": function, "bounds": limits(bounds) })
        }
        CheckKind::Fingerprint { column, value } => json!({ "fingerprint": column, "is": value }),
        CheckKind::Freshness { column, max_age } => json!({ "freshness": max_age.seconds, "column": column }),
        CheckKind::References { columns, port, targets } => {
            // one column is written as it was before there could be several
            let columns = if let [one] = &columns[..] { json!(one) } else { json!(columns) };
            json!({ "references": columns, "target": format!("{port}({})", targets.join(", ")) })
        }
        CheckKind::Monotonic { column, by, group, falling, strict } => json!({
            "monotonic": column, "by": by, "group": group, "falling": falling.then_some(true), "strict": strict.then_some(true),
        }),
        CheckKind::Distribution { column, expected, threshold, level } => {
            let expected = match expected {
                Shares::Values(values) => json!({ "values": values }),
                Shares::Bins { bounds, shares } => json!({ "bins": bounds, "shares": shares }),
            };
            json!({ "distribution": column, "is": expected, "threshold": threshold, "level": level })
        }
        CheckKind::Drift { column, baseline, method, threshold, level } => json!({
            "drift": column, "baseline": baseline, "method": method.as_str(), "threshold": threshold, "level": level,
        }),
        CheckKind::Anomaly { metric, column, level, window } => {
            json!({ "anomaly": metric, "column": column, "level": level, "window": window })
        }
        CheckKind::Program { name } => json!({ "program": name }),
    };
    sorted(json)
}

fn limits(bounds: &Bounds) -> Json {
    json!({ "min": bounds.min, "max": bounds.max })
}

/// Keys in order, nothing for what is null or an empty list, numbers without a needless fraction.
fn sorted(value: Json) -> Json {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<(String, Json)> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.retain(|(_, value)| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()));
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            Json::Object(entries.into_iter().collect::<Map<_, _>>())
        }
        Json::Array(items) => items.into_iter().map(sorted).collect(),
        // beyond 2^53 a float no longer says which whole number was meant
        Json::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 => (float as i64).into(),
            _ => Json::Number(number),
        },
        other => other,
    }
}
