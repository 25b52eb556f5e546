//! The one place where code is compiled for, and chosen by, an instruction set.
//!
//! A [`Kernel`] is a plain loop over slices, generic over the register type. [`dispatch`] holds
//! one copy of it compiled for AVX-512, one for AVX2+FMA and one for the baseline of the target,
//! and runs the best that the machine has. Everything inside must be `#[inline(always)]`: a
//! function that is not inlined keeps the baseline's instructions, and so does a closure handed
//! to another thread (so: threads outside, `dispatch` inside each piece of work).
//!
//! AVX2+FMA and AVX-512 execute the same operations on each element and give the same bits; the
//! baseline rounds products and sums apart and differs in the last places.
#![allow(unsafe_code)]

use crate::{Fused, Lane};
use std::sync::atomic::{AtomicU8, Ordering};

/// A computation over slices of `T`, written once for every instruction set.
pub trait Kernel<T> {
    /// What the computation returns.
    type Output;
    /// The computation, with `R` as the number in registers; mark it `#[inline(always)]`.
    fn run<R: Lane<T>>(self) -> Self::Output;
}

/// An instruction set that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Isa {
    /// What the compilation target guarantees (SSE2 on x86-64).
    Baseline = 1,
    /// 8 lanes of f32, fused multiply-add.
    Avx2Fma = 2,
    /// 16 lanes of f32, fused multiply-add, mask registers.
    Avx512 = 3,
}

impl Isa {
    /// All instruction sets, weakest first.
    pub const ALL: [Isa; 3] = [Isa::Baseline, Isa::Avx2Fma, Isa::Avx512];

    /// The name used on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Baseline => "baseline",
            Isa::Avx2Fma => "avx2+fma",
            Isa::Avx512 => "avx512",
        }
    }

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        self <= Self::detect()
    }

    #[cfg(target_arch = "x86_64")]
    fn detect() -> Isa {
        let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq");
        match (fma, avx512) {
            (true, true) => Isa::Avx512,
            (true, false) => Isa::Avx2Fma,
            _ => Isa::Baseline,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn detect() -> Isa {
        Isa::Baseline
    }

    /// The instruction set that [`dispatch`] uses now.
    #[inline]
    pub fn current() -> Isa {
        match CURRENT.load(Ordering::Relaxed) {
            1 => Isa::Baseline,
            2 => Isa::Avx2Fma,
            3 => Isa::Avx512,
            _ => Isa::set(Isa::detect()),
        }
    }

    /// Makes [`dispatch`] use this instruction set from now on, in the whole process.
    ///
    /// # Panics
    /// If the machine does not have it: running it would be undefined behaviour.
    #[track_caller]
    pub fn force(self) {
        assert!(
            self.is_available(),
            "this machine has no {}: its best is {}",
            self.name(),
            Isa::detect().name()
        );
        Isa::set(self);
    }

    fn set(isa: Isa) -> Isa {
        CURRENT.store(isa as u8, Ordering::Relaxed);
        isa
    }
}

/// 0 until first used; only ever holds an instruction set that `detect` allows.
static CURRENT: AtomicU8 = AtomicU8::new(0);

/// Runs the kernel in the copy compiled for [`Isa::current`].
#[inline]
pub fn dispatch<K: Kernel<f32>>(kernel: K) -> K::Output {
    match Isa::current() {
        Isa::Baseline => kernel.run::<f32>(),
        // SAFETY: `current` returns only instruction sets found on this machine by `detect`.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2Fma => unsafe { run_avx2(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { run_avx512(kernel) },
        #[cfg(not(target_arch = "x86_64"))]
        Isa::Avx2Fma | Isa::Avx512 => unreachable!("detected only on x86-64"),
    }
}

/// Asks for the lines of the cache that lie `distance` numbers behind these. They need not exist.
///
/// What a kernel will read that streams through more than the caches hold: processors look ahead by
/// themselves, but not far enough for memory.
#[inline(always)]
pub fn prefetch<T>(numbers: &[T], distance: usize) {
    for i in (0..numbers.len()).step_by(line_of::<T>()) {
        hint_to_read(numbers.as_ptr().wrapping_add(distance + i).cast());
    }
}

/// As [`prefetch`], of what will be written: other cores give up their copies.
#[inline(always)]
pub fn prefetch_to_write<T>(numbers: &[T], distance: usize) {
    for i in (0..numbers.len()).step_by(line_of::<T>()) {
        hint_to_write(numbers.as_ptr().wrapping_add(distance + i).cast());
    }
}

/// Numbers of a line of the cache.
const fn line_of<T>() -> usize {
    let size = size_of::<T>();
    if size == 0 || size > 64 { 1 } else { 64 / size }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn hint_to_read(line: *const i8) {
    // SAFETY: a hint, which reads nothing that the program could see, and may name any address.
    unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line) };
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
fn hint_to_write(line: *const i8) {
    // SAFETY: a hint, as above; processors that do not know it pass over it.
    unsafe { std::arch::asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags)) };
}

/// No hint is known here.
#[cfg(not(target_arch = "x86_64"))]
fn hint_to_read(_: *const i8) {}

/// No hint is known here; Miri takes no assembly.
#[cfg(any(miri, not(target_arch = "x86_64")))]
fn hint_to_write(_: *const i8) {}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel<f32>>(kernel: K) -> K::Output {
    kernel.run::<Fused>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
fn run_avx512<K: Kernel<f32>>(kernel: K) -> K::Output {
    kernel.run::<Fused>()
}
