//! Advanced SIMD extremum of pairs, a register at a time.

use super::Descriptor;
use super::tile;
use crate::arch::{Arch, Neon, Wide};
use crate::isa::Isa;
use crate::pairs::Run;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn tile<const MAXIMUM: bool>(run: &Run) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, MAXIMUM>(Neon::assume(), run) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Neon,
    names: ["minimum_s8_neon_x16", "maximum_s8_neon_x16"],
    tiles: [tile::<false>, tile::<true>],
    width: Neon::WIDTH,
};
