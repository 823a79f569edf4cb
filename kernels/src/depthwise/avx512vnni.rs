//! AVX-512 VNNI depthwise tiles: `vpmovzxbd`, `vpdpwssd`.
//!
//! Four taps at a time `vpunpck` and `vpdpbusd`: 4 outputs by four parts of a group of 64 channels are 16
//! accumulators, the interleaved taps 4, intermediates 8, weights from memory.
//!
//! Else 32 registers: 8 accumulators, the tap's weights, widened activations; 8 are enough to hide the
//! latency of the dot product.

use super::bind::Descriptor;
use super::column_tile::{self, ColumnTile};
use super::columns::ColumnKernel;
use super::pack::Format;
use super::quad_tile::{self, QuadTile};
use super::quads::QuadKernel;
use super::tile::{self, Tile};
use crate::arch::{Avx512Vnni, InstructionSet, Interleave};
use crate::isa::Isa;

/// Output pixels of a tile's inner loop.
const PIXELS: usize = 8;

/// See [`tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile<const MULTIPLIED: bool>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { tile::run::<_, PIXELS, MULTIPLIED>(Avx512Vnni::assume(), call) }
}

/// See [`quad_tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn quad_tile<const LAYERS: usize>(call: &QuadTile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { quad_tile::run::<_, LAYERS>(Avx512Vnni::assume(), call) }
}

/// See [`column_tile::run`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn column_tile<
    const TAPS: usize,
    const STEP: usize,
    const AHEAD: usize,
    const LAYERS: usize,
    const SCALED: bool,
>(
    call: &ColumnTile<'_>,
) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { column_tile::run::<_, TAPS, STEP, AHEAD, LAYERS, SCALED>(Avx512Vnni::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Avx512Vnni,
    name: "depthwise_u8_avx512vnni_8x16",
    direct: tile::<false>,
    multiplied: tile::<true>,
    format: Format::Lanes,
    quads: Some(QuadKernel {
        name: "depthwise_u8s8_avx512vnni_4x64k4",
        tiles: [quad_tile::<1>, quad_tile::<2>, quad_tile::<3>],
        channel: Avx512Vnni::channel,
    }),
    columns: Some(ColumnKernel {
        name: "depthwise_u8s8_avx512vnni_rowx64k4",
        tiles: super::column_tiles!(),
        channel: Avx512Vnni::channel,
    }),
};
