//! `ln(x)` and `ln(1 + x)`.
//!
//! The argument is 2^e (1 + f) with f in [-1/4, 1/2), so that `ln = e ln 2 + ln(1 + f)`.
//!
//! - f32: `ln(1 + f) = f + f^2 R(f)`, R of degree 8 (error 2^-27.6). No division.
//! - f64: `ln(1 + f) = 2 artanh(s)` with s = f / (2 + f), hence `f - f^2/2 + s (f^2/2 + z Z(z))` with
//!   z = s^2, Z of degree 7 (error 2^-62.6): half the coefficients, and s only multiplies a small term.
//!
//! On 0 <= x <= 1, which is where `ln(1 + e^-|x|)` needs it, one polynomial serves without any
//! exponent (f32: degree 8, error 2^-27.5; f64: degree 9, error 2^-59.4).
//!
//! The polynomials minimise the largest relative error of the function; they were fitted by our own
//! Remez exchange in `tests/fixtures/fit_maths_coefficients.py`.

use super::{fma, polynomial_f32, polynomial_f64};

const R_F32: [f32; 9] = [
    -0.5,
    0.33333454,
    -0.25000054,
    0.19990607,
    -0.16647767,
    0.14482062,
    -0.13162234,
    0.10448335,
    -0.04490962,
];
const UNIT_F32: [f32; 9] = [
    -0.37813956,
    0.1792249,
    -0.09323186,
    0.05108906,
    -0.028904999,
    0.016656987,
    -0.010177709,
    0.0069306935,
    -0.003318465,
];
const Z_F64: [f64; 8] = [
    0.666666666666666,
    0.4000000000005695,
    0.28571428555767797,
    0.22222224302854274,
    0.18181665512331252,
    0.15391123358472647,
    0.13173413242210774,
    0.1384426879023917,
];
const UNIT_F64: [f64; 10] = [
    0.6666666666666631,
    0.4000000000015724,
    0.28571428547854555,
    0.22222223969687352,
    0.18181743926510213,
    0.15386559888755721,
    0.13300974041536626,
    0.12106082625780328,
    0.0834011742455233,
    0.17018545777687974,
];

/// ln 2 to 16 bits and the rest, each divided by 2^23: exponents arrive in their place in the word.
const LN_2_HI_F32: f32 = 0.693_145_75 / 8_388_608.0;
const LN_2_LO_F32: f32 = 1.428_606_8e-6 / 8_388_608.0;
/// ln 2 to 42 bits and the rest.
const LN_2_HI_F64: f64 = 0.6931471805598903;
const LN_2_LO_F64: f64 = 5.497923018708371e-14;

/// `ln x`, error below 0.96 ulp with `FMA`, 1.01 without. `ln 0 = -inf`; NaN for x < 0.
#[inline(always)]
pub fn ln_f32<const FMA: bool>(x: f32) -> f32 {
    let tiny = x < f32::MIN_POSITIVE;
    let normal = if tiny { x * 8_388_608.0 } else { x };
    let bits = normal.to_bits();
    let k = negated_exponent_f32(bits);
    let f = f32::from_bits(bits.wrapping_add(k)) - 1.0;
    let shift = if tiny { 23.0 * 8_388_608.0 } else { 0.0 };
    let y = assemble_f32::<FMA>(k as i32 as f32 + shift, f);
    let pole = if x == 0.0 { f32::NEG_INFINITY } else { f32::NAN };
    let y = if x > 0.0 { y } else { pole };
    if x < f32::INFINITY { y } else { x }
}

/// `ln(1 + x)`, error below 0.96 ulp with `FMA`, 1.01 without. `ln_1p(-1) = -inf`; NaN for x < -1;
/// keeps the sign of zero.
///
/// `f = x 2^-e - (1 - 2^-e)` needs no correction for the rounding of 1 + x, which only serves to
/// choose e: both terms are multiples of 2^-24 (2^-25 where |f| < 1/4) and the difference is below
/// 1/2, so it is exact. (From e = 25 on it is not, and stands beside e ln 2 > 17.)
#[inline(always)]
pub fn ln_1p_f32<const FMA: bool>(x: f32) -> f32 {
    let k = negated_exponent_f32((1.0 + x).to_bits());
    let scaled = f32::from_bits(x.to_bits().wrapping_add(k));
    // At e = 127 and 128 the exponent field runs below 0: the power is taken as 0.
    let power = f32::from_bits((0x3f80_0000_u32.wrapping_add(k) as i32).max(0) as u32);
    let f = scaled - (1.0 - power);
    let y = assemble_f32::<FMA>(k as i32 as f32, f);
    let pole = if x == -1.0 { f32::NEG_INFINITY } else { f32::NAN };
    let y = if x > -1.0 { y } else { pole };
    if x < f32::INFINITY { y } else { x }
}

/// `ln(1 + x)` **only for 0 <= x <= 1** (and NaN), error below 1.18 ulp with `FMA`, 1.39 without.
///
/// Half the time of [`ln_1p_f32`]. Outside the interval the result is meaningless.
#[inline(always)]
pub fn ln_1p_unit_f32<const FMA: bool>(x: f32) -> f32 {
    // A polynomial in x - 1/2: its terms fall off fast, one in x rounds worse by 0.2 ulp.
    let r = polynomial_f32::<FMA, 9>(&UNIT_F32, x - 0.5);
    // Fused, (x R) x cannot underflow, which would slow the whole vector down; x^2 could.
    if FMA { fma::<FMA>(x * r, x, x) } else { x + x * x * r }
}

/// -e 2^23 as an integer, for the number 2^e (1 + f) with these bits and f in [-1/4, 1/2).
#[inline(always)]
fn negated_exponent_f32(bits: u32) -> u32 {
    const THREE_QUARTERS: u32 = 0x3f40_0000;
    (THREE_QUARTERS + 0x007f_ffff).wrapping_sub(bits) & 0xff80_0000
}

/// `e ln 2 + ln(1 + f)` from k = -e 2^23. At k = 0 and f = -0 every step keeps the sign of zero.
#[inline(always)]
fn assemble_f32<const FMA: bool>(k: f32, f: f32) -> f32 {
    let tail = f * f * polynomial_f32::<FMA, 9>(&R_F32, f);
    let high = fma::<FMA>(k, -LN_2_HI_F32, f);
    // What the rounding of `high` added (Fast2Sum): without it the error is 1.6 ulp.
    let excess = fma::<FMA>(k, LN_2_HI_F32, high) - f;
    high + (fma::<FMA>(k, -LN_2_LO_F32, tail) - excess)
}

/// `ln x`, error below 1 ulp. `ln 0 = -inf`; NaN for x < 0.
#[inline(always)]
pub fn ln_f64(x: f64) -> f64 {
    let tiny = x < f64::MIN_POSITIVE;
    let normal = if tiny { x * 18_014_398_509_481_984.0 } else { x };
    let bits = normal.to_bits();
    let k = negated_exponent_f64(bits);
    let f = f64::from_bits(bits.wrapping_add(k)) - 1.0;
    let shift = if tiny { 54.0 } else { 0.0 };
    let y = assemble_f64(exponent_to_f64(k) + shift, f);
    let pole = if x == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    let y = if x > 0.0 { y } else { pole };
    if x < f64::INFINITY { y } else { x }
}

/// `ln(1 + x)`, error below 1 ulp. `ln_1p(-1) = -inf`; NaN for x < -1; keeps the sign of zero.
///
/// As [`ln_1p_f32`]: f is exact.
#[inline(always)]
pub fn ln_1p_f64(x: f64) -> f64 {
    let k = negated_exponent_f64((1.0 + x).to_bits());
    let scaled = f64::from_bits(x.to_bits().wrapping_add(k));
    let power = f64::from_bits(0x3ff0_0000_0000_0000_u64.wrapping_add(k));
    let power = if x < 1e30 { power } else { 0.0 };
    let f = scaled - (1.0 - power);
    let y = assemble_f64(exponent_to_f64(k), f);
    let pole = if x == -1.0 { f64::NEG_INFINITY } else { f64::NAN };
    let y = if x > -1.0 { y } else { pole };
    if x < f64::INFINITY { y } else { x }
}

/// `ln(1 + x)` **only for 0 <= x <= 1** (and NaN), error below 1.3 ulp.
///
/// Outside the interval the result is inaccurate.
#[inline(always)]
pub fn ln_1p_unit_f64(x: f64) -> f64 {
    x + artanh_tail(x, &UNIT_F64)
}

/// As [`negated_exponent_f32`], -e 2^52.
#[inline(always)]
fn negated_exponent_f64(bits: u64) -> u64 {
    const THREE_QUARTERS: u64 = 0x3fe8_0000_0000_0000;
    (THREE_QUARTERS + 0x000f_ffff_ffff_ffff).wrapping_sub(bits) & 0xfff0_0000_0000_0000
}

/// k / 2^52 as a number: SSE2 and AVX2 convert no 64-bit integers, so the (biased) integer becomes
/// the low bits of a number near 2^52.
#[inline(always)]
fn exponent_to_f64(k: u64) -> f64 {
    let biased = k.wrapping_add(1200 << 52) >> 52;
    f64::from_bits(0x4330_0000_0000_0000 | biased) - (4_503_599_627_370_496.0 + 1200.0)
}

/// `e ln 2 + ln(1 + f)` from k = -e.
#[inline(always)]
fn assemble_f64(k: f64, f: f64) -> f64 {
    let tail = artanh_tail(f, &Z_F64);
    let high = f - k * LN_2_HI_F64;
    let excess = (high + k * LN_2_HI_F64) - f;
    high + ((tail - k * LN_2_LO_F64) - excess)
}

/// `ln(1 + f) - f`.
#[inline(always)]
fn artanh_tail<const N: usize>(f: f64, z_coefficients: &[f64; N]) -> f64 {
    let s = f / (2.0 + f);
    let z = s * s;
    let half_square = 0.5 * f * f;
    s * (half_square + z * polynomial_f64(z_coefficients, z)) - half_square
}
