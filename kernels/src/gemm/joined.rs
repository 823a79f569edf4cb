//! The tile for instruction sets that multiply in pairs, with lines joined in 16 bits.
//!
//! ```text
//! for each half of the panel                      eight columns, so that a row takes one register
//!     sums[MR] = bias
//!     for joined in 1, 2, 3, 4, 5              the order in which they lie in memory
//!         for each group of that many lines       weights[joined], and an offset for each
//!             for each row
//!                 words = Σ over the lines: pairs of four activations at row + offset, and weights
//!                 sums[row] += words, widened
//! finish                                          as every tile
//! ```
//!
//! Five lines cost five products and four additions in 16 bits, one widening and one addition in
//! 32 bits: eleven instructions for 160 products, where single lines need fifteen. The packer has
//! proven for each group that no activations leave 16 bits ([`super::join`]).

use super::ending;
use super::join::HalfLine;
use super::tile::Tile;
use crate::arch::PairDot;

/// Computes one tile of one panel.
///
/// # Safety
/// As [`super::tile::TileFn`], in a function that enables the instruction set of `arch`; the panel's
/// streams are those of the tile's class.
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
#[inline(always)]
pub(crate) unsafe fn run<A: PairDot, const MR: usize>(arch: A, tile: &Tile<'_>) {
    assert!(tile.rows.len() == MR && tile.bias.len() == 1);
    let streams = tile.streams.as_ref().expect("the packing of joined lines");
    let mut rows = [core::ptr::null(); MR];
    for (row, &first_inside) in rows.iter_mut().zip(tile.rows) {
        *row = first_inside.wrapping_sub(streams.origin);
    }
    // SAFETY: a panel's bias has sixteen values.
    let bias = unsafe { arch.load(tile.bias[0].as_ptr()) };
    let by = arch.prepare_widen();
    let mut halves = [[arch.half(bias, 0); 2]; MR];
    for half in 0..2 {
        let mut sums = [arch.half(bias, half); MR];
        for units in streams.ranges {
            // SAFETY: the caller vouches for the rows.
            unsafe {
                groups::<A, MR, 1>(arch, by, &rows, streams.groups(half, 1, units), &mut sums);
                groups::<A, MR, 2>(arch, by, &rows, streams.groups(half, 2, units), &mut sums);
                groups::<A, MR, 3>(arch, by, &rows, streams.groups(half, 3, units), &mut sums);
                groups::<A, MR, 4>(arch, by, &rows, streams.groups(half, 4, units), &mut sums);
                groups::<A, MR, 5>(arch, by, &rows, streams.groups(half, 5, units), &mut sums);
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
    unsafe { ending::finish(arch, &tile.ending, lanes) }
}

/// Adds the products of groups of `JOINED` lines.
///
/// Offsets of many lines and the addresses of all rows are more than the general registers hold. The compiler
/// would rather load activations early and spill vectors, so it is made to take the addresses from memory.
///
/// # Safety
/// As [`run`].
#[inline(always)]
unsafe fn groups<A: PairDot, const MR: usize, const JOINED: usize>(
    arch: A,
    by: A::Widening,
    rows: &[*const u8; MR],
    (lines, offsets): (&[HalfLine], &[u32]),
    sums: &mut [A::Half; MR],
) {
    let (lines, offsets) = (lines.as_chunks::<JOINED>().0, offsets.as_chunks::<JOINED>().0);
    for (lines, offsets) in lines.iter().zip(offsets) {
        let mut weights = [arch.zero_half_weights(); JOINED];
        for line in 0..JOINED {
            weights[line] = arch.load_half(&lines[line].0);
        }
        for row in 0..MR {
            // SAFETY: a reference is valid to read.
            let start = if MR + JOINED >= 10 { unsafe { (&raw const rows[row]).read_volatile() } } else { rows[row] };
            // SAFETY: the caller vouches for the four bytes of every line's activations.
            let quad = unsafe { arch.load_quad(start.wrapping_add(offsets[0] as usize)) };
            let mut words = arch.pairs(quad, weights[0]);
            for line in 1..JOINED {
                // SAFETY: as above.
                let quad = unsafe { arch.load_quad(start.wrapping_add(offsets[line] as usize)) };
                words = arch.add_pairs(words, arch.pairs(quad, weights[line]));
            }
            sums[row] = arch.widen(sums[row], words, by);
        }
    }
}
