//! What happens during a run, told while it happens.
use chrono::{SecondsFormat, Utc};
use serde::Serialize;

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
    /// The run.
    pub run: String,
    /// `run.started`, `source.landed`, `step.finished`, `port.written`, `check.failed`, `run.released`, ...
    pub event: &'static str,
    /// Facts.
    #[serde(flatten)]
    pub facts: serde_json::Value,
}

/// Who listens.
pub trait Observer: Send + Sync {
    /// Called once per event, in order.
    fn event(&self, event: &Event);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event) {}
}

/// The events of one run.
#[derive(Clone)]
pub(crate) struct Events<'a> {
    run: String,
    observer: &'a dyn Observer,
}

impl<'a> Events<'a> {
    pub(crate) fn new(run: &str, observer: &'a dyn Observer) -> Self {
        Self { run: run.to_owned(), observer }
    }

    pub(crate) fn tell(&self, event: &'static str, facts: serde_json::Value) {
        tracing::debug!(run = self.run, event, %facts);
        let at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        self.observer.event(&Event { at, run: self.run.clone(), event, facts });
    }
}
