//! AVX2 means, sixteen channels at a time.

use super::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{Avx2, InstructionSet};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx2")]
unsafe fn tile(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run(Avx2::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor { isa: Isa::Avx2, name: "mean_u8_avx2_x16", tile };
