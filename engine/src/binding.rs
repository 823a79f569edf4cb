//! Inputs and outputs in the caller's memory.

use std::fmt;

use bytemuck::{cast_slice, cast_slice_mut};

use crate::error::{Error, Result};
use crate::interface::{Element, TensorInfo};
use crate::tensor::DType;

/// Bytes that a [`Binding::padded_input`] has beyond its tensor, at least: kernels read whole vectors, and what lies there
/// changes no result.
pub const INPUT_PADDING: usize = ottava_kernels::SLACK;

/// An input or output of one run that is in the caller's memory, for [`Session::run_bound`].
///
/// No binding is copied more than once, and an output or a padded input not at all where the kernels can use it as it lies:
/// [`Session::binds_input_in_place`] and [`Session::binds_output_in_place`] tell. Elements are row-major and little-endian.
///
/// [`Session::run_bound`]: crate::Session::run_bound
/// [`Session::binds_input_in_place`]: crate::Session::binds_input_in_place
/// [`Session::binds_output_in_place`]: crate::Session::binds_output_in_place
pub struct Binding<'a> {
    index: usize,
    memory: Memory<'a>,
    /// Type of the elements; `None` where they are bytes of any.
    dtype: Option<DType>,
}

enum Memory<'a> {
    Input(&'a [u8]),
    /// With at least [`INPUT_PADDING`] bytes after the tensor.
    PaddedInput(&'a [u8]),
    Output(&'a mut [u8]),
}

/// What a binding takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Input(usize),
    Output(usize),
}

impl<'a> Binding<'a> {
    /// Input `index` is these elements, all of them and no more.
    pub fn input<T: Element>(index: usize, elements: &'a [T]) -> Self {
        Self { index, memory: Memory::Input(cast_slice(elements)), dtype: Some(T::DTYPE) }
    }

    /// Input `index` is the first of these elements; at least [`INPUT_PADDING`] bytes of anything follow it.
    pub fn padded_input<T: Element>(index: usize, elements: &'a [T]) -> Self {
        Self { index, memory: Memory::PaddedInput(cast_slice(elements)), dtype: Some(T::DTYPE) }
    }

    /// Output `index` is to be written to these elements, all of them. After a run that fails or is ended they hold anything.
    pub fn output<T: Element>(index: usize, elements: &'a mut [T]) -> Self {
        Self { index, memory: Memory::Output(cast_slice_mut(elements)), dtype: Some(T::DTYPE) }
    }

    /// The memory is the tensor's bytes, whatever its type, at any address. Where elements of that type cannot have the address,
    /// they are copied.
    #[must_use]
    pub fn as_bytes(self) -> Self {
        Self { dtype: None, ..self }
    }

    /// The index of the input that it binds, and whose bytes.
    pub(crate) fn as_input(&self) -> Option<(usize, &[u8])> {
        match &self.memory {
            Memory::Input(bytes) | Memory::PaddedInput(bytes) => Some((self.index, bytes)),
            Memory::Output(_) => None,
        }
    }

    /// The index of the output that it binds, and where to.
    pub(crate) fn as_output(&self) -> Option<(usize, &[u8])> {
        match &self.memory {
            Memory::Output(bytes) => Some((self.index, bytes)),
            Memory::Input(_) | Memory::PaddedInput(_) => None,
        }
    }

    /// The same, to be written.
    pub(crate) fn as_output_mut(&mut self) -> Option<(usize, &mut [u8])> {
        match &mut self.memory {
            Memory::Output(bytes) => Some((self.index, bytes)),
            Memory::Input(_) | Memory::PaddedInput(_) => None,
        }
    }

    /// Whether kernels may use the memory as it is: elements of `size_bytes` bytes can have its address, and what vectors read
    /// beyond an input is there.
    pub(crate) fn suits_kernels(&self, size_bytes: usize) -> bool {
        let (address, readable) = match &self.memory {
            Memory::Input(bytes) => (bytes.as_ptr().addr(), false),
            Memory::PaddedInput(bytes) => (bytes.as_ptr().addr(), true),
            Memory::Output(bytes) => (bytes.as_ptr().addr(), true),
        };
        readable && address.is_multiple_of(size_bytes.max(1))
    }

    fn slot(&self) -> Slot {
        match self.memory {
            Memory::Input(_) | Memory::PaddedInput(_) => Slot::Input(self.index),
            Memory::Output(_) => Slot::Output(self.index),
        }
    }

    /// # Errors
    /// There is no such input or output, or it has another type or length.
    fn check(&self, inputs: &[TensorInfo], outputs: &[TensorInfo]) -> Result<()> {
        let (what, list) = match self.slot() {
            Slot::Input(_) => ("input", inputs),
            Slot::Output(_) => ("output", outputs),
        };
        let info = find(what, self.index, list)?;
        if let Some(dtype) = self.dtype {
            check_type(what, self.index, info, dtype)?;
        }
        let size = info.size_bytes();
        let (fits, got, wanted) = match &self.memory {
            Memory::Input(bytes) => (bytes.len() == size, bytes.len(), format!("{size} bytes")),
            Memory::Output(bytes) => (bytes.len() == size, bytes.len(), format!("{size} bytes")),
            Memory::PaddedInput(bytes) => (
                bytes.len().checked_sub(size).is_some_and(|more| more >= INPUT_PADDING),
                bytes.len(),
                format!("{size} bytes and {INPUT_PADDING} more"),
            ),
        };
        if fits {
            return Ok(());
        }
        let (name, index, shape) = (&info.name, self.index, &info.shape);
        Err(Error::argument(format!("{what} {index} '{name}' of shape {shape:?} takes {wanted}, got {got}")))
    }
}

impl fmt::Debug for Binding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding").field("slot", &self.slot()).field("dtype", &self.dtype).finish_non_exhaustive()
    }
}

/// # Errors
/// A binding does not fit, or there are two of one input or output.
pub(crate) fn check(bindings: &[Binding<'_>], inputs: &[TensorInfo], outputs: &[TensorInfo]) -> Result<()> {
    for (position, binding) in bindings.iter().enumerate() {
        binding.check(inputs, outputs)?;
        if bindings[..position].iter().any(|earlier| earlier.slot() == binding.slot()) {
            return Err(Error::argument(match binding.slot() {
                Slot::Input(index) => format!("input {index} is bound twice"),
                Slot::Output(index) => format!("output {index} is bound twice"),
            }));
        }
    }
    Ok(())
}

/// The input or output of an index.
///
/// # Errors
/// There is none.
pub(crate) fn find<'a>(what: &str, index: usize, list: &'a [TensorInfo]) -> Result<&'a TensorInfo> {
    list.get(index).ok_or_else(|| Error::argument(format!("there is no {what} {index}; the model has {}", list.len())))
}

/// # Errors
/// The tensor's elements are of another type.
pub(crate) fn check_type(what: &str, index: usize, info: &TensorInfo, dtype: DType) -> Result<()> {
    if info.dtype == dtype {
        return Ok(());
    }
    let (name, own) = (&info.name, info.dtype);
    Err(Error::argument(format!("{what} {index} '{name}' is {own}, not {dtype}")))
}
