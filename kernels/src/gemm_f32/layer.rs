//! A prepared convolution of float32 and the loop around its tiles.

use alloc::vec::Vec;
use core::ops::Range;
use core::ptr;

use super::geometry::{Geometry, Row};
use super::pack::{self, LINES, Panel};
use super::partition::{Cut, Piece};
use super::spec::ConvF32Spec;
use super::table::{Descriptor, FAMILY, KERNELS};
use super::tile::Tile;
use crate::arch::LANES;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::packed::{self, PackedSlice, Packing, Unfit};

/// Most rows of a block, whose activations should stay in the second-level cache while all panels go over them.
const MAX_BLOCK_ROWS: usize = 84;
/// Activations of a block, in elements of K.
const BLOCK_ELEMENTS: usize = 1 << 16;

/// Prepares a convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does not match, channels
/// that groups do not divide, strides that are shorter than pixels, a tensor of 4 GiB or more.
pub fn prepare(isa: Isa, spec: &ConvF32Spec<'_>) -> ConvF32 {
    packed::made(prepare_packed(isa, spec, &mut Packing::fresh()))
}

/// [`prepare`] with weights that may have been packed before; then those of the specification are not looked at.
///
/// # Errors
/// What was packed before is not of such a convolution.
///
/// # Panics
/// As [`prepare`].
pub fn prepare_packed(isa: Isa, spec: &ConvF32Spec<'_>, packing: &mut Packing) -> Result<ConvF32, Unfit> {
    spec.check(packing.is_stored());
    let bound = Bound::new(KERNELS, isa);
    let descriptor: &Descriptor = bound.descriptor();
    let geometry = Geometry::new(spec);
    let panels = pack::panels(spec);
    let panel_lines = spec.depth();
    let lines = packing.buffer_in_place(&LINES, panels.len() * panel_lines, |lines: &mut [[f32; LANES]]| {
        for (&panel, lines) in panels.iter().zip(lines.chunks_exact_mut(panel_lines)) {
            pack::pack(spec, panel, lines);
        }
    })?;
    let cut = Cut {
        panels: panels.len(),
        row_quantum: descriptor.most_rows(),
        panel_quantum: descriptor.panels,
        most_work: descriptor.most_work,
        threads: spec.threads,
    };
    Ok(ConvF32 {
        tasks: cut.tasks(&geometry),
        bias: panels.iter().map(|panel| pack::bias(spec, panel)).collect(),
        bound,
        geometry,
        group_channels: spec.group_channels(),
        channels: spec.channels,
        pixel_stride: spec.pixel_stride,
        range: spec.range,
        panel_lines,
        panels,
        lines,
    })
}

/// A convolution of float32 with packed weights, ready to run. Input 0 is the activations, output 0 the result, at any alignment
/// that `f32` has.
pub struct ConvF32 {
    bound: Bound<Descriptor>,
    geometry: Geometry,
    /// Input channels of a group.
    group_channels: usize,
    channels: usize,
    pixel_stride: usize,
    range: [f32; 2],
    panels: Vec<Panel>,
    /// Lines from one panel to the next.
    panel_lines: usize,
    lines: PackedSlice<[f32; LANES]>,
    bias: Vec<[f32; LANES]>,
    tasks: Vec<Piece>,
}

impl ConvF32 {
    /// Rows of a block: whole tiles.
    fn block_rows(&self, depth: usize) -> usize {
        let quantum = self.bound.descriptor().most_rows();
        (BLOCK_ELEMENTS / depth.max(1)).clamp(quantum, MAX_BLOCK_ROWS) / quantum * quantum
    }

    /// Computes some rows of a class in some panels.
    ///
    /// # Safety
    /// As [`Layer::run`]; the views were asserted to hold the tensors.
    unsafe fn block(&self, piece: &Piece, rows: Range<usize>, input: *const f32, output: *mut f32) {
        let class = &self.geometry.classes[piece.class];
        let mut located = [Row { input: ptr::null(), pixel: 0 }; MAX_BLOCK_ROWS];
        let located = &mut located[..rows.len()];
        self.geometry.locate(class, rows.start, input, located);
        let mut next = piece.panels.start;
        while next < piece.panels.end {
            let Panel { group, first, .. } = self.panels[next];
            let in_group = self.panels[next..piece.panels.end].iter().take_while(|panel| panel.group == group);
            let tiles = self.bound.descriptor().tiles_for(located.len(), in_group.count());
            let panels = next..next + tiles.panels;
            let mut tile = Tile {
                rows: &[],
                group_offset: group * self.group_channels,
                segments: &class.segments,
                lines: &self.lines[panels.start * self.panel_lines..panels.end * self.panel_lines],
                panel_lines: self.panel_lines,
                bias: &self.bias[panels.clone()],
                range: self.range,
                output: output.wrapping_add(first),
                pixel_stride: self.pixel_stride,
                channels: self.panels[panels.clone()].iter().map(|panel| panel.channels).sum(),
            };
            // Tiles are about as high as each other: low ones are slow.
            let count = located.len().div_ceil(tiles.by_rows.len());
            let at = |tile: usize| located.len() * tile / count;
            for index in 0..count {
                tile.rows = &located[at(index)..at(index + 1)];
                // SAFETY: the bound descriptor proves the CPU feature and the entry is that of so many rows. Rows and their
                // segments lie in the input that was asserted, outputs in the asserted view, and the caller vouches for both.
                unsafe { (tiles.by_rows[tile.rows.len() - 1])(&tile) }
            }
            next = panels.end;
        }
    }
}

impl Layer for ConvF32 {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.tasks.len()
    }

    fn packed_bytes(&self) -> usize {
        size_of_val(&self.lines[..]) + size_of_val(&self.bias[..])
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index, inputs, outputs, .. } = task;
        let (input, output) = (inputs[0], outputs[0]);
        assert!(input.len() >= 4 * self.geometry.input.span_bytes(), "input view of {} bytes", input.len());
        let end = (self.geometry.outputs() - 1) * self.pixel_stride + self.channels;
        assert!(output.len() >= 4 * end, "output view of {} bytes", output.len());
        assert!(input.as_ptr().addr().is_multiple_of(4) && output.as_ptr().addr().is_multiple_of(4), "alignment");
        let piece = &self.tasks[index];
        let step = self.block_rows(self.geometry.classes[piece.class].depth());
        for first in piece.rows.clone().step_by(step) {
            let rows = first..piece.rows.end.min(first + step);
            // SAFETY: asserted above; the rest is the caller's promise.
            unsafe { self.block(piece, rows, input.as_ptr().cast(), output.as_ptr().cast()) }
        }
        Ok(())
    }
}
