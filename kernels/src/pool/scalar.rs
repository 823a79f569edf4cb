//! Portable pooling tiles.

use super::bind::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{Arch, Scalar, Wide};
use crate::isa::Isa;

/// See [`tile::average`].
unsafe fn average<const TAPS: usize, const STEP: usize>(call: &Tile) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::average::<_, TAPS, STEP>(Scalar::assume(), call) }
}

/// See [`tile::maximum`].
unsafe fn maximum<const TAPS: usize, const STEP: usize>(call: &Tile) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::maximum::<_, TAPS, STEP>(Scalar::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Scalar,
    width: Scalar::WIDTH,
    average_name: "average_pool_u8_scalar_x16",
    maximum_name: "max_pool_u8_scalar_x16",
    average: [average::<0, 1>, average::<3, 1>, average::<3, 2>],
    maximum: [maximum::<0, 1>, maximum::<3, 1>, maximum::<3, 2>],
};
