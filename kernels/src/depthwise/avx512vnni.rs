//! AVX-512 VNNI depthwise tiles: `vpmovzxbd`, `vpdpwssd`.
//!
//! 32 registers: 8 accumulators, the tap's weights, widened activations; 8 are enough to hide the
//! latency of the dot product.

use super::bind::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{Arch, Avx512Vnni};
use crate::isa::Isa;

/// Output pixels of a tile's inner loop.
const PIXELS: usize = 8;

/// See [`tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile<const MULTIPLIED: bool>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, PIXELS, MULTIPLIED>(Avx512Vnni::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx512Vnni,
    name: "depthwise_u8_avx512vnni_8x16",
    direct: tile::<false>,
    multiplied: tile::<true>,
};
