//! What stands where in a scene: objects and near-misses, drawn side by side.

use super::form::{CLASSES, Form, NEAR_MISSES, REACH};
use super::spec::SceneSpec;
use super::texture::{between, direction};
use losslab_base::math::{exp_f64, ln_f64};
use losslab_base::rng::Rng;

/// Diameters in pixels, smallest and largest; between them their logarithms are uniform. Boxes are 7 to 27
/// pixels wide (a square that stands on a corner is wider than a disc, and forms are stretched).
const DIAMETERS: [f64; 2] = [8.5, 22.0];
/// Width over height is stretched by up to this factor, either way.
const STRETCH: f64 = 1.15;
/// Pixels between two forms, and between a form and the edge of the image.
const GAP: f64 = 1.0;
/// Places tried until a form is left out.
const TRIES: usize = 100;

/// A form in the image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub form: Form,
    /// Its class; `None` for a near-miss.
    pub class: Option<usize>,
    /// Where its point (0, 0) is, in pixels.
    pub centre: [f64; 2],
    /// Pixels per unit of the form, along the image's two axes.
    pub scale: [f64; 2],
    /// `[cos, sin]` of its rotation.
    pub direction: [f64; 2],
    /// What it adds to the background, in levels of red, green and blue.
    pub colour: [f64; 3],
}

impl Placed {
    /// Radius of a circle that surely holds it.
    pub fn reach(&self) -> f64 {
        REACH * if self.scale[0] > self.scale[1] { self.scale[0] } else { self.scale[1] }
    }

    fn is_clear_of(&self, other: &Placed) -> bool {
        let [x, y] = [0, 1].map(|axis| self.centre[axis] - other.centre[axis]);
        let least = self.reach() + other.reach() + GAP;
        x * x + y * y >= least * least
    }
}

/// The forms of one image: first the objects, then the near-misses.
pub(super) fn plan(spec: &SceneSpec, rng: &mut Rng) -> Vec<Placed> {
    let objects = poisson(rng, spec.objects_per_image());
    let near_misses = poisson(rng, spec.hard);
    let mut placed = Vec::new();
    for _ in 0..objects {
        let class = draw_class(rng, spec);
        place(rng, spec, CLASSES[class].0, Some(class), &mut placed);
    }
    for _ in 0..near_misses {
        let others = &CLASSES[spec.classes..];
        let chosen = rng.below((NEAR_MISSES.len() + others.len()) as u64) as usize;
        let form = NEAR_MISSES.get(chosen).copied();
        place(rng, spec, form.unwrap_or_else(|| others[chosen - NEAR_MISSES.len()].0), None, &mut placed);
    }
    placed
}

/// Finds a place for one more form, if there is one. Objects and near-misses have the same sizes and colours.
fn place(rng: &mut Rng, spec: &SceneSpec, form: Form, class: Option<usize>, placed: &mut Vec<Placed>) {
    let radius = 0.5 * log_uniform(rng, DIAMETERS[0], DIAMETERS[1]);
    let stretch = log_uniform(rng, 1.0 / STRETCH, STRETCH).sqrt();
    let mut new = Placed {
        form,
        class,
        centre: [0.0; 2],
        scale: [radius * stretch, radius / stretch],
        direction: direction(rng),
        colour: colour(rng, spec.contrast),
    };
    let margin = new.reach() + GAP;
    for _ in 0..TRIES {
        new.centre = [(); 2].map(|()| between(rng, margin, spec.size as f64 - margin));
        if placed.iter().all(|other| new.is_clear_of(other)) {
            placed.push(new);
            return;
        }
    }
}

/// A random colour, mostly lighter or darker, of root mean square 0.75 to 1.25 times the contrast.
fn colour(rng: &mut Rng, contrast: f64) -> [f64; 3] {
    let sign = if rng.below(2) == 0 { 1.0 } else { -1.0 };
    let raw: [f64; 3] = std::array::from_fn(|_| sign + between(rng, -0.8, 0.8));
    let square = raw[0] * raw[0] + raw[1] * raw[1] + raw[2] * raw[2];
    let scale = contrast * between(rng, 0.75, 1.25) / (square / 3.0).sqrt();
    raw.map(|channel| channel * scale)
}

/// A class: class k of K has weight `tail^(-k / (K - 1))`.
fn draw_class(rng: &mut Rng, spec: &SceneSpec) -> usize {
    let rate = ln_f64(spec.tail) / (spec.classes.max(2) - 1) as f64;
    let weights: Vec<f64> = (0..spec.classes).map(|class| exp_f64(-rate * class as f64)).collect();
    let mut left = rng.uniform() * weights.iter().sum::<f64>();
    for (class, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return class;
        }
    }
    spec.classes - 1
}

/// A number whose logarithm is uniform.
fn log_uniform(rng: &mut Rng, from: f64, to: f64) -> f64 {
    from * exp_f64(rng.uniform() * ln_f64(to / from))
}

/// A Poisson-distributed number: how many uniform numbers can be multiplied until they fall below e^-mean
/// (Knuth).
fn poisson(rng: &mut Rng, mean: f64) -> usize {
    // The sum of two Poisson numbers is one; e^-16 is far from underflow.
    const PART: f64 = 16.0;
    if mean > PART {
        return poisson(rng, PART) + poisson(rng, mean - PART);
    }
    let limit = exp_f64(-mean);
    let mut product = rng.uniform();
    let mut count = 0;
    while product > limit {
        product *= rng.uniform();
        count += 1;
    }
    count
}
