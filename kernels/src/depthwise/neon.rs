//! Advanced SIMD depthwise tiles: `smull`, `smlal`, `saddw`, `sshll`.
//!
//! 32 registers: 4 pixels by four `q` of channels are 16 accumulators, the weights of a tap or two 2, the
//! activations 2, sums of products or widened activations 4.

use super::bind::Descriptor;
use super::neon_tile;
use super::pack::Format;
use super::tile::Tile;
use crate::arch::{Arch, Neon};
use crate::isa::Isa;

/// See [`neon_tile::words`].
#[target_feature(enable = "neon")]
unsafe fn words<const MULTIPLIED: bool>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { neon_tile::words::<MULTIPLIED>(Neon::assume(), call) }
}

/// See [`neon_tile::bytes`].
#[target_feature(enable = "neon")]
unsafe fn bytes(call: &Tile<'_>) {
    // SAFETY: as above.
    unsafe { neon_tile::bytes(Neon::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Neon,
    name: "depthwise_s8_neon_4x16",
    direct: words::<false>,
    multiplied: words::<true>,
    format: Format::Words,
    bytes: Some(bytes),
    quads: None,
    columns: None,
};
