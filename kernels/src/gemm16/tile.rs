//! The tile, written once for every instruction set: `MR` output pixels times sixteen output channels.

use core::marker::PhantomData;

use super::epilogue::{ToWords, WordEpilogue};
use super::geometry::Row;
use crate::arch::{Kernel, LANES, Pairs16};
use crate::epilogue::WideEpilogue;
use crate::requantize16::{add_to_totals, lanes};
use crate::window::{Image, Window};

/// Output pixels times sixteen channels.
pub(super) struct Tile<'a, E> {
    pub(super) rows: &'a [Row],
    pub(super) input: &'a Image,
    pub(super) window: &'a Window,
    /// What a tap in the padding reads: as many zeros as a pixel has channels, and [`super::pack::Packing::overrun`] more.
    pub(super) zeros: &'a [i16],
    /// Pairs of channels of a tap.
    pub(super) pairs: usize,
    /// The panel.
    pub(super) weights: &'a [i16],
    /// Pairs whose sums surely fit 32 bits.
    pub(super) budget: usize,
    /// What becomes of the sums.
    pub(super) epilogue: E,
}

/// A tile whose outputs have 16 bits.
pub(super) type WordTile<'a> = Tile<'a, WordEpilogue<'a>>;

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set, and the tile has as many rows as the entry is for. At every pixel of the images the
/// group's channels and as many more as the packing runs over are readable; outputs are writable for the tile's rows and
/// channels, which nobody else touches. `weights` is a whole panel, packed for the entry.
pub(super) type TileFn = unsafe fn(&WordTile<'_>);

/// The tile of `MR` rows.
pub(super) struct PairTile<const MR: usize, E = ToWords>(PhantomData<E>);

impl<A: Pairs16, const MR: usize, E: WideEpilogue<A>> Kernel<A> for PairTile<MR, E> {
    type Call<'a> = Tile<'a, E::Call<'a>>;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile<'_, E::Call<'_>>) {
        let (mut totals, mut flushed) = ([[0_i64; LANES]; MR], false);
        let mut sums = [arch.splat(0); MR];
        let mut weights = tile.weights.as_ptr();
        let mut left = tile.budget;
        for tap_y in 0..tile.window.taps[0] {
            for tap_x in 0..tile.window.taps[1] {
                let sources = sources::<MR, _>(tile, [tap_y, tap_x]);
                let mut pair = 0;
                while pair < tile.pairs {
                    let count = left.min(tile.pairs - pair);
                    // SAFETY: the caller vouches for the weights of every tap and pair, and for the pixel's channels.
                    unsafe {
                        let mut rows = sources;
                        for row in &mut rows {
                            *row = row.add(2 * pair);
                        }
                        arch.add_depth(&mut sums, &rows, weights, count);
                        weights = weights.add(2 * LANES * count);
                    }
                    left -= count;
                    pair += count;
                    if left == 0 {
                        add_to_totals(&lanes(arch, &sums), &mut totals);
                        sums = [arch.splat(0); MR];
                        (left, flushed) = (tile.budget, true);
                    }
                }
            }
        }
        if flushed {
            add_to_totals(&lanes(arch, &sums), &mut totals);
            // SAFETY: the caller vouches for the outputs.
            return unsafe { E::finish_wide(arch, &tile.epilogue, &totals) };
        }
        let mut vectors = [[arch.splat(0); 1]; MR];
        for row in 0..MR {
            vectors[row][0] = sums[row];
        }
        // SAFETY: the caller vouches for the outputs.
        unsafe { E::finish(arch, &tile.epilogue, vectors) }
    }
}

/// Where a tap's channels are for each row.
#[inline(always)]
pub(super) fn sources<const MR: usize, E>(tile: &Tile<'_, E>, [tap_y, tap_x]: [usize; 2]) -> [*const i16; MR] {
    let mut sources = [tile.zeros.as_ptr(); MR];
    for (source, row) in sources.iter_mut().zip(tile.rows) {
        let y = row.first[0] + (tap_y * tile.window.dilation[0]) as isize;
        let x = row.first[1] + (tap_x * tile.window.dilation[1]) as isize;
        if (0..tile.input.height as isize).contains(&y) && (0..tile.input.width as isize).contains(&x) {
            let pixel = y as usize * tile.input.width + x as usize;
            *source = row.image.wrapping_add(pixel * tile.input.pixel_stride);
        }
    }
    sources
}
