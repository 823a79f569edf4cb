//! Portable depthwise tiles.

use super::bind::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{Arch, Scalar};
use crate::isa::Isa;

/// Output pixels of a tile's inner loop.
const PIXELS: usize = 2;

/// See [`tile::run`].
unsafe fn tile<const MULTIPLIED: bool>(call: &Tile<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::run::<_, PIXELS, MULTIPLIED>(Scalar::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Scalar,
    name: "depthwise_u8_scalar_2x16",
    direct: tile::<false>,
    multiplied: tile::<true>,
    quads: None,
};
