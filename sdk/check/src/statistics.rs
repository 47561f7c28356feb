//! Distributions that verdicts on numbers lean on. Constants in tests are scipy 1.17.1's.

/// Natural logarithm of the gamma function for positive arguments (Lanczos, g = 7, 9 terms; error below 1e-14).
pub(crate) fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let sum = TERMS[1..].iter().zip(1..).fold(TERMS[0], |sum, (term, at)| sum + term / (x + f64::from(at)));
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// Chance that a chi-squared variable of so many degrees of freedom is at least this.
pub(crate) fn chi_squared_above(statistic: f64, freedom: f64) -> f64 {
    if statistic <= 0.0 || freedom <= 0.0 {
        return 1.0;
    }
    let (a, x) = (freedom / 2.0, statistic / 2.0);
    let scale = (-x + a * x.ln() - ln_gamma(a)).exp();
    if x < a + 1.0 {
        // series of the lower part
        let (mut sum, mut term, mut n) = (1.0 / a, 1.0 / a, a);
        while term.abs() > sum.abs() * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return (1.0 - sum * scale).clamp(0.0, 1.0);
    }
    // continued fraction of the upper part (Lentz)
    let mut b = x + 1.0 - a;
    let mut c = 1e300;
    let mut d = 1.0 / b;
    let mut product = d;
    for n in 1..100_000 {
        let n = f64::from(n);
        let an = -n * (n - a);
        b += 2.0;
        d = 1.0 / nonzero(an * d + b);
        c = nonzero(b + an / c);
        let step = d * c;
        product *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (product * scale).clamp(0.0, 1.0)
}

/// Chance that Student's t of so many degrees of freedom is above this.
pub(crate) fn student_above(t: f64, freedom: f64) -> f64 {
    let tail = 0.5 * incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t));
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// The t that is exceeded with this chance, which is below one half.
pub(crate) fn student_exceeded(chance: f64, freedom: f64) -> f64 {
    let mut high = 1.0;
    while student_above(high, freedom) > chance && high < 1e12 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if student_above(middle, freedom) > chance { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// Chance that Kolmogorov's variable is above this: the limit of sqrt(n) D.
pub(crate) fn kolmogorov_above(x: f64) -> f64 {
    if x < 0.2 {
        return 1.0;
    }
    let term = |k: i32| {
        let k = f64::from(k);
        (-2.0 * k * k * x * x).exp()
    };
    let sum: f64 = (1..=100).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum();
    (2.0 * sum).clamp(0.0, 1.0)
}

/// Regularised incomplete beta function (continued fraction, Lentz).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let scale = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp() / a;
    let mut c = 1.0;
    let mut d = 1.0 / nonzero(1.0 - (a + b) * x / (a + 1.0));
    let mut product = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / nonzero(1.0 + even * d);
        c = nonzero(1.0 + even / c);
        product *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / nonzero(1.0 + odd * d);
        c = nonzero(1.0 + odd / c);
        product *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (scale * product).clamp(0.0, 1.0)
}

fn nonzero(x: f64) -> f64 {
    if x.abs() < 1e-300 { 1e-300 } else { x }
}

/// The middle of ordered numbers.
pub(crate) fn median(ordered: &[f64]) -> f64 {
    let n = ordered.len();
    match n {
        0 => f64::NAN,
        _ if n % 2 == 1 => ordered[n / 2],
        _ => f64::midpoint(ordered[n / 2 - 1], ordered[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn tails_are_those_of_scipy() {
        near(chi_squared_above(3.84, 1.0), 0.050_043_521_248_705_19);
        near(chi_squared_above(10.0, 4.0), 0.040_427_681_994_512_79);
        near(chi_squared_above(120.0, 99.0), 0.074_243_855_805_966_72);
        near(student_above(2.0, 5.0), 0.050_969_739_414_929_174);
        near(student_above(6.62, 4.0), 0.001_350_054_282_959_668);
        near(student_above(3.0, 29.0), 0.002_749_596_066_951_706);
        near(kolmogorov_above(0.5), 0.963_945_243_664_875_1);
        near(kolmogorov_above(1.0), 0.269_999_671_677_354_56);
        near(kolmogorov_above(1.5), 0.022_217_962_616_525_127);
        near(kolmogorov_above(2.5), 7.453_306_344_157_342e-6);
    }

    #[test]
    fn quantiles_are_those_of_scipy() {
        near(student_exceeded(0.0015, 4.0), 6.434_848_355_145_987);
        near(student_exceeded(0.0015, 13.0), 3.638_946_900_414_788);
        near(student_exceeded(0.025, 29.0), 2.045_229_642_132_703);
    }
}
