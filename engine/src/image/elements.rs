//! From resized pixels to elements of an input.

use ottava_ref::Quantized;
use ottava_ref::ops::quantize::{QuantizeParams, quantize};

use crate::error::{Error, Result};
use crate::graph::DType;
use crate::interface::TensorInfo;

/// What a pixel from 0 to 255 means to the model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Normalization {
    /// The pixel is the element: as it is in `uint8` and `float32`, minus 128 in `int8`, whatever the input's scale.
    #[default]
    Pixels,
    /// The pixel minus the mean, divided by the deviation, is the real value: rounded to `float32` after each step, and
    /// then, for quantized inputs, quantized by the input's scale and zero point as the operator QUANTIZE does it. For red,
    /// green and blue; grey inputs take the first of each.
    Real {
        /// Subtracted from pixels.
        mean: [f32; 3],
        /// Divides the difference; not 0.
        deviation: [f32; 3],
    },
}

/// What each pixel becomes.
pub(super) enum Elements {
    /// The pixel's bits, some of them turned over.
    Xor(u8),
    /// A byte, looked up for each channel.
    Bytes(Vec<[u8; 256]>),
    /// A float, looked up for each channel.
    Floats(Vec<[f32; 256]>),
}

impl Elements {
    pub(super) fn new(input: &TensorInfo, channels: usize, by: Normalization) -> Result<Self> {
        let pixels = || std::array::from_fn(|pixel| pixel as f32);
        let (mean, deviation) = match (by, input.dtype) {
            (Normalization::Pixels, DType::U8) => return Ok(Self::Xor(0)),
            (Normalization::Pixels, DType::I8) => return Ok(Self::Xor(0x80)),
            (Normalization::Pixels, DType::F32) => return Ok(Self::Floats(vec![pixels(); channels])),
            (Normalization::Real { mean, deviation }, _) => (mean, deviation),
            (_, other) => return Err(unsupported(other)),
        };
        if deviation.contains(&0.0) {
            return Err(Error::argument("a deviation of 0 divides pixels"));
        }
        let real = |channel: usize| pixels().map(|pixel: f32| (pixel - mean[channel]) / deviation[channel]);
        let reals = (0..channels).map(real);
        match input.dtype {
            DType::F32 => Ok(Self::Floats(reals.collect())),
            DType::U8 => quantized::<u8>(input, reals).map(Self::Bytes),
            DType::I8 => {
                let signed = quantized::<i8>(input, reals)?;
                Ok(Self::Bytes(signed.into_iter().map(|table| table.map(|value| value as u8)).collect()))
            }
            other => Err(unsupported(other)),
        }
    }

    /// Bytes of an element.
    pub(super) fn size_bytes(&self) -> usize {
        if matches!(self, Self::Floats(_)) { 4 } else { 1 }
    }

    /// Writes the elements of a row of pixels of `source` channels: as many as the input has, or one for all of them.
    pub(super) fn write(&self, pixels: &[u8], source: usize, output: &mut [u8]) {
        match self {
            Self::Xor(mask) if output.len() == pixels.len() => {
                output.iter_mut().zip(pixels).for_each(|(out, pixel)| *out = pixel ^ mask);
            }
            Self::Xor(mask) => {
                let channels = output.len() / pixels.len();
                output.chunks_exact_mut(channels).zip(pixels).for_each(|(out, pixel)| out.fill(pixel ^ mask));
            }
            Self::Bytes(tables) => look_up(tables, pixels, source, output.as_chunks_mut().0, |byte| [byte]),
            Self::Floats(tables) => look_up(tables, pixels, source, output.as_chunks_mut().0, f32::to_le_bytes),
        }
    }
}

fn unsupported(dtype: DType) -> Error {
    Error::unsupported(format!("an input of type {dtype}; pictures go into uint8, int8 and float32"))
}

fn quantized<X: Quantized + Default>(
    input: &TensorInfo,
    reals: impl Iterator<Item = [f32; 256]>,
) -> Result<Vec<[X; 256]>> {
    let by = input.quantization.as_ref().and_then(|by| Some((*by.scale.first()?, *by.zero_point.first()?)));
    let params = by.and_then(|(scale, zero)| Some(QuantizeParams { scale, zero_point: i32::try_from(zero).ok()? }));
    let params = params.ok_or_else(|| Error::argument(format!("input '{}' has no scale", input.name)))?;
    let table = |real: [f32; 256]| {
        let mut table = [X::default(); 256];
        quantize(&params, &real, &mut table);
        table
    };
    Ok(reals.map(table).collect())
}

fn look_up<T: Copy, const N: usize>(
    tables: &[[T; 256]],
    pixels: &[u8],
    source: usize,
    output: &mut [[u8; N]],
    bytes: impl Fn(T) -> [u8; N],
) {
    for (out, pixel) in output.chunks_exact_mut(tables.len()).zip(pixels.chunks_exact(source)) {
        // A single channel is every channel.
        for ((out, &value), table) in out.iter_mut().zip(pixel.iter().cycle()).zip(tables) {
            *out = bytes(table[usize::from(value)]);
        }
    }
}
