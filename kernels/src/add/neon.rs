//! Advanced SIMD addition, sixteen elements at a time.

use super::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{Arch, Neon};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn tile<const FIRST_HALF: bool, const SECOND_HALF: bool>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, FIRST_HALF, SECOND_HALF>(Neon::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Neon,
    name: "add_s8_neon_x16",
    tiles: [tile::<false, false>, tile::<false, true>, tile::<true, true>],
    mix: None,
};
