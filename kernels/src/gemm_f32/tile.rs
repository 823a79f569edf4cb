//! The tile, written once for every instruction set.
//!
//! ```text
//! sums[MR][NR] = 0
//! for each segment of the border class        a run of K that is contiguous in every row
//!     for each k
//!         load a line of packed weights of each panel
//!         for each row: broadcast an activation, NR fused products
//! add the bias, one NaN, clamp, store
//! ```

use core::ptr;

use super::geometry::{Row, Segment};
use crate::arch::{Kernel, LANES, Reals};

/// What one tile works on. `rows` has the tile's `MR`.
pub(super) struct Tile<'a> {
    pub(super) rows: &'a [Row],
    /// Elements from `Row::input` to the group's channels.
    pub(super) group_offset: usize,
    /// The border class's K.
    pub(super) segments: &'a [Segment],
    /// Lines of the first panel and of those that follow.
    pub(super) lines: &'a [[f32; LANES]],
    /// Lines from one panel to the next.
    pub(super) panel_lines: usize,
    /// The bias of each panel.
    pub(super) bias: &'a [[f32; LANES]],
    pub(super) range: [f32; 2],
    /// The first panel's first channel of pixel 0.
    pub(super) output: *mut f32,
    /// Elements from one output pixel to the next.
    pub(super) pixel_stride: usize,
    /// Channels of all panels of the tile.
    pub(super) channels: usize,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. Every row's segments are valid for reads, and the channels of every row's pixel for
/// writes, which nobody else touches.
pub(super) type TileFn = unsafe fn(&Tile<'_>);

/// The tile of `MR` rows by `NR` registers of columns, which are whole panels.
pub(super) struct FusedTile<const MR: usize, const NR: usize>;

/// Where a register of columns lies: its panel, and its first column there.
const fn place<A: Reals>(register: usize) -> [usize; 2] {
    [register * A::WIDTH32 / LANES, register * A::WIDTH32 % LANES]
}

impl<A: Reals, const MR: usize, const NR: usize> Kernel<A> for FusedTile<MR, NR> {
    type Call<'a> = Tile<'a>;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile<'_>) {
        const { assert!((NR * A::WIDTH32).is_multiple_of(LANES), "a tile has whole panels") };
        let panels = NR * A::WIDTH32 / LANES;
        assert!(tile.rows.len() == MR && tile.bias.len() == panels && tile.channels <= panels * LANES);
        let mut sums = [[arch.splat_f32(0.0); NR]; MR];
        for segment in tile.segments {
            assert!((panels - 1) * tile.panel_lines + segment.line + segment.len <= tile.lines.len());
            let mut rows = [ptr::null::<f32>(); MR];
            for (address, row) in rows.iter_mut().zip(tile.rows) {
                *address = row.input.wrapping_add(tile.group_offset + segment.offset);
            }
            let lines = tile.lines[segment.line..].as_ptr().cast::<f32>();
            for k in 0..segment.len {
                let weights: [A::F32; NR] = core::array::from_fn(|register| {
                    let [panel, column] = place::<A>(register);
                    // SAFETY: asserted above: the line lies within `lines`, and the register within it.
                    unsafe { arch.load_f32(lines.add((panel * tile.panel_lines + k) * LANES + column)) }
                });
                for row in 0..MR {
                    // SAFETY: the caller vouches for the segment's elements of every row.
                    let x = arch.splat_f32(unsafe { *rows[row].add(k) });
                    for register in 0..NR {
                        sums[row][register] = arch.mul_add_f32(sums[row][register], x, weights[register]);
                    }
                }
            }
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { store(arch, tile, sums) }
    }
}

/// Makes outputs of sums.
///
/// Each loop over registers has constant ranges and little to do, which is what lets the compiler unroll it: an array that is
/// left to a loop's index would be kept in memory by every product as well. Where not all channels are there, the outputs go
/// through memory of their own.
///
/// # Safety
/// As [`TileFn`] for the outputs, in a function that enables the instruction set of `arch`.
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
#[inline(always)]
unsafe fn store<A: Reals, const MR: usize, const NR: usize>(arch: A, tile: &Tile<'_>, mut sums: [[A::F32; NR]; MR]) {
    for register in 0..NR {
        let [panel, column] = place::<A>(register);
        // SAFETY: a panel's bias has sixteen values.
        let bias = unsafe { arch.load_f32(tile.bias[panel][column..].as_ptr()) };
        for row in 0..MR {
            sums[row][register] = arch.add_f32(sums[row][register], bias);
        }
    }
    for row in 0..MR {
        for register in 0..NR {
            sums[row][register] = arch.one_nan_f32(sums[row][register]);
        }
    }
    let range = tile.range.map(|end| arch.splat_f32(end));
    for row in 0..MR {
        for register in 0..NR {
            sums[row][register] = arch.clamp_f32(sums[row][register], range);
        }
    }
    let pixel = |row: usize| tile.output.wrapping_add(tile.rows[row].pixel * tile.pixel_stride);
    if tile.channels == NR * A::WIDTH32 {
        for row in 0..MR {
            let pixel = pixel(row);
            for register in 0..NR {
                // SAFETY: the caller vouches for the channels, which all registers have.
                unsafe { arch.store_f32(pixel.wrapping_add(register * A::WIDTH32), sums[row][register]) }
            }
        }
        return;
    }
    let mut spilled = [[[0.0_f32; LANES]; NR]; MR];
    for row in 0..MR {
        for register in 0..NR {
            // SAFETY: a register has at most sixteen lanes.
            unsafe { arch.store_f32(spilled[row][register].as_mut_ptr(), sums[row][register]) }
        }
    }
    for (row, values) in spilled.iter().enumerate() {
        for (register, values) in values.iter().enumerate() {
            let first = register * A::WIDTH32;
            let target = pixel(row).wrapping_add(first);
            // SAFETY: sixteen values are there; the caller vouches for the channels that the tile has.
            unsafe {
                match tile.channels.saturating_sub(first) {
                    0 => {}
                    left if left >= A::WIDTH32 => arch.store_f32(target, arch.load_f32(values.as_ptr())),
                    left => arch.store_first_f32(target, arch.load_f32(values.as_ptr()), left),
                }
            }
        }
    }
}
