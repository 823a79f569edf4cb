//! Preprocessing against its scalar form: each step for itself, on a picture without gaps.

use ottava_kernels::Isa;
use ottava_ref::ops::quantize::{QuantizeParams, quantize};
use ottava_ref::resample::{ResampleParams, luma, resample_row, spans};
use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::graph::{DType, Quantization};
use crate::interface::TensorInfo;

fn input(shape: [usize; 4], dtype: DType) -> TensorInfo {
    let quantization = Quantization { scale: vec![0.023], zero_point: vec![-3], dimension: 0 };
    TensorInfo { name: "in".to_owned(), shape: shape.to_vec(), dtype, quantization: Some(quantization), tensor: 0 }
}

const REAL: Normalization = Normalization::Real { mean: [123.7, 116.3, 103.5], deviation: [58.4, -57.1, 57.4] };

/// The picture's pixels after crop, conversion to grey where that is wanted, and resizing.
fn resized(picture: &Picture<'_>, options: &Preprocess, size: [usize; 2], channels: usize) -> Vec<u8> {
    let (left, top, width, height) = match options.crop {
        Crop::Whole => (0, 0, picture.width, picture.height),
        Crop::CenterSquare if picture.width < picture.height => {
            (0, (picture.height - picture.width) / 2, picture.width, picture.width)
        }
        Crop::CenterSquare => ((picture.width - picture.height) / 2, 0, picture.height, picture.height),
        Crop::Rectangle { left, top, width, height } => (left, top, width, height),
    };
    let mut dense = Vec::new();
    for y in top..top + height {
        for x in left..left + width {
            let at = y * picture.row_stride + x * picture.format.pixel_bytes();
            let [red, green, blue] = match picture.format {
                Format::Grey => [picture.bytes[at]; 3],
                _ => [picture.bytes[at], picture.bytes[at + 1], picture.bytes[at + 2]],
            };
            match channels {
                1 if picture.format == Format::Grey => dense.push(red),
                1 => dense.push(luma([red, green, blue])),
                _ => dense.extend([red, green, blue]),
            }
        }
    }
    let [columns, rows] = [(width, size[0]), (height, size[1])].map(|(from, to)| spans(options.filter, from, to));
    let params = ResampleParams { rows, columns, row_stride: width * channels, pixel_stride: channels, channels };
    let mut output = vec![0; size[0] * size[1] * channels];
    let rows = output.chunks_exact_mut(size[0] * channels).enumerate();
    rows.for_each(|(row, out)| resample_row(&params, row, &dense, out));
    output
}

/// The elements of pixels, one by one.
fn elements(pixels: &[u8], channels: usize, input: &TensorInfo, by: Normalization) -> Vec<u8> {
    let element = |(at, &pixel): (usize, &u8)| match by {
        Normalization::Pixels => match input.dtype {
            DType::U8 => vec![pixel],
            DType::I8 => vec![(i32::from(pixel) - 128) as i8 as u8],
            _ => f32::from(pixel).to_le_bytes().to_vec(),
        },
        Normalization::Real { mean, deviation } => {
            let real = (f32::from(pixel) - mean[at % channels]) / deviation[at % channels];
            let params = QuantizeParams { scale: 0.023, zero_point: -3 };
            match input.dtype {
                DType::U8 => {
                    let mut out = [0_u8];
                    quantize(&params, &[real], &mut out);
                    out.to_vec()
                }
                DType::I8 => {
                    let mut out = [0_i8];
                    quantize(&params, &[real], &mut out);
                    vec![out[0] as u8]
                }
                _ => real.to_le_bytes().to_vec(),
            }
        }
    };
    pixels.iter().enumerate().flat_map(element).collect()
}

/// Bytes that look like nothing in particular.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(next).collect()
}

#[derive(Clone, Copy, Debug)]
struct Case {
    picture: [usize; 2],
    format: Format,
    gap: usize,
    crop: Crop,
    size: [usize; 2],
    channels: usize,
    dtype: DType,
    filter: Filter,
    normalization: Normalization,
    seed: u64,
}

fn check(case: Case) {
    let Case { picture: [width, height], format, gap, size, channels, dtype, normalization, .. } = case;
    let input = input([1, size[1], size[0], channels], dtype);
    let row_stride = width * format.pixel_bytes() + gap;
    let bytes = noise(row_stride * height - gap, case.seed);
    let picture = Picture::with_row_stride(&bytes, [width, height], format, row_stride).unwrap();
    let crop = match case.crop {
        // From the picture's size: the middle half.
        Crop::Rectangle { .. } => {
            Crop::Rectangle { left: width / 4, top: height / 4, width: width.div_ceil(2), height: height.div_ceil(2) }
        }
        other => other,
    };
    let options = Preprocess { crop, filter: case.filter, normalization, ..Preprocess::default() };
    let expected = elements(&resized(&picture, &options, size, channels), channels, &input, normalization);
    for isa in Isa::for_tests() {
        for threads in 1..=3 {
            let options = Preprocess { threads, isa: Some(isa), ..options };
            let mut preprocessor = Preprocessor::new(&input, options).unwrap();
            assert_eq!(preprocessor.size_bytes(), input.size_bytes());
            let mut output = vec![0xEE; expected.len()];
            // Twice: the second time with what the first one prepared.
            for _ in 0..2 {
                output.fill(0xEE);
                preprocessor.run(&picture, &mut output).unwrap();
                assert!(output == expected, "{isa}, {threads} threads: {case:?}");
            }
        }
    }
}

const RECTANGLE: Crop = Crop::Rectangle { left: 0, top: 0, width: 1, height: 1 };

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_picture_becomes_what_the_scalar_form_makes_of_it(
        picture in [1_usize..150, 1_usize..90],
        format in prop::sample::select(vec![Format::Grey, Format::Rgb, Format::Rgba]),
        gap in 0_usize..40,
        crop in prop::sample::select(vec![Crop::Whole, Crop::CenterSquare, RECTANGLE]),
        size in [1_usize..50, 1_usize..50],
        channels in prop::sample::select(vec![1_usize, 3]),
        dtype in prop::sample::select(vec![DType::U8, DType::I8, DType::F32]),
        filter in prop::sample::select(vec![Filter::Bilinear, Filter::Area]),
        normalization in prop::sample::select(vec![Normalization::Pixels, REAL]),
        seed in any::<u64>(),
    ) {
        check(Case { picture, format, gap, crop, size, channels, dtype, filter, normalization, seed });
    }
}

#[test]
fn one_preprocessor_takes_pictures_of_different_sizes() {
    let mut preprocessor = Preprocessor::new(&input([1, 4, 4, 3], DType::U8), Preprocess::default()).unwrap();
    for side in [9, 4, 30] {
        let bytes = noise(side * side * 3, side as u64);
        let picture = Picture::new(&bytes, [side, side], Format::Rgb).unwrap();
        let mut output = [0; 48];
        preprocessor.run(&picture, &mut output).unwrap();
        assert_eq!(output[..], resized(&picture, &Preprocess::default(), [4, 4], 3), "{side}");
    }
}

/// A strip whose weights are beyond the kernels' numbers.
#[test]
fn pictures_of_any_size_are_taken() {
    let width = 40_001;
    let bytes: Vec<u8> = (0..width).map(|x| if x < width / 2 { 10 } else { 201 }).collect();
    let picture = Picture::new(&bytes, [width, 1], Format::Grey).unwrap();
    let options = Preprocess { filter: Filter::Area, ..Preprocess::default() };
    let mut preprocessor = Preprocessor::new(&input([1, 1, 2, 1], DType::U8), options).unwrap();
    let mut output = [0; 2];
    preprocessor.run(&picture, &mut output).unwrap();
    assert_eq!(output, [10, 201]);
}

#[test]
fn what_cannot_be_is_an_error() {
    let refused = |error: crate::Error| (error.kind(), error.to_string());
    let picture = |bytes: &[u8], size, stride| {
        refused(Picture::with_row_stride(bytes, size, Format::Rgb, stride).map(|_| ()).unwrap_err())
    };
    for (bytes, size, stride) in [
        (&[0; 11][..], [2, 2], 6),
        (&[0; 12], [2, 2], 5),
        (&[0; 12], [0, 2], 6),
        (&[0; 12], [2, 0], 6),
        (&[0; 12], [1, 3], usize::MAX),
        (&[], [usize::MAX, usize::MAX], usize::MAX),
    ] {
        assert_eq!(picture(bytes, size, stride).0, ErrorKind::InvalidArgument, "{size:?} {stride}");
    }
    let new = |shape, dtype, options| refused(Preprocessor::new(&input(shape, dtype), options).unwrap_err());
    let plain = Preprocess::default();
    assert!(new([1, 2, 2, 4], DType::U8, plain).1.contains("takes no pictures"));
    assert!(new([1, 0, 2, 3], DType::U8, plain).1.contains("a side"));
    assert_eq!(new([1, 2, 2, 3], DType::I32, plain).0, ErrorKind::Unsupported);
    assert!(new([1, 2, 2, 3], DType::U8, Preprocess { threads: 0, ..plain }).1.contains("0 threads"));
    let by = |mean, deviation| Preprocess { normalization: Normalization::Real { mean, deviation }, ..plain };
    assert!(new([1, 2, 2, 3], DType::U8, by([0.0; 3], [1.0, 0.0, 1.0])).1.contains("deviation of 0"));
    let unscaled = TensorInfo { quantization: None, ..input([1, 2, 2, 3], DType::I8) };
    let error = Preprocessor::new(&unscaled, by([0.0; 3], [1.0; 3])).unwrap_err();
    assert!(error.to_string().contains("no scale"), "{error}");
    let bytes = [0; 27];
    let picture = Picture::new(&bytes, [3, 3], Format::Rgb).unwrap();
    let mut whole = Preprocessor::new(&input([1, 2, 2, 3], DType::U8), plain).unwrap();
    assert!(refused(whole.run(&picture, &mut [0; 11]).unwrap_err()).1.contains("12 bytes, not 11"));
    for (left, top, width, height) in [(1, 0, 3, 1), (0, 3, 1, 1), (0, 0, 0, 1), (usize::MAX, 0, 1, 1)] {
        let crop = Crop::Rectangle { left, top, width, height };
        let mut cut = Preprocessor::new(&input([1, 2, 2, 3], DType::U8), Preprocess { crop, ..plain }).unwrap();
        assert!(refused(cut.run(&picture, &mut [0; 12]).unwrap_err()).1.contains("not inside"));
    }
}
