//! Tensors.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{copy, null, null_mut};

use crate::abi::{Allocation, TfLiteQuantizationParams, TfLiteTensor};
use crate::border::{Bytes, Dims, element, guarded, status};
use crate::status::TfLiteStatus;

/// The element type; 0 (none) for NULL.
#[unsafe(no_mangle)]
extern "C" fn TfLiteTensorType(tensor: Option<&TfLiteTensor>) -> c_int {
    guarded(0, || Some(tensor?.element_type))
}

/// How many dimensions there are; -1 for NULL.
#[unsafe(no_mangle)]
extern "C" fn TfLiteTensorNumDims(tensor: Option<&TfLiteTensor>) -> i32 {
    guarded(-1, || Some(with_dims(tensor?, <[c_int]>::len)? as i32))
}

/// A dimension; -1 where there is none.
#[unsafe(no_mangle)]
extern "C" fn TfLiteTensorDim(tensor: Option<&TfLiteTensor>, index: i32) -> i32 {
    guarded(-1, || with_dims(tensor?, |dims| element(dims, index).copied())?)
}

/// Size in bytes; 0 for NULL.
#[unsafe(no_mangle)]
extern "C" fn TfLiteTensorByteSize(tensor: Option<&TfLiteTensor>) -> usize {
    guarded(0, || Some(tensor?.bytes))
}

/// The bytes; NULL where tensors are not allocated.
#[unsafe(no_mangle)]
extern "C" fn TfLiteTensorData(tensor: Option<&TfLiteTensor>) -> *mut c_void {
    guarded(null_mut(), || Some(tensor?.data))
}

/// The name in the file.
#[unsafe(no_mangle)]
extern "C" fn TfLiteTensorName(tensor: Option<&TfLiteTensor>) -> *const c_char {
    guarded(null(), || Some(tensor?.name))
}

/// Scale and zero point; zeros where there are none, or one for each channel.
#[unsafe(no_mangle)]
extern "C" fn TfLiteTensorQuantizationParams(tensor: Option<&TfLiteTensor>) -> TfLiteQuantizationParams {
    guarded(TfLiteQuantizationParams::default(), || Some(tensor?.params))
}

/// Copies all bytes of a tensor from the caller's memory.
#[unsafe(no_mangle)]
extern "C" fn TfLiteTensorCopyFromBuffer(tensor: Option<&TfLiteTensor>, data: Bytes, size: usize) -> TfLiteStatus {
    status(|| {
        let tensor = tensor?;
        let from = data.get(size)?;
        if tensor.bytes != size || tensor.data.is_null() || tensor.allocation_type == Allocation::Constant as c_int {
            return None;
        }
        // SAFETY: a tensor that is no constant and has an address has so many bytes there; the caller's may be the same.
        unsafe { copy(from.as_ptr(), tensor.data.cast(), size) };
        Some(TfLiteStatus::Ok)
    })
}

/// Copies all bytes of a tensor to the caller's memory.
#[unsafe(no_mangle)]
extern "C" fn TfLiteTensorCopyToBuffer(tensor: Option<&TfLiteTensor>, data: *mut c_void, size: usize) -> TfLiteStatus {
    status(|| {
        let tensor = tensor?;
        if tensor.bytes != size || tensor.data.is_null() || data.is_null() {
            return None;
        }
        // SAFETY: a tensor that has an address has so many bytes there, and the caller says the same of its own.
        unsafe { copy(tensor.data.cast::<u8>(), data.cast(), size) };
        Some(TfLiteStatus::Ok)
    })
}

/// Looks at the dimensions of a tensor; `None` where it has none at all.
fn with_dims<T>(tensor: &TfLiteTensor, look: impl FnOnce(&[c_int]) -> T) -> Option<T> {
    // SAFETY: where there is an array, it begins with its length.
    let count = unsafe { tensor.dims.as_ref() }?;
    // SAFETY: the values follow the length.
    let values = Dims::at(unsafe { tensor.dims.add(1) });
    values.get(*count).map(look)
}
