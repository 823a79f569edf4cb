//! Where the pixels of a picture are.

use crate::error::{Error, Result};

/// Most pixels of a side: what sums of weights are made for.
const MAX_SIDE: usize = 1 << 24;

/// What a pixel's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Brightness.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue and an alpha that is ignored.
    Rgba,
}

impl Format {
    /// Bytes of a pixel.
    pub fn pixel_bytes(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// What part of a picture is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Crop {
    /// All of it, stretched.
    #[default]
    Whole,
    /// The largest square in the middle.
    CenterSquare,
    /// A rectangle inside the picture.
    Rectangle {
        /// Pixels to the left of it.
        left: usize,
        /// Pixels above it.
        top: usize,
        /// Its width in pixels.
        width: usize,
        /// Its height in pixels.
        height: usize,
    },
}

/// Pixels of 8 bits for each channel, in rows from the top.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) format: Format,
    pub(super) row_stride: usize,
}

/// Checks `[width, height]` of a picture, or of what it becomes.
pub(super) fn check_size([width, height]: [usize; 2]) -> Result<()> {
    let sides = 1..=MAX_SIDE;
    if sides.contains(&width) && sides.contains(&height) {
        return Ok(());
    }
    Err(Error::argument(format!("a picture has 1 to {MAX_SIDE} pixels a side, not {width}x{height}")))
}

impl<'a> Picture<'a> {
    /// A picture of `[width, height]` pixels without gaps between its rows.
    ///
    /// # Errors
    /// As [`Picture::with_row_stride`].
    pub fn new(bytes: &'a [u8], size: [usize; 2], format: Format) -> Result<Self> {
        Self::with_row_stride(bytes, size, format, size[0].saturating_mul(format.pixel_bytes()))
    }

    /// A picture of `[width, height]` pixels with `row_stride` bytes from the start of one row to that of the next. The last
    /// row ends with its last pixel.
    ///
    /// # Errors
    /// When the picture is empty or has more than `2^24` pixels a side, rows overlap, or there are not enough bytes.
    pub fn with_row_stride(bytes: &'a [u8], size: [usize; 2], format: Format, row_stride: usize) -> Result<Self> {
        check_size(size)?;
        let [width, height] = size;
        let row_bytes = width * format.pixel_bytes();
        if row_stride < row_bytes {
            return Err(Error::argument(format!("rows of {row_bytes} bytes overlap when they are {row_stride} apart")));
        }
        let needed = row_stride.checked_mul(height - 1).and_then(|before| before.checked_add(row_bytes));
        if needed.is_none_or(|needed| needed > bytes.len()) {
            let len = bytes.len();
            return Err(Error::argument(format!(
                "{len} bytes are no {width}x{height} pixels, rows {row_stride} apart"
            )));
        }
        Ok(Self { bytes, width, height, format, row_stride })
    }

    /// The same pixels without those outside.
    pub(super) fn cropped(&self, crop: Crop) -> Result<Self> {
        let (left, top, width, height) = match crop {
            Crop::Whole => return Ok(*self),
            Crop::CenterSquare => {
                let side = self.width.min(self.height);
                ((self.width - side) / 2, (self.height - side) / 2, side, side)
            }
            Crop::Rectangle { left, top, width, height } => (left, top, width, height),
        };
        let inside = |start: usize, extent: usize, all: usize| {
            extent > 0 && start.checked_add(extent).is_some_and(|end| end <= all)
        };
        if !inside(left, width, self.width) || !inside(top, height, self.height) {
            return Err(Error::argument(format!(
                "a rectangle of {width}x{height} pixels at ({left}, {top}) is not inside a picture of {}x{}",
                self.width, self.height
            )));
        }
        let first = top * self.row_stride + left * self.format.pixel_bytes();
        Ok(Self { bytes: &self.bytes[first..], width, height, ..*self })
    }
}
