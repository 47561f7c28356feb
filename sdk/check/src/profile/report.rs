//! A finished profile.
use arrow::datatypes::DataType;
use serde::Serialize;
use serde_json::Value;

use super::column::{ColumnState, Values};
use super::distinct::DistinctCount;
use super::numbers::{Bin, Numbers, Summary};
use super::quantiles::Quantiles;
use super::texts::{Lengths, Texts};
use super::{sensitive, shape};
use crate::evidence::{MASK, restore};

/// Shown instead of values that must stay secret.
pub(crate) const MASKED: &str = MASK;

/// Values and patterns shown of a column.
const SHOWN: usize = 10;

/// Bars of a histogram.
const BARS: usize = 20;

/// Quantiles shown.
const QUANTILES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/// What a table's values are like.
#[derive(Debug, Clone, Serialize)]
pub struct Profile {
    /// Rows.
    pub rows: u64,
    /// Columns in their order.
    pub columns: Vec<ColumnProfile>,
}

/// What a column's values are like.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Its type as Arrow calls it.
    #[serde(serialize_with = "displayed")]
    pub data_type: DataType,
    /// Rows without a value.
    pub nulls: u64,
    /// Their share.
    pub null_share: f64,
    /// Different values; none for lists, structs and bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<DistinctCount>,
    /// Smallest value; text by its bytes.
    pub min: Value,
    /// Largest value.
    pub max: Value,
    /// Moments and quantiles of numbers, dates and times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// Lengths of text in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lengths: Option<Lengths>,
    /// Texts that are empty, and texts with blanks at an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blanks: Option<(u64, u64)>,
    /// The most frequent values.
    pub top: Vec<TopValue>,
    /// How much each count of `top` may be too low; 0: exact.
    pub top_error: u64,
    /// The most frequent shapes of text, as regular expressions.
    pub patterns: Vec<Pattern>,
    /// How many different shapes there are; none when there are too many to count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern_count: Option<usize>,
    /// Formats that every value has: email, uuid, date, ...
    pub formats: Vec<&'static str>,
    /// Why its values are masked, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<String>,
    /// What comparisons with another profile need, never shown.
    #[serde(skip)]
    pub(crate) sketches: Sketches,
}

/// A value and how many rows have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TopValue {
    /// The value; `***` where it must stay secret.
    pub value: Value,
    /// Rows.
    pub count: u64,
}

/// A shape of text and how many rows have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pattern {
    /// A regular expression that all of them match.
    pub pattern: String,
    /// Rows.
    pub count: u64,
}

/// What is kept for comparisons and suggestions, unmasked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sketches {
    /// All values and their counts, if they are few enough to be counted exactly.
    pub(crate) counts: Option<Vec<(Value, u64)>>,
    /// The most frequent values otherwise, counts being lower bounds.
    pub(crate) frequent: Vec<(Value, u64)>,
    pub(crate) quantiles: Option<Quantiles>,
    pub(crate) shapes: Option<Vec<(String, u64)>>,
    pub(crate) low: Value,
    pub(crate) high: Value,
}

/// Turns what was counted into figures.
pub(super) fn describe(state: ColumnState, rows: u64, tagged: bool) -> ColumnProfile {
    let name = state.name().to_owned();
    let ColumnState { data_type, nulls, distinct, values, .. } = state;
    let mut column = ColumnProfile {
        nulls,
        null_share: if rows == 0 { 0.0 } else { nulls as f64 / rows as f64 },
        distinct: (!matches!(values, Values::Other)).then(|| distinct.count()),
        min: Value::Null,
        max: Value::Null,
        summary: None,
        lengths: None,
        blanks: None,
        top: vec![],
        top_error: 0,
        patterns: vec![],
        pattern_count: None,
        formats: vec![],
        sensitive: None,
        sketches: Sketches::default(),
        name,
        data_type,
    };
    let mut with_at = 0.0;
    match values {
        Values::Texts(texts) => {
            with_at = texts.with_at();
            of_texts(&mut column, &texts);
        }
        Values::Numbers(numbers) => of_numbers(&mut column, *numbers),
        Values::Other => {}
    }
    column.sensitive = match tagged {
        true => Some("its contract says so".to_owned()),
        false => sensitive::reason(&column.name, &column.formats, with_at),
    };
    (column.sketches.low, column.sketches.high) = (column.min.clone(), column.max.clone());
    if column.sensitive.is_some() {
        mask(&mut column);
    }
    column
}

fn of_texts(column: &mut ColumnProfile, texts: &Texts) {
    let text = |text: &Option<Box<str>>| text.as_deref().map_or(Value::Null, Value::from);
    (column.min, column.max) = (text(&texts.low), text(&texts.high));
    column.lengths = texts.lengths();
    column.blanks = Some((texts.empty, texts.untrimmed));
    column.formats = texts.formats();
    let values = texts.values.top().into_iter().map(|(value, count)| (Value::from(&*value), count)).collect();
    frequencies(column, values, texts.values.missed());
    let shapes: Vec<(String, u64)> = texts.shapes.top().into_iter().map(|(s, count)| (s.into(), count)).collect();
    let shown = shapes.iter().filter(|(shape, _)| shape::is_whole(shape) || shapes.len() <= SHOWN).take(SHOWN);
    column.patterns = shown.map(|(pattern, count)| Pattern { pattern: pattern.clone(), count: *count }).collect();
    if texts.shapes.missed() == 0 {
        column.pattern_count = Some(shapes.len());
        column.sketches.shapes = Some(shapes);
    }
}

fn of_numbers(column: &mut ColumnProfile, numbers: Numbers) {
    let data_type = column.data_type.clone();
    let value = |exact: i128| as_value(exact, &data_type);
    column.min = numbers.low.map_or(Value::Null, |(_, exact)| value(exact));
    column.max = numbers.high.map_or(Value::Null, |(_, exact)| value(exact));
    let values = numbers.values.top().into_iter().map(|(exact, count)| (value(exact), count)).collect();
    frequencies(column, values, numbers.values.missed());
    let (mean, stddev) = (numbers.mean(), numbers.stddev());
    let mut quantiles = numbers.quantiles;
    quantiles.settle();
    if data_type != DataType::Boolean {
        let is_number = data_type.is_numeric();
        column.summary = Some(Summary {
            mean: mean.filter(|_| is_number),
            stddev: stddev.filter(|_| is_number),
            zeros: if is_number { numbers.zeros } else { 0 },
            negatives: if is_number { numbers.negatives } else { 0 },
            nan: numbers.nan,
            infinite: numbers.infinite,
            quantiles: QUANTILES
                .iter()
                .filter_map(|share| Some((*share, between(quantiles.quantile(*share)?, &data_type))))
                .collect(),
            quantile_method: if quantiles.is_exact() { "exact" } else { "sketch" },
            histogram: histogram(&quantiles, &data_type),
        });
    }
    column.sketches.quantiles = Some(quantiles);
}

fn frequencies(column: &mut ColumnProfile, values: Vec<(Value, u64)>, missed: u64) {
    column.top =
        values.iter().take(SHOWN).map(|(value, count)| TopValue { value: value.clone(), count: *count }).collect();
    column.top_error = missed;
    match missed {
        0 => column.sketches.counts = Some(values),
        _ => column.sketches.frequent = values,
    }
}

fn histogram(quantiles: &Quantiles, data_type: &DataType) -> Vec<Bin> {
    let (Some(low), Some(high)) = (quantiles.quantile(0.0), quantiles.quantile(1.0)) else { return vec![] };
    let bars = if high > low { BARS } else { 1 };
    let bound = |at: usize| low + (high - low) * at as f64 / bars as f64;
    let up_to = |at: usize| if at == bars { 1.0 } else { quantiles.share_up_to(bound(at)) };
    (0..bars)
        .map(|at| {
            let share = up_to(at + 1) - if at == 0 { 0.0 } else { up_to(at) };
            let count = (share * quantiles.count()).round() as u64;
            Bin { from: between(bound(at), data_type), to: between(bound(at + 1), data_type), count }
        })
        .collect()
}

/// A value as it is in memory, as JSON.
fn as_value(exact: i128, data_type: &DataType) -> Value {
    match data_type {
        DataType::Boolean => Value::from(exact != 0),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => float(f64::from_bits(exact as u64), data_type),
        _ => restore(&exact.to_le_bytes(), data_type),
    }
}

/// A number between values, in the type's own spelling.
fn between(number: f64, data_type: &DataType) -> Value {
    match data_type {
        DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_) | DataType::Timestamp(..) => {
            restore(&(number.round() as i128).to_le_bytes(), data_type)
        }
        _ => float(number, &DataType::Float64),
    }
}

fn float(number: f64, data_type: &DataType) -> Value {
    // through text, so that a float's 0.1 is not shown as 0.10000000149011612
    let number = match data_type {
        DataType::Float64 => number,
        _ => (number as f32).to_string().parse().unwrap_or(number),
    };
    serde_json::Number::from_f64(number).map_or_else(|| Value::from(number.to_string()), Value::Number)
}

/// Takes every value out of what is shown; counts stay.
fn mask(column: &mut ColumnProfile) {
    let hidden = || Value::from(MASKED);
    for value in [&mut column.min, &mut column.max].into_iter().filter(|value| !value.is_null()) {
        *value = hidden();
    }
    column.top.iter_mut().for_each(|top| top.value = hidden());
    if let Some(summary) = &mut column.summary {
        (summary.mean, summary.stddev) = (None, None);
        summary.quantiles.clear();
        summary.histogram.clear();
    }
}

fn displayed<S: serde::Serializer>(data_type: &DataType, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(data_type)
}
