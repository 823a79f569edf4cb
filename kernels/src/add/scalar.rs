//! Portable addition, sixteen elements at a time.

use super::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{Arch, Scalar};
use crate::isa::Isa;

/// See [`tile::run`].
unsafe fn tile<const FIRST_HALF: bool, const SECOND_HALF: bool>(call: &Tile<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::run::<_, FIRST_HALF, SECOND_HALF>(Scalar::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Scalar,
    name: "add_u8_scalar_x16",
    tiles: [tile::<false, false>, tile::<false, true>, tile::<true, true>],
    mix: None,
};
