//! The convolution tile, written once for every instruction set.
//!
//! A tile computes `MR` output pixels times `NV` panels of sixteen output channels, with all
//! `MR x NV` accumulators in registers over the whole of K:
//!
//! ```text
//! sums[MR][NV] = bias
//! for each segment of the border class            a run of K that is contiguous in every row
//!     for each step of four k
//!         load NV lines of packed weights         64 bytes each: [16 columns][4 k]
//!         for each row: broadcast 4 activations, NV dot products
//! finish                                          zero-point corrections, requantize, clamp, store
//! ```
//!
//! Rows are pointers, so no im2col copy is made: the convolution hands in the address of each
//! pixel's first tap inside the image, and segments give the way from there.
//! Activations are read four at a time; a run whose length is no multiple of four reads up to
//! three bytes more, which meet zero weights.

use core::ops::Range;
use core::ptr;

use super::blocks::PanelGroup;
use super::columns::Columns;
use super::ending::{self, Ending, Scratch};
use super::excess::Addend;
use super::streams::PanelStreams;
use crate::arch::{Arch, Dot, LANES};
use crate::memory::{Line, Output};

/// Most rows that any tile has.
pub(crate) const MAX_ROWS: usize = 14;
/// Most panels that any tile has.
pub(crate) const MAX_PANELS: usize = 4;

/// A run of K that is contiguous in the activations of every row and in every panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Bytes from a row's pointer to the run.
    pub(crate) offset: u32,
    /// Activations in the run.
    pub(crate) bytes: u32,
    /// The run's first line within a panel.
    pub(crate) line: u32,
    /// Its lines: steps of four k, of which the last may be padding.
    pub(crate) lines: u32,
}

impl Segment {
    /// Steps of four k.
    pub(crate) fn steps(&self) -> usize {
        self.lines as usize
    }
}

/// What one tile works on. `rows` has the tile's `MR`, `bias` its `NV`.
pub(crate) struct Tile<'a> {
    /// Address of each row's first tap.
    pub(crate) rows: &'a [*const u8],
    /// The border class's K.
    pub(crate) segments: &'a [Segment],
    /// Lines of the first panel and of those that follow.
    pub(crate) weights: &'a [Line],
    /// Lines from one panel to the next.
    pub(crate) panel_lines: usize,
    /// The panel's weights where its lines are joined; tiles of several panels have none.
    #[cfg_attr(not(any(target_arch = "x86_64", test)), expect(dead_code, reason = "only x86 joins lines"))]
    pub(crate) streams: Option<PanelStreams<'a>>,
    /// Folded bias, sixteen for each panel.
    pub(crate) bias: &'a [[i32; LANES]],
    /// How the sums end.
    pub(crate) ending: Ending<'a>,
}

/// What a block kernel works on: the rows of a block, and all panels of a range of groups.
pub(crate) struct Block<'a> {
    /// Address of each row's first tap.
    pub(crate) rows: &'a [*const u8],
    /// Index of each row's output pixel.
    pub(crate) pixels: &'a [u32],
    /// Σx of each row; empty unless some column has a weight zero point.
    pub(crate) row_sums: &'a [i32],
    /// The border class's K.
    pub(crate) segments: &'a [Segment],
    /// The same as runs that are contiguous in the panels.
    #[cfg_attr(
        not(any(target_arch = "x86_64", target_arch = "aarch64")),
        expect(dead_code, reason = "only block kernels read it")
    )]
    pub(crate) runs: &'a [Run],
    /// Lines of all panels, and of those that follow.
    pub(crate) weights: &'a [Line],
    /// Lines from one panel to the next.
    pub(crate) panel_lines: usize,
    /// Folded bias of all panels.
    pub(crate) bias: &'a [[i32; LANES]],
    /// How all panels end.
    pub(crate) columns: &'a [Columns],
    /// What the packed weights of all panels lack; empty where they are whole.
    pub(crate) addends: &'a [Vec<Addend>],
    /// First panel and number of panels of each group to compute.
    pub(crate) groups: &'a [PanelGroup],
    /// Where the parts of the convolution write.
    pub(crate) outputs: &'a [Output<'a>],
    /// For sums that need more than most.
    pub(crate) scratch: &'a Scratch,
}

impl<'a> Block<'a> {
    /// Panels of all groups.
    #[inline(always)]
    pub(crate) fn all_panels(&self) -> usize {
        self.groups.iter().map(|group| group.panels).sum()
    }

    /// How rows `rows` of a group end.
    #[inline]
    pub(crate) fn ending(&self, group: PanelGroup, rows: Range<usize>) -> Ending<'a> {
        let panels = group.first..group.first + group.panels;
        let addends = self.addends.get(panels.clone()).unwrap_or(&[]);
        Ending {
            rows: &self.rows[rows.clone()],
            pixels: &self.pixels[rows.clone()],
            row_sums: self.row_sums.get(rows).unwrap_or(&[]),
            addends: if addends.iter().all(Vec::is_empty) { &[] } else { addends },
            columns: &self.columns[panels],
            form: group.form,
            joined: group.joined,
            outputs: self.outputs,
            scratch: self.scratch,
        }
    }

    /// Makes other rows of a group end.
    #[inline(always)]
    pub(crate) fn end_rows(&self, ending: &mut Ending<'a>, rows: Range<usize>) {
        ending.rows = &self.rows[rows.clone()];
        ending.pixels = &self.pixels[rows.clone()];
        ending.row_sums = self.row_sums.get(rows).unwrap_or(&[]);
    }
}

/// Segments that follow each other in the panels, whether or not they do in the activations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Which segments.
    pub(crate) segments: Range<usize>,
    /// The first's line within a panel.
    pub(crate) line: usize,
    /// Lines of all.
    pub(crate) lines: usize,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. Every row pointer plus every segment's offset is
/// valid for reads of four bytes for each of the run's lines; outputs are valid for the pixels and
/// columns of the tile, which nobody else touches.
pub(crate) type TileFn = unsafe fn(&Tile<'_>);

/// Computes one tile.
///
/// # Safety
/// As [`TileFn`], in a function that enables the instruction set of `arch`.
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
#[inline(always)]
pub(crate) unsafe fn run<A: Dot, const MR: usize, const NV: usize>(arch: A, tile: &Tile<'_>) {
    assert!(tile.rows.len() == MR && tile.bias.len() == NV);
    let mut sums = [[arch.zero(); NV]; MR];
    for panel in 0..NV {
        // SAFETY: a panel's bias has sixteen values.
        let bias = unsafe { arch.load(tile.bias[panel].as_ptr()) };
        for row in 0..MR {
            sums[row][panel] = arch.begin(bias);
        }
    }
    for segment in tile.segments {
        let steps = segment.steps();
        let first = segment.line as usize;
        assert!((NV - 1) * tile.panel_lines + first + steps <= tile.weights.len());
        let mut rows = [ptr::null::<u8>(); MR];
        for (row, &start) in rows.iter_mut().zip(tile.rows) {
            *row = start.wrapping_add(segment.offset as usize);
        }
        let lines = tile.weights[first..].as_ptr();
        for step in 0..steps {
            let weights: [A::Weights; NV] = core::array::from_fn(|panel| {
                // SAFETY: asserted above: the line lies within `weights`.
                unsafe { arch.load_weights(lines.add(panel * tile.panel_lines + step).cast()) }
            });
            for row in 0..MR {
                // SAFETY: the caller vouches for the run's bytes of every row.
                let quad = unsafe { arch.load_quad(rows[row].add(4 * step)) };
                for panel in 0..NV {
                    sums[row][panel] = arch.dot(sums[row][panel], quad, weights[panel]);
                }
            }
        }
    }
    let mut lanes = [[arch.splat(0); NV]; MR];
    for row in 0..MR {
        for panel in 0..NV {
            lanes[row][panel] = arch.lanes(sums[row][panel]);
        }
    }
    // SAFETY: the caller vouches for the outputs.
    unsafe { ending::finish(arch, &tile.ending, lanes) }
}

/// Σx of each row over a border class's K, in the storage type.
///
/// # Safety
/// As [`TileFn`] for the rows.
#[inline(always)]
pub(crate) unsafe fn row_sums<A: Arch>(arch: A, rows: &[*const u8], segments: &[Segment], sums: &mut [i32]) {
    for (&row, sum) in rows.iter().zip(sums) {
        *sum = 0;
        for segment in segments {
            // SAFETY: the caller vouches for the run's bytes.
            let run = unsafe { arch.sum_bytes(row.add(segment.offset as usize), segment.bytes as usize) };
            *sum = sum.wrapping_add(run);
        }
    }
}
