//! Tensors as the reference sees them: shape, type, bytes.

use bytemuck::Pod;
use half::f16;

use crate::error::{Error, Result};
use crate::tensor::DType;

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

    /// A copy of the elements, of any type and at any alignment; a last incomplete one is left out.
    pub(crate) fn values<T: Pod>(&self) -> Vec<T> {
        const { assert!(cfg!(target_endian = "little"), "tensors are stored in the file's byte order") }
        let whole = self.bytes.len() - self.bytes.len() % size_of::<T>().max(1);
        bytemuck::pod_collect_to_vec(&self.bytes[..whole])
    }
}

impl TensorView<'_> {
    /// The elements of a tensor of float32, or of float16 where constants of it are read as they are.
    pub(crate) fn reals(&self) -> Vec<f32> {
        match self.dtype {
            DType::F16 => self.values::<f16>().into_iter().map(f16::to_f32).collect(),
            _ => self.values(),
        }
    }
}

impl TensorViewMut<'_> {
    /// The elements, of a type of one byte.
    pub(crate) fn bytes_as_mut<T: Pod>(&mut self) -> Result<&mut [T]> {
        bytemuck::try_cast_slice_mut(self.bytes)
            .map_err(|error| Error::internal(format!("tensor of a wrong type: {error}")))
    }

    /// As many zeros as the tensor has elements.
    pub(crate) fn zeros<T: Pod>(&self) -> Vec<T> {
        vec![T::zeroed(); self.bytes.len() / size_of::<T>().max(1)]
    }

    /// Stores all elements.
    ///
    /// # Errors
    /// When there are more or fewer than the tensor holds.
    pub(crate) fn store<T: Pod>(&mut self, values: &[T]) -> Result<()> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        if bytes.len() != self.bytes.len() {
            return Err(Error::internal(format!("{} bytes for a tensor of {}", bytes.len(), self.bytes.len())));
        }
        self.bytes.copy_from_slice(bytes);
        Ok(())
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
            $crate::tensor::DType::I8 => {
                type $T = i8;
                $body
            }
            $crate::tensor::DType::U8 => {
                type $T = u8;
                $body
            }
            other => Err($crate::Error::internal(format!("{other} where an 8-bit type was imported"))),
        }
    };
}
pub(crate) use with_8_bit;

/// Runs an expression with a type alias for the quantized type that `$dtype` is.
macro_rules! with_quantized {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::tensor::DType::I8 => {
                type $T = i8;
                $body
            }
            $crate::tensor::DType::U8 => {
                type $T = u8;
                $body
            }
            $crate::tensor::DType::I16 => {
                type $T = i16;
                $body
            }
            other => Err($crate::Error::internal(format!("{other} where a quantized type was imported"))),
        }
    };
}
pub(crate) use with_quantized;

/// Runs an expression with a type alias for the unsigned integer of `$size` bytes: what moving elements needs.
macro_rules! with_size {
    ($size:expr, $T:ident => $body:expr) => {
        match $size {
            1 => {
                type $T = u8;
                $body
            }
            2 => {
                type $T = u16;
                $body
            }
            4 => {
                type $T = u32;
                $body
            }
            8 => {
                type $T = u64;
                $body
            }
            other => Err($crate::Error::internal(format!("elements of {other} bytes"))),
        }
    };
}
pub(crate) use with_size;
