//! Sums: in 64 lanes and in halves, in an order that depends on nothing but the length.

use crate::{Float, Kernel, Lane};

/// Lanes of the sum: four AVX-512 registers of f32, so that additions need not wait for each other.
const LANES: usize = 64;
/// Numbers that are summed in lanes; longer sums are halves of halves.
const BLOCK: usize = 4096;

/// The sum of all numbers.
///
/// Within a block of 4096, element i is added to lane i mod 64 and the lanes are added pairwise;
/// blocks are added pairwise too, so that the error grows with the logarithm of the length. An
/// ordered sum in one variable cannot be vectorised (about 20 times slower) and loses more digits.
pub fn sum<T: Float>(x: &[T]) -> T {
    if x.len() <= BLOCK {
        return T::dispatch(Sum(x));
    }
    let (left, right) = x.split_at(x.len().div_ceil(2 * BLOCK) * BLOCK);
    sum(left) + sum(right)
}

struct Sum<'a, T>(&'a [T]);

impl<T: Float> Kernel<T> for Sum<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<R: Lane<T>>(self) -> T {
        let mut lanes = [R::lift(0.0); LANES];
        let (blocks, rest) = self.0.as_chunks::<LANES>();
        for block in blocks {
            for i in 0..LANES {
                lanes[i] = lanes[i] + R::load(block[i]);
            }
        }
        for (lane, &x) in lanes.iter_mut().zip(rest) {
            *lane = *lane + R::load(x);
        }
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] = lanes[i] + lanes[i + width];
            }
            width /= 2;
        }
        lanes[0].store()
    }
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn sums_of_every_length() {
        for n in [0usize, 1, 15, 16, 17, 31, 33, 1000, 5000] {
            let x: Vec<f32> = (1..=n).map(|i| i as f32).collect();
            assert_eq!(sum(&x), (n * (n + 1) / 2) as f32, "{n} numbers");
        }
        assert!(sum(&[1.0f32, f32::NAN, 2.0]).is_nan());
    }

    #[test]
    fn a_million_tenths_keep_their_digits() {
        // One running f32 sum gives 100958.34; here at most 64 + 6 + 8 roundings stand between a
        // number and the result, each of at most 2^-24: 4.7e-6.
        let error = sum(&vec![0.1f32; 1_000_000]) / 100_000.0 - 1.0;
        assert!(error.abs() < 4.7e-6, "{error}");
    }
}
