//! Profiles of ports and files.
use std::path::Path;

use datafusion::prelude::DataFrame;
use futures::StreamExt;
use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_check::{Profile, Profiler};

use crate::check_file::without_place;
use crate::dataset::{Dataset, Opened};
use crate::failure::Result;
use crate::feed::{Feed, Share};
use crate::source::data_failure;

/// What the values of a port or of files are like: one pass, on all cores, in bounded memory.
///
/// # Errors
/// `NotFound` for a port, state or file that is not there; [`crate::Failure::Data`] for files that cannot be read.
pub async fn profile(catalog: Option<&Catalog>, subject: &Dataset, base_dir: &Path) -> Result<Profile> {
    of(&Opened::open(subject, catalog, base_dir).await?).await
}

/// The profile of what is opened already.
pub(crate) async fn of(opened: &Opened) -> Result<Profile> {
    let secret = opened.secret();
    match opened {
        Opened::Files { delivery, .. } => {
            let delivery = delivery.clone();
            let work = tokio::task::spawn_blocking(move || {
                let mut feed = Feed::plan(&delivery.resources, &delivery.source, &delivery.columns, None)?;
                let schema = feed.schema.clone();
                let states =
                    feed.run(|| Profiler::new(&schema), |_| Share::All, |profiler, batch, _| profiler.update(batch))?;
                Ok(merged(states).unwrap_or_else(|| Profiler::new(&schema)).finish())
            });
            let done: std::result::Result<Profile, Box<meshwright_landing::DataError>> = work.await.map_err(stopped)?;
            done.map_err(|e| without_place(data_failure(&e)))
        }
        Opened::Port { table, snapshot, .. } => of_frame(Opened::frame(table, snapshot)?, secret).await,
    }
}

/// The profile of rows that the query engine reads.
pub(crate) async fn of_frame(frame: DataFrame, secret: Vec<String>) -> Result<Profile> {
    let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
    let start = Profiler::new(&schema).with_secret(secret);
    let mut tasks = tokio::task::JoinSet::new();
    for mut stream in frame.execute_stream_partitioned().await? {
        let mut profiler = start.clone();
        tasks.spawn(async move {
            while let Some(batch) = stream.next().await {
                profiler.update(&batch?);
            }
            Ok::<_, crate::Failure>(profiler)
        });
    }
    let mut states = vec![];
    while let Some(done) = tasks.join_next().await {
        states.push(done.map_err(stopped)??);
    }
    Ok(merged(states).unwrap_or(start).finish())
}

fn stopped(e: tokio::task::JoinError) -> Error {
    Error::new(Kind::Unexpected, "profiling stopped").because(e)
}

fn merged(states: Vec<Profiler>) -> Option<Profiler> {
    states.into_iter().reduce(|mut all, one| {
        all.merge(&one);
        all
    })
}
