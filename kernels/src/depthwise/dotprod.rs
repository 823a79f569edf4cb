//! Depthwise tiles with the dot products of Armv8.2: `zip1`, `zip2`, `sdot`.
//!
//! Rows of three by three: 2 rows by 8 channels are 4 accumulators; three columns of interleaved taps 6, or 12 where
//! rows share none; weights 12 or 6, those of a second layer 2, temporaries 4.
//!
//! Rows of five by five: 8 channels are 2 accumulators; five columns of interleaved taps and five bytes 15, the weights
//! of four rows 10, temporaries 4.
//!
//! Other windows run as on Advanced SIMD: interleaving four taps that no other output sees takes longer than it saves.

use super::bind::Descriptor;
use super::neon;
use super::pack::Format;
use super::row_products::{self, DotRows};
use super::row_products5::{self, DotRows5};
use super::row_tile::{self, RowTile};
use super::rows::RowKernel;
use crate::arch::{DotProd, InstructionSet};
use crate::isa::Isa;

/// See [`row_tile::run`].
#[target_feature(enable = "neon,dotprod")]
unsafe fn dot_rows<const STEP: usize, const LAYERS: usize, const FORM: usize>(call: &RowTile<'_>) {
    // SAFETY: this function enables the features; the caller vouches for the CPU and the pointers.
    unsafe { row_tile::run::<_, 3, 2, STEP, FORM>(DotRows::<STEP, LAYERS>(DotProd::assume()), call) }
}

/// See [`row_tile::run`].
#[target_feature(enable = "neon,dotprod")]
unsafe fn dot_rows5<const STEP: usize, const LAYERS: usize, const FORM: usize>(call: &RowTile<'_>) {
    // SAFETY: as above.
    unsafe { row_tile::run::<_, 5, 1, STEP, FORM>(DotRows5::<LAYERS>(DotProd::assume()), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::DotProd,
    name: "depthwise_s8_dotprod_4x16",
    direct: neon::words::<false>,
    multiplied: neon::words::<true>,
    format: Format::Words,
    bytes: Some(neon::bytes),
    rows: &[
        RowKernel {
            name: "depthwise_s8s8_dotprod_3x3x8k4",
            taps: 3,
            outputs: 2,
            pack: row_products::pack_dot,
            tiles: super::row_tiles!(dot_rows),
        },
        RowKernel {
            name: "depthwise_s8s8_dotprod_5x5x8k4",
            taps: 5,
            outputs: 1,
            pack: row_products5::pack_dot,
            tiles: super::row_tiles!(dot_rows5),
        },
        neon::WORD_ROWS,
    ],
    quads: None,
    columns: None,
};
