//! Portable extremum of pairs, a register at a time.

use super::Descriptor;
use super::tile;
use crate::arch::{Arch, Scalar, Wide};
use crate::isa::Isa;
use crate::pairs::Run;

/// See [`tile::run`].
unsafe fn tile<const MAXIMUM: bool>(run: &Run) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::run::<_, MAXIMUM>(Scalar::assume(), run) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Scalar,
    names: ["minimum_u8_scalar_x16", "maximum_u8_scalar_x16"],
    tiles: [tile::<false>, tile::<true>],
    width: Scalar::WIDTH,
};
