//! Portable addition, sixteen elements at a time.

use super::mix_tile::{self, MixTile};
use super::tile::{self, Tile};
use super::{Descriptor, MixKernel};
use crate::arch::{InstructionSet, Scalar, Wide};
use crate::isa::Isa;

/// See [`tile::run`].
unsafe fn tile<const FIRST_HALF: bool, const SECOND_HALF: bool, const SUBTRACT: bool>(call: &Tile<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::run::<_, FIRST_HALF, SECOND_HALF, SUBTRACT>(Scalar::assume(), call) }
}

/// See [`mix_tile::run`].
unsafe fn mix(call: &MixTile<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { mix_tile::run(Scalar::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Scalar,
    name: "add_u8_scalar_x16",
    tiles: [
        [
            tile::<false, false, false>,
            tile::<false, true, false>,
            tile::<true, false, false>,
            tile::<true, true, false>,
        ],
        [tile::<false, false, true>, tile::<false, true, true>, tile::<true, false, true>, tile::<true, true, true>],
    ],
    mix: Some(MixKernel { name: "add_u8_scalar_mix_x16", tile: mix, width: Scalar::WIDTH }),
};
