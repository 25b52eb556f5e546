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
use crate::line_counter::LineCounter;
use losslab_base::{DataError, Place, quoted};
use losslab_metrics::boxes::BoundingBox;
use roxmltree::{Document, Node};
use std::path::Path;

/// Most attributes that an element may have, and most namespaces that a file may declare. The XML reader
/// compares each with all others of its element, or of the elements around it, so that many would take long.
const MOST_ATTRIBUTES: usize = 100;

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
    if let Some(offset) = crowded_tag(&text) {
        let line = LineCounter::new(text.as_bytes()).line(offset);
        let found = format!("an element of more than {MOST_ATTRIBUTES} attributes");
        return Err(Place::of(file).line(line).error(found, "an annotation of Pascal VOC, which has none"));
    }
    let document = Document::parse(&text).map_err(|error| {
        Place::of(file).error(format!("a fault ({error})"), "an annotation of Pascal VOC in XML")
    })?;
    let reader = Reader { file, lines: LineCounter::new(text.as_bytes()) };
    let root = document.root_element();
    if root.tag_name().name() != "annotation" {
        let found = format!("the element {}", quoted(root.tag_name().name()));
        return Err(reader.place(root).error(found, "\"annotation\""));
    }
    let size = child(root, "size").map(|size| reader.size(size)).transpose()?;
    let objects = root.children().filter(|node| node.has_tag_name("object"));
    Ok(VocFile { size, objects: objects.map(|node| reader.object(node)).collect::<Result<_, _>>()? })
}

/// Where the first element with more than [`MOST_ATTRIBUTES`] attributes begins, or the namespace declaration
/// that exceeds as many.
///
/// A `<` stands in no value of an attribute, so between two of them there is at most one element; what counts
/// is a `=` followed by a quote.
fn crowded_tag(text: &str) -> Option<usize> {
    let is_attribute = |rest: &str| rest.trim_start().starts_with(['"', '\'']);
    let mut namespaces = 0;
    let mut start = 0;
    for tag in text.split('<') {
        namespaces += tag.matches("xmlns").count();
        let attributes = tag.split('=').skip(1).filter(|rest| is_attribute(rest)).count();
        if attributes.max(namespaces) > MOST_ATTRIBUTES {
            return Some(start);
        }
        start += tag.len() + 1;
    }
    None
}

struct Reader<'a> {
    file: &'a str,
    lines: LineCounter<'a>,
}

impl Reader<'_> {
    fn place(&self, node: Node) -> Place {
        Place::of(self.file).line(self.lines.line(node.range().start))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_with_more_attributes_than_the_reader_can_take_quickly_are_refused() {
        let element = |attributes: usize| {
            let attributes: Vec<String> = (0..attributes).map(|i| format!("a{i} = 'x=y'")).collect();
            format!("<annotation>\n<b {}/></annotation>", attributes.join(" "))
        };
        assert!(parse_voc("a.xml", element(100).into()).is_ok());
        let error = parse_voc("a.xml", element(101).into()).err().unwrap();
        assert_eq!(
            error.to_string(),
            "a.xml, line 2: found an element of more than 100 attributes, expected an annotation of Pascal \
             VOC, which has none"
        );
        // Equal signs in texts are no attributes, namespaces count over the whole file.
        assert_eq!(crowded_tag(&format!("<a>{}</a>", "= ".repeat(1000))), None);
        let nested = (0..101).map(|i| format!("<a xmlns:n{i}='x'>")).collect::<String>();
        assert!(crowded_tag(&nested).is_some());
    }

    #[test]
    fn the_lines_of_many_objects_are_found_in_one_pass() {
        let object = "<object>\n<name>a</name>\n<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>3</xmax>\
                      <ymax>3</ymax></bndbox>\n</object>\n";
        let text = format!("<annotation>\n{}</annotation>", object.repeat(500));
        let document = Document::parse(&text).unwrap();
        let reader = Reader { file: "a.xml", lines: LineCounter::new(text.as_bytes()) };
        let objects = document.root_element().children().filter(|node| node.has_tag_name("object"));
        let lines: Vec<_> = objects.map(|node| reader.object(node).unwrap().place.line.unwrap()).collect();
        assert_eq!(lines, (0..500).map(|i| 2 + 4 * i).collect::<Vec<u64>>());
        assert!(reader.lines.looked_at.get() <= text.len());
    }
}
