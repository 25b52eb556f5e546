//! p_t and what goes with it: the one variable that losses of this family are written in.

use losslab_tensor::{Dual, Real};

/// The probability that the model gives to the true class, p_t = sigmoid(x), at the margin x.
///
/// All are built from e^-|x| without cancellation, and 1 - p_t, its logarithm and log p_t are
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
    /// The margin itself, log p_t - log (1 - p_t), within -MAX and MAX.
    pub x: R,
}

impl<R: Real> Pt<R> {
    /// At the margin x, the log-odds of the true class. NaN gives NaN.
    ///
    /// The logarithms stay finite at infinite margins, so that a loss with `0 * log_q` in it (focal
    /// loss at gamma = 0) remains cross-entropy there.
    #[inline(always)]
    pub fn at(x: R) -> Self {
        let e = x.exp_neg_abs();
        Self::from_parts(x, e, e.ln_1p_unit())
    }

    /// At the margin x, from e = e^-|x| and l = ln(1 + e).
    #[inline(always)]
    fn from_parts(x: R, e: R, l: R) -> Self {
        // Not 1 / (1 + e) itself, which is rounded twice: the difference is exact to half a unit where e is
        // small.
        let unlikely = e / (R::lift(1.0) + e);
        let likely = R::lift(1.0) - unlikely;
        let zero = R::lift(0.0);
        let wrong = x < zero;
        // The larger logarithm is -l, the smaller one -(|x| + l).
        let excess = |holds, x| (-(l + R::select(holds, x, zero))).at_least(-R::largest());
        Self {
            log_p: excess(wrong, -x),
            log_q: excess(!wrong, x),
            p: R::select(wrong, unlikely, likely),
            q: R::select(wrong, likely, unlikely),
            x: x.at_least(-R::largest()).at_most(R::largest()),
        }
    }

    /// As a function of the margin: d log_p = q, d log_q = -p, dp = p q, dq = -p q, dx = 1.
    #[inline(always)]
    pub fn variable(x: R) -> Pt<Dual<R>> {
        Self::at(x).differentiable()
    }

    /// [`variable`](Pt::variable), from e = e^-|x| and l = ln(1 + e).
    #[inline(always)]
    pub(crate) fn variable_from_parts(x: R, e: R, l: R) -> Pt<Dual<R>> {
        Self::from_parts(x, e, l).differentiable()
    }

    #[inline(always)]
    fn differentiable(self) -> Pt<Dual<R>> {
        let Pt { log_p, log_q, p, q, x } = self;
        Pt {
            log_p: Dual { value: log_p, slope: q },
            log_q: Dual { value: log_q, slope: -p },
            p: Dual { value: p, slope: p * q },
            q: Dual { value: q, slope: -(p * q) },
            x: Dual::variable(x),
        }
    }

    /// As a function of the margin that can be differentiated twice: d2 log_p = d2 log_q = -p q, d2p = p q
    /// (q - p).
    ///
    /// q - p is -tanh(x / 2) = -sign(x) (1 - e) / (1 + e) with e = e^-|x|: the difference itself has no
    /// digits near x = 0.
    #[inline(always)]
    pub(crate) fn variable_twice(x: R) -> Pt<Dual<Dual<R>>> {
        let (zero, one) = (R::lift(0.0), R::lift(1.0));
        let mut t = Self::variable(x).differentiable();
        let tanh = -(-x.abs()).exp_m1() / (one + x.exp_neg_abs());
        let second = t.p.slope.value * R::select(x < zero, tanh, -tanh);
        t.p.slope.slope = second;
        t.q.slope.slope = -second;
        t
    }

    /// (1 - p_t)^gamma, as e^(gamma log(1 - p_t)).
    ///
    /// The square is a product. A kernel holds a copy of its loop for the default parameters of a loss, in
    /// which the compiler knows gamma and drops the exponential: FL at gamma = 2 takes 0.9 ns per logit
    /// instead of 1.2.
    #[inline(always)]
    pub fn q_pow(self, gamma: R) -> R {
        if gamma.is_constant(2.0) { self.q.square() } else { (gamma * self.log_q).exp() }
    }

    /// As a constant, for derivatives with respect to a parameter.
    #[inline(always)]
    pub fn constant(self) -> Pt<Dual<R>> {
        Pt {
            log_p: Dual::constant(self.log_p),
            log_q: Dual::constant(self.log_q),
            p: Dual::constant(self.p),
            q: Dual::constant(self.q),
            x: Dual::constant(self.x),
        }
    }

    /// At the logit instead of the margin: `p` becomes the probability of the positive class.
    #[inline(always)]
    pub fn at_logit(self, side: Side) -> Self {
        Self {
            log_p: side.pick(self.log_p, self.log_q),
            log_q: side.pick(self.log_q, self.log_p),
            p: side.pick(self.p, self.q),
            q: side.pick(self.q, self.p),
            x: side.pick(self.x, -self.x),
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
