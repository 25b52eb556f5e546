//! Named files and their annotations become an [`ImageSet`]: decoded in parallel, brought to one size.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use super::decode::{self, Header};
use super::events::{Event, notes};
use super::{Fit, Image, ImageOptions, ImageSet, LabelledImage, Object, letterbox};
use crate::files::ConfinedFolder;
use losslab_base::{DataError, Place};
use losslab_metrics::boxes::{Annotation, BoundingBox, GroundTruth};
use rayon::prelude::*;
use std::path::PathBuf;

/// Most bytes that the images of a set may take in memory: 4 GiB.
pub const MAX_SET_BYTES: usize = 1 << 32;
/// Images decoded before the first error is reported.
const BLOCK: usize = 256;

/// An image as the annotations speak of it.
pub(super) struct Entry {
    pub id: i64,
    pub name: String,
    /// Its file, in the folder of the set.
    pub file: PathBuf,
    /// Where the annotations tell its size, and the size they tell.
    pub declared: Option<(Place, [f64; 2])>,
}

/// Reads all images, which lie in `folder`. Every entry's id is an image of `truth`.
pub(super) fn assemble(
    name: String,
    folder: &ConfinedFolder,
    mut entries: Vec<Entry>,
    truth: GroundTruth,
    options: &ImageOptions,
) -> Result<ImageSet, DataError> {
    options.check()?;
    if entries.is_empty() {
        return Err(Place::of(truth.name()).error("no images", "at least one"));
    }
    entries.sort_by_key(|entry| entry.id);
    let (width, height, channels) = shape(folder, &entries, options)?;
    options.check_memory(truth.name(), entries.len(), [width, height, channels])?;
    let of_image = by_image(&truth, &entries);
    let work: Vec<(&Entry, &[&Annotation])> =
        entries.iter().zip(of_image.iter().map(Vec::as_slice)).collect();
    let (mut images, mut events) = (Vec::with_capacity(entries.len()), Vec::new());
    for block in work.chunks(BLOCK) {
        let read = |(entry, annotations): &(&Entry, &[&Annotation])| {
            load(folder, entry, annotations, &truth, (width, height, channels))
        };
        // Into results first, so that the error reported is that of the first image, whichever thread was
        // faster.
        let results: Vec<_> = block.par_iter().map(read).collect();
        for result in results {
            let (image, happened) = result?;
            images.push(image);
            events.extend(happened);
        }
    }
    let categories = truth.categories().to_vec();
    Ok(ImageSet { name, width, height, channels, categories, images, truth, notes: notes(events) })
}

/// Width, height and channels of the set. Files are looked into only if the options leave something open.
fn shape(
    folder: &ConfinedFolder,
    entries: &[Entry],
    options: &ImageOptions,
) -> Result<(usize, usize, usize), DataError> {
    if let (Some((width, height)), Some(channels)) = (options.size, options.channels) {
        return Ok((width, height, channels));
    }
    let mut headers: Vec<Header> = Vec::with_capacity(entries.len());
    for block in entries.chunks(BLOCK) {
        let look = |entry: &Entry| {
            let (file, bytes) = read(folder, entry)?;
            decode::header(&file, &bytes)
        };
        let results: Vec<_> = block.par_iter().map(look).collect();
        for result in results {
            headers.push(result?);
        }
    }
    let (width, height) = options.size.unwrap_or_else(|| most_frequent(&headers));
    let all_grey = headers.iter().all(|header| header.channels == 1);
    Ok((width, height, options.channels.unwrap_or(if all_grey { 1 } else { 3 })))
}

/// The most frequent size; of equally frequent ones the largest area, then the widest.
fn most_frequent(headers: &[Header]) -> (usize, usize) {
    let mut sizes: Vec<(usize, usize)> = headers.iter().map(|header| (header.width, header.height)).collect();
    sizes.sort_unstable();
    let counts = sizes.chunk_by(|a, b| a == b).filter_map(|same| Some((same.len(), *same.first()?)));
    let best = counts.max_by_key(|&(count, (width, height))| (count, width * height, width));
    best.map_or((0, 0), |(_, size)| size)
}

/// The annotations of each entry, in the order of the file.
fn by_image<'a>(truth: &'a GroundTruth, entries: &[Entry]) -> Vec<Vec<&'a Annotation>> {
    let mut of_image = vec![Vec::new(); entries.len()];
    for annotation in truth.annotations() {
        let at = entries.binary_search_by_key(&annotation.image_id, |entry| entry.id);
        if let Some(of_image) = at.ok().and_then(|at| of_image.get_mut(at)) {
            of_image.push(annotation);
        }
    }
    of_image
}

type Loaded = (LabelledImage, Vec<(Event, String)>);

/// What messages call the file of an image, and its bytes.
fn read(folder: &ConfinedFolder, entry: &Entry) -> Result<(String, Vec<u8>), DataError> {
    let file = folder.path(&entry.file).display().to_string();
    match folder.read(&entry.file, decode::MAX_BYTES) {
        Ok(bytes) => Ok((file, bytes)),
        Err(error) => Err(DataError::Read { file, error }),
    }
}

fn load(
    folder: &ConfinedFolder,
    entry: &Entry,
    annotations: &[&Annotation],
    truth: &GroundTruth,
    (width, height, channels): (usize, usize, usize),
) -> Result<Loaded, DataError> {
    let (file, bytes) = read(folder, entry)?;
    let decoded = decode::decode(&file, &bytes)?;
    check_declared(entry, &file, &decoded.image)?;
    let mut events = Vec::new();
    let mut happened = |event, more: String| events.push((event, format!("{:?}{more}", entry.name)));
    if decoded.transparent {
        happened(Event::Alpha, String::new());
    }
    let image = match (decoded.image.channels, channels) {
        (1, 3) => {
            happened(Event::ToColour, String::new());
            decoded.image.to_colour()
        }
        (3, 1) => {
            happened(Event::ToGrey, String::new());
            decoded.image.to_grey()
        }
        _ => decoded.image,
    };
    if (image.width, image.height) != (width, height) {
        happened(Event::Resized, format!(", {} x {} into {width} x {height}", image.width, image.height));
    }
    let (image, fit) = letterbox(&image, width, height);
    let mut objects = Vec::with_capacity(annotations.len());
    for annotation in annotations {
        let (bbox, event) = trained_box(&annotation.bbox, &fit, width, height);
        if let Some(event) = event {
            happened(event, format!(", annotation {} at {}", annotation.id, annotation.bbox));
        }
        if let (Some(bbox), Some(category)) = (bbox, truth.category_index(annotation.category_id)) {
            objects.push(Object { category, bbox, ignore: annotation.iscrowd });
        }
    }
    Ok((LabelledImage { id: entry.id, name: entry.name.clone(), image, fit, objects }, events))
}

/// A box of the original as an object of the fitted image, if there is something left of it, and what
/// happened.
fn trained_box(
    bbox: &BoundingBox,
    fit: &Fit,
    width: usize,
    height: usize,
) -> (Option<BoundingBox>, Option<Event>) {
    let [original_width, original_height] = fit.original;
    if bbox.width <= 0.0 || bbox.height <= 0.0 {
        return (None, Some(Event::NoArea));
    }
    let Some(inside) = bbox.clipped(original_width as f64, original_height as f64) else {
        return (None, Some(Event::Outside));
    };
    // Once more after the fit, which may round a box at the edge over it.
    match fit.to_fitted(&inside).clipped(width as f64, height as f64) {
        None => (None, Some(Event::NoArea)),
        fitted => (fitted, (inside != *bbox).then_some(Event::Clipped)),
    }
}

fn check_declared(entry: &Entry, file: &str, image: &Image) -> Result<(), DataError> {
    match &entry.declared {
        Some((place, [width, height])) if [*width, *height] != [image.width as f64, image.height as f64] => {
            let turned = [*height, *width] == [image.width as f64, image.height as f64];
            let hint = if turned { " (a turn written in its EXIF is not applied)" } else { "" };
            let expected = format!("{} x {}, the size of {file}{hint}", image.width, image.height);
            Err(place.clone().error(format!("width and height {width} x {height}"), expected))
        }
        _ => Ok(()),
    }
}
