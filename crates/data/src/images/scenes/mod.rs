//! Procedural scenes: few small objects on textured backgrounds full of near-misses, as a detection problem
//! that needs no files and whose imbalance can be dialled.
//!
//! | file | what it does |
//! |---|---|
//! | `spec` | what to generate, as people write it |
//! | `form` | discs, triangles, crosses ... and what only looks like them |
//! | `texture` | backgrounds |
//! | `plan` | how many forms, of what class, size and colour, where |
//! | `render` | pixels and boxes |
//!
//! Classes differ by form alone: size, colour, contrast and rotation are drawn alike for all classes and for
//! the near-misses. Forms never overlap and lie wholly inside. Image i of a part depends on the seed, the
//! part and i alone, and has the same bits on every machine: no function of the system's mathematics library
//! is called.
//!
//! ```
//! use losslab_data::images::{ScenePart, SceneSpec};
//! let spec: SceneSpec = "ratio=1000,size=96,images=4".parse()?;
//! assert!((spec.objects_per_image() - 0.5).abs() < 0.2);
//! let train = spec.generate(ScenePart::Train);
//! assert_eq!((train.images.len(), train.width), (4, 96));
//! # Ok::<(), losslab_data::DataError>(())
//! ```

mod form;
mod plan;
mod render;
mod spec;
#[cfg(test)]
mod tests;
mod texture;

use super::{Fit, Image, ImageSet, LabelledImage, Object};
use form::CLASSES;
use losslab_base::rng::Rng;
use losslab_metrics::boxes::{Annotation, Category, GroundTruth};
use plan::Placed;
use rayon::prelude::*;
use render::Extent;
pub use spec::{POSITIVES_PER_OBJECT, REFERENCE_ANCHORS, REFERENCE_STRIDE, SceneSpec};

/// What a set of scenes is for; the parts share no image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScenePart {
    /// To learn from.
    Train,
    /// To choose by.
    Validation,
    /// To judge by.
    Test,
}

impl ScenePart {
    /// All parts, in the order above.
    pub const ALL: [ScenePart; 3] = [ScenePart::Train, ScenePart::Validation, ScenePart::Test];

    /// What files and reports call it.
    pub fn name(self) -> &'static str {
        match self {
            ScenePart::Train => "train",
            ScenePart::Validation => "validation",
            ScenePart::Test => "test",
        }
    }
}

impl SceneSpec {
    /// Number of images of a part: [`images`](SceneSpec::images) for training, half as many, rounded up, for
    /// the others.
    pub fn images_of(&self, part: ScenePart) -> usize {
        if part == ScenePart::Train { self.images } else { self.images.div_ceil(2) }
    }

    /// Draws a part: RGB images with ids from 1, and categories with ids from 1 in the order of the classes.
    /// The area of an annotation is that of the form, not of its box.
    ///
    /// # Panics
    /// If a field is outside its range; a parsed specification never is.
    #[track_caller]
    pub fn generate(&self, part: ScenePart) -> ImageSet {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        let scenes: Vec<Scene> = (0..self.images_of(part))
            .into_par_iter()
            .map(|index| draw(self, part, index, |_| true))
            .collect();
        let name = format!("scenes:{self}/{}", part.name());
        let categories: Vec<Category> = (1..)
            .zip(&CLASSES[..self.classes])
            .map(|(id, (_, name))| Category { id, name: (*name).into() })
            .collect();
        let mut annotations = Vec::new();
        let mut images = Vec::new();
        for (index, scene) in scenes.into_iter().enumerate() {
            let image_id = index as i64 + 1;
            for (class, Extent { bbox, area }) in scene.objects.iter().copied() {
                let id = annotations.len() as i64 + 1;
                let category_id = class as i64 + 1;
                annotations.push(Annotation { id, image_id, category_id, bbox, area, iscrowd: false });
            }
            images.push(LabelledImage {
                id: image_id,
                name: format!("{}-{image_id:05}", part.name()),
                image: scene.image,
                fit: Fit::identity(self.size, self.size),
                objects: scene
                    .objects
                    .iter()
                    .map(|(class, extent)| Object { category: *class, bbox: extent.bbox, ignore: false })
                    .collect(),
            });
        }
        let ids = images.iter().map(|image| image.id).collect();
        let truth = GroundTruth::new(name.clone(), ids, categories.clone(), annotations)
            .unwrap_or_else(|error| panic!("scenes are valid: {error}"));
        let (width, height, channels) = (self.size, self.size, 3);
        ImageSet { name, width, height, channels, categories, images, truth, notes: Vec::new() }
    }
}

/// A drawn image and the classes and places of its objects.
struct Scene {
    image: Image,
    objects: Vec<(usize, Extent)>,
}

/// Draws image `index` of a part, without the forms that `keep` refuses; background and noise stay the same.
fn draw(spec: &SceneSpec, part: ScenePart, index: usize, keep: impl Fn(&Placed) -> bool) -> Scene {
    let mut rng = Rng::stream(spec.seed, (part as u64) << 32 | index as u64);
    // The noise has its own generator, so that images of two noise levels are otherwise the same.
    let mut noise = rng.fork(0);
    let mut levels = texture::background(&mut rng.fork(1), spec.size);
    let forms = plan::plan(spec, &mut rng);
    let mut objects = Vec::new();
    for placed in forms.iter().filter(|placed| keep(placed)) {
        let extent = render::add(placed, spec.size, &mut levels);
        objects.extend(placed.class.zip(extent));
    }
    Scene { image: render::finish(&levels, spec.size, spec.noise, &mut noise), objects }
}
