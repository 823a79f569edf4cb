//! Advanced SIMD windows.

use super::Descriptor;
use super::tile::{self, Block};
use crate::arch::{InstructionSet, Neon};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn block(call: &Block<'_>) {
    // SAFETY: this function enables the feature; the caller vouches for the CPU and the pointers.
    unsafe { tile::run(Neon::assume(), call) }
}

pub(super) static BLOCKS: Descriptor = Descriptor { isa: Isa::Neon, name: "pool_s16_neon_x16", block };
