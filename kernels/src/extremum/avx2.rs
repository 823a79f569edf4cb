//! AVX2 extremum of pairs, a register at a time.

use super::Descriptor;
use super::tile;
use crate::arch::{Arch, Avx2, Wide};
use crate::isa::Isa;
use crate::pairs::Run;

/// See [`tile::run`].
#[target_feature(enable = "avx2")]
unsafe fn tile<const MAXIMUM: bool>(run: &Run) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, MAXIMUM>(Avx2::assume(), run) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx2,
    names: ["minimum_u8_avx2_x32", "maximum_u8_avx2_x32"],
    tiles: [tile::<false>, tile::<true>],
    width: Avx2::WIDTH,
};
