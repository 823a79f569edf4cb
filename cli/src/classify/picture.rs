//! From a picture to the bytes of an input.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::args::Crop;
use crate::errors::{CliError, Result};
use crate::{files, table};

/// A resize keeps floats of all columns of a picture for each line of its result, so that a single long line would take
/// far more than its pixels.
const MAX_SIDE: u32 = 1 << 15;

/// Of a file, and of its pixels as they are decoded, or in 8-bit colour where that is more.
const MAX_BYTES: u64 = 1 << 29;

/// Bytes of a pixel in 8-bit colour.
const COLOUR_BYTES: u64 = 3;

/// How a pixel becomes an element of the input.
#[derive(Clone, Copy, Debug)]
pub enum Normalization {
    /// As it is.
    Unsigned,
    /// Minus 128.
    Signed,
    /// `(pixel - mean) / scale`.
    Float { mean: f32, scale: f32 },
}

/// What the model wants.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub height: u32,
    pub width: u32,
    /// 3 for colour, 1 for grey.
    pub channels: usize,
    pub crop: Crop,
    pub normalization: Normalization,
}

/// Decodes a picture, as its camera held it, and makes the input of it.
///
/// # Errors
/// The file is no picture, or one that is too large.
pub fn load(path: &Path, target: &Target) -> Result<Vec<u8>> {
    let file = files::open(path)?;
    // What a file contains counts; its name where that says nothing.
    let named = ImageFormat::from_path(path).ok();
    decode(file, named).map(|picture| prepare(picture, target)).map_err(|cause| CliError::file(path, cause))
}

fn decode(file: File, named: Option<ImageFormat>) -> std::result::Result<DynamicImage, String> {
    let unreadable = |error| format!("cannot read: {error}");
    let undecodable = |error| format!("cannot decode the picture: {error}");
    let bytes = file.metadata().map_err(unreadable)?.len();
    if bytes > MAX_BYTES {
        return Err(format!("the file has {}; pictures of up to {} are read", size(bytes), size(MAX_BYTES)));
    }
    let mut reader = ImageReader::new(BufReader::new(file));
    if let Some(format) = named {
        reader.set_format(format);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let mut decoder = reader.with_guessed_format().map_err(unreadable)?.into_decoder().map_err(undecodable)?;
    check_size(&decoder)?;
    let orientation = decoder.orientation().map_err(undecodable)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// A few bytes of a file can say that a picture is huge. It is refused before anything is allocated for it.
fn check_size(decoder: &impl ImageDecoder) -> std::result::Result<(), String> {
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err("the picture is empty".to_owned());
    }
    let in_colour = u64::from(width) * u64::from(height) * COLOUR_BYTES;
    let bytes = decoder.total_bytes().max(in_colour);
    if width.max(height) <= MAX_SIDE && bytes <= MAX_BYTES {
        return Ok(());
    }
    let (takes, most) = (size(bytes), size(MAX_BYTES));
    Err(format!(
        "the picture has {width}x{height} pixels, which take {takes}; the limits are {MAX_SIDE} pixels a side and {most}: \
         scale it down first"
    ))
}

fn size(bytes: u64) -> String {
    table::bytes(usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn prepare(picture: DynamicImage, target: &Target) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let (left, top, width, height) = match target.crop {
        Crop::Center => {
            let side = width.min(height);
            ((width - side) / 2, (height - side) / 2, side, side)
        }
        Crop::None => (0, 0, width, height),
    };
    // 8 bits and no alpha first: the filter should see what a viewer shows.
    let pixels = match target.channels {
        1 => {
            let grey = picture.into_luma8();
            let part = imageops::crop_imm(&grey, left, top, width, height);
            imageops::resize(&*part, target.width, target.height, FilterType::Triangle).into_raw()
        }
        _ => {
            let colour = picture.into_rgb8();
            let part = imageops::crop_imm(&colour, left, top, width, height);
            imageops::resize(&*part, target.width, target.height, FilterType::Triangle).into_raw()
        }
    };
    match target.normalization {
        Normalization::Unsigned => pixels,
        Normalization::Signed => pixels.into_iter().map(|pixel| pixel ^ 0x80).collect(),
        Normalization::Float { mean, scale } => {
            pixels.into_iter().flat_map(|pixel| ((f32::from(pixel) - mean) / scale).to_le_bytes()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn striped() -> DynamicImage {
        // Red, green, blue: each a square, side by side.
        let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
        DynamicImage::ImageRgb8(RgbImage::from_fn(12, 4, |x, _| Rgb(colours[x as usize / 4])))
    }

    fn target(crop: Crop, normalization: Normalization) -> Target {
        Target { height: 2, width: 2, channels: 3, crop, normalization }
    }

    #[test]
    fn the_middle_square_is_taken() {
        let pixels = prepare(striped(), &target(Crop::Center, Normalization::Unsigned));
        assert_eq!(pixels, [0, 255, 0].repeat(4));
        let all = prepare(striped(), &target(Crop::None, Normalization::Unsigned));
        assert!(all[0] > 128 && all[5] > 128, "{all:?}");
    }

    #[test]
    fn pixels_become_what_the_input_wants() {
        let signed = prepare(striped(), &target(Crop::Center, Normalization::Signed));
        assert_eq!(signed[..3], [0x80, 0x7f, 0x80]);
        let float = prepare(striped(), &target(Crop::Center, Normalization::Float { mean: 127.5, scale: 127.5 }));
        assert_eq!(float.len(), 48);
        assert_eq!(float[..8], [(-1f32).to_le_bytes(), 1f32.to_le_bytes()].concat());
        let grey = Target { channels: 1, ..target(Crop::Center, Normalization::Unsigned) };
        assert_eq!(prepare(striped(), &grey).len(), 4);
    }
}
