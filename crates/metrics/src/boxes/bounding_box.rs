//! Boxes as COCO writes them, and how much two of them overlap.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A box in pixels with its left upper corner at (x, y); in JSON `[x, y, width, height]`.
///
/// Coordinates are continuous: a box from x = 2 to x = 5 is 3 wide. (In Pascal VOC's corners, where both
/// pixels belong to the box, that is xmin = 3, xmax = 5: x = xmin - 1, width = xmax - xmin + 1.)
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 4]", into = "[f64; 4]")]
pub struct BoundingBox {
    /// Left edge.
    pub x: f64,
    /// Upper edge; y grows downwards.
    pub y: f64,
    /// Width, not negative.
    pub width: f64,
    /// Height, not negative.
    pub height: f64,
}

impl BoundingBox {
    /// width x height, in square pixels.
    pub fn area(&self) -> f64 {
        self.width * self.height
    }

    /// True if edges and area are finite and neither width nor height is negative.
    pub fn is_valid(&self) -> bool {
        let finite = |v: f64| v.is_finite();
        finite(self.x + self.width)
            && finite(self.y + self.height)
            && finite(self.area())
            && self.width >= 0.0
            && self.height >= 0.0
    }

    /// Area that both boxes cover; 0 where they only touch.
    pub fn intersection(&self, other: &BoundingBox) -> f64 {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let height = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        if width > 0.0 && height > 0.0 { width * height } else { 0.0 }
    }

    /// The part inside of an image of this size, its own numbers unchanged if that is all of it; `None` if it
    /// has no area.
    pub fn clipped(&self, width: f64, height: f64) -> Option<BoundingBox> {
        let (right, lower) = (self.x + self.width, self.y + self.height);
        let whole = self.x >= 0.0 && self.y >= 0.0 && right <= width && lower <= height;
        let (x, y) = (self.x.max(0.0), self.y.max(0.0));
        let cut = BoundingBox { x, y, width: right.min(width) - x, height: lower.min(height) - y };
        let part = if whole { *self } else { cut };
        (part.width > 0.0 && part.height > 0.0).then_some(part)
    }

    /// Intersection over union; 0 for boxes without area.
    pub fn iou(&self, other: &BoundingBox) -> f64 {
        let shared = self.intersection(other);
        if shared > 0.0 { shared / (self.area() + other.area() - shared) } else { 0.0 }
    }

    /// Share of this box's own area that lies in the other: the overlap of a detection with a crowd
    /// (pycocotools).
    pub fn share_inside(&self, crowd: &BoundingBox) -> f64 {
        let shared = self.intersection(crowd);
        if shared > 0.0 { shared / self.area() } else { 0.0 }
    }
}

impl From<[f64; 4]> for BoundingBox {
    fn from([x, y, width, height]: [f64; 4]) -> BoundingBox {
        BoundingBox { x, y, width, height }
    }
}

impl From<BoundingBox> for [f64; 4] {
    fn from(b: BoundingBox) -> [f64; 4] {
        [b.x, b.y, b.width, b.height]
    }
}

impl fmt::Display for BoundingBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}, {}, {}]", self.x, self.y, self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_of_boxes_that_a_person_can_check() {
        let a = BoundingBox::from([0.0, 0.0, 4.0, 2.0]);
        let b = BoundingBox::from([2.0, 1.0, 4.0, 3.0]);
        assert_eq!(a.intersection(&b), 2.0);
        assert_eq!((a.iou(&b), b.iou(&a)), (2.0 / 18.0, 2.0 / 18.0));
        assert_eq!((a.share_inside(&b), b.share_inside(&a)), (2.0 / 8.0, 2.0 / 12.0));
        let touching = BoundingBox::from([4.0, 0.0, 1.0, 1.0]);
        let flat = BoundingBox::from([1.0, 1.0, 2.0, 0.0]);
        assert_eq!(
            (a.iou(&touching), a.iou(&flat), flat.iou(&flat), flat.share_inside(&a)),
            (0.0, 0.0, 0.0, 0.0)
        );
    }

    #[test]
    fn boxes_that_cannot_be_measured_are_not_valid() {
        assert!(BoundingBox::from([-3.0, 5.0, 0.0, 1.0]).is_valid());
        for b in [
            [f64::NAN, 0.0, 1.0, 1.0],
            [0.0, 0.0, -1.0, 1.0],
            [0.0, 0.0, 1.0, f64::NAN],
            [0.0, 0.0, 1e200, 1e200],
        ] {
            assert!(!BoundingBox::from(b).is_valid(), "{b:?}");
        }
    }
}
