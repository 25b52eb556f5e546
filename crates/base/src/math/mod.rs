//! Exponential and logarithm without branches, for training.
//!
//! A loss kernel evaluates these for millions of logits, so each is a straight line of additions,
//! multiplications, selects and integer operations on the bits: a plain loop over a slice becomes
//! vector code on every instruction set of the machine, with no table and no library call.
//! IEEE 754 defines every operation used, hence **the same bits on every machine**; the system's
//! own `expf` and `logf` differ from one system to the next.
//!
//! The f32 functions take `FMA`: `true` fuses products and sums (`f32::mul_add`, one instruction
//! in kernels compiled for it, a slow call elsewhere), `false` never does. The two differ in the
//! last place; their error bounds were checked over all 2^32 arguments (`tests/maths.rs`). The f64
//! functions never fuse; their bounds held for 300 000 random arguments against 42 digits, and a table
//! of 50-digit values is tested. An error is given in ulps: the distance to the exact result, in units
//! of the spacing of floating-point numbers at that result.
//!
//! All functions but the two `ln_1p_unit` cover the whole domain: NaN gives NaN (of no particular
//! payload), infinities and poles give their limits, and results underflow gradually.

mod exp;
mod ln;

pub use exp::{exp_f32, exp_f64, exp_m1_f32, exp_m1_f64, exp_neg_abs_f32, exp_normal_f32};
pub use ln::{ln_1p_f32, ln_1p_f64, ln_1p_unit_f32, ln_1p_unit_f64, ln_f32, ln_f64};

/// `a * b + c`, with one rounding if `FMA`, else with two.
#[inline(always)]
fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// `c[0] + c[1] x + c[2] x^2 + ...` by Horner's rule.
///
/// Estrin's scheme has a shorter chain of dependent operations, but costs 0.1 to 0.2 ulp and gained
/// nothing on AVX2 and AVX-512 (10% on SSE2): the processor overlaps the chains of neighbours.
#[inline(always)]
fn polynomial_f32<const FMA: bool, const N: usize>(c: &[f32; N], x: f32) -> f32 {
    let mut sum = c[N - 1];
    for k in (0..N - 1).rev() {
        sum = fma::<FMA>(sum, x, c[k]);
    }
    sum
}

/// `c[0] + c[1] x + c[2] x^2 + ...` by Horner's rule.
#[inline(always)]
fn polynomial_f64<const N: usize>(c: &[f64; N], x: f64) -> f64 {
    let mut sum = c[N - 1];
    for k in (0..N - 1).rev() {
        sum = sum * x + c[k];
    }
    sum
}
