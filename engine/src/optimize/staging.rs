//! Inputs and outputs in the file's form, and their way into the arena and out of it.

use std::collections::HashMap;

use super::lend::Lendable;
use super::lifetimes::TensorRange;
use super::memory::Arena;
use crate::binding::Binding;
use crate::buffer::AlignedBytes;
use crate::error::Result;
use crate::tensor::TensorId;

/// A graph input or output in the file's form.
pub(super) struct Staged {
    bytes: AlignedBytes,
    /// `None` for constants, whose bytes never change.
    tensor: Option<TensorRange>,
    xor_mask: u8,
    /// How often it is listed, and how many of these are bound in this run.
    listings: usize,
    bound: usize,
}

impl Staged {
    /// Memory for `size_bytes` bytes of a tensor in the arena, which the file's bytes are XORed to.
    pub(super) fn new(size_bytes: usize, tensor: Option<TensorRange>, xor_mask: u8) -> Result<Self> {
        Ok(Self { bytes: AlignedBytes::new(size_bytes)?, tensor, xor_mask, listings: 0, bound: 0 })
    }

    /// A constant.
    pub(super) fn constant(constant: &[u8]) -> Result<Self> {
        let mut staged = Self::new(constant.len(), None, 0)?;
        staged.bytes.bytes_mut().copy_from_slice(constant);
        Ok(staged)
    }

    /// Copies an input to the arena: the first of `bytes`.
    ///
    /// # Safety
    /// Nobody else uses the tensor's bytes meanwhile.
    #[expect(unsafe_code, reason = "as its caller")]
    unsafe fn copy_in(&self, arena: &Arena, bytes: &[u8]) {
        let tensor = self.tensor.expect("graph inputs are somewhere");
        // SAFETY: the caller's promise.
        unsafe { arena.copy_in(tensor.range.offset, &bytes[..self.bytes.bytes().len()], self.xor_mask) }
    }
}

/// Inputs or outputs in the file's form. A tensor that is listed more than once is there once.
pub(super) struct Staging {
    distinct: Vec<Staged>,
    /// Which of them each input or output is.
    listed: Vec<usize>,
}

impl Staging {
    /// What `stage` makes of each different tensor of a list.
    pub(super) fn new(ids: &[TensorId], mut stage: impl FnMut(TensorId) -> Result<Staged>) -> Result<Self> {
        let mut staging = Self { distinct: Vec::new(), listed: Vec::with_capacity(ids.len()) };
        let mut known = HashMap::new();
        for &id in ids {
            let next = staging.distinct.len();
            let index = *known.entry(id).or_insert(next);
            if index == next {
                staging.distinct.push(stage(id)?);
            }
            staging.distinct[index].listings += 1;
            staging.listed.push(index);
        }
        Ok(staging)
    }

    /// The bytes of an input or output.
    pub(super) fn bytes(&self, index: usize) -> &[u8] {
        self.distinct[self.listed[index]].bytes.bytes()
    }

    /// The bytes of an input or output, to be changed.
    pub(super) fn bytes_mut(&mut self, index: usize) -> &mut [u8] {
        self.distinct[self.listed[index]].bytes.bytes_mut()
    }

    /// Zeros in all but constants.
    pub(super) fn clear(&mut self) {
        let computed = self.distinct.iter_mut().filter(|staged| staged.tensor.is_some());
        computed.for_each(|staged| staged.bytes.bytes_mut().fill(0));
    }

    /// Copies inputs to the arena, but those that are used where they are.
    ///
    /// # Safety
    /// Nobody else uses the arena meanwhile.
    #[expect(unsafe_code, reason = "as its caller")]
    pub(super) unsafe fn bring_in(&mut self, arena: &Arena, bindings: &[Binding<'_>], lendable: &Lendable) {
        self.count_bound(bindings.iter().filter_map(Binding::as_input).map(|(index, _)| index));
        for staged in self.distinct.iter().filter(|staged| staged.bound == 0) {
            // SAFETY: the caller's promise.
            unsafe { staged.copy_in(arena, staged.bytes.bytes()) }
        }
        for binding in bindings.iter().filter(|binding| lendable.of(binding).is_none()) {
            if let Some((index, bytes)) = binding.as_input() {
                // SAFETY: the caller's promise.
                unsafe { self.distinct[self.listed[index]].copy_in(arena, bytes) }
            }
        }
    }

    /// Copies outputs out of the arena, but those that were written where they are wanted.
    ///
    /// # Safety
    /// Nobody writes the arena meanwhile.
    #[expect(unsafe_code, reason = "as its caller")]
    pub(super) unsafe fn bring_out(&mut self, arena: &Arena, bindings: &mut [Binding<'_>], lendable: &Lendable) {
        self.count_bound(bindings.iter().filter_map(|binding| Some(binding.as_output()?.0)));
        for Staged { bytes, tensor, xor_mask, .. } in
            self.distinct.iter_mut().filter(|staged| staged.bound < staged.listings)
        {
            if let Some(tensor) = tensor {
                // SAFETY: the caller's promise.
                unsafe { copy_out(arena, tensor, *xor_mask, bytes.bytes_mut()) }
            }
        }
        for binding in bindings.iter_mut().filter(|binding| lendable.of(binding).is_none()) {
            let Some((index, wanted)) = binding.as_output_mut() else { continue };
            let Staged { bytes, tensor, xor_mask, .. } = &self.distinct[self.listed[index]];
            match tensor {
                // SAFETY: the caller's promise.
                Some(tensor) => unsafe { copy_out(arena, tensor, *xor_mask, wanted) },
                None => wanted.copy_from_slice(bytes.bytes()),
            }
        }
    }

    fn count_bound(&mut self, indices: impl Iterator<Item = usize>) {
        self.distinct.iter_mut().for_each(|staged| staged.bound = 0);
        indices.for_each(|index| self.distinct[self.listed[index]].bound += 1);
    }
}

/// Copies a tensor out of the arena, each byte XOR `xor_mask`.
///
/// # Safety
/// Nobody writes the tensor's bytes meanwhile.
#[expect(unsafe_code, reason = "as its caller")]
pub(super) unsafe fn copy_out(arena: &Arena, tensor: &TensorRange, xor_mask: u8, bytes: &mut [u8]) {
    // SAFETY: the caller's promise.
    unsafe { arena.copy_out(tensor.range.offset, [tensor.run_bytes, tensor.stride_bytes], xor_mask, bytes) }
}
