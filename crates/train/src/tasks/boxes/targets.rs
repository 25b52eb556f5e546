//! What the anchors of a batch are to learn: classes, marks of what counts, and coded boxes.

use losslab_data::images::Object;
use losslab_models::detection::{AssignConfig, Assigned, assign, encode};

/// The targets of a batch of N images with A anchors each and K classes; buffers are kept for the next batch.
#[derive(Clone, Debug, Default)]
pub(super) struct Targets {
    /// `[N, A, K]`: 1 for the class of the object that the anchor is assigned to.
    pub classes: Vec<f32>,
    /// `[N, A, K]`: 0 for all classes of an anchor that is ignored, else 1.
    pub valid: Vec<f32>,
    /// The positive anchors, as rows of `[N A]`.
    pub positives: Vec<u32>,
    /// `[positives, 4]`: their coded boxes.
    pub boxes: Vec<f32>,
}

impl Targets {
    /// Begins a batch of `images` images of `anchors` anchors.
    pub fn begin(&mut self, images: usize, anchors: usize, classes: usize) {
        let length = images * anchors * classes;
        self.classes.clear();
        self.classes.resize(length, 0.0);
        self.valid.clear();
        self.valid.resize(length, 1.0);
        self.positives.clear();
        self.boxes.clear();
    }

    /// Writes the targets of image number `image`.
    pub fn set(&mut self, image: usize, anchors: &[[f32; 4]], objects: &[Object], classes: usize) {
        let (assigned, objects) = assign_objects(anchors, objects);
        for (i, assigned) in assigned.into_iter().enumerate() {
            let row = image * anchors.len() + i;
            match assigned {
                Assigned::Negative => {}
                Assigned::Ignored => self.valid[row * classes..][..classes].fill(0.0),
                Assigned::Positive(object) => {
                    let object = objects[object];
                    self.classes[row * classes + object.category] = 1.0;
                    self.positives.push(row as u32);
                    self.boxes.extend_from_slice(&encode(corners(object), anchors[i]));
                }
            }
        }
    }
}

/// What each anchor is to learn, and the objects that positive ones refer to: those that are not to be
/// ignored.
pub(super) fn assign_objects<'a>(
    anchors: &[[f32; 4]],
    objects: &'a [Object],
) -> (Vec<Assigned>, Vec<&'a Object>) {
    let (ignored, found): (Vec<&Object>, Vec<&Object>) = objects.iter().partition(|object| object.ignore);
    let boxes = |objects: &[&Object]| objects.iter().map(|object| corners(object)).collect::<Vec<_>>();
    (assign(anchors, &boxes(&found), &boxes(&ignored), &AssignConfig::default()), found)
}

/// Left, upper, right and lower edge.
fn corners(object: &Object) -> [f32; 4] {
    let b = &object.bbox;
    [b.x, b.y, b.x + b.width, b.y + b.height].map(|edge| edge as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_two_images_stand_in_their_rows() {
        let anchors = [[0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0], [0.0, 5.0, 10.0, 13.0]];
        let object =
            |category, x: f64, ignore| Object { category, bbox: [x, 0.0, 10.0, 10.0].into(), ignore };
        let mut targets = Targets::default();
        for _ in 0..2 {
            targets.begin(2, 3, 2);
            targets.set(0, &anchors, &[], 2);
            targets.set(1, &anchors, &[object(0, 20.0, true), object(1, 0.0, false)], 2);
        }
        // Image 1: anchor 0 is the object of class 1, anchor 1 lies on what is ignored, anchor 2 is
        // background.
        assert_eq!(targets.classes, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(targets.valid, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!((targets.positives, targets.boxes), (vec![3], vec![0.0; 4]));
    }
}
