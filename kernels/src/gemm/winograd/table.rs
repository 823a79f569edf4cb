//! The kernel table: which transforms and which tiles each instruction set has.

use std::borrow::Cow;

use super::super::shape::FAMILY;
use super::inputs::{InputFn, InputTransform};
use super::outputs::{OutputFn, OutputTransform};
use super::products::{ProductsFn, ProductsTile};
use crate::arch::{LANES, Lanes16};
use crate::bound::{Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// Most patches of any tile.
pub(super) const MAX_ROWS: usize = 14;

/// Tiles of 1, 2, ... panels; of each, those of 1, 2, ... patches.
type Tiles = &'static [&'static [ProductsFn]];

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    pub(super) isa: Isa,
    pub(super) inputs: InputFn,
    pub(super) tiles: Tiles,
    pub(super) outputs: OutputFn,
    /// Whether the weights of two channels lie side by side in each column.
    pub(super) side_by_side: bool,
    /// Channels that the input transform takes at a time.
    pub(super) width: usize,
}

impl Descriptor {
    const fn of<A: Lanes16>(inputs: InputFn, tiles: Tiles, outputs: OutputFn) -> Self {
        Self { isa: A::ISA, inputs, tiles, outputs, side_by_side: A::SIDE_BY_SIDE, width: A::WIDTH16 }
    }

    /// The tallest tile of so many panels.
    pub(super) fn tallest(&self, panels: usize) -> KernelId {
        let (isa, rows) = (self.isa, self.tiles[panels - 1].len());
        KernelId::new(FAMILY, isa, format!("winograd_i16_{isa}_{rows}x{}", panels * LANES))
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        (1..=self.tiles.len()).map(|panels| self.tallest(panels).name).collect()
    }
}

/// The row of an instruction set, with tiles of so many panels, and for each of the number of patches.
macro_rules! row {
    ($isa:ident: $($panels:literal: $($rows:literal)+);+) => {
        Descriptor::of::<$isa>(
            $isa::enter::<InputTransform>,
            &[$(&[$($isa::enter::<ProductsTile<$rows, $panels>>),+]),+],
            $isa::enter::<OutputTransform>,
        )
    };
}

/// The kernels of every instruction set that wins by them, best first.
pub(crate) static KERNELS: &[&Descriptor] = table![
    x86_64:
        // 28 accumulators, two vectors of weights and a broadcast pair: 16 loads for 28 products.
        row!(Avx512Vnni: 1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14; 2: 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
        // Two `ymm` of columns: 12 accumulators, two registers of weights, a pair and a product.
        row!(AvxVnni: 1: 1 2 3 4 5 6),
        row!(Avx2: 1: 1 2 3 4 5 6),
        // Four `xmm` of columns.
        row!(Sse41: 1: 1 2);
    aarch64:
        // `smlal` by element: 20 accumulators, a register of eight inputs for each row and two of weights, twice.
        row!(Neon: 1: 1 2 3 4 5);
    any: row!(Scalar: 1: 1 2 3 4)
];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
