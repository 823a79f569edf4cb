//! Advanced SIMD addition, sixteen elements at a time.

use super::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{Arch, Neon};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn tile<const FIRST_HALF: bool, const SECOND_HALF: bool, const SUBTRACT: bool>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, FIRST_HALF, SECOND_HALF, SUBTRACT>(Neon::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Neon,
    name: "add_s8_neon_x16",
    tiles: [
        [
            tile::<false, false, false>,
            tile::<false, true, false>,
            tile::<true, false, false>,
            tile::<true, true, false>,
        ],
        [tile::<false, false, true>, tile::<false, true, true>, tile::<true, false, true>, tile::<true, true, true>],
    ],
    mix: None,
};
