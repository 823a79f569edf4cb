//! Advanced SIMD addition, sixteen elements at a time: step by step, or as one weighed sum.

use super::mix_tile::{self, MixTile};
use super::tile::{self, Tile};
use super::{Descriptor, MixKernel};
use crate::arch::{InstructionSet, Neon, Wide};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn tile<const FIRST_HALF: bool, const SECOND_HALF: bool, const SUBTRACT: bool>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, FIRST_HALF, SECOND_HALF, SUBTRACT>(Neon::assume(), call) }
}

/// See [`mix_tile::run`].
#[target_feature(enable = "neon")]
unsafe fn mix(call: &MixTile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { mix_tile::run(Neon::assume(), call) }
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
    mix: Some(MixKernel { name: "add_s8_neon_mix_x16", tile: mix, width: Neon::WIDTH }),
};
