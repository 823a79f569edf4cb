//! AVX2 windows.

use super::Descriptor;
use super::tile::{self, Block};
use crate::arch::{Avx2, InstructionSet};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx2")]
unsafe fn block(call: &Block<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run(Avx2::assume(), call) }
}

pub(super) static BLOCKS: Descriptor = Descriptor { isa: Isa::Avx2, name: "pool_s16_avx2_x16", block };
