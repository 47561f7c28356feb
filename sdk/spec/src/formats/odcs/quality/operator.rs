//! `mustBe` and its seven siblings: exactly one of them says what a rule's number has to be.
use super::{Findings, Rule};
use crate::document::tree::{Kind, Node};

/// What the number has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Operator {
    Is(f64),
    IsNot(f64),
    Above(f64),
    AtLeast(f64),
    Below(f64),
    AtMost(f64),
    Between(f64, f64),
    Outside(f64, f64),
}

const WORDS: [&str; 8] = [
    "mustBe",
    "mustNotBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
    "mustNotBeBetween",
];

impl Operator {
    /// The one operator of a rule; reports a rule with none or several.
    pub(super) fn of(rule: &Rule<'_>, found: &mut Findings) -> Option<Self> {
        let said: Vec<_> = WORDS.iter().filter_map(|word| Some((*word, rule.node.entry(word)?))).collect();
        let (word, (_, value)) = match &said[..] {
            [one] => *one,
            [] => {
                let message = "the rule does not say what its number has to be";
                found.error_at("M0230", rule.at.clone(), message, "add `mustBe: 0` or another of the eight operators");
                return None;
            }
            [_, (_, (second, _)), ..] => {
                found.error_at("M0230", second.span.clone(), "the rule has two operators", "make two rules of it");
                return None;
            }
        };
        let number = value.as_number();
        let pair = match value.items() {
            [low, high] => low.as_number().zip(high.as_number()).filter(|(low, high)| low <= high),
            _ => None,
        };
        let operator = match (word, number, pair) {
            ("mustBe", Some(n), _) => Self::Is(n),
            ("mustNotBe", Some(n), _) => Self::IsNot(n),
            ("mustBeGreaterThan", Some(n), _) => Self::Above(n),
            ("mustBeGreaterOrEqualTo", Some(n), _) => Self::AtLeast(n),
            ("mustBeLessThan", Some(n), _) => Self::Below(n),
            ("mustBeLessOrEqualTo", Some(n), _) => Self::AtMost(n),
            ("mustBeBetween", _, Some((low, high))) => Self::Between(low, high),
            ("mustNotBeBetween", _, Some((low, high))) => Self::Outside(low, high),
            _ => {
                let expected =
                    if word.ends_with("Between") { "two numbers, the smaller one first" } else { "a number" };
                found.error(
                    "M0230",
                    value,
                    format!("`{word}` is to be {expected}"),
                    format!("for example `{word}: {}`", example(value)),
                );
                return None;
            }
        };
        Some(operator)
    }

    /// How many rows (or which share of them) may fail, where that is all it says.
    pub(super) fn at_most(self, percent: bool) -> Option<String> {
        let limit = match self {
            Self::Is(0.0) => return Some("0".to_owned()),
            Self::AtMost(limit) | Self::Between(0.0, limit) => limit,
            // the greatest share that is still below
            Self::Below(limit) if percent && limit > 0.0 => {
                return Some(format!("{:?}", (limit / 100.0).next_down().min(1.0)));
            }
            Self::Below(limit) if limit > 0.0 => limit.ceil() - 1.0,
            _ => return None,
        };
        if limit < 0.0 {
            return None;
        }
        Some(match percent {
            true if limit == 0.0 => "0".to_owned(),
            true => format!("{:?}", (limit / 100.0).min(1.0)),
            false => format!("{}", limit.floor() as u64),
        })
    }

    /// Inclusive bounds of a number that is whole.
    pub(super) fn whole(self) -> Option<(Option<u64>, Option<u64>)> {
        let up = |n: f64| Some(n.max(0.0).ceil() as u64);
        let down = |n: f64| (n >= 0.0).then(|| n.floor() as u64);
        Some(match self {
            Self::Is(n) => (up(n), Some(down(n)?)),
            Self::Above(n) => (up(n.floor() + 1.0), None),
            Self::AtLeast(n) => (up(n), None),
            Self::Below(n) => (None, Some(down(n.ceil() - 1.0)?)),
            Self::AtMost(n) => (None, Some(down(n)?)),
            Self::Between(low, high) => (up(low), Some(down(high)?)),
            Self::IsNot(_) | Self::Outside(..) => return None,
        })
    }

    /// A query and inclusive bounds of its number; where bounds cannot say it, the query tells 0 from 1.
    pub(super) fn bounds(self, sql: &str) -> (String, Option<String>, Option<String>) {
        let text =
            |n: f64| Some(if n.fract() == 0.0 && n.abs() < 1e15 { format!("{}", n as i64) } else { format!("{n:?}") });
        let wrong_if = |bad: String| (format!("select case when ({sql}) {bad} then 1 else 0 end"), None, text(0.0));
        let plain = |min, max| (sql.to_owned(), min, max);
        match self {
            Self::Is(n) => plain(text(n), text(n)),
            Self::AtLeast(n) => plain(text(n), None),
            Self::AtMost(n) => plain(None, text(n)),
            Self::Between(low, high) => plain(text(low), text(high)),
            Self::IsNot(n) => wrong_if(format!("= {n}")),
            Self::Above(n) => wrong_if(format!("<= {n}")),
            Self::Below(n) => wrong_if(format!(">= {n}")),
            Self::Outside(low, high) => wrong_if(format!("between {low} and {high}")),
        }
    }
}

fn example(value: &Node) -> &'static str {
    match value.kind {
        Kind::List(_) => "[1, 100]",
        _ => "0",
    }
}
