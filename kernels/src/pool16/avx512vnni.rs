//! AVX-512 windows.

use super::Descriptor;
use super::tile::{self, Block};
use crate::arch::{Avx512Vnni, InstructionSet};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn block(call: &Block<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run(Avx512Vnni::assume(), call) }
}

pub(super) static BLOCKS: Descriptor = Descriptor { isa: Isa::Avx512Vnni, name: "pool_s16_avx512vnni_x16", block };
