//! Augmentation: an image and its boxes, mirrored and moved, as the input of a network.
//!
//! Moving by (dx, dy) within the same frame is cropping at two sides and padding at the other two.

use super::{Image, Normalisation, Object};
use losslab_base::rng::Rng;
use losslab_metrics::boxes::BoundingBox;

/// Least share of an object's area that must stay in the frame; of less, nobody could tell what it is.
pub const LEAST_SHARE: f64 = 0.25;

/// What may happen to a training image. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Augmentation {
    /// Mirror left and right, every other time.
    pub flip_x: bool,
    /// Mirror top and bottom, every other time.
    pub flip_y: bool,
    /// Move by up to so many pixels along each axis, to either side, every distance equally often.
    pub shift: usize,
}

/// What happens to one image: first mirrored, then moved. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Left becomes right.
    pub flip_x: bool,
    /// Top becomes bottom.
    pub flip_y: bool,
    /// Pixels to the right; negative to the left.
    pub dx: isize,
    /// Pixels down; negative up.
    pub dy: isize,
}

impl Augmentation {
    /// Draws a placement. It takes the same number of draws whatever is switched on, so that switching one
    /// off leaves the others as they were.
    pub fn draw(&self, rng: &mut Rng) -> Placement {
        let [flip_x, flip_y] = [rng.below(2) == 1, rng.below(2) == 1];
        let mut distance = || rng.below(2 * self.shift as u64 + 1) as isize - self.shift as isize;
        let (dx, dy) = (distance(), distance());
        Placement { flip_x: flip_x && self.flip_x, flip_y: flip_y && self.flip_y, dx, dy }
    }
}

impl Placement {
    /// Writes the placed image as inputs `[height, width, channels]`; where nothing of it lies they are 0,
    /// the mean of the set.
    ///
    /// # Panics
    /// If `out` has another length than the image, or the normalisation another number of channels.
    #[track_caller]
    pub fn write(&self, image: &Image, normalisation: &Normalisation, out: &mut [f32]) {
        let &Image { width, height, channels, ref pixels } = image;
        assert!(
            out.len() == pixels.len() && normalisation.mean.len() == channels,
            "Placement::write of {height} x {width} x {channels} into {} numbers, normalised for {} channels",
            out.len(),
            normalisation.mean.len()
        );
        let (columns, rows) = (Overlap::new(width, self.dx), Overlap::new(height, self.dy));
        if columns.length < width || rows.length < height {
            out.fill(0.0);
        }
        let row = width * channels;
        let mut mirrored = vec![0; if self.flip_x { row } else { 0 }];
        // Repeated over a row, so that the loop over it needs no channels and is vectorised.
        let (mean, scale) = (normalisation.mean.repeat(width), normalisation.scale.repeat(width));
        for i in 0..rows.length {
            let y = if self.flip_y { height - 1 - (rows.from + i) } else { rows.from + i };
            let source = &pixels[y * row..][..row];
            let source = match self.flip_x {
                false => source,
                true => {
                    mirror(source, channels, &mut mirrored);
                    &mirrored
                }
            };
            let source = &source[columns.from * channels..][..columns.length * channels];
            let target = &mut out[(rows.to + i) * row + columns.to * channels..][..columns.length * channels];
            for (((out, &value), mean), scale) in target.iter_mut().zip(source).zip(&mean).zip(&scale) {
                *out = (f32::from(value) - mean) * scale;
            }
        }
    }

    /// The same of an image that is inputs already, `[height, width, channels]`, in place.
    ///
    /// # Panics
    /// If that is not the number of inputs.
    #[track_caller]
    pub fn apply(&self, [height, width, channels]: [usize; 3], inputs: &mut [f32]) {
        assert!(
            inputs.len() == height * width * channels,
            "Placement::apply to {} numbers as {height} x {width} x {channels}",
            inputs.len()
        );
        let row = width * channels;
        if self.flip_y {
            // All backwards, and each row forwards again.
            inputs.reverse();
            inputs.chunks_exact_mut(row).for_each(<[f32]>::reverse);
        }
        if self.flip_x {
            for row in inputs.chunks_exact_mut(row) {
                row.reverse();
                row.chunks_exact_mut(channels).for_each(<[f32]>::reverse);
            }
        }
        Overlap::new(height, self.dy).apply(row, inputs);
        let columns = Overlap::new(width, self.dx);
        inputs.chunks_exact_mut(row).for_each(|row| columns.apply(channels, row));
    }

    /// The objects where they lie then, clipped to the frame of `width` x `height`. Those with less than
    /// [`LEAST_SHARE`] of their area left are to be ignored; those with none vanish.
    pub fn objects(&self, objects: &[Object], width: usize, height: usize) -> Vec<Object> {
        let (width, height) = (width as f64, height as f64);
        let place = |object: &Object| {
            let b = &object.bbox;
            let x = if self.flip_x { width - b.x - b.width } else { b.x } + self.dx as f64;
            let y = if self.flip_y { height - b.y - b.height } else { b.y } + self.dy as f64;
            let bbox = BoundingBox { x, y, ..*b }.clipped(width, height)?;
            let ignore = object.ignore || bbox.area() < LEAST_SHARE * b.area();
            Some(Object { category: object.category, bbox, ignore })
        };
        objects.iter().filter_map(place).collect()
    }
}

/// Which part of an axis stays in the frame when everything moves: `length` pixels, from `from` to `to`.
struct Overlap {
    from: usize,
    to: usize,
    length: usize,
}

impl Overlap {
    fn new(size: usize, shift: isize) -> Overlap {
        let (from, to) = if shift < 0 { (shift.unsigned_abs(), 0) } else { (0, shift.unsigned_abs()) };
        let length = size.saturating_sub(shift.unsigned_abs());
        Overlap { from: from.min(size - length), to: to.min(size - length), length }
    }

    /// Moves an axis whose pixels are of so many numbers; what moves in is 0.
    fn apply(&self, pixel: usize, axis: &mut [f32]) {
        let Overlap { from, to, length } = *self;
        axis.copy_within(from * pixel..(from + length) * pixel, to * pixel);
        axis[..to * pixel].fill(0.0);
        axis[(to + length) * pixel..].fill(0.0);
    }
}

fn mirror(row: &[u8], channels: usize, out: &mut [u8]) {
    match channels {
        1 => out.iter_mut().zip(row.iter().rev()).for_each(|(out, &value)| *out = value),
        // Its own branch, because a constant length makes the copies moves.
        3 => {
            let targets = out.as_chunks_mut::<3>().0.iter_mut();
            targets.zip(row.as_chunks::<3>().0.iter().rev()).for_each(|(out, pixel)| *out = *pixel);
        }
        n => {
            out.chunks_exact_mut(n).zip(row.chunks_exact(n).rev()).for_each(|(out, p)| out.copy_from_slice(p))
        }
    }
}
