//! Images that look alike. The difference hash finds candidates: an image is shrunk to 9 x 8 cells, and each
//! of 64 bits says whether a cell is brighter than its left neighbour. It changes little when an image is
//! compressed, resized or made lighter (N. Krawetz, "Kind of Like That", 2013). Images of little structure
//! share hashes by chance; so candidates are compared by thumbnails of 16 x 16, too.

use losslab_base::Fnv1a;
use std::collections::HashMap;

/// Hashes of images that look alike differ in at most so many bits. Of images of blood cells and of circuit
/// boards that were shrunk to half their size or got noise of 8 greys, at least nine in ten differ in no
/// more; unrelated ones of blood cells differ in 15 or more.
const MOST_BITS: u32 = 7;
/// Bands of a hash: of two that differ in [`MOST_BITS`] bits, one band at least is the same.
const BANDS: u32 = MOST_BITS + 1;
/// Smaller images are compared by their pixels alone: drawn digits look alike without being the same.
const LEAST_SIDE: usize = 32;
/// Sides of a thumbnail.
const SIDE: usize = 16;
/// Thumbnails of images that look alike correlate at least so much. Unrelated images of blood cells correlate
/// by less than 0.7, shrunk copies by about 0.997. Parts of circuit boards with little on them can have equal
/// hashes, but their thumbnails correlate by less than 0.8.
const LEAST_CORRELATION: f32 = 0.995;

/// What images are compared by.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    /// A hash of all pixels.
    pixels: u64,
    /// The difference hash and the thumbnail, scaled to mean 0 and length 1, unless the image is small or of
    /// one grey.
    look: Option<(u64, Vec<f32>)>,
}

impl Sketch {
    /// The sketch of an image of this height, width and number of channels.
    pub fn of(pixels: &[u8], [height, width, channels]: [usize; 3]) -> Sketch {
        let mut hash = Fnv1a::new();
        [height, width, channels].iter().for_each(|&side| hash.number(side as u64));
        hash.bytes(pixels);
        let look =
            (height.min(width) >= LEAST_SIDE).then(|| look(pixels, [height, width, channels])).flatten();
        Sketch { pixels: hash.finish(), look }
    }

    /// Whether two images have the same pixels.
    pub fn is_same(&self, other: &Sketch) -> bool {
        self.pixels == other.pixels
    }

    /// Whether two images have the same pixels or look alike.
    pub fn is_near(&self, other: &Sketch) -> bool {
        let (Some((a, small)), Some((b, other_small))) = (&self.look, &other.look) else {
            return self.is_same(other);
        };
        let correlation = || small.iter().zip(other_small).map(|(a, b)| a * b).sum::<f32>();
        self.is_same(other) || ((a ^ b).count_ones() <= MOST_BITS && correlation() >= LEAST_CORRELATION)
    }

    /// Where an image is put, so that those that may look alike meet.
    fn buckets(&self) -> impl Iterator<Item = (u32, u64)> {
        let bits = u64::BITS / BANDS;
        let bands = self.look.iter().flat_map(move |&(hash, _)| {
            (0..BANDS).map(move |band| (band, hash >> (band * bits) & ((1 << bits) - 1)))
        });
        std::iter::once((BANDS, self.pixels)).chain(bands)
    }
}

/// Groups of images of which each is like the next: at least two, each image in at most one group.
pub(super) fn alike(sketches: &[Sketch], is_alike: impl Fn(&Sketch, &Sketch) -> bool) -> Vec<Vec<u32>> {
    let mut buckets: HashMap<(u32, u64), Vec<u32>> = HashMap::new();
    for (at, sketch) in (0..).zip(sketches) {
        sketch.buckets().for_each(|bucket| buckets.entry(bucket).or_default().push(at));
    }
    let mut links = Links((0..sketches.len() as u32).collect());
    for bucket in buckets.values() {
        for (i, &a) in bucket.iter().enumerate() {
            for &b in &bucket[..i] {
                if is_alike(&sketches[a as usize], &sketches[b as usize]) {
                    links.join(a, b);
                }
            }
        }
    }
    let mut groups: HashMap<u32, Vec<u32>> = HashMap::new();
    for at in 0..sketches.len() as u32 {
        groups.entry(links.root(at)).or_default().push(at);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// Which images are linked, as a forest: the parent of each.
struct Links(Vec<u32>);

impl Links {
    fn root(&mut self, mut at: u32) -> u32 {
        while self.0[at as usize] != at {
            let above = self.0[self.0[at as usize] as usize];
            self.0[at as usize] = above;
            at = above;
        }
        at
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}

/// Difference hash and thumbnail; none if the image is of one grey.
fn look(pixels: &[u8], shape: [usize; 3]) -> Option<(u64, Vec<f32>)> {
    let cells = shrunk(pixels, shape, 8, 9);
    let bits = cells.chunks_exact(9).flat_map(|row| row.windows(2).map(|pair| u64::from(pair[1] > pair[0])));
    let hash = bits.fold(0, |hash, bit| hash << 1 | bit);
    let mut small = shrunk(pixels, shape, SIDE, SIDE);
    let mean = small.iter().sum::<f32>() / small.len() as f32;
    small.iter_mut().for_each(|x| *x -= mean);
    let length = small.iter().map(|x| x * x).sum::<f32>().sqrt();
    small.iter_mut().for_each(|x| *x /= length);
    (length > 0.0).then_some((hash, small))
}

/// The mean of all channels and pixels of each cell of a grid of so many rows and columns.
fn shrunk(pixels: &[u8], [height, width, channels]: [usize; 3], rows: usize, columns: usize) -> Vec<f32> {
    let mut cells = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        let lines = row * height / rows..(row + 1) * height / rows;
        for column in 0..columns {
            let (first, last) = (column * width / columns, (column + 1) * width / columns);
            let of_line = |y: usize| &pixels[(y * width + first) * channels..(y * width + last) * channels];
            let sum: u64 = lines.clone().flat_map(of_line).map(|&byte| u64::from(byte)).sum();
            cells.push(sum as f32 / (lines.len() * (last - first) * channels) as f32);
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of 2 x 2 pixels of two channels each, by hand.
    #[test]
    fn cells_are_means() {
        let pixels = [0, 10, 20, 30, 4, 4, 8, 8, 100, 100, 0, 0, 1, 3, 5, 7];
        assert_eq!(shrunk(&pixels, [2, 4, 2], 1, 2), [260.0 / 8.0, 40.0 / 8.0]);
    }

    /// A ramp grows brighter to the right in every cell: all bits are set; mirrored, none is.
    #[test]
    fn the_bits_of_a_ramp() {
        let ramp: Vec<u8> = (0..32).flat_map(|_| (0..36).map(|x| x * 7)).collect();
        let mirrored: Vec<u8> = ramp.chunks_exact(36).flat_map(|row| row.iter().rev().copied()).collect();
        assert_eq!(look(&ramp, [32, 36, 1]).unwrap().0, u64::MAX);
        assert_eq!(look(&mirrored, [32, 36, 1]).unwrap().0, 0);
        assert!(look(&[9; 32 * 36], [32, 36, 1]).is_none());
    }
}
