//! An image in memory.

/// An image `[height, width, channels]` of 8-bit numbers: rows from above, channels of a pixel side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 1 for grey, 3 for red, green, blue.
    pub channels: usize,
    /// The numbers, 0 for dark to 255 for light.
    pub pixels: Vec<u8>,
}

impl Image {
    /// An image of one colour, which tells the number of channels.
    pub fn filled(width: usize, height: usize, colour: &[u8]) -> Image {
        Image { width, height, channels: colour.len(), pixels: colour.repeat(width * height) }
    }

    /// The channels of the pixel in column x of row y.
    ///
    /// # Panics
    /// If the pixel is outside.
    #[track_caller]
    pub fn pixel(&self, x: usize, y: usize) -> &[u8] {
        assert!(x < self.width && y < self.height, "pixel ({x}, {y}) of {} x {}", self.width, self.height);
        let at = (y * self.width + x) * self.channels;
        &self.pixels[at..at + self.channels]
    }

    /// The same, to change.
    ///
    /// # Panics
    /// If the pixel is outside.
    #[track_caller]
    pub fn pixel_mut(&mut self, x: usize, y: usize) -> &mut [u8] {
        assert!(x < self.width && y < self.height, "pixel ({x}, {y}) of {} x {}", self.width, self.height);
        let at = (y * self.width + x) * self.channels;
        &mut self.pixels[at..at + self.channels]
    }
    /// Three equal channels in place of one; an image of three stays.
    pub fn to_colour(&self) -> Image {
        match self.channels {
            1 => {
                let pixels = self.pixels.iter().flat_map(|&value| [value; 3]).collect();
                Image { channels: 3, pixels, ..*self }
            }
            _ => self.clone(),
        }
    }

    /// One channel, .299 R + .587 G + .114 B rounded (ITU-R BT.601, as PIL's `convert("L")`); an image of one
    /// stays.
    pub fn to_grey(&self) -> Image {
        let luma = |pixel: &[u8]| {
            // In units of 2^-16.
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
            ((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16) as u8
        };
        match self.channels {
            3 => {
                let pixels = self.pixels.chunks_exact(3).map(luma).collect();
                Image { channels: 1, pixels, ..*self }
            }
            _ => self.clone(),
        }
    }
}
