//! A prepared layer of two 16-bit tensors and the loop around its tiles.

use super::spec::{Function16, Pair16Spec, Sum16};
use super::table::{Descriptor, FAMILY, KERNELS};
use super::tile::{Tile, TileFn};
use crate::arch::LANES;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::pairs::PairRuns;
use crate::quantization::{Multiplier, OutputRange, Requantize};
use crate::requantize::Requantizer;

/// Elementary steps of one element.
const WORK: usize = 6;
/// Largest magnitude of what is requantized: a product of two least values, or a sum with its headroom.
const LARGEST: i64 = 1 << 31;

/// A layer of two 16-bit tensors, ready to run. The operands that are no constants are its inputs, in order.
pub struct Pair16 {
    bound: Bound<Descriptor>,
    runs: PairRuns,
    tile: TileFn,
    /// To the common scale of a sum.
    operands: [Multiplier; 2],
    requantizer: Requantizer,
}

/// Prepares a layer of two 16-bit tensors for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, elements have not two bytes, or a shift is out of range.
pub fn prepare(isa: Isa, spec: &Pair16Spec) -> Pair16 {
    Pair16::new(Bound::new(KERNELS, isa), spec)
}

impl Pair16 {
    fn new(bound: Bound<Descriptor>, spec: &Pair16Spec) -> Self {
        assert!(spec.pairs.bytes == 2, "elements of {} bytes", spec.pairs.bytes);
        let (tile, Sum16 { operands, output }) = match spec.function {
            Function16::Add(sum) => (0, sum),
            Function16::Sub(sum) => (1, sum),
            Function16::Mul(output) => (2, Sum16 { operands: [Multiplier::ZERO; 2], output }),
        };
        for Multiplier { shift, .. } in operands {
            assert!((-31..=0).contains(&shift), "an operand's shift is {shift}");
        }
        let range = OutputRange { zero: 0, min: spec.min, max: spec.max, offset: 0 };
        Self {
            bound,
            runs: PairRuns::new(&spec.pairs, WORK, 2 * LANES),
            tile: bound.descriptor().tiles[tile],
            operands,
            requantizer: Requantizer::new(Requantize::Fixed(&[output]), range, 0..LANES, LARGEST),
        }
    }
}

impl Layer for Pair16 {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.runs.tasks()
    }

    fn packed_bytes(&self) -> usize {
        self.runs.constant_bytes()
    }

    fn may_overwrite(&self, input: usize) -> bool {
        self.runs.may_overwrite(input)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        let (operands, requantizer, tile) = (&self.operands, &self.requantizer, self.tile);
        // SAFETY: the bound descriptor proves the CPU feature. The caller's promise; the runs were made for the
        // tile's width, so each run is as the tile wants it.
        unsafe { self.runs.run(task, (inputs, outputs), |run| tile(&Tile { run, operands, requantizer })) }
        Ok(())
    }
}
