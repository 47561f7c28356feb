//! Places in a query's text, and the planner's findings at them.
use meshwright_spec::{Diagnostic, Span};

use crate::failure::Plain;
use crate::project::SqlText;

pub(crate) fn whole(text: &SqlText) -> Span {
    let lead = text.text.len() - text.text.trim_start().len();
    let line = text.text[lead..].lines().next().unwrap_or_default().len();
    Span { file: text.file, start: lead, end: lead + line }
}

/// Place of a word in a query: its first occurrence as a whole word.
pub(super) fn word(text: &SqlText, wanted: &str) -> Span {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let low = text.text.to_lowercase();
    let hit = low.match_indices(&wanted.to_lowercase()).map(|(i, _)| i).find(|&i| {
        !low[..i].chars().next_back().is_some_and(is_word)
            && !low[i + wanted.len()..].chars().next().is_some_and(is_word)
    });
    match hit {
        Some(start) => Span { file: text.file, start, end: start + wanted.len() },
        None => whole(text),
    }
}

/// DataFusion's finding as ours: its span where it has one.
pub(super) fn planning_error(e: datafusion::error::DataFusionError, text: &SqlText) -> Diagnostic {
    let span = e.diagnostic().and_then(|d| d.span).map(|s| Span {
        file: text.file,
        start: offset(&text.text, s.start.line, s.start.column),
        end: offset(&text.text, s.end.line, s.end.column),
    });
    let help: Vec<String> =
        e.diagnostic().map(|d| d.helps.iter().map(|h| h.message.clone()).collect()).unwrap_or_default();
    let said = e.strip_backtrace();
    let span = span.or_else(|| parser_place(&said, text)).unwrap_or_else(|| whole(text));
    let mut d = Diagnostic::error("M0402", format!("step `{}` cannot be planned", text.step)).at(span, said);
    for h in help {
        d = d.help(h);
    }
    d
}

/// The parser writes its place into its message: `... at Line: 3, Column: 7`.
fn parser_place(said: &str, text: &SqlText) -> Option<Span> {
    let number = |after: &str| -> Option<u64> {
        let rest = &said[said.rfind(after)? + after.len()..];
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
    };
    let start = offset(&text.text, number("Line: ")?, number("Column: ")?);
    Some(Span { file: text.file, start, end: (start + 1).min(text.text.len()) })
}

pub(crate) fn offset(text: &str, line: u64, column: u64) -> usize {
    let start: usize = text.split_inclusive('\n').take((line as usize).saturating_sub(1)).map(str::len).sum();
    let rest = &text[start.min(text.len())..];
    let within: usize = rest.chars().take((column as usize).saturating_sub(1)).map(char::len_utf8).sum();
    (start + within).min(text.len())
}
