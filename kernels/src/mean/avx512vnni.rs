//! AVX-512 means, sixteen channels at a time.

use super::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{Avx512Vnni, InstructionSet};
use crate::isa::Isa;

/// See [`tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run(Avx512Vnni::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor { isa: Isa::Avx512Vnni, name: "mean_u8_avx512vnni_x16", tile };
