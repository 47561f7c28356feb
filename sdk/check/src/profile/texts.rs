//! What is counted of text: lengths, shapes, formats.
use serde::Serialize;

use super::frequent::Frequent;
use super::shape::shape;
use crate::kinds::formats;
use crate::store::{Reader, Writer};

/// Lengths of texts in characters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lengths {
    /// Shortest.
    pub min: u64,
    /// Longest.
    pub max: u64,
    /// Mean.
    pub mean: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct Texts {
    pub(crate) low: Option<Box<str>>,
    pub(crate) high: Option<Box<str>>,
    shortest: u64,
    longest: u64,
    characters: u64,
    count: u64,
    with_at: u64,
    pub(crate) empty: u64,
    /// Texts with blanks at an end.
    pub(crate) untrimmed: u64,
    pub(crate) shapes: Frequent<Box<str>>,
    pub(crate) values: Frequent<Box<str>>,
    /// Formats that every value so far has.
    formats: Vec<(&'static str, formats::Test)>,
}

impl Default for Texts {
    fn default() -> Self {
        let formats = formats::names().filter_map(|name| Some((name, formats::find(name)?))).collect();
        Self {
            low: None,
            high: None,
            shortest: u64::MAX,
            longest: 0,
            characters: 0,
            count: 0,
            with_at: 0,
            empty: 0,
            untrimmed: 0,
            shapes: Frequent::default(),
            values: Frequent::default(),
            formats,
        }
    }
}

impl Texts {
    /// Takes a text so many times.
    pub(crate) fn add(&mut self, text: &str, times: u64) {
        let length = text.chars().count() as u64;
        self.shortest = self.shortest.min(length);
        self.longest = self.longest.max(length);
        self.characters += length * times;
        self.count += times;
        if text.is_empty() {
            self.empty += times;
        }
        if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
            self.untrimmed += times;
        }
        if text.find('@').is_some_and(|at| at > 0 && text[at..].contains('.')) {
            self.with_at += times;
        }
        if self.low.as_deref().is_none_or(|low| text < low) {
            self.low = Some(text.into());
        }
        if self.high.as_deref().is_none_or(|high| text > high) {
            self.high = Some(text.into());
        }
        self.formats.retain(|(_, test)| test(text));
        let shape = shape(text);
        self.shapes.add(shape.as_str(), times, || shape.as_str().into());
        self.values.add(text, times, || text.into());
    }

    /// Takes what another one has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.shortest = self.shortest.min(other.shortest);
        self.longest = self.longest.max(other.longest);
        self.characters += other.characters;
        self.count += other.count;
        self.with_at += other.with_at;
        self.empty += other.empty;
        self.untrimmed += other.untrimmed;
        self.low = [self.low.take(), other.low.clone()].into_iter().flatten().min();
        self.high = [self.high.take(), other.high.clone()].into_iter().flatten().max();
        self.formats.retain(|(name, _)| other.formats.iter().any(|(theirs, _)| theirs == name));
        self.shapes.merge(&other.shapes);
        self.values.merge(&other.values);
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        for end in [&self.low, &self.high] {
            to.flag(end.is_some());
            to.bytes(end.as_deref().unwrap_or_default().as_bytes());
        }
        let Self { shortest, longest, characters, count, with_at, empty, untrimmed, .. } = self;
        [shortest, longest, characters, count, with_at, empty, untrimmed].into_iter().for_each(|n| to.whole(*n));
        to.whole(self.formats.len() as u64);
        self.formats.iter().for_each(|(name, _)| to.bytes(name.as_bytes()));
        self.shapes.save(to, |text, to| to.bytes(text.as_bytes()));
        self.values.save(to, |text, to| to.bytes(text.as_bytes()));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Self> {
        let text = |from: &mut Reader<'_>| Some(Box::from(std::str::from_utf8(from.bytes()?).ok()?));
        let mut loaded = Self::default();
        for end in [&mut loaded.low, &mut loaded.high] {
            let (there, text) = (from.flag()?, text(from)?);
            *end = there.then_some(text);
        }
        let Self { shortest, longest, characters, count, with_at, empty, untrimmed, .. } = &mut loaded;
        for number in [shortest, longest, characters, count, with_at, empty, untrimmed] {
            *number = from.whole()?;
        }
        let mut formats: Vec<Box<str>> = vec![];
        for _ in 0..from.whole()? {
            formats.push(text(from)?);
        }
        loaded.formats.retain(|(name, _)| formats.iter().any(|kept| **kept == **name));
        loaded.shapes = Frequent::load(from, text)?;
        loaded.values = Frequent::load(from, text)?;
        Some(loaded)
    }

    pub(crate) fn lengths(&self) -> Option<Lengths> {
        let mean = self.characters as f64 / self.count as f64;
        (self.count > 0).then_some(Lengths { min: self.shortest, max: self.longest, mean })
    }

    /// Formats that all values have, if there are any values.
    pub(crate) fn formats(&self) -> Vec<&'static str> {
        if self.count == 0 { vec![] } else { self.formats.iter().map(|(name, _)| *name).collect() }
    }

    /// Share of values that have an @ before a dot.
    pub(crate) fn with_at(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.with_at as f64 / self.count as f64 }
    }
}
