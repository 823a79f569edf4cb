//! The tile for instruction sets that multiply in pairs, with lines that share a widening.
//!
//! ```text
//! for each half of the panel                      eight columns, so that a row takes one register
//!     sums[MR] = bias
//!     for size in 1, 2, 3, 4, 5                the order in which they lie in memory
//!         for each group of that many lines       weights[size], and an offset for each
//!             for each row
//!                 words = Σ over the lines: pairs of four activations at row + offset, and weights
//!                 sums[row] += words, widened
//! epilogue                                        as every tile
//! ```
//!
//! Five lines cost five products and four additions in 16 bits, one widening and one addition in
//! 32 bits: eleven instructions for 160 products, where single lines need fifteen. The packer has
//! proven for each group that no activations leave 16 bits ([`super::groups`]).
//!
//! 16 registers of AVX2: 8 rows of eight columns are 8 accumulators, and there are up to five registers of
//! weights, the ones, and what a row computes with.

use core::marker::PhantomData;

use super::groups::HalfLine;
use super::pack::WideningPanel;
use crate::arch::{Kernel, LANES, PairDot};
use crate::epilogue::Epilogue;
use crate::gemm::epilogue::{ByteEpilogue, ToBytes};

/// What one tile of one panel works on. `rows` has the tile's `MR`.
pub(crate) struct WideningCall<'a, E> {
    /// Address of each row's first tap.
    pub(crate) rows: &'a [*const u8],
    /// The panel's weights, and which of them.
    pub(crate) panel: WideningPanel<'a>,
    /// Folded bias.
    pub(crate) bias: &'a [i32; LANES],
    /// What becomes of the sums.
    pub(crate) epilogue: E,
}

/// A tile entry point.
///
/// # Safety
/// As [`TileFn`](crate::gemm::tile::TileFn); the panel is one of the tile's class.
pub(crate) type WideningTileFn = unsafe fn(&ByteCall<'_>);

/// The call of a tile whose outputs are bytes.
pub(crate) type ByteCall<'a> = WideningCall<'a, ByteEpilogue<'a>>;

/// The tile of `MR` rows by one panel.
pub(crate) struct WideningTile<const MR: usize, E = ToBytes>(PhantomData<E>);

impl<A: PairDot, const MR: usize, E: Epilogue<A>> Kernel<A> for WideningTile<MR, E> {
    type Call<'a> = WideningCall<'a, E::Call<'a>>;

    /// # Safety
    /// As [`WideningTileFn`], in a function that enables the instruction set of `arch`.
    #[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
    #[inline(always)]
    unsafe fn run(arch: A, tile: &WideningCall<'_, E::Call<'_>>) {
        assert!(tile.rows.len() == MR);
        let panel = &tile.panel;
        let mut rows = [core::ptr::null(); MR];
        for (row, &first_inside) in rows.iter_mut().zip(tile.rows) {
            *row = first_inside.wrapping_sub(panel.origin);
        }
        // SAFETY: a panel's bias has sixteen values.
        let bias = unsafe { arch.load(tile.bias.as_ptr()) };
        let by = arch.prepare_widen();
        let mut halves = [[arch.half(bias, 0); 2]; MR];
        for half in 0..2 {
            let mut sums = [arch.half(bias, half); MR];
            for units in panel.ranges {
                // SAFETY: the caller vouches for the rows.
                unsafe {
                    groups::<A, MR, 1>(arch, by, &rows, panel.groups(half, 1, units), &mut sums);
                    groups::<A, MR, 2>(arch, by, &rows, panel.groups(half, 2, units), &mut sums);
                    groups::<A, MR, 3>(arch, by, &rows, panel.groups(half, 3, units), &mut sums);
                    groups::<A, MR, 4>(arch, by, &rows, panel.groups(half, 4, units), &mut sums);
                    groups::<A, MR, 5>(arch, by, &rows, panel.groups(half, 5, units), &mut sums);
                }
            }
            for row in 0..MR {
                halves[row][half] = sums[row];
            }
        }
        let mut lanes = [[arch.splat(0); 1]; MR];
        for row in 0..MR {
            lanes[row][0] = arch.whole(halves[row]);
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { E::finish(arch, &tile.epilogue, lanes) }
    }
}

/// Adds the products of groups of `SIZE` lines.
///
/// Offsets of many lines and the addresses of all rows are more than the general registers hold. The compiler
/// would rather load activations early and spill vectors, so it is made to take the addresses from memory.
///
/// # Safety
/// As [`WideningTileFn`], in a function that enables the instruction set of `arch`.
#[inline(always)]
unsafe fn groups<A: PairDot, const MR: usize, const SIZE: usize>(
    arch: A,
    by: A::Widening,
    rows: &[*const u8; MR],
    (lines, offsets): (&[HalfLine], &[u32]),
    sums: &mut [A::Half; MR],
) {
    let (lines, offsets) = (lines.as_chunks::<SIZE>().0, offsets.as_chunks::<SIZE>().0);
    for (lines, offsets) in lines.iter().zip(offsets) {
        let mut weights = [arch.zero_half_weights(); SIZE];
        for line in 0..SIZE {
            weights[line] = arch.load_half(&lines[line].0);
        }
        for row in 0..MR {
            // SAFETY: a reference is valid to read.
            let start = if MR + SIZE >= 10 { unsafe { (&raw const rows[row]).read_volatile() } } else { rows[row] };
            // SAFETY: the caller vouches for the four bytes of every line's activations.
            let quad = unsafe { arch.load_quad(start.wrapping_add(offsets[0] as usize)) };
            let mut words = arch.pairs(quad, weights[0]);
            for line in 1..SIZE {
                // SAFETY: as above.
                let quad = unsafe { arch.load_quad(start.wrapping_add(offsets[line] as usize)) };
                words = arch.add_pairs(words, arch.pairs(quad, weights[line]));
            }
            sums[row] = arch.widen(sums[row], words, by);
        }
    }
}
