//! The two prepared layers.

use core::cell::Cell;

use super::bytes::{BytesCall, GROUP, Quantization};
use super::pieces::{Piece, Pieces};
use super::range::{PieceRange, RangeCall};
use super::scale::RowScale;
use super::spec::{DynamicRangeSpec, Quantized};
use super::table::{Descriptor, FAMILY, KERNELS};
use crate::activation_scale::ActivationScale;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::memory::Input;

/// Finds the ranges of activations, ready to run. Input 0 is the activations, of float32; output 0 is what [`Quantize`] reads, of
/// [`Range::output_bytes`].
pub struct Range {
    bound: Bound<Descriptor>,
    pieces: Pieces,
}

/// Makes activations bytes, ready to run. Input 0 is the activations, of float32, and input 1 what [`Range`] wrote. Output 0 is the
/// stored activations of [`Quantize::stored_bytes`], output 1 the scales of [`Quantize::scale_bytes`].
pub struct Quantize {
    bound: Bound<Descriptor>,
    pieces: Pieces,
    symmetric: bool,
    marks_zeros: bool,
    quantized: Quantized,
    /// What stored values have more than those of int8.
    offset: i32,
}

/// Prepares both layers for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or there is nothing to quantize.
pub fn prepare(isa: Isa, spec: &DynamicRangeSpec) -> (Range, Quantize) {
    assert!(spec.rows > 0 && spec.elements > 0, "there is something to quantize");
    let (bound, pieces) = (Bound::new(KERNELS, isa), Pieces::new(spec));
    let DynamicRangeSpec { symmetric, marks_zeros, quantized, .. } = *spec;
    let offset = isa.storage().offset_from(true);
    let quantize = Quantize { bound, pieces, symmetric, marks_zeros, quantized, offset };
    (Range { bound, pieces }, quantize)
}

/// The elements of a piece.
///
/// # Safety
/// Nobody writes them.
///
/// # Panics
/// The view has not all rows.
unsafe fn elements<'a>(pieces: &Pieces, piece: &Piece, input: Input<'a>) -> &'a [[u8; 4]] {
    let needed = size_of::<f32>() * pieces.rows * pieces.elements;
    assert!(input.len() >= needed, "input view of {} bytes", input.len());
    let first = piece.row * pieces.elements + piece.elements.start;
    // SAFETY: inside the asserted view; the caller's promise.
    unsafe { input.run(size_of::<f32>() * first, size_of::<f32>() * piece.elements.len()).as_chunks().0 }
}

impl Range {
    /// Bytes of the output.
    pub fn output_bytes(&self) -> usize {
        self.pieces.count() * PieceRange::BYTES
    }
}

impl Layer for Range {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().names[0])
    }

    fn tasks(&self) -> usize {
        self.pieces.tasks()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index, inputs, outputs, .. } = task;
        assert!(outputs[0].len() >= self.output_bytes(), "output view of {} bytes", outputs[0].len());
        for index in self.pieces.of_task(index) {
            let piece = self.pieces.piece(index);
            let range = Cell::new(PieceRange::EMPTY);
            // SAFETY: the caller vouches that nobody writes the input; the bound descriptor proves the CPU feature.
            unsafe {
                let elements = elements(&self.pieces, &piece, inputs[0]);
                (self.bound.descriptor().range)(&RangeCall { elements, range: &range });
            }
            // SAFETY: inside the asserted view; the piece is the task's, and nobody else touches its output.
            let output = unsafe { outputs[0].run(piece.index * PieceRange::BYTES, PieceRange::BYTES) };
            output.copy_from_slice(&range.get().to_bytes());
        }
        Ok(())
    }
}

impl Quantize {
    /// Bytes of the scales of all rows, as convolutions read them.
    pub fn scale_bytes(&self) -> usize {
        self.pieces.rows * ActivationScale::BYTES
    }

    /// Bytes of the stored activations.
    pub fn stored_bytes(&self) -> usize {
        self.element_bytes() * self.pieces.rows * self.pieces.elements
    }

    fn element_bytes(&self) -> usize {
        if self.quantized == Quantized::Bytes { 1 } else { size_of::<f32>() }
    }

    /// The ranges of all pieces.
    ///
    /// # Safety
    /// Nobody writes them.
    unsafe fn ranges<'a>(&self, input: Input<'a>) -> &'a [[u8; PieceRange::BYTES]] {
        let needed = self.pieces.count() * PieceRange::BYTES;
        assert!(input.len() >= needed, "view of {} bytes of ranges", input.len());
        // SAFETY: inside the asserted view; the caller's promise.
        unsafe { input.run(0, needed).as_chunks().0 }
    }

    /// The scale of a row.
    fn of_row(&self, row: usize, ranges: &[[u8; PieceRange::BYTES]]) -> RowScale {
        let of_row = &ranges[row * self.pieces.of_row..][..self.pieces.of_row];
        let range = of_row.iter().map(PieceRange::of_bytes).fold(PieceRange::EMPTY, PieceRange::and);
        RowScale::of(range, self.symmetric)
    }
}

impl Layer for Quantize {
    fn kernel(&self) -> KernelId {
        let name = if self.quantized == Quantized::Bytes { 1 } else { 2 };
        self.bound.kernel(FAMILY, self.bound.descriptor().names[name])
    }

    fn tasks(&self) -> usize {
        self.pieces.tasks()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index, inputs, outputs, .. } = task;
        let row_elements = self.pieces.elements;
        assert!(outputs[0].len() >= self.stored_bytes(), "output view of {} bytes", outputs[0].len());
        assert!(outputs[1].len() >= self.scale_bytes(), "view of {} bytes of scales", outputs[1].len());
        // SAFETY: the caller vouches that nobody writes the inputs.
        let ranges = unsafe { self.ranges(inputs[1]) };
        let is_zero = self.marks_zeros && ranges.iter().all(|range| PieceRange::of_bytes(range).is_zero);
        let mut known: Option<(usize, RowScale)> = None;
        for index in self.pieces.of_task(index) {
            let piece = self.pieces.piece(index);
            let of_row = known.filter(|&(row, _)| row == piece.row).map(|(_, of_row)| of_row);
            let RowScale { scale, inverse } = of_row.unwrap_or_else(|| self.of_row(piece.row, ranges));
            known = Some((piece.row, RowScale { scale, inverse }));
            let zero = scale.zero + self.offset;
            let least = if self.symmetric { -127 } else { -128 };
            let grouped = (row_elements / GROUP * GROUP).min(piece.elements.end).saturating_sub(piece.elements.start);
            let first = piece.row * row_elements + piece.elements.start;
            let output = outputs[0].as_ptr().wrapping_add(self.element_bytes() * first);
            // SAFETY: the caller vouches that nobody writes the input, and that nobody else touches the outputs of the task's
            // pieces, which lie inside the asserted view; the bound descriptor proves the CPU feature.
            unsafe {
                let elements = elements(&self.pieces, &piece, inputs[0]);
                let by = Quantization { inverse, zero, range: [least + self.offset, 127 + self.offset] };
                let descriptor = self.bound.descriptor();
                let run = if self.quantized == Quantized::Bytes { descriptor.bytes } else { descriptor.whole_numbers };
                run(&BytesCall { by, elements, grouped, output });
            }
            if piece.elements.start == 0 {
                let stored = ActivationScale { scale: if is_zero { f32::NAN } else { scale.scale }, zero };
                // SAFETY: inside the asserted view; the row's first piece is the task's.
                let output = unsafe { outputs[1].run(piece.row * ActivationScale::BYTES, ActivationScale::BYTES) };
                output.copy_from_slice(&stored.to_bytes());
            }
        }
        Ok(())
    }
}
