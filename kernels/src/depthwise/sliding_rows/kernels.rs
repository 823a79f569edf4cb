//! The kernels of sliding rows of each instruction set.
//!
//! Advanced SIMD, three by three: 2 rows by 8 channels are 4 accumulators; three columns of two interleaved pairs and two
//! bytes 12, their weights 5, products 4; or three columns of four or five widened rows up to 15, their weights 9. Five by
//! five: 8 channels are 2 accumulators; five columns of two interleaved pairs and a byte 15, the weights of pairs of rows
//! 10, products 4.
//!
//! The dot products of Armv8.2 (`zip1`, `zip2`, `sdot`), three by three: 2 rows by 8 channels are 4 accumulators; three
//! columns of interleaved taps 6, or 12 where rows share none; weights 12 or 6, those of a second term 2, temporaries 4.
//! Five by five: 8 channels are 2 accumulators; five columns of interleaved taps and five bytes 15, the weights of four rows
//! 10, temporaries 4.
//!
//! Other windows have no dot products: interleaving four taps that no other output sees takes longer than it saves.

use super::epilogue::{CLAMPED, CLAMPED_SMALL, FORMS, ROUNDED};
use super::products3::{self, ByteRows3, DotRows3, WordRows3};
use super::products5::{self, ByteRows5, DotRows5};
use super::tile::{ChannelTap, Packed, RowProducts, RowTileFn, SlideRows};
use crate::arch::{DotProd, InstructionSet, Neon};
use crate::isa::Isa;

/// Most terms of a weight.
const MAX_TERMS: usize = 2;

/// An instruction set's way to compute rows.
pub(in crate::depthwise) struct SlidingRowKernel {
    isa: Isa,
    name: &'static str,
    /// Taps down and across.
    pub(super) taps: usize,
    /// Rows of outputs that are computed together.
    pub(super) outputs: usize,
    /// Packs the weights of eight channels, and says how many terms they have; `None` where the kernel is not exact for
    /// them.
    pub(super) pack: fn(&[ChannelTap]) -> Option<(Packed, usize)>,
    /// For outputs one pixel apart and two, terms of weights, and forms of epilogues.
    tiles: [[[RowTileFn; FORMS]; MAX_TERMS]; 2],
}

/// The kernels of Advanced SIMD, best first.
pub(in crate::depthwise) const NEON: &[SlidingRowKernel] = &[
    SlidingRowKernel {
        isa: Isa::Neon,
        name: "depthwise_s8s8_neon_3x3x8",
        taps: 3,
        outputs: 2,
        pack: products3::pack_bytes,
        tiles: [
            [forms::<Neon, ByteRows3<1>, 3, 2, 1>(); MAX_TERMS],
            [forms::<Neon, ByteRows3<2>, 3, 2, 2>(); MAX_TERMS],
        ],
    },
    SlidingRowKernel {
        isa: Isa::Neon,
        name: "depthwise_s8s8_neon_5x5x8",
        taps: 5,
        outputs: 1,
        pack: products5::pack_bytes,
        tiles: [[forms::<Neon, ByteRows5, 5, 1, 1>(); MAX_TERMS], [forms::<Neon, ByteRows5, 5, 1, 2>(); MAX_TERMS]],
    },
    WORDS,
];

/// The kernels of the dot products of Armv8.2, best first.
pub(in crate::depthwise) const DOTPROD: &[SlidingRowKernel] = &[
    SlidingRowKernel {
        isa: Isa::DotProd,
        name: "depthwise_s8s8_dotprod_3x3x8k4",
        taps: 3,
        outputs: 2,
        pack: products3::pack_dot,
        tiles: [
            [forms::<DotProd, DotRows3<1, 1>, 3, 2, 1>(), forms::<DotProd, DotRows3<1, 2>, 3, 2, 1>()],
            [forms::<DotProd, DotRows3<2, 1>, 3, 2, 2>(), forms::<DotProd, DotRows3<2, 2>, 3, 2, 2>()],
        ],
    },
    SlidingRowKernel {
        isa: Isa::DotProd,
        name: "depthwise_s8s8_dotprod_5x5x8k4",
        taps: 5,
        outputs: 1,
        pack: products5::pack_dot,
        tiles: [
            [forms::<DotProd, DotRows5<1>, 5, 1, 1>(), forms::<DotProd, DotRows5<2>, 5, 1, 1>()],
            [forms::<DotProd, DotRows5<1>, 5, 1, 2>(), forms::<DotProd, DotRows5<2>, 5, 1, 2>()],
        ],
    },
    WORDS,
];

/// Windows of three by three, with any weights.
const WORDS: SlidingRowKernel = SlidingRowKernel {
    isa: Isa::Neon,
    name: "depthwise_s8s16_neon_3x3x8",
    taps: 3,
    outputs: 2,
    pack: products3::pack_words,
    tiles: [[forms::<Neon, WordRows3<1>, 3, 2, 1>(); MAX_TERMS], [forms::<Neon, WordRows3<2>, 3, 2, 2>(); MAX_TERMS]],
};

/// The tiles of each form of epilogue.
const fn forms<A, P, const TAPS: usize, const OUT: usize, const STEP: usize>() -> [RowTileFn; FORMS]
where
    A: InstructionSet,
    P: RowProducts<A, TAPS, OUT>,
{
    [
        A::enter::<SlideRows<P, TAPS, OUT, STEP, CLAMPED_SMALL>>,
        A::enter::<SlideRows<P, TAPS, OUT, STEP, CLAMPED>>,
        A::enter::<SlideRows<P, TAPS, OUT, STEP, ROUNDED>>,
    ]
}

impl SlidingRowKernel {
    pub(in crate::depthwise) fn isa(&self) -> Isa {
        self.isa
    }

    pub(in crate::depthwise) fn name(&self) -> &'static str {
        self.name
    }

    /// The tile for outputs `stride` pixels apart, weights of so many terms, and a form of epilogue.
    pub(super) fn tile(&self, stride: usize, terms: usize, form: usize) -> RowTileFn {
        self.tiles[stride - 1][terms - 1][form]
    }
}
