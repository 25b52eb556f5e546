//! Numbers about the pixels of a set, and the fingerprint of all of it.

use super::{Image, ImageSet, LabelledImage};
use losslab_base::Fnv1a;
use rayon::prelude::*;

/// How 8-bit numbers become inputs of a network: `(pixel - mean) * scale`, per channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// Mean of each channel, in 0 ..= 255.
    pub mean: Vec<f32>,
    /// 1 / standard deviation of each channel; 1 where a channel is constant.
    pub scale: Vec<f32>,
}

impl Normalisation {
    /// Inputs of mean 0 and deviation 1 per channel over all pixels of a set, the padding of letter-boxing
    /// included.
    pub fn of(set: &ImageSet) -> Normalisation {
        let (means, deviations) = set.statistics();
        Normalisation {
            mean: means.iter().map(|&mean| mean as f32).collect(),
            scale: deviations.iter().map(|&d| if d > 0.0 { (1.0 / d) as f32 } else { 1.0 }).collect(),
        }
    }
}

impl ImageSet {
    /// Mean and standard deviation (of the population) of each channel over all pixels, in 0 ..= 255; 0
    /// without images.
    ///
    /// The sums are whole numbers, so that neither threads nor order change a bit.
    pub fn statistics(&self) -> (Vec<f64>, Vec<f64>) {
        let add = |mut a: [[u64; 2]; 3], b: [[u64; 2]; 3]| {
            a.as_flattened_mut().iter_mut().zip(b.as_flattened()).for_each(|(a, b)| *a += b);
            a
        };
        let sums = self.images.par_iter().map(|image| sums(&image.image)).reduce(|| [[0; 2]; 3], add);
        let count = (self.images.len() * self.width * self.height).max(1) as f64;
        let mean = |[sum, _]: &[u64; 2]| *sum as f64 / count;
        let deviation = |both: &[u64; 2]| (both[1] as f64 / count - mean(both) * mean(both)).max(0.0).sqrt();
        let sums = &sums[..self.channels];
        (sums.iter().map(mean).collect(), sums.iter().map(deviation).collect())
    }

    /// Sixteen hexadecimal digits that stand for the contents: equal sets have equal fingerprints on every
    /// machine.
    ///
    /// FNV-1a, 64 bits, over the shape, the categories, the truth, and the hash of each image: its id,
    /// pixels, fit and objects. Names of the set and of files are left out. It tells versions of a set apart;
    /// it is no protection against somebody who wants two sets to look alike.
    pub fn fingerprint(&self) -> String {
        let mut hash = Fnv1a::new();
        [self.width, self.height, self.channels].iter().for_each(|&n| hash.number(n as u64));
        hash.number(self.categories.len() as u64);
        for category in &self.categories {
            hash.number(category.id as u64);
            hash.text(&category.name);
        }
        hash.number(self.truth.annotations().len() as u64);
        for annotation in self.truth.annotations() {
            [annotation.id, annotation.image_id, annotation.category_id, annotation.iscrowd.into()]
                .iter()
                .for_each(|&n| hash.number(n as u64));
            <[f64; 4]>::from(annotation.bbox).iter().for_each(|v| hash.number(v.to_bits()));
            hash.number(annotation.area.to_bits());
        }
        let images: Vec<u64> = self.images.par_iter().map(hash_of).collect();
        images.iter().for_each(|&image| hash.number(image));
        format!("{:016x}", hash.finish())
    }
}

/// Sum and sum of squares of each channel.
fn sums(image: &Image) -> [[u64; 2]; 3] {
    let mut sums = [[0; 2]; 3];
    for pixel in image.pixels.chunks_exact(image.channels) {
        for (sum, &value) in sums.iter_mut().zip(pixel) {
            sum[0] += u64::from(value);
            sum[1] += u64::from(value) * u64::from(value);
        }
    }
    sums
}

fn hash_of(image: &LabelledImage) -> u64 {
    let mut hash = Fnv1a::new();
    hash.number(image.id as u64);
    hash.bytes(&image.image.pixels);
    let fit = &image.fit;
    [fit.scale, fit.left, fit.top].iter().for_each(|v| hash.number(v.to_bits()));
    fit.original.iter().for_each(|&n| hash.number(n as u64));
    hash.number(image.objects.len() as u64);
    for object in &image.objects {
        hash.number(object.category as u64);
        hash.number(object.ignore.into());
        <[f64; 4]>::from(object.bbox).iter().for_each(|v| hash.number(v.to_bits()));
    }
    hash.finish()
}
