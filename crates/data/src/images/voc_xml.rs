//! One annotation file of Pascal VOC.
//!
//! ```xml
//! <annotation>
//!   <size><width>640</width><height>480</height></size>
//!   <object>
//!     <name>cat</name> <difficult>0</difficult>
//!     <bndbox> <xmin>8</xmin> <ymin>12</ymin> <xmax>20</xmax> <ymax>40</ymax> </bndbox>
//!   </object>
//! </annotation>
//! ```
//! `size` and `difficult` may be absent; other elements are ignored, those within an object's `part` as well.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

use crate::files::ConfinedFolder;
use losslab_base::{DataError, Place, quoted};
use losslab_metrics::boxes::BoundingBox;
use roxmltree::{Document, Node};
use std::path::Path;

/// What such a file says.
pub struct VocFile {
    /// Where it tells the image's size, and what.
    pub size: Option<(Place, [f64; 2])>,
    pub objects: Vec<XmlObject>,
}

pub struct XmlObject {
    /// The line of the object.
    pub place: Place,
    pub name: String,
    pub difficult: bool,
    /// `None` if a left corner is not less than the right one.
    pub bbox: Option<BoundingBox>,
}

/// Larger files are no annotations.
const MOST_BYTES: u64 = 1 << 28;

/// Reads one in a folder.
///
/// # Errors
/// If the file cannot be read, is no XML in UTF-8, or an element is absent or not what it should be.
pub(super) fn read_voc_file(folder: &ConfinedFolder, path: &Path) -> Result<VocFile, DataError> {
    let file = folder.path(path).display().to_string();
    match folder.read(path, MOST_BYTES) {
        Ok(bytes) => parse_voc(&file, bytes),
        Err(error) => Err(DataError::Read { file, error }),
    }
}

/// The same from the bytes of a file; `file` is what messages call it.
pub fn parse_voc(file: &str, bytes: Vec<u8>) -> Result<VocFile, DataError> {
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(Place::of(file).error("bytes that are not UTF-8", "XML in UTF-8"));
    };
    let document = Document::parse(&text).map_err(|error| {
        Place::of(file).error(format!("a fault ({error})"), "an annotation of Pascal VOC in XML")
    })?;
    let reader = Reader { file, document: &document };
    let root = document.root_element();
    if root.tag_name().name() != "annotation" {
        let found = format!("the element {}", quoted(root.tag_name().name()));
        return Err(reader.place(root).error(found, "\"annotation\""));
    }
    let size = child(root, "size").map(|size| reader.size(size)).transpose()?;
    let objects = root.children().filter(|node| node.has_tag_name("object"));
    Ok(VocFile { size, objects: objects.map(|node| reader.object(node)).collect::<Result<_, _>>()? })
}

struct Reader<'a> {
    file: &'a str,
    document: &'a Document<'a>,
}

impl Reader<'_> {
    fn place(&self, node: Node) -> Place {
        Place::of(self.file).line(self.document.text_pos_at(node.range().start).row.into())
    }

    /// The text of a child that must be there.
    fn text<'n>(&self, node: Node<'n, 'n>, name: &str) -> Result<(Node<'n, 'n>, &'n str), DataError> {
        match child(node, name) {
            Some(child) => Ok((child, child.text().unwrap_or("").trim())),
            None => {
                let found = format!("{} without {}", quoted(node.tag_name().name()), quoted(name));
                Err(self.place(node).error(found, "that element"))
            }
        }
    }

    fn number(&self, node: Node, name: &str) -> Result<f64, DataError> {
        let (child, text) = self.text(node, name)?;
        match text.parse() {
            Ok(number) if f64::is_finite(number) => Ok(number),
            _ => {
                Err(self.place(child).error(format!("{} {}", quoted(name), quoted(text)), "a finite number"))
            }
        }
    }

    fn size(&self, node: Node) -> Result<(Place, [f64; 2]), DataError> {
        Ok((self.place(node), [self.number(node, "width")?, self.number(node, "height")?]))
    }

    fn object(&self, node: Node) -> Result<XmlObject, DataError> {
        let place = self.place(node);
        let (_, name) = self.text(node, "name")?;
        if name.is_empty() {
            return Err(place.error("an empty \"name\"", "the name of a category"));
        }
        let Some(corners) = child(node, "bndbox") else {
            return Err(place.error("\"object\" without \"bndbox\"", "that element"));
        };
        let [xmin, ymin, xmax, ymax] = [
            self.number(corners, "xmin")?,
            self.number(corners, "ymin")?,
            self.number(corners, "xmax")?,
            self.number(corners, "ymax")?,
        ];
        let bbox =
            BoundingBox { x: xmin - 1.0, y: ymin - 1.0, width: xmax - xmin + 1.0, height: ymax - ymin + 1.0 };
        if !bbox.is_valid() && xmin < xmax && ymin < ymax {
            let found = "corners too far apart to measure";
            return Err(self.place(corners).error(found, "corners in pixels of the image"));
        }
        let bbox = (xmin < xmax && ymin < ymax).then_some(bbox);
        Ok(XmlObject { place, name: name.to_owned(), difficult: self.difficult(node)?, bbox })
    }

    fn difficult(&self, node: Node) -> Result<bool, DataError> {
        match child(node, "difficult").map(|child| (child, child.text().unwrap_or("").trim())) {
            None | Some((_, "0")) => Ok(false),
            Some((_, "1")) => Ok(true),
            Some((child, text)) => {
                Err(self.place(child).error(format!("\"difficult\" {}", quoted(text)), "0 or 1"))
            }
        }
    }
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}
