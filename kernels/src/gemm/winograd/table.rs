//! The kernel table: which transforms and which tiles each instruction set has.

use alloc::borrow::Cow;
use alloc::format;
use alloc::vec::Vec;

use super::super::shape::FAMILY;
use super::super::spec::ConvSpec;
use super::costs::Costs;
use super::inputs::{InputFn, InputTransform};
use super::outputs::{OutputFn, OutputTransform};
use super::partition::Cut;
use super::products::{ProductsFn, ProductsTile};
use super::refusal::Refusal;
use super::weights::{WeightFn, WeightTransform};
use crate::arch::{LANES, Lanes16};
use crate::bound::{Bound, Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;

/// Tiles of 1, 2, ... panels; of each, those of 1, 2, ... patches.
type Tiles = &'static [&'static [ProductsFn]];

/// The transforms of an instruction set.
struct Transforms {
    inputs: InputFn,
    weights: WeightFn,
    outputs: OutputFn,
}

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    pub(super) isa: Isa,
    pub(super) inputs: InputFn,
    pub(super) weights: WeightFn,
    pub(super) tiles: Tiles,
    pub(super) outputs: OutputFn,
    /// Whether the weights of two channels lie side by side in each column.
    pub(super) side_by_side: bool,
    /// Channels that the input transform takes at a time.
    pub(super) width: usize,
    /// The longest K whose sums are scaled in floats where that is proven to be exact.
    pub(super) float_depth: usize,
    pub(super) costs: Costs,
}

impl Descriptor {
    const fn of<A: Lanes16>(transforms: Transforms, tiles: Tiles, costs: Costs) -> Self {
        let Transforms { inputs, weights, outputs } = transforms;
        Self {
            isa: A::ISA,
            inputs,
            weights,
            tiles,
            outputs,
            side_by_side: A::SIDE_BY_SIDE,
            width: A::WIDTH16,
            float_depth: A::FLOAT_DEPTH,
            costs,
        }
    }

    /// How a convolution is cut for its tiles.
    pub(super) fn cut(&self, spec: &ConvSpec<'_>) -> Cut {
        let panels: usize = spec.parts.iter().map(|part| part.channels.div_ceil(LANES)).sum();
        let panels = panels.min(self.tiles.len());
        Cut::new(spec, self.width, [self.tiles[panels - 1].len(), panels])
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

/// The row of an instruction set: whether whole patches end in one epilogue, its costs, and tiles of so many panels, and for each of the number of patches.
macro_rules! row {
    ($isa:ident, $whole:literal, $costs:expr; $($panels:literal: $($rows:literal)+);+) => {
        Descriptor::of::<$isa>(
            Transforms {
                inputs: $isa::enter::<InputTransform>,
                weights: $isa::enter::<WeightTransform>,
                outputs: $isa::enter::<OutputTransform<$whole>>,
            },
            &[$(&[$($isa::enter::<ProductsTile<$rows, $panels>>),+]),+],
            $costs,
        )
    };
}

/// Where a dot product of bytes is one instruction, as a product of pairs is: fitted to the layers of Inception v3.
#[cfg(target_arch = "x86_64")]
const DOT_PRODUCTS: Costs =
    Costs { product: 1.0, input: 250.0, output: 450.0, line: 10.0, direct_output: 6.0, direct_line: 3.0 };
/// Where products of bytes are added up in 16 bits and widened: fitted in the same way.
#[cfg(target_arch = "x86_64")]
const PAIR_SUMS: Costs =
    Costs { product: 0.76, input: 90.0, output: 260.0, line: 3.5, direct_output: 8.0, direct_line: 2.5 };
/// Portable code: less than measured, as compilers differ.
const PORTABLE: Costs =
    Costs { product: 0.4, input: 25.0, output: 60.0, line: 3.0, direct_output: 8.0, direct_line: 0.0 };
/// Where products of bytes are as wide as products of 16 bits, and added up once more. Counted from instructions, never measured.
#[cfg(target_arch = "aarch64")]
const LONG_PRODUCTS: Costs =
    Costs { product: 0.67, input: 46.0, output: 60.0, line: 2.0, direct_output: 4.0, direct_line: 0.0 };

/// The kernels of every instruction set that wins by them, best first.
pub(crate) static KERNELS: &[&Descriptor] = table![
    x86_64:
        // 28 accumulators, two vectors of weights and a broadcast pair: 16 loads for 28 products.
        row!(Avx512Vnni, true, DOT_PRODUCTS; 1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14; 2: 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
        // Two `ymm` of columns: 12 accumulators, two registers of weights, a pair and a product.
        row!(AvxVnni, true, DOT_PRODUCTS; 1: 1 2 3 4 5 6),
        row!(Avx2, true, PAIR_SUMS; 1: 1 2 3 4 5 6),
        // Four `xmm` of columns.
        row!(Sse41, true, PAIR_SUMS; 1: 1 2);
    aarch64:
        // `smlal` by element: 20 accumulators, a register of eight inputs for each row and two of weights, twice.
        row!(Neon, true, LONG_PRODUCTS; 1: 1 2 3 4 5);
    any: row!(Scalar, false, PORTABLE; 1: 1 2)
];

/// The kernels of an instruction set. What it includes does not stand in: its own products of bytes are faster.
pub(super) fn own(isa: Isa) -> Result<Bound<Descriptor>, Refusal> {
    let bound = Bound::new(KERNELS, isa);
    if bound.descriptor().isa == isa { Ok(bound) } else { Err(Refusal::InstructionSet(isa)) }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
