//! Backgrounds: value noise in several octaves between two colours, stripes and blotches.

use losslab_base::rng::Rng;

/// Limits of the background's levels; what objects add to them is then not cut off at 0 or 255.
const DARKEST: f64 = 55.0;
const LIGHTEST: f64 = 200.0;
/// Distances between the lattice points of the octaves in pixels, with their amplitudes in levels.
const OCTAVES: [(usize, f64); 4] = [(32, 26.0), (16, 18.0), (8, 12.0), (4, 8.0)];
/// The same for the mixture of the two colours, where 1 leads from one to the other.
const MIXTURE: [(usize, f64); 2] = [(24, 0.5), (12, 0.25)];
/// How far the channels of a colour lie from its grey, in levels.
const TINT: f64 = 28.0;

/// A number in a range.
pub(super) fn between(rng: &mut Rng, from: f64, to: f64) -> f64 {
    from + (to - from) * rng.uniform()
}

/// A random direction `[cos, sin]` without either function: that of a random point of the unit disc.
pub(super) fn direction(rng: &mut Rng) -> [f64; 2] {
    loop {
        let (x, y) = (between(rng, -1.0, 1.0), between(rng, -1.0, 1.0));
        let length = (x * x + y * y).sqrt();
        if length > 0.0 && length < 1.0 {
            return [x / length, y / length];
        }
    }
}

/// A background of size x size pixels, rows from above, as levels 55 to 200 of red, green and blue.
pub(super) fn background(rng: &mut Rng, size: usize) -> Vec<[f64; 3]> {
    let (one, other) = (colour(rng), colour(rng));
    let light = noise(rng, size, &OCTAVES);
    let mixture = noise(rng, size, &MIXTURE);
    let mut pixels: Vec<[f64; 3]> = light
        .iter()
        .zip(&mixture)
        .map(|(&light, &mixture)| {
            let share = (0.5 + mixture).clamp(0.0, 1.0);
            std::array::from_fn(|c| one[c] + share * (other[c] - one[c]) + light)
        })
        .collect();
    if rng.below(2) == 0 {
        stripes(rng, size, &mut pixels);
    }
    // One to four in an image of 64 x 64 pixels.
    for _ in 0..(1 + rng.below(4)) * (size * size) as u64 / 4096 {
        blotch(rng, size, &mut pixels);
    }
    for level in pixels.as_flattened_mut() {
        *level = level.clamp(DARKEST, LIGHTEST);
    }
    pixels
}

fn colour(rng: &mut Rng) -> [f64; 3] {
    let grey = between(rng, 105.0, 150.0);
    std::array::from_fn(|_| grey + between(rng, -TINT, TINT))
}

/// Value noise: random numbers on lattices, smoothly interpolated and added, about -1 to 1 times the
/// amplitudes.
fn noise(rng: &mut Rng, size: usize, octaves: &[(usize, f64)]) -> Vec<f64> {
    let mut sum = vec![0.0; size * size];
    for &(step, amplitude) in octaves {
        let points = size / step + 2;
        let lattice: Vec<f64> = (0..points * points).map(|_| between(rng, -amplitude, amplitude)).collect();
        let smooth = |at: usize| {
            let t = (at % step) as f64 / step as f64;
            (at / step, t * t * (3.0 - 2.0 * t))
        };
        for (y, row) in sum.chunks_exact_mut(size).enumerate() {
            let (j, b) = smooth(y);
            for (x, value) in row.iter_mut().enumerate() {
                let (i, a) = smooth(x);
                let corner = &lattice[j * points + i..];
                let above = corner[0] + a * (corner[1] - corner[0]);
                let below = corner[points] + a * (corner[points + 1] - corner[points]);
                *value += above + b * (below - above);
            }
        }
    }
    sum
}

/// Adds parallel stripes with soft edges: a triangle wave, cut flat.
fn stripes(rng: &mut Rng, size: usize, pixels: &mut [[f64; 3]]) {
    let [cos, sin] = direction(rng);
    let period = between(rng, 5.0, 20.0);
    let phase = rng.uniform();
    let amplitude = between(rng, 8.0, 22.0);
    for (at, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = ((at % size) as f64, (at / size) as f64);
        let turns = (x * cos + y * sin) / period + phase;
        let triangle = 4.0 * (turns - turns.floor() - 0.5).abs() - 1.0;
        let value = amplitude * (2.0 * triangle).clamp(-1.0, 1.0);
        *pixel = pixel.map(|level| level + value);
    }
}

/// Adds a soft spot of 12 to 40 pixels.
fn blotch(rng: &mut Rng, size: usize, pixels: &mut [[f64; 3]]) {
    let centre = [(); 2].map(|()| between(rng, 0.0, size as f64));
    let radius = between(rng, 6.0, 20.0);
    let colour: [f64; 3] = std::array::from_fn(|_| between(rng, -30.0, 30.0));
    for (at, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = ((at % size) as f64 + 0.5 - centre[0], (at / size) as f64 + 0.5 - centre[1]);
        let rest = 1.0 - (x * x + y * y) / (radius * radius);
        if rest > 0.0 {
            for (level, add) in pixel.iter_mut().zip(colour) {
                *level += rest * add;
            }
        }
    }
}
