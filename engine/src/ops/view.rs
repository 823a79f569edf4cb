//! Tensors as the reference sees them: shape, type, bytes.

use bytemuck::Pod;

use crate::error::{Error, Result};
use crate::graph::DType;

/// A tensor to read.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a> {
    /// Dimensions, outermost first.
    pub shape: &'a [usize],
    /// Element type.
    pub dtype: DType,
    /// Little-endian elements, row-major, at any alignment.
    pub bytes: &'a [u8],
}

/// A tensor to write.
#[derive(Debug)]
pub struct TensorViewMut<'a> {
    /// Dimensions, outermost first.
    pub shape: &'a [usize],
    /// Element type.
    pub dtype: DType,
    /// Little-endian elements, row-major, at any alignment.
    pub bytes: &'a mut [u8],
}

impl<'a> TensorView<'a> {
    /// The elements, of a type of one byte.
    pub(crate) fn bytes_as<T: Pod>(&self) -> Result<&'a [T]> {
        bytemuck::try_cast_slice(self.bytes)
            .map_err(|error| Error::internal(format!("tensor of a wrong type: {error}")))
    }

    /// A copy of `i32` elements.
    pub(crate) fn to_i32s(self) -> Vec<i32> {
        self.bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect()
    }

    /// A copy of `f32` elements.
    pub(crate) fn to_f32s(self) -> Vec<f32> {
        self.bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }
}

impl TensorViewMut<'_> {
    /// The elements, of a type of one byte.
    pub(crate) fn bytes_as_mut<T: Pod>(&mut self) -> Result<&mut [T]> {
        bytemuck::try_cast_slice_mut(self.bytes)
            .map_err(|error| Error::internal(format!("tensor of a wrong type: {error}")))
    }

    /// Stores `f32` elements.
    pub(crate) fn set_f32s(&mut self, values: &[f32]) {
        for (bytes, value) in self.bytes.as_chunks_mut().0.iter_mut().zip(values) {
            *bytes = value.to_le_bytes();
        }
    }
}

/// Input `index` of an evaluation.
pub(crate) fn input<'a>(inputs: &[Option<TensorView<'a>>], index: usize) -> Result<TensorView<'a>> {
    inputs.get(index).copied().flatten().ok_or_else(|| Error::internal(format!("input {index} is missing")))
}

/// The only output of an evaluation.
pub(crate) fn only_output<'a, 'b>(outputs: &'a mut [TensorViewMut<'b>]) -> Result<&'a mut TensorViewMut<'b>> {
    match outputs {
        [output] => Ok(output),
        _ => Err(Error::internal(format!("{} outputs instead of one", outputs.len()))),
    }
}

/// Runs an expression with a type alias for the 8-bit type that `$dtype` is.
macro_rules! with_8_bit {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::graph::DType::I8 => {
                type $T = i8;
                $body
            }
            $crate::graph::DType::U8 => {
                type $T = u8;
                $body
            }
            other => Err($crate::Error::internal(format!("{other} where an 8-bit type was imported"))),
        }
    };
}
pub(crate) use with_8_bit;
