//! Axes: which numbers stand at the ticks.

/// One axis of a panel, from `low` to `high`.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What is measured.
    pub label: String,
    /// Left or bottom end.
    pub low: f64,
    /// Right or top end, above `low`.
    pub high: f64,
}

impl Axis {
    /// An axis with these ends.
    ///
    /// # Panics
    /// If they are not finite, or not in this order.
    #[track_caller]
    pub fn new(label: impl Into<String>, low: f64, high: f64) -> Self {
        assert!(low < high && low.is_finite() && high.is_finite(), "an axis from {low} to {high}");
        Self { label: label.into(), low, high }
    }

    /// An axis that holds all of these numbers as far as they lie within `limits`, and 0, with ends at ticks.
    pub fn around(
        label: impl Into<String>,
        values: impl IntoIterator<Item = f64>,
        limits: (f64, f64),
    ) -> Self {
        let (mut low, mut high) = (0.0f64, 0.0f64);
        for value in values.into_iter().filter(|v| !v.is_nan()) {
            low = low.min(value.max(limits.0));
            high = high.max(value.min(limits.1));
        }
        if low == high {
            high = low + 1.0;
        }
        Self::with_ends_at_ticks(label, low, high)
    }

    /// An axis that holds all of these numbers, up to 1e9, and little more, with ends at ticks. It is no
    /// shorter than a thousandth: what differs by less is alike.
    pub fn close_to(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| !value.is_nan()) {
            low = low.min(value.clamp(-1e9, 1e9));
            high = high.max(value.clamp(-1e9, 1e9));
        }
        if low > high {
            return Self::new(label, 0.0, 1.0);
        }
        let least = 1e-3 * low.abs().max(high.abs()).max(1.0);
        let margin = (least - (high - low)).max(0.0) / 2.0;
        Self::with_ends_at_ticks(label, low - margin, high + margin)
    }

    fn with_ends_at_ticks(label: impl Into<String>, low: f64, high: f64) -> Self {
        let step = step(high - low);
        // A thousandth of a step is not worth another tick.
        let (low, high) = ((low / step + 1e-3).floor() * step, (high / step - 1e-3).ceil() * step);
        Self::new(label, low, high)
    }

    /// About five round numbers, each with its text.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let step = step(self.high - self.low);
        let digits = (-step.log10().floor()).max(0.0) as usize;
        let (first, last) =
            ((self.low / step - 1e-9).ceil() as i64, (self.high / step + 1e-9).floor() as i64);
        let tick = |k: i64| {
            let value = k as f64 * step;
            // A minus sign is as wide as a plus; a hyphen is not.
            (value, format!("{value:.digits$}").replace('-', "\u{2212}"))
        };
        (first..=last).map(tick).collect()
    }

    /// Where a number stands, 0 at the low end and 1 at the high end.
    pub(super) fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// The distance between ticks: 1, 2 or 5 times a power of ten, for four to ten ticks.
fn step(range: f64) -> f64 {
    let magnitude = 10f64.powf((range / 4.0).log10().floor());
    let share = range / 4.0 / magnitude; // 1 to 10
    magnitude
        * if share < 2.0 {
            1.0
        } else if share < 5.0 {
            2.0
        } else {
            5.0
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(low: f64, high: f64) -> String {
        let ticks = Axis::new("", low, high).ticks();
        ticks.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.0, 5.0), "0 1 2 3 4 5");
        assert_eq!(ticks(0.0, 1.0), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(ticks(-6.0, 6.0), "−6 −4 −2 0 2 4 6");
        assert_eq!(ticks(-1.2, 0.0), "−1.2 −1.0 −0.8 −0.6 −0.4 −0.2 0.0");
        assert_eq!(ticks(0.0, 0.03), "0.000 0.005 0.010 0.015 0.020 0.025 0.030");
    }

    #[test]
    fn an_axis_holds_what_lies_within_its_limits() {
        let axis = |values: &[f64]| {
            let axis = Axis::around("", values.iter().copied(), (-5.0, 5.0));
            (axis.low, axis.high)
        };
        assert_eq!(axis(&[1e9, 0.5]), (0.0, 5.0));
        assert_eq!(axis(&[-0.93, f64::NAN]), (-1.0, 0.0));
        assert_eq!(axis(&[-1.0000001]), (-1.0, 0.0));
        assert_eq!(axis(&[0.0]), (0.0, 1.0));
    }

    #[test]
    fn a_close_axis_has_its_ends_at_ticks_and_is_never_empty() {
        let axis = |values: &[f64]| {
            let axis = Axis::close_to("", values.iter().copied());
            (axis.low, axis.high)
        };
        let near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9;
        assert!(near(axis(&[0.72, 0.78, f64::NAN]), (0.72, 0.78)), "{:?}", axis(&[0.72, 0.78]));
        assert!(near(axis(&[0.5]), (0.4994, 0.5006)), "{:?}", axis(&[0.5]));
        assert_eq!(axis(&[]), (0.0, 1.0));
        assert_eq!(axis(&[f64::MIN, f64::MAX]), (-1e9, 1e9));
    }

    #[test]
    #[should_panic(expected = "an axis from 1 to 1")]
    fn an_empty_axis_panics() {
        Axis::new("", 1.0, 1.0);
    }
}
