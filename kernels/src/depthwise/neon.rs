//! Advanced SIMD depthwise tiles: `sshll`, `mla` on `i32` lanes.
//!
//! 32 registers: 4 pixels by four `q` of channels are 16 accumulators, the tap's weights 4, widened
//! activations 4.

use super::bind::Descriptor;
use super::tile::{self, Tile};
use crate::arch::{Arch, Neon};
use crate::isa::Isa;

/// Output pixels of a tile's inner loop.
const PIXELS: usize = 4;

/// See [`tile::run`].
#[target_feature(enable = "neon")]
unsafe fn tile<const MULTIPLIED: bool>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, PIXELS, MULTIPLIED>(Neon::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Neon,
    name: "depthwise_s8_neon_4x16",
    direct: tile::<false>,
    multiplied: tile::<true>,
    quads: None,
    columns: None,
};
