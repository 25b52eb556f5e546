//! The same bits from every instruction set, alone in its process because it forces one after another.

use losslab_tensor::{Fused, Isa, Kernel, Lane, kernel::dispatch};

/// All functions of [`Real`], one slice of results after another.
struct All<'a>(&'a [f32]);

impl Kernel<f32> for All<'_> {
    type Output = Vec<u32>;
    #[inline(always)]
    fn run<R: Lane<f32>>(self) -> Vec<u32> {
        let mut bits = Vec::new();
        let mut y = vec![0.0; self.0.len()];
        let mut apply = |f: fn(R) -> R| {
            y.iter_mut().zip(self.0).for_each(|(y, &x)| *y = f(R::load(x)).store());
            bits.extend(y.iter().map(|y| if y.is_nan() { f32::NAN.to_bits() } else { y.to_bits() }));
        };
        apply(R::exp);
        apply(R::exp_m1);
        apply(R::ln);
        apply(R::ln_1p);
        bits
    }
}

#[test]
fn all_instruction_sets_with_fma_give_the_same_bits() {
    // Length 3 modulo 16: the loops' tails are compared too.
    let step = if cfg!(miri) { 49_999_999 } else { 49_999 };
    let x: Vec<f32> = (0..=u32::MAX).step_by(step).map(f32::from_bits).collect();
    let x = &x[..x.len() / 16 * 16 - 13];
    let plain = All(x).run::<f32>();
    let fused = All(x).run::<Fused>();
    assert_ne!(plain, fused, "the comparison would see a difference of rounding");
    let mut seen = Vec::new();
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        isa.force();
        let expected = if isa == Isa::Baseline { &plain } else { &fused };
        assert_eq!(&dispatch(All(x)), expected, "{}", isa.name());
        seen.push(isa.name());
    }
    println!("compared: {seen:?}");
}
