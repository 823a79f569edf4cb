//! Structures whose fields callers read, with the layout that LiteRT's have.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{null, null_mut};

use ottava::DType;

/// A scale and a zero point; both 0 where a tensor has none, or one for each channel.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TfLiteQuantizationParams {
    pub(crate) scale: f32,
    pub(crate) zero_point: i32,
}

/// Scales and zero points as arrays, for [`TfLiteTensor::quantization_params`].
#[repr(C)]
#[derive(Debug)]
pub(crate) struct TfLiteAffineQuantization {
    /// A `TfLiteFloatArray`.
    pub(crate) scale: *mut u32,
    /// A `TfLiteIntArray`.
    pub(crate) zero_point: *mut c_int,
    pub(crate) quantized_dimension: i32,
}

/// A tensor as callers see it.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct TfLiteTensor {
    pub(crate) element_type: c_int,
    pub(crate) data: *mut c_void,
    /// A `TfLiteIntArray`: the number of dimensions and then these.
    pub(crate) dims: *mut c_int,
    pub(crate) params: TfLiteQuantizationParams,
    pub(crate) allocation_type: c_int,
    pub(crate) bytes: usize,
    pub(crate) allocation: *const c_void,
    pub(crate) name: *const c_char,
    pub(crate) delegate: *mut c_void,
    pub(crate) buffer_handle: c_int,
    pub(crate) data_is_stale: bool,
    pub(crate) is_variable: bool,
    pub(crate) quantization_type: c_int,
    pub(crate) quantization_params: *mut c_void,
    pub(crate) sparsity: *mut c_void,
    /// A `TfLiteIntArray` with -1 for dimensions that the file leaves open.
    pub(crate) dims_signature: *const c_int,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<TfLiteTensor>() == 112 && align_of::<TfLiteTensor>() == 8);
    assert!(offset_of!(TfLiteTensor, data) == 8 && offset_of!(TfLiteTensor, dims) == 16);
    assert!(offset_of!(TfLiteTensor, params) == 24 && offset_of!(TfLiteTensor, allocation_type) == 32);
    assert!(offset_of!(TfLiteTensor, bytes) == 40 && offset_of!(TfLiteTensor, name) == 56);
    assert!(offset_of!(TfLiteTensor, buffer_handle) == 72 && offset_of!(TfLiteTensor, is_variable) == 77);
    assert!(offset_of!(TfLiteTensor, quantization_type) == 80 && offset_of!(TfLiteTensor, quantization_params) == 88);
    assert!(offset_of!(TfLiteTensor, dims_signature) == 104);
    assert!(offset_of!(TfLiteAffineQuantization, quantized_dimension) == 16);
};

/// `TfLiteAllocationType`: where the bytes of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allocation {
    /// In the model, never to be written.
    Constant = 1,
    /// In the interpreter, or nowhere.
    Arena = 2,
    /// Where the caller said.
    Custom = 6,
}

/// `kTfLiteAffineQuantization`.
pub(crate) const AFFINE: c_int = 1;

impl Default for TfLiteTensor {
    fn default() -> Self {
        Self {
            element_type: 0,
            data: null_mut(),
            dims: null_mut(),
            params: TfLiteQuantizationParams::default(),
            allocation_type: 0,
            bytes: 0,
            allocation: null(),
            name: null(),
            delegate: null_mut(),
            buffer_handle: -1,
            data_is_stale: false,
            is_variable: false,
            quantization_type: 0,
            quantization_params: null_mut(),
            sparsity: null_mut(),
            dims_signature: null(),
        }
    }
}

/// The number that the API has for an element type, 0 where it has none.
pub(crate) fn type_number(dtype: DType) -> c_int {
    match dtype {
        DType::F32 => 1,
        DType::I32 => 2,
        DType::U8 => 3,
        DType::I64 => 4,
        DType::String => 5,
        DType::Bool => 6,
        DType::I16 => 7,
        DType::I8 => 9,
        DType::F16 => 10,
        DType::F64 => 11,
        DType::U64 => 13,
        DType::U32 => 16,
        DType::U16 => 17,
        DType::I4 => 18,
        _ => 0,
    }
}
