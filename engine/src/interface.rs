//! What callers exchange with a network: its inputs and outputs by name, shape and type, and elements of these types.

use bytemuck::Pod;

use crate::tensor::{DType, Quantization, TensorId};

/// An input or output of the network.
#[derive(Clone, Debug)]
pub struct TensorInfo {
    /// The file's name for it.
    pub name: String,
    /// Dimensions, with the plan's batch.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Scale and zero point.
    pub quantization: Option<Quantization>,
    /// Graph tensor.
    pub tensor: TensorId,
}

impl TensorInfo {
    /// Size in bytes.
    pub fn size_bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.size_bytes()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for i8 {}
    impl Sealed for i16 {}
    impl Sealed for f32 {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
    impl Sealed for half::f16 {}
}

/// An element type that inputs and outputs can be exchanged in.
pub trait Element: Pod + sealed::Sealed {
    /// The same type as a value.
    const DTYPE: DType;
}

impl Element for u8 {
    const DTYPE: DType = DType::U8;
}
impl Element for i8 {
    const DTYPE: DType = DType::I8;
}
impl Element for i16 {
    const DTYPE: DType = DType::I16;
}
impl Element for f32 {
    const DTYPE: DType = DType::F32;
}
impl Element for i32 {
    const DTYPE: DType = DType::I32;
}
impl Element for i64 {
    const DTYPE: DType = DType::I64;
}
impl Element for half::f16 {
    const DTYPE: DType = DType::F16;
}
