//! How an image of any size is fitted into the detector's.

use losslab_metrics::boxes::BoundingBox;

/// `x' = scale x + left`, `y' = scale y + top` takes a point of the original into the fitted image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Fitted pixels per original pixel, the same for both axes.
    pub scale: f64,
    /// Fitted pixels left of the original.
    pub left: f64,
    /// Fitted pixels above it.
    pub top: f64,
    /// Size of the original, width and height, in its pixels.
    pub original: [usize; 2],
}

impl Fit {
    /// Nothing changed.
    pub fn identity(width: usize, height: usize) -> Fit {
        Fit { scale: 1.0, left: 0.0, top: 0.0, original: [width, height] }
    }

    /// A box of the original, where it lies in the fitted image.
    pub fn to_fitted(&self, b: &BoundingBox) -> BoundingBox {
        BoundingBox {
            x: b.x * self.scale + self.left,
            y: b.y * self.scale + self.top,
            width: b.width * self.scale,
            height: b.height * self.scale,
        }
    }

    /// A box of the fitted image, where it lies in the original.
    pub fn to_original(&self, b: &BoundingBox) -> BoundingBox {
        BoundingBox {
            x: (b.x - self.left) / self.scale,
            y: (b.y - self.top) / self.scale,
            width: b.width / self.scale,
            height: b.height / self.scale,
        }
    }
}
