//! The pieces of a row: what is copied or filled at once.

use alloc::vec::Vec;

use super::spec::{Axis, MovementSpec};
use crate::memory::{Input, Output};

/// Bytes that are copied or filled in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Bytes from the row's start in the input; `None` to fill.
    input: Option<usize>,
    /// Bytes from the row's start in the output.
    output: usize,
    len: usize,
}

/// A row.
#[derive(Debug)]
pub(super) struct Pieces {
    list: Vec<Piece>,
    /// Bytes of every piece where all are copied and have the same few.
    few: Option<usize>,
    fill: [u8; 8],
    element_bytes: usize,
}

impl Pieces {
    /// The pieces of the axis `row`, whose indices are units of `unit` bytes from `base` on; one unit without an axis.
    pub(super) fn new(row: Option<&Axis>, base: usize, unit: usize, spec: &MovementSpec<'_>) -> Self {
        let mut list: Vec<Piece> = Vec::new();
        let (stride, offsets) = row.map_or((0, &[Some(0)][..]), |row| (row.output_stride, &row.offsets[..]));
        for (index, offset) in offsets.iter().enumerate() {
            let piece = Piece { input: offset.map(|offset| base + offset), output: index * stride, len: unit };
            match list.last_mut() {
                Some(last) if last.continues_with(&piece) => last.len += unit,
                _ => list.push(piece),
            }
        }
        let few =
            list.iter().all(|piece| piece.input.is_some() && piece.len == unit) && [1, 2, 3, 4, 8].contains(&unit);
        Self { list, few: few.then_some(unit), fill: spec.fill, element_bytes: spec.element_bytes }
    }

    /// Elementary steps of a row.
    pub(super) fn work(&self) -> usize {
        self.list.iter().map(|piece| 8 + piece.len / 8).sum()
    }

    pub(super) fn packed_bytes(&self) -> usize {
        size_of_val(&self.list[..])
    }

    /// Copies a row, or fills it where there is no input.
    ///
    /// # Safety
    /// The row's pieces lie inside the views from their offsets on; nobody writes those of the input, and nobody else
    /// touches those of the output.
    #[inline]
    pub(super) unsafe fn run(&self, input: Option<(Input<'_>, usize)>, output: (Output<'_>, usize)) {
        // SAFETY: the caller's promise, for all of these.
        unsafe {
            match (self.few, input) {
                (Some(1), Some(input)) => self.copy_few::<1>(input, output),
                (Some(2), Some(input)) => self.copy_few::<2>(input, output),
                (Some(3), Some(input)) => self.copy_few::<3>(input, output),
                (Some(4), Some(input)) => self.copy_few::<4>(input, output),
                (Some(8), Some(input)) => self.copy_few::<8>(input, output),
                _ => self.copy_or_fill(input, output),
            }
        }
    }

    /// Copies pieces of `LEN` bytes each.
    ///
    /// # Safety
    /// As [`Pieces::run`].
    unsafe fn copy_few<const LEN: usize>(&self, input: (Input<'_>, usize), output: (Output<'_>, usize)) {
        let (from, to) = (input.0.as_ptr().wrapping_add(input.1), output.0.as_ptr().wrapping_add(output.1));
        for piece in &self.list {
            let Some(offset) = piece.input else { continue };
            // SAFETY: the caller's promise; arrays of bytes have no alignment.
            unsafe {
                let bytes = from.wrapping_add(offset).cast::<[u8; LEN]>().read();
                to.wrapping_add(piece.output).cast::<[u8; LEN]>().write(bytes);
            }
        }
    }

    /// Copies or fills pieces of any length.
    ///
    /// # Safety
    /// As [`Pieces::run`].
    unsafe fn copy_or_fill(&self, input: Option<(Input<'_>, usize)>, (output, start): (Output<'_>, usize)) {
        for piece in &self.list {
            // SAFETY: the caller's promise.
            let to = unsafe { output.run(start + piece.output, piece.len) };
            match input.zip(piece.input) {
                Some(((input, first), offset)) => {
                    // SAFETY: the caller's promise.
                    let from = unsafe { input.run(first + offset, piece.len) };
                    to.copy_from_slice(from);
                }
                None => self.fill(to),
            }
        }
    }

    /// Repeats the fill over whole elements.
    fn fill(&self, bytes: &mut [u8]) {
        let element = &self.fill[..self.element_bytes];
        match element {
            [first, rest @ ..] if rest.iter().all(|byte| byte == first) => bytes.fill(*first),
            _ => bytes.chunks_exact_mut(element.len()).for_each(|out| out.copy_from_slice(element)),
        }
    }
}

impl Piece {
    /// Whether `next` goes on where this piece ends.
    fn continues_with(&self, next: &Self) -> bool {
        let input = match (self.input, next.input) {
            (Some(first), Some(second)) => first + self.len == second,
            (None, None) => true,
            _ => false,
        };
        input && self.output + self.len == next.output
    }
}
