//! Loads images in IDX form, the format of MNIST: <http://yann.lecun.com/exdb/mnist/>.
//!
//! ```text
//! 00 00 08 03 | n | height | width | n x height x width bytes      images, numbers big-endian
//! 00 00 08 01 | n | n bytes                                        labels
//! ```
//!
//! Gzip is known by its first bytes. Sizes are checked against the file before anything is allocated for
//! them.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::bounded_read::{ReadFault, read_bounded};
use super::dataset::{Dataset, Features};
use super::dictionary::Dictionary;
use super::labels::Classes;
use super::matrix::Matrix;
use super::name::data_name;
use losslab_base::{DataError, Place, counted, listed, quoted};

/// Most bytes of a file: 2 GiB, forty times MNIST.
const MOST_BYTES: u64 = 1 << 31;
/// A deflate stream unpacks to at most so many times its size (zlib's documentation, "Maximum Compression
/// Factor").
const MOST_UNPACKED: u64 = 1032;

/// Loads images with their labels, with notes for the user on what was decided on the way.
///
/// With `positive`, that label is one class against the rest; otherwise every label is a class.
///
/// # Errors
/// If a file cannot be read, is no IDX file of its kind, is shorter or longer than its header says, or if the
/// two do not belong together; if there is only one label, or `positive` does not occur.
pub fn load_idx(
    images: &Path,
    labels: &Path,
    positive: Option<&str>,
) -> Result<(Dataset, Vec<String>), DataError> {
    let pixels = load_idx_images(images)?;
    let mut values = Dictionary::default();
    let mut labels_of_rows: Vec<u32> = read_labels(labels, images, &pixels)?
        .iter()
        .map(|text| values.find_or_add(text.as_bytes()))
        .collect();
    let classes = Classes::of(&values, "label", positive)
        .map_err(|(found, expected)| place(labels).error(found, expected))?;
    classes.translate(&mut labels_of_rows);
    let dataset = Dataset {
        name: data_name(images),
        features: Features::Pixels(Arc::new(pixels)),
        labels: labels_of_rows,
        label_values: classes.values(&values),
        class_names: classes.names,
        positive: classes.positive,
        groups: None,
    };
    Ok((dataset, classes.note.into_iter().collect()))
}

/// Loads a second set, such as a test set, with the classes of `reference`.
///
/// # Errors
/// As [`load_idx`], and if images have another size, a label is unknown, or a class does not occur.
pub fn load_idx_like(images: &Path, labels: &Path, reference: &Dataset) -> Result<Dataset, DataError> {
    let pixels = load_idx_images(images)?;
    if pixels.columns() != reference.columns() {
        let expected = format!("{} as in {:?}", reference.columns(), reference.name);
        return Err(
            place(images).error(format!("{} per image", counted(pixels.columns(), "pixel")), expected)
        );
    }
    let mut values = Dictionary::of(reference.label_values.iter().map(|(label, _)| label));
    let class = |text: &String| match values
        .find(text.as_bytes())
        .and_then(|value| reference.label_values.get(value as usize))
    {
        Some((_, class)) => Ok(*class),
        None => {
            let expected = format!("one of the training labels {}", listed(&values.names));
            Err(place(labels).error(format!("the label {text}"), expected))
        }
    };
    let labels_of_rows: Vec<u32> =
        read_labels(labels, images, &pixels)?.iter().map(class).collect::<Result<_, _>>()?;
    let dataset = Dataset {
        name: data_name(images),
        features: Features::Pixels(Arc::new(pixels)),
        labels: labels_of_rows,
        groups: None,
        class_names: reference.class_names.clone(),
        label_values: reference.label_values.clone(),
        positive: reference.positive,
    };
    match dataset.absent_class() {
        Some(absent) => {
            let found = format!("no label {}", quoted(absent));
            Err(place(labels).error(found, "images of every class"))
        }
        None => Ok(dataset),
    }
}

/// Loads images, a row of `height * width` pixels each.
///
/// # Errors
/// If the file cannot be read, is no IDX file of images, or is shorter or longer than its header says.
pub fn load_idx_images(path: &Path) -> Result<Matrix, DataError> {
    let ([_, height, width], bytes) = read(path, "images")?;
    Ok(Matrix::bytes(height * width, bytes).of_images([height, width, 1]))
}

/// The labels as texts, one for each image.
fn read_labels(path: &Path, images: &Path, pixels: &Matrix) -> Result<Vec<String>, DataError> {
    let ([count], bytes) = read(path, "labels")?;
    if count != pixels.rows() {
        let expected = format!("{}, one for each image of {}", pixels.rows(), images.display());
        return Err(place(path).error(counted(count, "label"), expected));
    }
    Ok(bytes.iter().map(u8::to_string).collect())
}

/// The sizes and the bytes of an IDX file of so many dimensions.
fn read<const D: usize>(path: &Path, what: &str) -> Result<([usize; D], Vec<u8>), DataError> {
    let failed = |error| DataError::Read { file: path.display().to_string(), error };
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    read_from(path, file, size, what)
}

/// The same from an open file of `size` bytes.
pub fn read_from<R: Read + Seek, const D: usize>(
    path: &Path,
    mut file: R,
    size: u64,
    what: &str,
) -> Result<([usize; D], Vec<u8>), DataError> {
    let failed = |error| DataError::Read { file: path.display().to_string(), error };
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let packed = start == [0x1f, 0x8b];
    let mut reader: Box<dyn Read + '_> =
        if packed { Box::new(MultiGzDecoder::new(BufReader::new(file))) } else { Box::new(file) };

    let header_length = 4 + 4 * D;
    let header = read_up_to(&mut reader, header_length as u64, path)?;
    let sizes = parse_header(&header, what).map_err(|found| {
        place(path).error(found, format!("an IDX file of {what} (bytes 00 00 08 0{D}, ...)"))
    })?;
    let total = sizes.iter().try_fold(1u64, |product, &n| product.checked_mul(n as u64));
    let available =
        if packed { size.saturating_mul(MOST_UNPACKED) } else { size.saturating_sub(header.len() as u64) };
    let shape = sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
    let total = match total {
        Some(0) => return Err(place(path).error(format!("{shape} bytes"), "at least one image with a pixel")),
        Some(total) if total <= MOST_BYTES && total <= available => total,
        _ => {
            let found = format!("a header that announces {shape} bytes in a file of {size}");
            return Err(place(path).error(found, "a complete IDX file of at most 2 GiB"));
        }
    };
    // One byte more tells a file that is too long.
    let bytes = read_up_to(&mut reader, total + 1, path)?;
    if bytes.len() as u64 != total {
        let (relation, found) = if (bytes.len() as u64) < total {
            ("", format!("{} bytes", bytes.len()))
        } else {
            (" and no more", "more bytes".to_string())
        };
        let expected = format!("{shape} = {total} bytes{relation}, as its header says");
        return Err(place(path).error(format!("{found} after the header"), expected));
    }
    Ok((sizes, bytes))
}

/// Up to so many bytes; fewer at the end of the file.
fn read_up_to(reader: &mut dyn Read, most: u64, path: &Path) -> Result<Vec<u8>, DataError> {
    match read_bounded(reader.take(most), most, |_| false) {
        Ok(bytes) => Ok(bytes),
        // The reader yields no more than `most` bytes.
        Err(ReadFault::TooLong) => Ok(Vec::new()),
        Err(ReadFault::NoMemory(read)) => {
            Err(place(path)
                .error(format!("no more memory after {read} bytes"), "a smaller file, or more memory"))
        }
        Err(ReadFault::Io(error, read)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            let expected = "a complete gzip file (was it copied or downloaded in part?)";
            Err(place(path).error(format!("gzip data that is cut off, after {read} bytes"), expected))
        }
        Err(ReadFault::Io(error, _))
            if error.kind() == io::ErrorKind::InvalidInput || error.kind() == io::ErrorKind::InvalidData =>
        {
            Err(place(path).error(format!("damaged gzip data ({error})"), "a complete gzip file"))
        }
        Err(ReadFault::Io(error, _)) => Err(DataError::Read { file: path.display().to_string(), error }),
    }
}

/// The sizes that a header announces, or what stands in its place.
fn parse_header<const D: usize>(header: &[u8], what: &str) -> Result<[usize; D], String> {
    let Some((magic, sizes)) = header.split_first_chunk::<4>() else {
        return Err(counted(header.len(), "byte"));
    };
    match *magic {
        [0, 0, 8, found] if usize::from(found) == D => {}
        [0, 0, 8, 1] => return Err(format!("an IDX file of labels, not of {what}")),
        [0, 0, 8, found] => {
            return Err(format!("an IDX file of {}, not of {what}", counted(found.into(), "dimension")));
        }
        [0, 0, kind @ (9 | 11..=14), _] => {
            return Err(format!("an IDX file of wider numbers than bytes (type 0x{kind:02X})"));
        }
        [a, b, c, d] => return Err(format!("a file that begins with bytes {a:02X} {b:02X} {c:02X} {d:02X}")),
    }
    let (sizes, rest) = sizes.as_chunks::<4>();
    match sizes.first_chunk::<D>() {
        Some(sizes) => Ok(sizes.map(|size| u32::from_be_bytes(size) as usize)),
        None => Err(format!("a header cut off after {} bytes", 4 + 4 * sizes.len() + rest.len())),
    }
}

fn place(path: &Path) -> Place {
    Place::of(path.display().to_string())
}
