//! Advanced SIMD means, sixteen channels at a time.

use super::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{InstructionSet, Neon};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn tile(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run(Neon::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor { isa: Isa::Neon, name: "mean_s8_neon_x16", tile };
