//! Quantiles and cumulative shares: exact while all values are kept, by a merging t-digest afterwards.
//!
//! T. Dunning, O. Ertl: Computing extremely accurate quantiles using t-digests (arXiv:1902.04023), scale function k1.

use crate::store::{Reader, Writer};

/// So many values are kept as they are.
const KEPT: usize = 16 * 1024;

/// About twice the number of centroids; the error of a share is largest in the middle, about 1 / (2 x 500).
const COMPRESSION: f64 = 500.0;

/// Numbers seen, in bounded memory.
#[derive(Debug, Clone)]
pub(crate) struct Quantiles {
    /// Mean and weight, in order.
    centroids: Vec<(f64, f64)>,
    kept: Vec<f64>,
    count: f64,
    low: f64,
    high: f64,
}

impl Default for Quantiles {
    fn default() -> Self {
        Self { centroids: vec![], kept: vec![], count: 0.0, low: f64::INFINITY, high: f64::NEG_INFINITY }
    }
}

impl Quantiles {
    /// Takes a number, which is not NaN.
    pub(crate) fn add(&mut self, value: f64) {
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        self.count += 1.0;
        self.kept.push(value);
        if self.kept.len() > KEPT {
            let kept = std::mem::take(&mut self.kept);
            self.digest(kept.into_iter().map(|x| (x, 1.0)).collect());
        }
    }

    /// Takes what another one has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        self.count += other.count;
        self.kept.extend(&other.kept);
        if !other.centroids.is_empty() || self.kept.len() > KEPT {
            let kept = std::mem::take(&mut self.kept);
            self.digest(kept.into_iter().map(|x| (x, 1.0)).chain(other.centroids.iter().copied()).collect());
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        let pairs = self.centroids.iter().flat_map(|(mean, weight)| [mean.to_bits(), weight.to_bits()]);
        to.wholes(&pairs.collect::<Vec<_>>());
        to.wholes(&self.kept.iter().map(|value| value.to_bits()).collect::<Vec<_>>());
        [self.count, self.low, self.high].into_iter().for_each(|value| to.float(value));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Self> {
        let (pairs, kept) = (from.wholes()?, from.wholes()?);
        let (pairs, rest) = pairs.as_chunks::<2>();
        rest.is_empty().then_some(())?;
        let centroids = pairs.iter().map(|[mean, weight]| (f64::from_bits(*mean), f64::from_bits(*weight))).collect();
        let kept = kept.into_iter().map(f64::from_bits).collect();
        Some(Self { centroids, kept, count: from.float()?, low: from.float()?, high: from.float()? })
    }

    /// Whether every value is known.
    pub(crate) fn is_exact(&self) -> bool {
        self.centroids.is_empty()
    }

    /// How many numbers.
    pub(crate) fn count(&self) -> f64 {
        self.count
    }

    /// Makes it ready to be asked.
    pub(crate) fn settle(&mut self) {
        if self.is_exact() {
            self.kept.sort_by(f64::total_cmp);
        } else if !self.kept.is_empty() {
            let kept = std::mem::take(&mut self.kept);
            self.digest(kept.into_iter().map(|x| (x, 1.0)).collect());
        }
    }

    /// Points at which the cumulative share is worth asking.
    pub(crate) fn points(&self) -> impl Iterator<Item = f64> + '_ {
        self.kept.iter().copied().chain(self.centroids.iter().map(|(mean, _)| *mean))
    }

    /// The smallest known value below which so large a share lies (numpy's `linear`, where values are known).
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        if self.count == 0.0 {
            return None;
        }
        if self.is_exact() {
            let at = share * (self.kept.len() - 1) as f64;
            let (below, rest) = (at.floor() as usize, at.fract());
            let above = self.kept[(below + 1).min(self.kept.len() - 1)];
            return Some(if rest == 0.0 {
                self.kept[below]
            } else {
                self.kept[below] + rest * (above - self.kept[below])
            });
        }
        let target = share * self.count;
        let (mut before, mut last) = (0.0, (self.low, 0.0));
        for (mean, weight) in &self.centroids {
            let middle = before + weight / 2.0;
            if target < middle {
                let (x, at) = last;
                return Some(if middle > at { x + (mean - x) * (target - at) / (middle - at) } else { *mean });
            }
            before += weight;
            last = (*mean, middle);
        }
        let (x, at) = last;
        Some(if self.count > at { x + (self.high - x) * (target - at) / (self.count - at) } else { self.high })
    }

    /// The share of values that are at most this.
    pub(crate) fn share_up_to(&self, value: f64) -> f64 {
        if self.count == 0.0 || value < self.low {
            return 0.0;
        }
        if value >= self.high {
            return 1.0;
        }
        if self.is_exact() {
            return self.kept.partition_point(|x| *x <= value) as f64 / self.count;
        }
        let (mut before, mut last) = (0.0, (self.low, 0.0));
        for (mean, weight) in &self.centroids {
            let middle = before + weight / 2.0;
            if value < *mean {
                let (x, at) = last;
                let part = if *mean > x { (value - x) / (mean - x) } else { 1.0 };
                return (at + part * (middle - at)) / self.count;
            }
            before += weight;
            last = (*mean, middle);
        }
        let (x, at) = last;
        let part = if self.high > x { (value - x) / (self.high - x) } else { 1.0 };
        (at + part * (self.count - at)) / self.count
    }

    fn digest(&mut self, mut more: Vec<(f64, f64)>) {
        more.append(&mut self.centroids);
        more.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: f64 = more.iter().map(|(_, weight)| weight).sum();
        // the largest share at which a centroid that starts at this share may end
        let limit = |share: f64| {
            let k = COMPRESSION / std::f64::consts::TAU * (2.0 * share - 1.0).asin() + 1.0;
            let angle = (k * std::f64::consts::TAU / COMPRESSION).min(std::f64::consts::FRAC_PI_2);
            f64::midpoint(angle.sin(), 1.0)
        };
        let mut out: Vec<(f64, f64)> = Vec::with_capacity(COMPRESSION as usize);
        let (mut done, mut end) = (0.0, limit(0.0));
        for (mean, weight) in more {
            match out.last_mut() {
                Some((last, sum)) if (done + *sum + weight) / total <= end || *last == mean => {
                    *last += (mean - *last) * weight / (*sum + weight);
                    *sum += weight;
                }
                last => {
                    if let Some((_, sum)) = last {
                        done += *sum;
                        end = limit((done / total).min(1.0));
                    }
                    out.push((mean, weight));
                }
            }
        }
        self.centroids = out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_exact() {
        let mut q = Quantiles::default();
        (1..=5).rev().for_each(|x| q.add(f64::from(x)));
        q.settle();
        assert_eq!((q.quantile(0.0), q.quantile(0.5), q.quantile(0.9)), (Some(1.0), Some(3.0), Some(4.6)));
        assert_eq!((q.share_up_to(2.5), q.share_up_to(0.0), q.share_up_to(5.0)), (0.4, 0.0, 1.0));
        assert_eq!(Quantiles::default().quantile(0.5), None);
    }

    #[test]
    fn many_are_near_however_they_were_shared() {
        let n = 300_000;
        let mut parts: Vec<Quantiles> = (0..3).map(|_| Quantiles::default()).collect();
        for at in 0..n {
            // all of 0..n in no order; the last part sees few
            let x = (at * 7919) % n;
            parts[if at % 1000 == 0 { 2 } else { at % 2 }].add(x as f64);
        }
        let mut whole = Quantiles::default();
        parts.iter().for_each(|part| whole.merge(part));
        whole.settle();
        assert!(!whole.is_exact() && whole.centroids.len() <= 600, "{}", whole.centroids.len());
        assert_eq!(whole.count(), n as f64);
        for share in [0.0, 0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0] {
            let found = whole.quantile(share).unwrap() / n as f64;
            assert!((found - share).abs() < 0.002, "{share}: {found}");
            assert!((whole.share_up_to(share * n as f64) - share).abs() < 0.002, "{share}");
        }
    }
}
