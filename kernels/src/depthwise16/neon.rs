//! Advanced SIMD depthwise convolutions: `smlal`.

use super::Descriptor;
use super::tile::{self, Block};
use crate::arch::{InstructionSet, Neon, Pairs16};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn block(call: &Block<'_>) {
    // SAFETY: this function enables the feature; the caller vouches for the CPU and the pointers.
    unsafe { tile::run(Neon::assume(), call) }
}

pub(super) static BLOCKS: Descriptor =
    Descriptor { isa: Isa::Neon, name: "depthwise_s16s8_neon_4x16", tap_step: Neon::TAP_STEP, block };
