//! `not_missing`: the text is there. Null, blank text and the listed words for nothing (`n/a`, `-`) are missing;
//! surrounding blanks and case do not count.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};

use crate::bits::Bits;
use crate::frame::View;
use crate::planner::Planner;
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::{Dictionary, every, is_text, judge};

struct NotMissing {
    column: usize,
    text: bool,
    words: Vec<String>,
}

/// Plans the check.
pub(crate) fn plan(column: &str, words: &[String], planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let known = planner.column(column)?;
    let text = is_text(&known.data_type);
    if !text && !words.is_empty() {
        return Err(format!("words stand for nothing in text, and `{column}` is {}", known.data_type));
    }
    let words = words.iter().map(|word| word.trim().to_lowercase()).collect();
    let field = planner.field(column)?;
    let rule = NotMissing { column: known.index, text, words };
    Ok(Box::new(RowCheck { rule: Arc::new(rule), judged: None, shown: [field].into() }))
}

impl NotMissing {
    fn is_missing(&self, text: &str) -> bool {
        // nearly all texts begin with a letter or a digit, and then they are not blank
        if self.words.is_empty() && text.as_bytes().first().is_some_and(u8::is_ascii_graphic) {
            return false;
        }
        let text = text.trim();
        // nearly all texts are longer than any word for nothing
        text.is_empty()
            || self.words.iter().any(|word| word.len() == text.len() && *word == text.to_lowercase())
            || (!text.is_ascii() && self.words.contains(&text.to_lowercase()))
    }
}

impl RowRule for NotMissing {
    fn judge(&self, view: &View<'_>, known: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        let array = view.frame.column(self.column)?;
        if self.text {
            judge(array, known, out, |text| self.is_missing(text))?;
        }
        if let Some(nulls) = array.logical_nulls() {
            let mut null = Bits::default();
            null.reset(view.frame.rows);
            null.set_nulls(&nulls);
            out.add(&null);
        }
        Ok(())
    }

    fn all_pass(&self, values: &ArrayRef) -> Option<bool> {
        self.text.then(|| every(values, |text| !self.is_missing(text)))
    }

    fn nulls_violate(&self) -> bool {
        true
    }
}
