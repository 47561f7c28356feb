//! `pattern`: the regular expression is found somewhere in the text.
//!
//! Contracts are read by tools of many languages, so patterns are ECMA-262's, as in JSON Schema and ODCS, with
//! `\d \w \s \b` in ASCII. Look-around and back-references do not exist here and are an error when planned.
use std::sync::Arc;

use arrow::array::ArrayRef;
use regex::bytes::Regex;

use crate::bits::Bits;
use crate::frame::View;
use crate::lanes::Lanes;
use crate::planner::Planner;
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::{Dictionary, every, is_text, judge, judge_together};

pub(super) struct Pattern {
    column: usize,
    regex: Regex,
    /// A faster way to the same answers, for expressions that are simple enough.
    lanes: Option<Arc<Lanes>>,
}

/// Plans the check.
pub(crate) fn plan(column: &str, pattern: &str, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let rule = read(column, pattern, planner)?;
    let field = planner.field(column)?;
    Ok(Box::new(RowCheck { rule: Arc::new(rule), judged: Some(field.index), shown: [field].into() }))
}

/// The rule alone, for its opposite too.
pub(super) fn read(column: &str, pattern: &str, planner: &mut Planner<'_>) -> Result<Pattern, String> {
    let known = planner.column(column)?;
    if !is_text(&known.data_type) {
        return Err(format!("a pattern is a matter of text, and `{column}` is {}", known.data_type));
    }
    let translated = translate(pattern);
    let regex = Regex::new(&translated).map_err(|error| {
        // the last line says what is wrong, the ones before it draw the pattern
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("the pattern `{pattern}` cannot be used: {reason}")
    })?;
    let lanes = Lanes::new(&translated).map(Arc::new);
    Ok(Pattern { column: known.index, regex, lanes })
}

impl RowRule for Pattern {
    fn judge(&self, view: &View<'_>, known: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        let array = view.frame.column(self.column)?;
        if let Some(lanes) = &self.lanes
            && judge_together(array, out, |texts, miss| lanes.misses(texts, miss))
        {
            return Ok(());
        }
        judge(array, known, out, |text| !self.regex.is_match(text.as_bytes()))
    }

    fn all_pass(&self, values: &ArrayRef) -> Option<bool> {
        Some(every(values, |text| self.regex.is_match(text.as_bytes())))
    }

    // a regex lends its scratch memory to one thread at a time, its clone has memory of its own
    fn for_thread(rule: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self { column: rule.column, regex: rule.regex.clone(), lanes: rule.lanes.clone() })
    }
}

/// ECMA-262 to the `regex` crate: ASCII classes, and within brackets `[`, `&&`, `--`, `~~` as plain characters.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut in_class = false;
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let escaped = characters.next();
                match (escaped, in_class) {
                    (Some('d'), _) => class(&mut out, "[:digit:]", in_class),
                    (Some('D'), _) => class(&mut out, "[:^digit:]", in_class),
                    (Some('w'), _) => class(&mut out, "[:word:]", in_class),
                    (Some('W'), _) => class(&mut out, "[:^word:]", in_class),
                    (Some('s'), _) => class(&mut out, "[:space:]", in_class),
                    (Some('S'), _) => class(&mut out, "[:^space:]", in_class),
                    (Some('b'), false) => out.push_str(r"(?-u:\b)"),
                    (Some('B'), false) => out.push_str(r"(?-u:\B)"),
                    (Some('b'), true) => out.push_str(r"\x08"),
                    (Some(other), _) => out.extend(['\\', other]),
                    (None, _) => out.push('\\'),
                }
            }
            '[' if in_class => out.push_str(r"\["),
            '[' => {
                in_class = true;
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => out.extend(['\\', character]),
            // `[--/]` starts with a hyphen, `[+--]` ends a range with one
            '-' if in_class && characters.peek() == Some(&'-') => match out.ends_with(['[', '^']) {
                true => out.push_str(r"\-"),
                false => {
                    characters.next();
                    out.push_str(r"-\-");
                }
            },
            other => out.push(other),
        }
    }
    out
}

fn class(out: &mut String, name: &str, in_class: bool) {
    match in_class {
        true => out.push_str(name),
        false => out.extend(["[", name, "]"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn judge(pattern: &str, found: &[&str], missing: &[&str]) {
        let regex = Regex::new(&translate(pattern)).unwrap();
        for text in found {
            assert!(regex.is_match(text.as_bytes()), "`{pattern}` is in `{text}`");
        }
        for text in missing {
            assert!(!regex.is_match(text.as_bytes()), "`{pattern}` is not in `{text}`");
        }
    }

    #[test]
    fn escapes_are_ascii() {
        judge(r"^\d+$", &["42"], &["٤٢", ""]);
        judge(r"^[\d-]+$", &["4-2"], &["٤"]);
        judge(r"^\w+$", &["a_1"], &["née"]);
        judge(r"^\D$", &["é", "x"], &["1"]);
        judge(r"^[^\s]+$", &["é"], &["a b"]);
        judge(r"\bcat\b", &["a cat"], &["concat"]);
        judge(r"^.$", &["é"], &["ee"]);
    }

    #[test]
    fn brackets_are_those_of_ecma() {
        judge(r"^[[a]$", &["[", "a"], &["b"]);
        judge(r"^[a&&b]+$", &["a&b"], &["c"]);
        judge(r"^[\]x]$", &["]", "x"], &["\\"]);
        judge(r"^[+--]$", &["+", ",", "-"], &["."]);
        judge(r"^[--/]$", &["-", ".", "/"], &["+"]);
        judge(r"^a\/b$", &["a/b"], &["ab"]);
    }

    #[test]
    fn searches_are_not_anchored() {
        judge("b", &["abc"], &["ac"]);
    }
}
