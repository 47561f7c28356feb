//! One file per verb; adding one is a `mod` line and a line in [`Verb`].
mod accept;
mod anomalies;
mod branches;
mod check;
mod checks;
mod completions;
mod connect;
mod contract;
mod delete;
mod describe;
mod diff;
mod doctor;
mod drift;
mod erase;
mod explain;
mod gc;
mod help;
mod history;
mod landing;
mod lineage;
mod list;
mod maintain;
mod new;
mod profile;
mod publish;
pub(crate) mod query;
mod relocate;
mod report;
mod rollback;
mod run;
mod runs;
mod search;
mod tag;
mod test;

use clap::Subcommand;

use crate::context::Context;
use crate::exit::Exit;

/// What `mesh` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    New(new::New),
    Check(check::Check),
    Checks(checks::Checks),
    Test(test::Test),
    Run(run::Run),
    Publish(publish::Publish),
    List(list::List),
    Search(search::Search),
    Describe(describe::Describe),
    Query(query::Query),
    Delete(delete::Delete),
    Runs(runs::Runs),
    History(history::History),
    Diff(diff::Diff),
    Tag(tag::Tag),
    Branches(branches::Branches),
    Accept(accept::Accept),
    Rollback(rollback::Rollback),
    Lineage(lineage::Lineage),
    Maintain(maintain::Maintain),
    Gc(gc::Gc),
    Landing(landing::Landing),
    Relocate(relocate::Relocate),
    Erase(erase::Erase),
    Connect(connect::Connect),
    Profile(profile::Profile),
    Drift(drift::Drift),
    Anomalies(anomalies::Anomalies),
    Report(report::Report),
    Contract(contract::Contract),
    Doctor(doctor::Doctor),
    Explain(explain::Explain),
    Completions(completions::Completions),
    Help(help::Help),
}

impl Verb {
    pub(crate) fn go(self, context: &Context) -> Exit {
        match self {
            Self::New(v) => v.go(context),
            Self::Check(v) => v.go(context),
            Self::Checks(v) => v.go(context),
            Self::Test(v) => v.go(context),
            Self::Run(v) => v.go(context),
            Self::Publish(v) => v.go(context),
            Self::List(v) => v.go(context),
            Self::Search(v) => v.go(context),
            Self::Describe(v) => v.go(context),
            Self::Query(v) => v.go(context),
            Self::Delete(v) => v.go(context),
            Self::Runs(v) => v.go(context),
            Self::History(v) => v.go(context),
            Self::Diff(v) => v.go(context),
            Self::Tag(v) => v.go(context),
            Self::Branches(v) => v.go(context),
            Self::Accept(v) => v.go(context),
            Self::Rollback(v) => v.go(context),
            Self::Lineage(v) => v.go(context),
            Self::Maintain(v) => v.go(context),
            Self::Gc(v) => v.go(context),
            Self::Landing(v) => v.go(context),
            Self::Relocate(v) => v.go(context),
            Self::Erase(v) => v.go(context),
            Self::Connect(v) => v.go(context),
            Self::Profile(v) => v.go(context),
            Self::Drift(v) => v.go(context),
            Self::Anomalies(v) => v.go(context),
            Self::Report(v) => v.go(context),
            Self::Contract(v) => v.go(context),
            Self::Doctor(v) => v.go(context),
            Self::Explain(v) => v.go(context),
            Self::Completions(v) => v.go(context),
            Self::Help(v) => v.go(),
        }
    }
}
