//! Portable pooling tiles.

use super::bind::{Descriptor, walks};
use super::edges::{self, Edges};
use super::tile::{self, Tile};
use crate::arch::{InstructionSet, Scalar, Wide};
use crate::isa::Isa;

/// See [`tile::average`].
unsafe fn average<const TAPS: usize, const STEP: usize, const DOWN: usize>(call: &Tile) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::average::<_, TAPS, STEP, DOWN>(Scalar::assume(), call) }
}

/// See [`edges::average`].
unsafe fn square(call: &Edges) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { edges::average(Scalar::assume(), call) }
}

/// See [`tile::maximum`].
unsafe fn maximum<const TAPS: usize, const STEP: usize, const DOWN: usize>(call: &Tile) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::maximum::<_, TAPS, STEP, DOWN>(Scalar::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Scalar,
    width: Scalar::WIDTH,
    average_name: "average_pool_u8_scalar_x16",
    maximum_name: "max_pool_u8_scalar_x16",
    average: walks!(average),
    square,
    maximum: walks!(maximum),
};
