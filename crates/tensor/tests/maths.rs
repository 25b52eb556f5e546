//! The elementary functions against the double-precision library (f32) and 50-digit values (f64).
//!
//! The sampled sweeps take seconds. All 2^32 arguments, four minutes on two cores:
//! `cargo test --release -p losslab-tensor --test maths -- --ignored --nocapture`

use losslab_tensor::{Kernel, Lane, kernel::dispatch, math};
use rayon::prelude::*;

/// Largest errors in ulps, as the documentation of `math` states them.
const EXP_FUSED: f64 = 0.90;
const EXP_PLAIN: f64 = 0.98;
const EXP_M1_FUSED: f64 = 1.09;
const EXP_M1_PLAIN: f64 = 1.21;
/// `ln` and `ln_1p`.
const LN_FUSED: f64 = 0.96;
const LN_PLAIN: f64 = 1.01;
const LN_1P_UNIT_FUSED: f64 = 1.18;
const LN_1P_UNIT_PLAIN: f64 = 1.39;
const F64: f64 = 1.0;
const EXP_M1_F64: f64 = 1.2;
const LN_1P_UNIT_F64: f64 = 1.3;

trait ExpNegAbsExact {
    fn exp_neg_abs(self) -> f64;
}

impl ExpNegAbsExact for f64 {
    fn exp_neg_abs(self) -> f64 {
        (-self.abs()).exp()
    }
}

/// A function in both roundings, with its exact counterpart and its domain.
trait Function: Sync {
    const NAME: &'static str;
    const BOUND_PLAIN: f64;
    const BOUND_FUSED: f64;
    fn eval<const FMA: bool>(x: f32) -> f32;
    fn exact(x: f64) -> f64;
    fn defined(_x: f32) -> bool {
        true
    }
}

macro_rules! functions {
    ($($type:ident $eval:ident $exact:ident $plain:ident $fused:ident $($defined:expr)?;)*) => {$(
        #[derive(Clone, Copy)]
        struct $type;
        impl Function for $type {
            const NAME: &'static str = stringify!($eval);
            const BOUND_PLAIN: f64 = $plain;
            const BOUND_FUSED: f64 = $fused;
            #[inline(always)]
            fn eval<const FMA: bool>(x: f32) -> f32 {
                math::$eval::<FMA>(x)
            }
            fn exact(x: f64) -> f64 {
                x.$exact()
            }
            $(fn defined(x: f32) -> bool {
                $defined(x)
            })?
        }
    )*};
}
functions! {
    Exp exp_f32 exp EXP_PLAIN EXP_FUSED;
    ExpNegAbs exp_neg_abs_f32 exp_neg_abs EXP_PLAIN EXP_FUSED;
    ExpNormal exp_normal_f32 exp EXP_PLAIN EXP_FUSED
        |x: f32| x.is_nan() || (-87.3..=88.0).contains(&x);
    ExpM1 exp_m1_f32 exp_m1 EXP_M1_PLAIN EXP_M1_FUSED;
    Ln ln_f32 ln LN_PLAIN LN_FUSED;
    Ln1p ln_1p_f32 ln_1p LN_PLAIN LN_FUSED;
    Ln1pUnit ln_1p_unit_f32 ln_1p LN_1P_UNIT_PLAIN LN_1P_UNIT_FUSED
        |x: f32| x.is_nan() || x.to_bits() <= 1.0_f32.to_bits();
}

/// Runs the fused function where `f32::mul_add` is an instruction, if this machine has one.
struct Fused<'a, F>(&'a [f32], &'a mut [f32], F);

impl<F: Function> Kernel<f32> for Fused<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<R: Lane<f32>>(self) {
        for (&x, y) in self.0.iter().zip(self.1) {
            *y = F::eval::<true>(x);
        }
    }
}

/// The distance between f32 numbers around the exact result `y`.
fn ulp_f32(y: f64) -> f64 {
    let exponent = ((y.abs().to_bits() >> 52) as i32 - 1023).clamp(-126, 127);
    2.0_f64.powi(exponent - 23)
}

/// The error of `got` in ulps; infinite where NaN, an infinity or the sign of a zero is missed.
fn error_f32(got: f32, exact: f64) -> f64 {
    let wrong = |wrong: bool| if wrong { f64::INFINITY } else { 0.0 };
    if exact.is_nan() || got.is_nan() {
        wrong(exact.is_nan() != got.is_nan())
    } else if exact.is_infinite() || exact == 0.0 {
        wrong(f64::from(got).to_bits() != exact.to_bits())
    } else if got.is_infinite() && got == exact as f32 {
        0.0
    } else if got.is_infinite() {
        // Too early an overflow counts as 2^128, the number that would come next.
        (2.0_f64.powi(128).copysign(f64::from(got)) - exact).abs() / ulp_f32(exact)
    } else {
        (f64::from(got) - exact).abs() / ulp_f32(exact)
    }
}

/// An error in ulps and where it is.
type Worst = (f64, f32);

fn worse(a: Worst, b: Worst) -> Worst {
    if b.0 > a.0 { b } else { a }
}

/// The largest errors (plain, fused) over every `step`-th bit pattern, checked against the bounds.
fn sweep<F: Function + Copy>(function: F, step: usize) {
    const BLOCK: u64 = 1 << 16;
    let (plain, fused) = (0..(1u64 << 32) / BLOCK)
        .into_par_iter()
        .map(|block| {
            let first = (block * BLOCK).next_multiple_of(step as u64);
            let x: Vec<f32> = (first..(block + 1) * BLOCK)
                .step_by(step)
                .map(|bits| f32::from_bits(bits as u32))
                .filter(|&x| F::defined(x))
                .collect();
            let mut fused = vec![0.0; x.len()];
            dispatch(Fused(&x, &mut fused, function));
            x.iter().zip(fused).fold(((0.0, 0.0), (0.0, 0.0)), |(plain, fused), (&x, y)| {
                let exact = F::exact(f64::from(x));
                let plain = worse(plain, (error_f32(F::eval::<false>(x), exact), x));
                (plain, worse(fused, (error_f32(y, exact), x)))
            })
        })
        .reduce(|| ((0.0, 0.0), (0.0, 0.0)), |a, b| (worse(a.0, b.0), worse(a.1, b.1)));
    println!(
        "{:15} plain {:.4} ulp at {:e}, fused {:.4} ulp at {:e}",
        F::NAME,
        plain.0,
        plain.1,
        fused.0,
        fused.1
    );
    assert!(plain.0 <= F::BOUND_PLAIN, "{} plain: {} ulp at {:e}", F::NAME, plain.0, plain.1);
    assert!(fused.0 <= F::BOUND_FUSED, "{} fused: {} ulp at {:e}", F::NAME, fused.0, fused.1);
}

macro_rules! sweeps {
    ($($sampled:ident $exhaustive:ident $function:ident;)*) => {$(
        #[test]
        fn $sampled() {
            sweep($function, 257);
        }
        #[test]
        #[ignore = "all 2^32 arguments: a minute each"]
        fn $exhaustive() {
            sweep($function, 1);
        }
    )*};
}
sweeps! {
    exp_is_within_its_bound exp_exhaustive Exp;
    exp_neg_abs_is_within_its_bound exp_neg_abs_exhaustive ExpNegAbs;
    exp_normal_is_within_its_bound exp_normal_exhaustive ExpNormal;
    exp_m1_is_within_its_bound exp_m1_exhaustive ExpM1;
    ln_is_within_its_bound ln_exhaustive Ln;
    ln_1p_is_within_its_bound ln_1p_exhaustive Ln1p;
    ln_1p_unit_is_within_its_bound ln_1p_unit_exhaustive Ln1pUnit;
}

#[test]
fn the_ruler_measures() {
    let tiny = f32::from_bits(1);
    assert_eq!(error_f32(1.0 + f32::EPSILON, 1.0), 1.0);
    assert_eq!(error_f32(1.0 - f32::EPSILON / 2.0, 1.0), 0.5);
    assert_eq!(error_f32(0.0, f64::from(tiny) * 0.25), 0.25);
    assert_eq!(error_f32(3.0 * tiny, f64::from(tiny)), 2.0);
    assert_eq!(error_f32(f32::INFINITY, f64::from(f32::MAX)), 1.0);
    assert_eq!(error_f32(f32::INFINITY, 1e300), 0.0);
    assert!(error_f32(-f32::INFINITY, 1e300) > 1.0);
    assert_eq!(error_f32(f32::MAX, 2.0_f64.powi(128)), 1.0);
    assert_eq!(error_f32(f32::MAX, f64::INFINITY), f64::INFINITY);
    assert_eq!(error_f32(0.0, -0.0), f64::INFINITY);
    assert_eq!(error_f32(1.0, f64::NAN), f64::INFINITY);
    assert_eq!(error_f32(f32::NAN, 1.0), f64::INFINITY);
}

#[test]
fn f64_functions_are_within_their_bounds() {
    let mut worst = std::collections::BTreeMap::new();
    for (row, line) in include_str!("fixtures/maths_reference.csv").lines().enumerate().skip(1) {
        let mut fields = line.split(',');
        let mut field = || fields.next().unwrap_or_else(|| panic!("row {row}: too short: {line}"));
        let name = field();
        let mut number = || f64::from_bits(u64::from_str_radix(field(), 16).expect("16 hex digits"));
        let (x, rounded) = (number(), number());
        let rest: f64 = field().parse().expect("a number");
        let (got, bound) = match name {
            "exp" => (math::exp_f64(x), F64),
            "exp_m1" => (math::exp_m1_f64(x), EXP_M1_F64),
            "ln" => (math::ln_f64(x), F64),
            "ln_1p" => (math::ln_1p_f64(x), F64),
            "ln_1p_unit" => (math::ln_1p_unit_f64(x), LN_1P_UNIT_F64),
            other => panic!("row {row}: unknown function {other}"),
        };
        let exponent = ((rounded.abs().to_bits() >> 52) as i32 - 1023).max(-1022);
        // In two factors: 2^-1074 itself is out of reach of `powi`, which divides by 2^1074.
        let ulp = 2.0_f64.powi(exponent) * f64::EPSILON;
        let error = ((got - rounded) / ulp - rest).abs();
        assert!(error <= bound, "{name}({x:e}) = {got:e}, {error} ulp from {rounded:e}");
        let (count, largest) = worst.entry(name).or_insert((0, 0.0_f64));
        (*count, *largest) = (*count + 1, largest.max(error));
    }
    println!("{worst:?}");
    assert_eq!(worst.len(), 5);
    assert!(worst.values().all(|&(count, _)| count > 150));
}

/// Edge cases, the same list for f32 (plain and fused) and f64.
macro_rules! edges {
    ($name:ident, $float:ident, $exp:expr, $exp_m1:expr, $ln:expr, $ln_1p:expr, $unit:expr) => {
        #[test]
        fn $name() {
            const INF: $float = $float::INFINITY;
            const NAN: $float = $float::NAN;
            let smallest = $float::from_bits(1);
            let tiny = $float::MIN_POSITIVE / 16.0;
            let check = |f: &dyn Fn($float) -> $float, cases: &[($float, $float)]| {
                for &(x, y) in cases {
                    let got = f(x);
                    let same = if y.is_nan() { got.is_nan() } else { got.to_bits() == y.to_bits() };
                    assert!(same, "{x:e} gave {got:e}, not {y:e}");
                }
            };
            let (max, min) = ($float::MAX, $float::MIN);
            check(&$exp, &[(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (-NAN, NAN)]);
            check(&$exp, &[(max, INF), (min, 0.0), (smallest, 1.0), (-tiny, 1.0), (-1e4, 0.0), (1e4, INF)]);
            check(&$exp_m1, &[(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (-NAN, NAN)]);
            check(&$exp_m1, &[(max, INF), (min, -1.0), (smallest, smallest), (-smallest, -smallest)]);
            check(&$exp_m1, &[(tiny, tiny), (-tiny, -tiny), (-1e4, -1.0), (1e-30, 1e-30)]);
            check(&$ln, &[(1.0, 0.0), (0.0, -INF), (-0.0, -INF), (INF, INF), (-INF, NAN), (NAN, NAN)]);
            check(&$ln, &[(-NAN, NAN), (-1.0, NAN), (-smallest, NAN), (min, NAN)]);
            check(&$ln_1p, &[(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (INF, INF), (-INF, NAN), (NAN, NAN)]);
            check(&$ln_1p, &[(-NAN, NAN), (-1.0 - $float::EPSILON, NAN), (-2.0, NAN), (min, NAN)]);
            check(&$ln_1p, &[(smallest, smallest), (-smallest, -smallest), (tiny, tiny), (-1e-30, -1e-30)]);
            check(&$unit, &[(0.0, 0.0), (smallest, smallest), (tiny, tiny), (1e-30, 1e-30), (NAN, NAN)]);
            check(&$unit, &[(1.0, std::$float::consts::LN_2)]);
        }
    };
}
edges!(
    edges_f32_plain,
    f32,
    math::exp_f32::<false>,
    math::exp_m1_f32::<false>,
    math::ln_f32::<false>,
    math::ln_1p_f32::<false>,
    math::ln_1p_unit_f32::<false>
);
edges!(
    edges_f32_fused,
    f32,
    math::exp_f32::<true>,
    math::exp_m1_f32::<true>,
    math::ln_f32::<true>,
    math::ln_1p_f32::<true>,
    math::ln_1p_unit_f32::<true>
);
edges!(edges_f64, f64, math::exp_f64, math::exp_m1_f64, math::ln_f64, math::ln_1p_f64, math::ln_1p_unit_f64);

#[test]
fn exp_overflows_and_underflows_where_it_should() {
    // ln(f32::MAX) = 88.72283905..., and half of 2^-149 is e^-103.97207708...
    assert!(math::exp_f32::<false>(88.722_83).is_finite());
    assert_eq!(math::exp_f32::<false>(88.722_84), f32::INFINITY);
    assert!(math::exp_m1_f32::<false>(88.722_83).is_finite());
    assert_eq!(math::exp_m1_f32::<false>(88.722_84), f32::INFINITY);
    assert_eq!(math::exp_f32::<false>(-103.972_07), f32::from_bits(1));
    assert_eq!(math::exp_f32::<false>(-103.972_09), 0.0);
    assert!(math::exp_f64(709.782_712_893_383_9).is_finite());
    assert_eq!(math::exp_f64(709.782_712_893_384_1), f64::INFINITY);
    assert_eq!(math::exp_f64(-745.133_219_101_941_1), f64::from_bits(1));
    assert_eq!(math::exp_f64(-745.133_219_101_941_3), 0.0);
}
