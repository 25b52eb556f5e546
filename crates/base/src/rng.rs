//! Random numbers that are the same on every platform, in every version.
//!
//! The generator is named by its algorithm (xoshiro256++, Blackman and Vigna 2021), every deviate is
//! made here from its 64-bit output with exact integer arithmetic or the functions of
//! [`math`], and nothing reads the system's entropy. Golden values are recorded in
//! `tests/rng.rs`.

use crate::math;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng as _, SeedableRng};
use serde::{Deserialize, Serialize};

/// A seeded generator of integers and of uniform and normal deviates.
///
/// Give each purpose (initialisation, shuffling, augmentation) a [`stream`](Rng::stream) of its own, so
/// that drawing more for one does not change the others.
///
/// It can be serialised and then goes on where it stood; a state that the generator never reaches is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "State")]
pub struct Rng {
    bits: Xoshiro256PlusPlus,
    /// The second deviate of the last pair drawn by [`normal`](Rng::normal).
    spare: Option<f64>,
}

/// An [`Rng`] as it is read, not yet checked.
#[derive(Deserialize)]
struct State {
    bits: Xoshiro256PlusPlus,
    spare: Option<f64>,
}

impl TryFrom<State> for Rng {
    type Error = &'static str;
    fn try_from(State { bits, spare }: State) -> Result<Self, Self::Error> {
        // From a state of zeros, which no other leads to, come zeros for ever, and `below` would draw for
        // ever.
        let mut ahead = bits.clone();
        if (0..4).all(|_| ahead.next_u64() == 0) {
            return Err("a random generator whose state is zero");
        }
        Ok(Self { bits, spare })
    }
}

impl Rng {
    /// The generator of this seed; its 256 bits of state are filled by SplitMix64.
    pub fn seed(seed: u64) -> Self {
        Self { bits: Xoshiro256PlusPlus::seed_from_u64(seed), spare: None }
    }

    /// The generator number `stream` of this seed, independent of [`seed`](Rng::seed) and of all other
    /// streams for any practical purpose (their states are hashes of both numbers).
    pub fn stream(seed: u64, stream: u64) -> Self {
        Self::seed(mix(mix(seed).wrapping_add(stream)))
    }

    /// A new generator whose state depends on the state of this one, which advances by one draw, and on
    /// the label.
    pub fn fork(&mut self, label: u64) -> Self {
        Self::stream(self.next_u64(), label)
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.bits.next_u64()
    }

    /// Uniform on [0, 1): a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Standard normal (mean 0, variance 1), by the polar method of Marsaglia and Bray (1964).
    ///
    /// Deviates come in pairs; the second is kept, as part of the state, for the next call.
    pub fn normal(&mut self) -> f64 {
        if let Some(second) = self.spare.take() {
            return second;
        }
        loop {
            let u = 2.0 * self.uniform() - 1.0;
            let v = 2.0 * self.uniform() - 1.0;
            let square = u * u + v * v;
            if square < 1.0 && square > 0.0 {
                let scale = (-2.0 * math::ln_f64(square) / square).sqrt();
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }

    /// Uniform on 0, 1, ..., n - 1 without bias (Lemire 2019: the high half of a 128-bit product,
    /// redrawn where some values would come up once too often).
    ///
    /// # Panics
    /// If n is 0.
    #[track_caller]
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "Rng::below(0): there is no number below 0");
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        if (product as u64) < n {
            let surplus = n.wrapping_neg() % n;
            while (product as u64) < surplus {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as u64
    }

    /// Puts the items in a uniformly random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood 2014) after one step: a bijection whose
/// every output bit depends on every input bit.
fn mix(x: u64) -> u64 {
    let z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
