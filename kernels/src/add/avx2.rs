//! AVX2 addition, sixteen elements at a time step by step, and a register at a time as one weighed sum.

use super::mix_tile::{self, MixTile};
use super::tile::{self, Tile};
use super::{Descriptor, MixKernel};
use crate::arch::{Avx2, InstructionSet, Wide};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx2")]
unsafe fn tile<const FIRST_HALF: bool, const SECOND_HALF: bool, const SUBTRACT: bool>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, FIRST_HALF, SECOND_HALF, SUBTRACT>(Avx2::assume(), call) }
}

/// See [`mix_tile::run`].
#[target_feature(enable = "avx2")]
unsafe fn mix(call: &MixTile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { mix_tile::run(Avx2::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx2,
    name: "add_u8_avx2_x16",
    tiles: [
        [
            tile::<false, false, false>,
            tile::<false, true, false>,
            tile::<true, false, false>,
            tile::<true, true, false>,
        ],
        [tile::<false, false, true>, tile::<false, true, true>, tile::<true, false, true>, tile::<true, true, true>],
    ],
    mix: Some(MixKernel { name: "add_u8_avx2_x32", tile: mix, width: Avx2::WIDTH }),
};
