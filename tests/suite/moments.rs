//! Moments that nobody chose: random, and the same again for the seed that is printed.
#![allow(clippy::print_stdout, reason = "what a failed test needs to be repeated")]
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// xorshift: random enough for moments.
pub struct Moments(u64);

impl Moments {
    /// From `MESH_SUITE_SEED`, else from the clock and the process.
    pub fn new() -> Self {
        let said = std::env::var("MESH_SUITE_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let seed = said.unwrap_or(u64::from(std::process::id()) << 32 | u64::from(now.subsec_nanos()) | 1);
        println!("MESH_SUITE_SEED={seed}");
        Self(seed)
    }

    pub fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most.max(1)
    }

    pub fn within(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.below(most.as_micros() as u64))
    }
}
