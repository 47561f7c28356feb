//! `partition`: Iceberg's transforms of columns.
use std::fmt;

use super::columns::Columns;
use super::{PartitionField, Transform};
use crate::document::Value;
use crate::{DataType, Diagnostic, nearest};

const NAMES: [&str; 7] = ["identity", "bucket", "truncate", "year", "month", "day", "hour"];

pub(super) fn fields(value: &Value<'_>, columns: &Columns) -> Vec<PartitionField> {
    let items = value.words().unwrap_or_default();
    items.iter().filter_map(|item| field(item, columns)).collect()
}

fn field(value: &Value<'_>, columns: &Columns) -> Option<PartitionField> {
    let text = value.text()?;
    let Some((name, rest)) = text.split_once('(') else {
        let column = columns.find(value)?;
        suits(value, Transform::Identity, "identity", column)?;
        return Some(PartitionField { column: column.name.clone(), transform: Transform::Identity });
    };
    let name = name.trim();
    let Some(inner) = rest.trim_end().strip_suffix(')') else { return bad(value, text, "the closing `)` is missing") };
    let arguments: Vec<&str> = inner.split(',').map(str::trim).collect();
    let (transform, column) = match (name, arguments[..].as_ref()) {
        ("bucket" | "truncate", [number, column]) => match (number.parse::<u32>(), name) {
            (Ok(number @ 1..=0x7fff_ffff), "bucket") => (Transform::Bucket(number), *column),
            (Ok(number @ 1..=0x7fff_ffff), _) => (Transform::Truncate(number), *column),
            _ => return bad(value, text, "the first argument is a whole number above zero"),
        },
        ("bucket" | "truncate", _) => return bad(value, text, "it takes a number and a column"),
        ("identity", [column]) => (Transform::Identity, *column),
        ("year" | "years", [column]) => (Transform::Year, *column),
        ("month" | "months", [column]) => (Transform::Month, *column),
        ("day" | "days", [column]) => (Transform::Day, *column),
        ("hour" | "hours", [column]) => (Transform::Hour, *column),
        (known, _) if NAMES.contains(&known) => return bad(value, text, "it takes one column"),
        (other, _) => {
            let help = match nearest(other, NAMES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", NAMES.join(", ")),
            };
            value.wrong("M0210", format!("`{other}` is not a partition transform"), Some(help));
            return None;
        }
    };
    let start = text.rfind(column).unwrap_or(0);
    let span = value.part(start..start + column.len());
    let column = columns.find_named(column, &span, value)?;
    suits(value, transform, name, column)?;
    Some(PartitionField { column: column.name.clone(), transform })
}

fn bad(value: &Value<'_>, text: &str, why: &str) -> Option<PartitionField> {
    let help = "for example `country`, `bucket(16, country)`, `truncate(4, code)`, `month(at)`".to_owned();
    value.wrong("M0210", format!("`{text}` is not a partition field: {why}"), Some(help));
    None
}

/// Whether the transform can be done to values of the column, by Iceberg's table of partition transforms.
fn suits(value: &Value<'_>, transform: Transform, name: &str, column: &super::columns::Named) -> Option<()> {
    use DataType::{Binary, Boolean, Decimal, Double, Float, Int, Long, String};
    let Some(data_type) = &column.data_type else { return Some(()) };
    let good = match transform {
        Transform::Identity => !data_type.is_nested(),
        Transform::Bucket(_) => !data_type.is_nested() && !matches!(data_type, Boolean | Float | Double),
        Transform::Truncate(_) => matches!(data_type, Int | Long | Decimal { .. } | String | Binary),
        Transform::Year | Transform::Month | Transform::Day => data_type.is_temporal(),
        Transform::Hour => data_type.is_timestamp(),
    };
    if good {
        return Some(());
    }
    let report = Diagnostic::error("M0205", format!("`{name}` cannot be done to values of type {data_type}"));
    value.document.report(report.at(value.span.clone(), "").at(column.span.clone(), format!("{data_type} here")));
    None
}

impl fmt::Display for PartitionField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = &self.column;
        match self.transform {
            Transform::Identity => f.write_str(column),
            Transform::Bucket(buckets) => write!(f, "bucket({buckets}, {column})"),
            Transform::Truncate(width) => write!(f, "truncate({width}, {column})"),
            Transform::Year => write!(f, "year({column})"),
            Transform::Month => write!(f, "month({column})"),
            Transform::Day => write!(f, "day({column})"),
            Transform::Hour => write!(f, "hour({column})"),
        }
    }
}
