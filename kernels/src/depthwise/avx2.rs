//! AVX2 depthwise tiles: `vpmovzxbd`, `vpmaddwd`, `vpaddd`.
//!
//! 16 registers: 6 pixels by two `ymm` of channels are 12 accumulators, the tap's weights and two
//! temporaries.

use super::bind::Descriptor;
use super::pack::Format;
use super::tile::{self, Tile};
use crate::arch::{Avx2, InstructionSet};
use crate::isa::Isa;

/// Output pixels of a tile's inner loop.
const PIXELS: usize = 6;

/// See [`tile::run`].
#[target_feature(enable = "avx2")]
unsafe fn tile<const MULTIPLIED: bool>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, PIXELS, MULTIPLIED>(Avx2::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx2,
    name: "depthwise_u8_avx2_6x16",
    direct: tile::<false>,
    multiplied: tile::<true>,
    format: Format::Lanes,
    quads: None,
    columns: None,
};
