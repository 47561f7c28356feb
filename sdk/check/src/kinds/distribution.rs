//! `distribution`: the column's values are shared out as the contract says. An alarm needs a difference that is both large
//! enough to matter and too large for chance. Nulls and NaN are left out, and counted; shares are of the others.
use std::sync::Arc;

use meshwright_spec::{Bounds, Shares};
use serde_json::{Value, json};

use super::{range, values};
use crate::bits::Bits;
use crate::drift::{Fit, by_chance, fit};
use crate::frame::View;
use crate::planner::Planner;
use crate::rule::{End, Measure, RowRule, Rule, Skipped, State, same};
use crate::store::{Reader, Writer};
use crate::text::Dictionary;

struct Distribution {
    plan: Arc<Plan>,
}

struct Plan {
    column: usize,
    /// What each count is of, for people.
    names: Vec<Value>,
    expected: Vec<f64>,
    /// For each listed value the rule that it is that value; for each bound the rule that the value is not above it.
    rules: Vec<Arc<dyn RowRule>>,
    /// The rule that a value is a number, for bins.
    number: Option<Arc<dyn RowRule>>,
    threshold: f64,
    level: f64,
    secret: bool,
}

struct Counts {
    plan: Arc<Plan>,
    known: Vec<Dictionary<u8>>,
    bits: Bits,
    /// Rows for which each rule holds.
    holds: Vec<u64>,
    values: u64,
    skipped: Skipped,
}

/// Plans the check.
pub(crate) fn plan(
    column: &str,
    expected: &Shares,
    threshold: f64,
    level: f64,
    planner: &mut Planner<'_>,
) -> Result<Box<dyn Rule>, String> {
    let index = planner.column(column)?.index;
    let mut rules: Vec<Arc<dyn RowRule>> = Vec::new();
    let (mut names, mut shares): (Vec<Value>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut number: Option<Arc<dyn RowRule>> = None;
    match expected {
        Shares::Values(listed) => {
            for (value, share) in listed {
                rules.push(Arc::new(values::read(column, std::slice::from_ref(value), planner)?));
                names.push(value.clone());
                shares.push(*share);
            }
            names.push("others".into());
            shares.push((1.0 - shares.iter().sum::<f64>()).max(0.0));
        }
        Shares::Bins { bounds, shares: listed } => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            for (at, bound) in bounds.iter().enumerate() {
                let limits = Bounds { min: None, max: Some(bound.clone()) };
                rules.push(Arc::new(range::read(column, &limits, planner)?));
                names.push(match at.checked_sub(1).and_then(|at| bounds.get(at)) {
                    None => format!("up to {}", text(bound)).into(),
                    Some(from) => format!("{} to {}", text(from), text(bound)).into(),
                });
            }
            names.extend(bounds.last().map(|from| Value::from(format!("above {}", text(from)))));
            shares.clone_from(listed);
            number = Some(Arc::new(range::read(column, &Bounds::default(), planner)?));
        }
    }
    let secret = planner.is_secret(column);
    let plan = Plan { column: index, names, expected: shares, rules, number, threshold, level, secret };
    Ok(Box::new(Distribution { plan: Arc::new(plan) }))
}

impl Distribution {
    fn counts(&self, holds: Vec<u64>, values: u64, skipped: Skipped) -> Box<dyn State> {
        let known = (0..=self.plan.rules.len()).map(|_| Dictionary::default()).collect();
        Box::new(Counts { plan: self.plan.clone(), known, bits: Bits::default(), holds, values, skipped })
    }
}

impl Rule for Distribution {
    fn start(&self, _: usize) -> Box<dyn State> {
        self.counts(vec![0; self.plan.rules.len()], 0, Skipped::default())
    }

    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        let (values, nulls, nan) = (from.whole()?, from.whole()?, from.whole()?);
        let holds = from.wholes()?;
        (holds.len() == self.plan.rules.len()).then(|| self.counts(holds, values, Skipped { nulls, nan }))
    }
}

impl State for Counts {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        let nulls = view.nulls(view.frame.column(self.plan.column)?);
        let there = view.in_scope - nulls;
        let mut broken = |rule: &Arc<dyn RowRule>, known: &mut Dictionary<u8>| {
            self.bits.reset(view.frame.rows);
            rule.judge(view, known, &mut self.bits)?;
            if let Some(scope) = view.scope {
                self.bits.keep(scope);
            }
            Ok::<u64, String>(self.bits.count())
        };
        let (of_number, of_rules) = self.known.split_first_mut().ok_or("nothing is remembered")?;
        let nan = match &self.plan.number {
            Some(rule) => broken(rule, of_number)?,
            None => 0,
        };
        for ((rule, known), holds) in self.plan.rules.iter().zip(of_rules).zip(&mut self.holds) {
            *holds += there - broken(rule, known)?;
        }
        self.values += there - nan;
        self.skipped.nulls += nulls;
        self.skipped.nan += nan;
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.holds.iter_mut().zip(other.holds).for_each(|(mine, theirs)| *mine += theirs);
        self.values += other.values;
        self.skipped.nulls += other.skipped.nulls;
        self.skipped.nan += other.skipped.nan;
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.whole(self.values);
        to.whole(self.skipped.nulls);
        to.whole(self.skipped.nan);
        to.wholes(&self.holds);
        true
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Measure {
        if self.values == 0 {
            return Measure::Nothing("no values in scope".into());
        }
        let plan = &self.plan;
        let rest = |held: u64| self.values.saturating_sub(held);
        let counts: Vec<u64> = match plan.number {
            // what is not above a bound is not above the next one either
            Some(_) => {
                let starts = std::iter::once(&0).chain(&self.holds);
                let ends = self.holds.iter().chain(std::iter::once(&self.values));
                ends.zip(starts).map(|(end, start)| end.saturating_sub(*start)).collect()
            }
            None => self.holds.iter().copied().chain([rest(self.holds.iter().sum())]).collect(),
        };
        let Fit { distance, p_value } = fit(&counts, &plan.expected);
        let violated = distance >= plan.threshold && p_value < plan.level;
        let shares: Vec<f64> = counts.iter().map(|count| *count as f64 / self.values as f64).collect();
        let mut moved: Vec<usize> = (0..shares.len()).collect();
        let off = |at: usize| (shares[at] - plan.expected[at]).abs();
        moved.sort_by(|a, b| off(*b).total_cmp(&off(*a)));
        let named: Vec<String> = moved
            .iter()
            .take(3)
            .filter(|at| off(**at) > 0.0 && !plan.secret)
            .map(|at| {
                let name = plan.names[*at].as_str().map_or_else(|| plan.names[*at].to_string(), str::to_owned);
                format!("{name}: {:.1} % of {:.1} %", shares[*at] * 100.0, plan.expected[*at] * 100.0)
            })
            .collect();
        let named = if violated && !named.is_empty() { format!("; {}", named.join(", ")) } else { String::new() };
        let message = format!(
            "jensen_shannon {distance:.3} from the expected shares, {} matters; {}{named}",
            plan.threshold,
            by_chance(p_value)
        );
        let measured = json!({ "distance": distance, "p_value": p_value, "counts": counts });
        Measure::Told { measured, violated: Some(violated), skipped: self.skipped, message }
    }
}
