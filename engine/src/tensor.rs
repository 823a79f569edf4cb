//! Tensors as Ottava sees them: element types, shapes, scales, and where constants lie.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::error::Error;

/// Index of a tensor in [`crate::Graph::tensors`].
pub type TensorId = usize;

/// No tensor of a model may have more dimensions.
pub(crate) const MAX_RANK: usize = 8;

/// No single tensor of a model may be larger.
pub(crate) const MAX_TENSOR_BYTES: usize = memory_limit(1 << 31);

/// All tensors that the operators of a model write may not be larger together.
pub(crate) const MAX_ACTIVATION_BYTES: usize = memory_limit(1 << 32);

/// A limit on memory; at most 1 GiB where addresses have 32 bits, so that sums of sizes within limits fit them.
pub(crate) const fn memory_limit(bytes: u64) -> usize {
    if usize::BITS < 64 && bytes > 1 << 30 { 1 << 30 } else { bytes as usize }
}

/// Element type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DType {
    /// 32-bit float.
    F32,
    /// 16-bit float.
    F16,
    /// 32-bit signed integer.
    I32,
    /// 8-bit unsigned integer.
    U8,
    /// 64-bit signed integer.
    I64,
    /// Strings, with their own length table.
    String,
    /// One byte, 0 or 1.
    Bool,
    /// 16-bit signed integer.
    I16,
    /// 8-bit signed integer.
    I8,
    /// 64-bit float.
    F64,
    /// 64-bit unsigned integer.
    U64,
    /// 32-bit unsigned integer.
    U32,
    /// 16-bit unsigned integer.
    U16,
    /// 4-bit signed integer, two in a byte.
    I4,
    /// Any other type, by its number in the file.
    Other(u8),
}

impl DType {
    pub(crate) fn from_code(code: i8) -> Self {
        match code {
            0 => Self::F32,
            1 => Self::F16,
            2 => Self::I32,
            3 => Self::U8,
            4 => Self::I64,
            5 => Self::String,
            6 => Self::Bool,
            7 => Self::I16,
            9 => Self::I8,
            10 => Self::F64,
            12 => Self::U64,
            15 => Self::U32,
            16 => Self::U16,
            17 => Self::I4,
            other => Self::Other(other as u8),
        }
    }

    /// Bytes of one element; 0 for types that have no whole number of bytes per element.
    pub fn size_bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::F16 | Self::I16 | Self::U16 => 2,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::I64 | Self::F64 | Self::U64 => 8,
            Self::String | Self::I4 | Self::Other(_) => 0,
        }
    }

    /// Smallest and largest value of the three quantized types, `None` for all others.
    pub fn quantized_range(self) -> Option<(i32, i32)> {
        match self {
            Self::I8 => Some((-128, 127)),
            Self::U8 => Some((0, 255)),
            Self::I16 => Some((-32768, 32767)),
            _ => None,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::I32 => "int32",
            Self::U8 => "uint8",
            Self::I64 => "int64",
            Self::String => "string",
            Self::Bool => "bool",
            Self::I16 => "int16",
            Self::I8 => "int8",
            Self::F64 => "float64",
            Self::U64 => "uint64",
            Self::U32 => "uint32",
            Self::U16 => "uint16",
            Self::I4 => "int4",
            Self::Other(code) => return write!(f, "type {code}"),
        })
    }
}

/// How stored values become real ones: `real = scale · (stored - zero_point)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantization {
    /// One scale, or one per index of `dimension`.
    pub scale: Vec<f32>,
    /// As many zero points.
    pub zero_point: Vec<i64>,
    /// The dimension that several scales belong to.
    pub dimension: usize,
}

/// Where a constant's bytes lie, see [`crate::Model::constant`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant(pub(crate) ConstantBytes);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConstantBytes {
    /// In the model's file.
    InFile(Range<usize>),
    /// Computed at import from other constants and from shapes.
    Computed(Arc<[u8]>),
    /// So many bytes that a packed model has in packed form alone.
    LeftOut(usize),
}

impl Constant {
    /// Length of the constant in bytes.
    pub fn size_bytes(&self) -> usize {
        match &self.0 {
            ConstantBytes::InFile(range) => range.len(),
            ConstantBytes::Computed(bytes) => bytes.len(),
            ConstantBytes::LeftOut(size_bytes) => *size_bytes,
        }
    }

    /// Whether there are no bytes of it but packed ones.
    pub(crate) fn is_left_out(&self) -> bool {
        matches!(self.0, ConstantBytes::LeftOut(_))
    }

    /// Its bytes; nothing if they are left out, or `file` is not the file it came from.
    pub(crate) fn bytes<'a>(&'a self, file: &'a [u8]) -> &'a [u8] {
        match &self.0 {
            ConstantBytes::InFile(range) => file.get(range.clone()).unwrap_or_default(),
            ConstantBytes::Computed(bytes) => bytes,
            ConstantBytes::LeftOut(_) => &[],
        }
    }
}

/// One tensor: what it is, and where its bytes are if they are part of the model.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// The file's name for it, not necessarily unique.
    pub name: String,
    /// Dimensions, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Scales and zero points, if it has any.
    pub quantization: Option<Quantization>,
    /// Its bytes, if it is a constant.
    pub data: Option<Constant>,
    /// Whether the file leaves the shape open: what the operators make of it counts then.
    pub dynamic: bool,
}

impl Tensor {
    /// Number of elements.
    pub fn element_count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Size in bytes; 0 for types without a size.
    pub fn size_bytes(&self) -> usize {
        self.element_count() * self.dtype.size_bytes()
    }
}

/// The error of asking for bytes of a constant that are left out.
pub(crate) fn left_out(tensor: &Tensor) -> Error {
    let name = &tensor.name;
    Error::unsupported(format!(
        "the weights '{name}' were left out when the model was packed; it runs only as it was packed"
    ))
}

/// Size of a tensor in bytes, or `None` beyond [`MAX_TENSOR_BYTES`].
pub(crate) fn checked_size_bytes(shape: &[usize], dtype: DType) -> Option<usize> {
    // Types without a size count as one byte, so that the element count stays bounded too.
    let size = shape.iter().try_fold(dtype.size_bytes().max(1), |size, &dimension| size.checked_mul(dimension))?;
    (size <= MAX_TENSOR_BYTES).then_some(size)
}
