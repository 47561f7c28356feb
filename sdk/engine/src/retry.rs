//! Trying again after somebody else's commit won.
use std::time::Duration;

/// How often a commit is tried again after another one to the same table won.
pub(crate) const ATTEMPTS: u32 = 12;

/// 10 ms doubling to about 1 s, with jitter from the clock so that writers do not march in step.
pub(crate) async fn pause(attempt: u32) {
    let most = 10_u64 << attempt.min(7);
    let jitter = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| u64::from(d.subsec_nanos()) % most);
    tokio::time::sleep(Duration::from_millis(most / 2 + jitter)).await;
}
