//! `domain.product.port(column)`: another port's column.
use crate::PortName;
use crate::document::Value;

pub(super) fn reference(value: &Value<'_>) -> Option<(PortName, String)> {
    let text = value.text()?;
    let found = text.strip_suffix(')').and_then(|text| text.split_once('(')).and_then(|(port, column)| {
        let column = column.trim();
        let plain = !column.is_empty() && !column.contains(['(', ')', ',']);
        plain.then_some((port.trim().parse::<PortName>(), column.to_owned()))
    });
    let help = Some("write `domain.product.port(column)`".to_owned());
    match found {
        Some((Ok(port), column)) => Some((port, column)),
        Some((Err(error), _)) => {
            value.wrong("M0211", error.message, error.suggestion.map(|near| format!("`{near}` would do")).or(help));
            None
        }
        None => {
            value.wrong("M0211", format!("`{text}` does not name another port's column"), help);
            None
        }
    }
}
