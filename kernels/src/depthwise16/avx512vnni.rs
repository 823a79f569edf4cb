//! AVX-512 depthwise convolutions.

use super::Descriptor;
use super::tile::{self, Block};
use crate::arch::{Avx512Vnni, InstructionSet, Pairs16};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn block(call: &Block<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run(Avx512Vnni::assume(), call) }
}

pub(super) static BLOCKS: Descriptor =
    Descriptor { isa: Isa::Avx512Vnni, name: "depthwise_s16s8_avx512vnni_x16", tap_step: Avx512Vnni::TAP_STEP, block };
