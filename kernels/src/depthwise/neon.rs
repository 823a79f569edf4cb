//! Advanced SIMD depthwise tiles: `smull`, `smlal`, `saddw`, `sshll`.
//!
//! 32 registers: 4 pixels by four `q` of channels are 16 accumulators, the weights of a tap or two 2, the
//! activations 2, sums of products or widened activations 4.
//!
//! Rows of three by three: 2 rows by 8 channels are 4 accumulators; three columns of two interleaved pairs and two
//! bytes 12, their weights 5, products 4; or three columns of four or five widened rows up to 15, their weights 9.
//!
//! Rows of five by five: 8 channels are 2 accumulators; five columns of two interleaved pairs and a byte 15, the weights
//! of pairs of rows 10, products 4.

use super::bind::Descriptor;
use super::neon_tile;
use super::pack::Format;
use super::row_products::{self, ByteRows, WordRows};
use super::row_products5::{self, ByteRows5};
use super::row_tile::{self, RowTile};
use super::rows::RowKernel;
use super::tile::Tile;
use crate::arch::{InstructionSet, Neon};
use crate::isa::Isa;

/// See [`neon_tile::words`].
#[target_feature(enable = "neon")]
pub(super) unsafe fn words<const MULTIPLIED: bool>(call: &Tile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { neon_tile::words::<MULTIPLIED>(Neon::assume(), call) }
}

/// See [`neon_tile::bytes`].
#[target_feature(enable = "neon")]
pub(super) unsafe fn bytes(call: &Tile<'_>) {
    // SAFETY: as above.
    unsafe { neon_tile::bytes(Neon::assume(), call) }
}

/// See [`row_tile::run`].
#[target_feature(enable = "neon")]
unsafe fn byte_rows<const STEP: usize, const FORM: usize>(call: &RowTile<'_>) {
    // SAFETY: as above.
    unsafe { row_tile::run::<_, 3, 2, STEP, FORM>(ByteRows::<STEP>(Neon::assume()), call) }
}

/// See [`row_tile::run`].
#[target_feature(enable = "neon")]
unsafe fn word_rows<const STEP: usize, const FORM: usize>(call: &RowTile<'_>) {
    // SAFETY: as above.
    unsafe { row_tile::run::<_, 3, 2, STEP, FORM>(WordRows::<STEP>(Neon::assume()), call) }
}

/// See [`row_tile::run`].
#[target_feature(enable = "neon")]
unsafe fn byte_rows5<const STEP: usize, const FORM: usize>(call: &RowTile<'_>) {
    // SAFETY: as above.
    unsafe { row_tile::run::<_, 5, 1, STEP, FORM>(ByteRows5(Neon::assume()), call) }
}

/// Windows of three by three, with any weights.
pub(super) const WORD_ROWS: RowKernel = RowKernel {
    name: "depthwise_s8s16_neon_3x3x8",
    taps: 3,
    outputs: 2,
    pack: row_products::pack_words,
    tiles: super::row_tiles!(one word_rows),
};

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::Neon,
    name: "depthwise_s8_neon_4x16",
    direct: words::<false>,
    multiplied: words::<true>,
    format: Format::Words,
    bytes: Some(bytes),
    rows: &[
        RowKernel {
            name: "depthwise_s8s8_neon_3x3x8",
            taps: 3,
            outputs: 2,
            pack: row_products::pack_bytes,
            tiles: super::row_tiles!(one byte_rows),
        },
        RowKernel {
            name: "depthwise_s8s8_neon_5x5x8",
            taps: 5,
            outputs: 1,
            pack: row_products5::pack_bytes,
            tiles: super::row_tiles!(one byte_rows5),
        },
        WORD_ROWS,
    ],
    quads: None,
    columns: None,
};
