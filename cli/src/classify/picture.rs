//! From a picture to the bytes of an input.

use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader};

use crate::args::Crop;

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
/// The file is no picture.
pub fn load(path: &Path, target: &Target) -> Result<Vec<u8>, String> {
    let reader = ImageReader::open(path).map_err(|error| format!("cannot open: {error}"))?;
    let reader = reader.with_guessed_format().map_err(|error| format!("cannot read: {error}"))?;
    let undecodable = |error| format!("cannot decode the picture: {error}");
    let mut decoder = reader.into_decoder().map_err(undecodable)?;
    let orientation = decoder.orientation().map_err(undecodable)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
    picture.apply_orientation(orientation);
    if picture.width() == 0 || picture.height() == 0 {
        return Err("the picture is empty".to_owned());
    }
    Ok(prepare(picture, target))
}

fn prepare(picture: DynamicImage, target: &Target) -> Vec<u8> {
    let picture = match target.crop {
        Crop::Center => {
            let side = picture.width().min(picture.height());
            picture.crop_imm((picture.width() - side) / 2, (picture.height() - side) / 2, side, side)
        }
        Crop::None => picture,
    };
    // 8 bits and no alpha first: the filter should see what a viewer shows.
    let picture = match target.channels {
        1 => DynamicImage::ImageLuma8(picture.into_luma8()),
        _ => DynamicImage::ImageRgb8(picture.into_rgb8()),
    };
    let pixels = picture.resize_exact(target.width, target.height, FilterType::Triangle).into_bytes();
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
