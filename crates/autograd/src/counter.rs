//! Random bits as a pure function of a counter: no state, so neither the order nor the split of the work
//! can change them.

/// Number `k` of the stream `key` of SplitMix64 (Steele, Lea & Flood 2014): a bijection of `k` whose every
/// output bit depends on every input bit.
#[inline(always)]
pub(crate) fn bits(key: u64, k: u64) -> u64 {
    let mut z = key.wrapping_add(k.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
