//! A rule that measures as another one does and judges the number in its own way: by the last release, by the history.
use std::sync::Arc;

use crate::frame::View;
use crate::prove::Facts;
use crate::rule::{End, Measure, Rule, State, same};
use crate::store::{Reader, Writer};

/// Judges what was measured; it is given the rows in scope, too.
type Judge = Arc<dyn Fn(Measure, &End<'_>) -> Measure + Send + Sync>;

struct Rejudged {
    measured_by: Box<dyn Rule>,
    judge: Judge,
}

struct Measuring {
    measured_by: Box<dyn State>,
    judge: Judge,
}

/// The rule that measures by one and judges by another.
pub(super) fn rejudged(
    measured_by: Box<dyn Rule>,
    judge: impl Fn(Measure, &End<'_>) -> Measure + Send + Sync + 'static,
) -> Box<dyn Rule> {
    Box::new(Rejudged { measured_by, judge: Arc::new(judge) })
}

impl Rejudged {
    fn of(&self, measured_by: Box<dyn State>) -> Box<dyn State> {
        Box::new(Measuring { measured_by, judge: self.judge.clone() })
    }
}

impl Rule for Rejudged {
    fn start(&self, limit: usize) -> Box<dyn State> {
        self.of(self.measured_by.start(limit))
    }

    fn load(&self, limit: usize, from: &mut Reader<'_>, file: u32) -> Option<Box<dyn State>> {
        Some(self.of(self.measured_by.load(limit, from, file)?))
    }

    fn prove(&self, limit: usize, facts: &Facts<'_>) -> Option<Box<dyn State>> {
        Some(self.of(self.measured_by.prove(limit, facts)?))
    }
}

impl State for Measuring {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        self.measured_by.update(view)
    }

    fn merge(&mut self, other: Box<dyn State>) {
        self.measured_by.merge(same::<Self>(other).measured_by);
    }

    fn save(&self, to: &mut Writer) -> bool {
        self.measured_by.save(to)
    }

    fn finish(self: Box<Self>, end: &End<'_>) -> Measure {
        (self.judge)(self.measured_by.finish(end), end)
    }
}
