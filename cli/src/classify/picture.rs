//! From a picture to the bytes of an input.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use ottava::image::{Format, Picture, Preprocessor};

use crate::errors::{CliError, Result};
use crate::{files, table};

/// A resize keeps sums of all columns of a picture, so that a single long line would take more than its pixels.
const MAX_SIDE: u32 = 1 << 15;

/// Of a file, and of its pixels as they are decoded, or in 8-bit colour where that is more.
const MAX_BYTES: u64 = 1 << 29;

/// Bytes of a pixel in 8-bit colour.
const COLOUR_BYTES: u64 = 3;

/// Decodes a picture, as its camera held it, and makes the input of it.
///
/// # Errors
/// The file is no picture, or one that is too large.
pub fn load(path: &Path, channels: usize, preprocessor: &mut Preprocessor, input: &mut [u8]) -> Result<()> {
    let file = files::open(path)?;
    // What a file contains counts; its name where that says nothing.
    let named = ImageFormat::from_path(path).ok();
    let picture = decode(file, named).map_err(|cause| CliError::file(path, cause))?;
    prepare(picture, channels, preprocessor, input)
}

/// Makes the input of a picture: 8 bits and no alpha first, for the filter should see what a viewer shows.
fn prepare(picture: DynamicImage, channels: usize, preprocessor: &mut Preprocessor, input: &mut [u8]) -> Result<()> {
    let size = [picture.width() as usize, picture.height() as usize];
    let (bytes, format) = match channels {
        1 => (picture.into_luma8().into_raw(), Format::Grey),
        _ => (picture.into_rgb8().into_raw(), Format::Rgb),
    };
    Ok(preprocessor.run(&Picture::new(&bytes, size, format)?, input)?)
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

#[cfg(test)]
mod tests {
    use image::imageops::{self, FilterType};
    use image::{Rgb, RgbImage};
    use ottava::image::{Crop, Normalization, Preprocess};
    use ottava::{DType, TensorInfo};

    use super::*;

    fn striped() -> DynamicImage {
        // Red, green, blue: each a square, side by side.
        let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
        DynamicImage::ImageRgb8(RgbImage::from_fn(12, 4, |x, _| Rgb(colours[x as usize / 4])))
    }

    /// A picture as an input of this size, number of channels and type.
    fn prepared(picture: DynamicImage, shape: [usize; 3], dtype: DType, options: Preprocess) -> Vec<u8> {
        let shape = [&[1], &shape[..]].concat();
        let info = TensorInfo { name: String::new(), shape, dtype, quantization: None, tensor: 0 };
        let mut preprocessor = Preprocessor::new(&info, options).unwrap();
        let mut input = vec![0; info.size_bytes()];
        prepare(picture, info.shape[3], &mut preprocessor, &mut input).unwrap();
        input
    }

    #[test]
    fn the_middle_square_is_taken() {
        let options = Preprocess { crop: Crop::CenterSquare, ..Preprocess::default() };
        let pixels = prepared(striped(), [2, 2, 3], DType::U8, options);
        assert_eq!(pixels, [0, 255, 0].repeat(4));
        let all = prepared(striped(), [2, 2, 3], DType::U8, Preprocess::default());
        assert!(all[0] > 128 && all[5] > 128, "{all:?}");
    }

    #[test]
    fn pixels_become_what_the_input_wants() {
        let center = Preprocess { crop: Crop::CenterSquare, ..Preprocess::default() };
        let signed = prepared(striped(), [2, 2, 3], DType::I8, center);
        assert_eq!(signed[..3], [0x80, 0x7f, 0x80]);
        let normalization = Normalization::Real { mean: [127.5; 3], deviation: [127.5; 3] };
        let float = prepared(striped(), [2, 2, 3], DType::F32, Preprocess { normalization, ..center });
        assert_eq!(float.len(), 48);
        assert_eq!(float[..8], [(-1f32).to_le_bytes(), 1f32.to_le_bytes()].concat());
        assert_eq!(prepared(striped(), [2, 2, 1], DType::U8, center).len(), 4);
    }

    /// The same filter with floats, which round some of the means that lie next to a half to the other side.
    #[test]
    fn pixels_are_those_of_the_filter_in_floats_but_for_its_rounding() {
        let picture = RgbImage::from_fn(230, 171, |x, y| {
            let noise = (x * 7919 + y * 104_729).wrapping_mul(2_654_435_761) >> 13;
            Rgb([(x + y) as u8, noise as u8, (x * y / 16) as u8])
        });
        for (width, height) in [(100, 100), (299, 224), (57, 300), (115, 57), (230, 171)] {
            let options = Preprocess::default();
            let colour = DynamicImage::ImageRgb8(picture.clone());
            let is = prepared(colour, [height as usize, width as usize, 3], DType::U8, options);
            let floats = imageops::resize(&picture, width, height, FilterType::Triangle).into_raw();
            let differing = is.iter().zip(&floats).filter(|(a, b)| a != b);
            let count = differing.inspect(|(a, b)| assert!(a.abs_diff(**b) <= 1, "{width}x{height}")).count();
            println!("{width}x{height}: {count} of {} differ", is.len());
            assert!(count * 1000 <= is.len(), "{width}x{height}: {count} of {} differ", is.len());
        }
    }
}
