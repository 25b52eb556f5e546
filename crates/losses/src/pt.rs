//! p_t and what goes with it: the one variable that losses of this family are written in.

use losslab_tensor::{Dual, Real};

/// The probability that the model gives to the true class, p_t = sigmoid(x), at the margin x.
///
/// All four are built from e^-|x| without cancellation, and 1 - p_t, its logarithm and log p_t are
/// never computed from p_t: `ln(1 - p)` and `1 - p` lose every digit at confident predictions.
#[derive(Clone, Copy, Debug)]
pub struct Pt<R> {
    /// log p_t = -ln(1 + e^-x), at least -MAX.
    pub log_p: R,
    /// log (1 - p_t) = -ln(1 + e^x), at least -MAX.
    pub log_q: R,
    /// p_t.
    pub p: R,
    /// 1 - p_t.
    pub q: R,
}

impl<R: Real> Pt<R> {
    /// At the margin x, the log-odds of the true class. NaN gives NaN.
    ///
    /// The logarithms stay finite at infinite margins, so that a loss with `0 * log_q` in it (focal
    /// loss at gamma = 0) remains cross-entropy there.
    #[inline(always)]
    pub fn at(x: R) -> Self {
        let m = x.abs();
        let e = (-m).exp();
        let l = e.ln_1p_unit();
        let likely = R::lift(1.0) / (R::lift(1.0) + e);
        let unlikely = e * likely;
        let log_likely = -l;
        let log_unlikely = (-(m + l)).at_least(-R::largest());
        let wrong = x < R::lift(0.0);
        Self {
            log_p: R::select(wrong, log_unlikely, log_likely),
            log_q: R::select(wrong, log_likely, log_unlikely),
            p: R::select(wrong, unlikely, likely),
            q: R::select(wrong, likely, unlikely),
        }
    }

    /// As a function of the margin: d log_p = q, d log_q = -p, dp = p q, dq = -p q.
    #[inline(always)]
    pub fn variable(x: R) -> Pt<Dual<R>> {
        let Pt { log_p, log_q, p, q } = Self::at(x);
        Pt {
            log_p: Dual { value: log_p, slope: q },
            log_q: Dual { value: log_q, slope: -p },
            p: Dual { value: p, slope: p * q },
            q: Dual { value: q, slope: -(p * q) },
        }
    }

    /// As a constant, for derivatives with respect to a parameter.
    #[inline(always)]
    pub fn constant(self) -> Pt<Dual<R>> {
        Pt {
            log_p: Dual::constant(self.log_p),
            log_q: Dual::constant(self.log_q),
            p: Dual::constant(self.p),
            q: Dual::constant(self.q),
        }
    }
}

/// Which side of a binary problem an element is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// Whether the true class is the positive one.
    pub positive: bool,
}

impl Side {
    /// One value for positives, another for negatives.
    #[inline(always)]
    pub fn pick<R: Real>(self, positive: R, negative: R) -> R {
        R::select(self.positive, positive, negative)
    }
}
