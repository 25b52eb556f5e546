//! Schedules: the learning rate as a function of the step.

use super::power;
use std::f64::consts::PI;

/// A learning rate for every step, counted from 0.
///
/// The unit of a step is the caller's: an optimiser step, or an epoch. A schedule that has run out keeps its
/// last rate. Schedules are chained with [`then`](Schedule::then) and [`warm_up`](Schedule::warm_up):
///
/// ```
/// use losslab_autograd::optim::Schedule;
/// let schedule = Schedule::cosine(0.1, 0.0, 900).warm_up(100, 0.01);
/// assert_eq!(schedule.rate(0), 0.001);
/// assert_eq!(schedule.rate(100), 0.1);
/// assert!((schedule.rate(550) - 0.05).abs() < 1e-15);
/// assert_eq!(schedule.rate(2000), 0.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Constant { rate: f64 },
    Step { rate: f64, every: u64, factor: f64 },
    Linear { from: f64, to: f64, steps: u64 },
    Cosine { from: f64, to: f64, steps: u64 },
    OneCycle { peak: f64, steps: u64 },
    Then { first: Box<Kind>, switch: u64, second: Box<Kind> },
}

impl Schedule {
    /// Always this rate.
    #[track_caller]
    pub fn constant(rate: f64) -> Self {
        Self(Kind::Constant { rate: checked("constant", rate) })
    }

    /// `rate * factor^floor(step / every)`.
    ///
    /// # Panics
    /// If a rate or the factor is negative or not finite (as for all schedules), or `every` is 0.
    #[track_caller]
    pub fn step(rate: f64, every: u64, factor: f64) -> Self {
        assert!(every > 0, "Schedule::step: a change every 0 steps");
        Self(Kind::Step { rate: checked("step", rate), every, factor: checked("step", factor) })
    }

    /// `end + (rate - end) (1 + cos(pi step / steps)) / 2` up to `steps`, then `end`
    /// (Loshchilov & Hutter 2017, eq. 5, without restarts).
    #[track_caller]
    pub fn cosine(rate: f64, end: f64, steps: u64) -> Self {
        let (from, to) = (checked("cosine", rate), checked("cosine", end));
        Self(Kind::Cosine { from, to, steps })
    }

    /// From `from` to `to` in equal parts over `steps`, then `to`.
    #[track_caller]
    pub fn linear(from: f64, to: f64, steps: u64) -> Self {
        Self(Kind::Linear { from: checked("linear", from), to: checked("linear", to), steps })
    }

    /// The one-cycle policy (Smith & Topin 2018) with PyTorch's defaults: along a half cosine from
    /// `peak / 25` to `peak` at step `0.3 steps - 1`, along another to `peak / 250000` at step `steps - 1`.
    ///
    /// Momentum is not cycled.
    ///
    /// # Panics
    /// If there are fewer than 4 steps: no step would lie before the peak.
    #[track_caller]
    pub fn one_cycle(peak: f64, steps: u64) -> Self {
        assert!(steps >= 4, "Schedule::one_cycle: {steps} steps, expected at least 4");
        Self(Kind::OneCycle { peak: checked("one_cycle", peak), steps })
    }

    /// This schedule before step `switch`, then the other, which counts from its own 0.
    pub fn then(self, switch: u64, next: Schedule) -> Self {
        Self(Kind::Then { first: Box::new(self.0), switch, second: Box::new(next.0) })
    }

    /// A linear rise from `factor` times the first rate of this schedule, over `steps` steps, before it
    /// begins (Goyal et al. 2017, section 2.2).
    #[track_caller]
    pub fn warm_up(self, steps: u64, factor: f64) -> Self {
        let first = self.rate(0);
        Self::linear(checked("warm_up", factor) * first, first, steps).then(steps, self)
    }

    /// The learning rate of this step.
    pub fn rate(&self, step: u64) -> f64 {
        self.0.rate(step)
    }
}

impl Kind {
    fn rate(&self, step: u64) -> f64 {
        match *self {
            Kind::Constant { rate } => rate,
            Kind::Step { rate, every, factor } => rate * power(factor, step / every),
            Kind::Linear { from, to, steps } if step < steps => {
                from + (to - from) * (step as f64 / steps as f64)
            }
            Kind::Linear { to, .. } => to,
            Kind::Cosine { from, to, steps } if step < steps => {
                half_cosine(from, to, step as f64 / steps as f64)
            }
            Kind::Cosine { to, .. } => to,
            Kind::OneCycle { peak, steps } => {
                let (bottom, last) = (peak / 25.0, steps as f64 - 1.0);
                let (step, top) = ((step as f64).min(last), 0.3 * steps as f64 - 1.0);
                if step <= top {
                    half_cosine(bottom, peak, step / top)
                } else {
                    half_cosine(peak, bottom / 1e4, (step - top) / (last - top))
                }
            }
            Kind::Then { ref first, switch, .. } if step < switch => first.rate(step),
            Kind::Then { switch, ref second, .. } => second.rate(step - switch),
        }
    }
}

/// `to + (from - to) (1 + cos(pi x)) / 2` for x in [0, 1]: exact at both ends.
///
/// (1 + cos(pi x)) / 2 is sin^2(pi (1 - x) / 2), and 1 - sin^2(pi x / 2): each on its half keeps the digits
/// of a small remainder.
fn half_cosine(from: f64, to: f64, x: f64) -> f64 {
    let sin_squared = |x: f64| sin(0.5 * PI * x) * sin(0.5 * PI * x);
    if x <= 0.5 { from - (from - to) * sin_squared(x) } else { to + (from - to) * sin_squared(1.0 - x) }
}

/// The sine of v in [0, pi/4], by its Taylor series in nested form: the first term left out is at most 2e-19
/// of the result. Relative error below 3e-16, and the same bits on every machine.
fn sin(v: f64) -> f64 {
    let divisors = (1..=8).rev().map(|k| f64::from(2 * k * (2 * k + 1)));
    v * divisors.fold(1.0, |sum, divisor| 1.0 - v * v / divisor * sum)
}

#[track_caller]
fn checked(schedule: &str, number: f64) -> f64 {
    assert!(
        number.is_finite() && number >= 0.0,
        "Schedule::{schedule}: {number}, expected a finite number of at least 0"
    );
    number
}
