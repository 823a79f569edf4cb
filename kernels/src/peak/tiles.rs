//! The loop over the products of tiles.

use core::hint::black_box;

use super::passes::{Counted, LINES, PASSES};
use crate::arch::amx::{Sums, TILE_BYTES, TILE_ROWS, Tiles};
use crate::arch::{Amx, Kernel, LANES};

/// Four tiles of sums.
pub(super) struct TilePasses;

impl Counted for TilePasses {
    const MACS: usize = PASSES * LINES * 4 * TILE_ROWS * LANES * TILE_BYTES;
}

impl Kernel<Amx> for TilePasses {
    type Call<'a> = ();

    /// # Safety
    /// The CPU has AMX.
    #[inline(always)]
    unsafe fn run(_: Amx, (): &()) {
        let lines = black_box([[3u8; TILE_BYTES]; TILE_ROWS]);
        // SAFETY: the caller vouches for AMX; tiles are configured nowhere else.
        let mut tiles = unsafe { Tiles::configure() };
        tiles.clear_sums();
        // SAFETY: `lines` holds sixteen rows of 64 bytes.
        unsafe {
            tiles.load_activations::<0>(lines.as_ptr().cast(), TILE_BYTES);
            tiles.load_activations::<1>(lines.as_ptr().cast(), TILE_BYTES);
            tiles.load_weights::<0>(lines.as_ptr().cast());
            tiles.load_weights::<1>(lines.as_ptr().cast());
        }
        for _ in 0..PASSES * LINES {
            tiles.multiply::<2, 2>();
        }
        let mut sums = Sums::ZERO;
        tiles.store_sums::<2, 2>(&mut sums);
        black_box(&sums.0);
    }
}
