//! `exp(x)` and `exp(x) - 1`.
//!
//! With n = round(x / ln 2) and r = x - n ln 2, |r| <= ln(2)/2: `exp(x) = 2^n exp(r)`, and
//! `exp(r) = 1 + r + r^2 Q(r)`. ln 2 is split in two (Cody and Waite) so that `n * LN_2_HI` is
//! exact. Q is a minimax polynomial of the relative error, fitted by our own Remez exchange in
//! `tests/fixtures/fit_maths_coefficients.py`: degree 4 in f32 (error 2^-28.3), degree 9 in f64
//! (error 2^-57.9).
//!
//! Rounding to an integer is an addition of 1.5 * 2^23 (f64: 1.5 * 2^52): the sum has no bits left
//! for a fraction, and its lowest bits are the integer itself, here plus a bias that makes shifting
//! them into the exponent field give a power of two at once.

use super::{fma, polynomial_f32, polynomial_f64};

const Q_F32: [f32; 5] = [0.49999994, 0.16666521, 0.04166839, 0.008368719, 0.0013814605];
const Q_F64: [f64; 10] = [
    0.5000000000000011,
    0.16666666666666413,
    0.04166666666653026,
    0.008333333333494342,
    0.0013888888943598945,
    0.00019841269506764222,
    2.4801493134701265e-05,
    2.7557586277737437e-06,
    2.763023450449483e-07,
    2.5000069536607334e-08,
];

/// ln 2 to 16 bits, and the rest: the product of the former with |n| <= 254 is exact.
const LN_2_HI_F32: f32 = 0.693_145_75;
const LN_2_LO_F32: f32 = 1.428_606_8e-6;
/// ln 2 to 42 bits, and the rest: the product of the former with |n| <= 2046 is exact.
const LN_2_HI_F64: f64 = 0.6931471805598903;
const LN_2_LO_F64: f64 = 5.497923018708371e-14;

/// Added to round to an integer.
const ROUND_F32: f32 = 12_582_912.0;
const ROUND_F64: f64 = 6_755_399_441_055_744.0;

/// `exp(r)`, where r = x - n ln 2.
#[inline(always)]
fn exp_of_rest<const FMA: bool>(x: f32, n: f32) -> f32 {
    let r = fma::<FMA>(n, -LN_2_LO_F32, fma::<FMA>(n, -LN_2_HI_F32, x));
    let q = polynomial_f32::<FMA, 5>(&Q_F32, r);
    // Fused, Horner's form is shorter by one operation; unfused, the other is better by 0.2 ulp.
    if FMA { fma::<FMA>(fma::<FMA>(q, r, 1.0), r, 1.0) } else { 1.0 + (r + r * r * q) }
}

/// `e^x`, error below 0.90 ulp with `FMA`, 0.98 without; subnormal results included.
#[inline(always)]
pub fn exp_f32<const FMA: bool>(x: f32) -> f32 {
    // Beyond these the result is infinite or 0; NaN passes through both. At -176 `half` below is 0:
    // the result is then an exact 0 and not the slow underflow of a product (2 to 4 times the time).
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -176.0 { -176.0 } else { x };
    // n + 254 stands in the low bits of `shifted`.
    let shifted = fma::<FMA>(x, std::f32::consts::LOG2_E, ROUND_F32 + 254.0);
    let n = shifted - (ROUND_F32 + 254.0);
    let y = exp_of_rest::<FMA>(x, n);
    // 2^n as a product of two powers, each normal or 0: only the last product overflows or rounds.
    let bits = shifted.to_bits();
    let half = (bits << 22) & 0x7f80_0000;
    let rest = (bits << 23).wrapping_sub(half);
    y * f32::from_bits(half) * f32::from_bits(rest)
}

/// `e^x` for -87.3 <= x <= 88, error below 0.90 ulp with `FMA`, 0.98 without; from 88 on it is e^88, below
/// -87.7 it is 0.
///
/// As [`exp_f32`], less what results at the ends of the range need: of its 18 operations 14 remain.
#[inline(always)]
pub fn exp_normal_f32<const FMA: bool>(x: f32) -> f32 {
    let x = if x > 88.0 { 88.0 } else { x };
    let x = if x < -88.0 { -88.0 } else { x };
    // n + 127 stands in the low bits of `shifted`: moved to the exponent it makes 2^n, or 0 for n = -127.
    let shifted = fma::<FMA>(x, std::f32::consts::LOG2_E, ROUND_F32 + 127.0);
    let n = shifted - (ROUND_F32 + 127.0);
    let y = exp_of_rest::<FMA>(x, n);
    y * f32::from_bits(shifted.to_bits() << 23)
}

/// `e^-|x|`, error below 0.90 ulp with `FMA`, 0.98 without; subnormal results included.
///
/// As [`exp_f32`], less what only positive arguments need: of its 18 operations 15 remain.
#[inline(always)]
pub fn exp_neg_abs_f32<const FMA: bool>(x: f32) -> f32 {
    // From 132.4 on `power` below is 0, and so is the result, without the slow underflow of a product.
    let x = x.abs();
    let x = if x > 132.4 { 132.4 } else { x };
    // n + 191 stands in the low bits of `shifted`: moved to the exponent it makes 2^(n+64).
    let shifted = fma::<FMA>(x, -std::f32::consts::LOG2_E, ROUND_F32 + 191.0);
    let n = shifted - (ROUND_F32 + 191.0);
    let y = exp_of_rest::<FMA>(-x, n);
    let power = f32::from_bits(shifted.to_bits() << 23);
    // 2^-64: only this product rounds.
    y * power * f32::from_bits((127 - 64) << 23)
}

/// `e^x - 1`, error below 1.09 ulp with `FMA`, 1.21 without; near 0 it is x, with the sign of zero.
#[inline(always)]
pub fn exp_m1_f32<const FMA: bool>(x: f32) -> f32 {
    let clamped = if x > 89.0 { 89.0 } else { x };
    let clamped = if clamped < -17.5 { -17.5 } else { clamped };
    // n + 126 stands in the low bits of `shifted`: moved to the exponent it makes 2^(n-1).
    let shifted = fma::<FMA>(clamped, std::f32::consts::LOG2_E, ROUND_F32 + 126.0);
    let n = shifted - (ROUND_F32 + 126.0);
    let power = f32::from_bits(shifted.to_bits() << 23);
    let high = fma::<FMA>(n, -LN_2_HI_F32, clamped);
    let r = fma::<FMA>(n, -LN_2_LO_F32, high);
    let lost = fma::<FMA>(n, -LN_2_LO_F32, high - r);
    let tail = fma::<FMA>(polynomial_f32::<FMA, 5>(&Q_F32, r), r * r, lost);
    // Half the result, power (1 + r + tail) - 1/2; what rounding the sum loses is added back
    // (Fast2Sum): without it the error is 1.4 ulp. Half, because 2^128 is no f32.
    let whole = power - 0.5;
    let sum = fma::<FMA>(power, r, whole);
    let lost = fma::<FMA>(power, r, whole - sum);
    let y = 2.0 * (sum + fma::<FMA>(power, tail, lost));
    // Below 2^-25 the result rounds to x; this also keeps -0 and subnormals.
    if x.abs() < 2.9e-8 { x } else { y }
}

/// `e^x`, error below 1 ulp; subnormal results included.
#[inline(always)]
pub fn exp_f64(x: f64) -> f64 {
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -1418.0 { -1418.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + (ROUND_F64 + 2046.0);
    let n = shifted - (ROUND_F64 + 2046.0);
    let r = (x - n * LN_2_HI_F64) - n * LN_2_LO_F64;
    let y = 1.0 + (r + r * r * polynomial_f64(&Q_F64, r));
    let bits = shifted.to_bits();
    let half = (bits << 51) & 0x7ff0_0000_0000_0000;
    let rest = (bits << 52).wrapping_sub(half);
    y * f64::from_bits(half) * f64::from_bits(rest)
}

/// `e^x - 1`, error below 1.2 ulp; near 0 it is x, with the sign of zero.
#[inline(always)]
pub fn exp_m1_f64(x: f64) -> f64 {
    let clamped = if x > 710.0 { 710.0 } else { x };
    let clamped = if clamped < -38.0 { -38.0 } else { clamped };
    let shifted = clamped * std::f64::consts::LOG2_E + (ROUND_F64 + 1022.0);
    let n = shifted - (ROUND_F64 + 1022.0);
    let power = f64::from_bits(shifted.to_bits() << 52);
    let high = clamped - n * LN_2_HI_F64;
    let low = n * LN_2_LO_F64;
    let r = high - low;
    let lost = (high - r) - low;
    let tail = r * r * polynomial_f64(&Q_F64, r) + lost;
    let whole = power - 0.5;
    let sum = power * r + whole;
    let lost = power * r + (whole - sum);
    let y = 2.0 * (sum + (power * tail + lost));
    if x.abs() < 5.5e-17 { x } else { y }
}
