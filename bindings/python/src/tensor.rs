//! What is said of tensors, and arrays as bytes.

use numpy::npyffi::NPY_ARRAY_WRITEABLE;
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use ottava::graph::{DType, Quantization};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::invalid;

/// The name of a type as NumPy has it; the stored type of those that it lacks.
pub(crate) fn dtype_name(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "bool",
        DType::F16 => "float16",
        DType::F32 => "float32",
        DType::F64 => "float64",
        DType::I16 => "int16",
        DType::I32 => "int32",
        DType::I64 => "int64",
        DType::I4 | DType::I8 => "int8",
        DType::String => "bytes",
        DType::U16 => "uint16",
        DType::U32 => "uint32",
        DType::U64 => "uint64",
        DType::U8 => "uint8",
        _ => "object",
    }
}

/// What is known of a tensor, beside its name.
pub(crate) struct Described<'a> {
    pub(crate) name: &'a str,
    pub(crate) tensor: usize,
    pub(crate) shape: &'a [usize],
    pub(crate) dtype: DType,
    pub(crate) quantization: Option<&'a Quantization>,
}

impl Described<'_> {
    /// A dictionary of `name`, `tensor`, `shape`, `dtype`, `scales`, `zero_points` and `quantized_dimension`.
    pub(crate) fn to_dict<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(python);
        dict.set_item("name", self.name)?;
        dict.set_item("tensor", self.tensor)?;
        dict.set_item("shape", self.shape)?;
        dict.set_item("dtype", dtype_name(self.dtype))?;
        dict.set_item("scales", self.quantization.map_or(&[][..], |it| &it.scale))?;
        dict.set_item("zero_points", self.quantization.map_or(&[][..], |it| &it.zero_point))?;
        dict.set_item("quantized_dimension", self.quantization.map_or(0, |it| it.dimension))?;
        Ok(dict)
    }
}

/// Bytes of an array of the caller's. They can go to where the work is done; whoever reads or writes there says why that is right.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: *mut u8,
    pub(crate) size: usize,
}

// SAFETY: it is an address and a number.
unsafe impl Send for Span {}
// SAFETY: as above.
unsafe impl Sync for Span {}

impl Span {
    /// An array to read.
    ///
    /// # Errors
    /// The array's elements do not lie one after the other, or are references to objects.
    pub(crate) fn read(array: &Bound<'_, PyUntypedArray>) -> PyResult<Self> {
        if !array.is_c_contiguous() {
            let text = "the array's elements do not lie one after the other: use numpy.ascontiguousarray";
            return Err(invalid(array.py(), text.into()));
        }
        let dtype = array.dtype();
        if dtype.has_object() {
            return Err(invalid(array.py(), format!("the array's elements are of type {dtype}, which has no bytes")));
        }
        // SAFETY: the object is an array, which is what the pointer leads to.
        let start = unsafe { (*array.as_array_ptr()).fields.data };
        Ok(Self { start: start.cast(), size: array.len() * dtype.itemsize() })
    }

    /// An array to write to.
    ///
    /// # Errors
    /// As [`Span::read`], or the array cannot be written.
    pub(crate) fn write(array: &Bound<'_, PyUntypedArray>) -> PyResult<Self> {
        // SAFETY: as in `read`.
        if unsafe { (*array.as_array_ptr()).fields.flags } & NPY_ARRAY_WRITEABLE == 0 {
            return Err(invalid(array.py(), "the array is read-only".into()));
        }
        Self::read(array)
    }

    fn meets(self, other: Self) -> bool {
        let range = |span: Self| (span.start.addr(), span.start.addr() + span.size);
        let ((begin, end), (its_begin, its_end)) = (range(self), range(other));
        begin < its_end && its_begin < end
    }
}

/// # Errors
/// What is written shares memory with what is read, or with what else is written.
pub(crate) fn check_apart(python: Python<'_>, read: &[Span], written: &[Span]) -> PyResult<()> {
    let meets = |(index, span): (usize, &Span)| read.iter().chain(&written[..index]).any(|other| span.meets(*other));
    if written.iter().enumerate().any(meets) {
        return Err(invalid(python, "an array to write to shares memory with another array of the same run".into()));
    }
    Ok(())
}
