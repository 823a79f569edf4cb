//! AVX2 depthwise convolutions.

use super::Descriptor;
use super::tile::{self, Block};
use crate::arch::{Avx2, InstructionSet, Pairs16};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx2")]
unsafe fn block(call: &Block<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run(Avx2::assume(), call) }
}

pub(super) static BLOCKS: Descriptor =
    Descriptor { isa: Isa::Avx2, name: "depthwise_s16s8_avx2_x16", tap_step: Avx2::TAP_STEP, block };
