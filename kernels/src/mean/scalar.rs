//! Portable means, sixteen channels at a time.

use super::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{InstructionSet, Scalar};
use crate::isa::Isa;

/// See [`tile::run`].
unsafe fn tile(call: &Tile<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::run(Scalar::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor { isa: Isa::Scalar, name: "mean_u8_scalar_x16", tile };
