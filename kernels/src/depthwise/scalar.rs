//! Portable depthwise tiles.

use super::bind::Descriptor;
use super::column_tile::{self, ColumnTile};
use super::columns::ColumnKernel;
use super::pack::Format;
use super::quad_tile::{self, QuadTile};
use super::quads::QuadKernel;
use super::tile::{self, Tile};
use crate::arch::{InstructionSet, Interleave, Scalar};
use crate::isa::Isa;

/// Output pixels of a tile's inner loop.
const PIXELS: usize = 2;

/// Whether the forms for dot products of four are there, besides the plain tile. They are half a megabyte of code, and
/// 64-bit ARM, where every CPU has vectors, runs portable code only when asked to; tests have them everywhere.
const DOT_FORMS: bool = cfg!(any(test, not(target_arch = "aarch64")));

/// See [`tile::run`].
unsafe fn tile<const MULTIPLIED: bool>(call: &Tile<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { tile::run::<_, PIXELS, MULTIPLIED>(Scalar::assume(), call) }
}

/// See [`quad_tile::run`].
unsafe fn quad_tile<const LAYERS: usize>(call: &QuadTile<'_>) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { quad_tile::run::<_, LAYERS>(Scalar::assume(), call) }
}

/// See [`column_tile::run`].
unsafe fn column_tile<
    const TAPS: usize,
    const STEP: usize,
    const AHEAD: usize,
    const LAYERS: usize,
    const SCALED: bool,
>(
    call: &ColumnTile<'_>,
) {
    // SAFETY: portable code needs nothing of the CPU; the caller vouches for the pointers.
    unsafe { column_tile::run::<_, TAPS, STEP, AHEAD, LAYERS, SCALED>(Scalar::assume(), call) }
}

const QUADS: QuadKernel = QuadKernel {
    name: "depthwise_u8s8_scalar_4x64k4",
    tiles: [quad_tile::<1>, quad_tile::<2>, quad_tile::<3>],
    channel: Scalar::channel,
};

const COLUMNS: ColumnKernel =
    ColumnKernel { name: "depthwise_u8s8_scalar_rowx64k4", tiles: super::column_tiles!(), channel: Scalar::channel };

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Scalar,
    name: "depthwise_u8_scalar_2x16",
    direct: tile::<false>,
    multiplied: tile::<true>,
    format: Format::Lanes,
    #[cfg(target_arch = "aarch64")]
    bytes: None,
    #[cfg(target_arch = "aarch64")]
    rows: &[],
    quads: if DOT_FORMS { Some(QUADS) } else { None },
    columns: if DOT_FORMS { Some(COLUMNS) } else { None },
};
