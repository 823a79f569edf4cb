//! A prepared multiplication and the loop around its tiles.

use super::tile::Tile;
use super::{Descriptor, MulSpec};
use crate::arch::LANES;
use crate::bound::Bound;
use crate::gemm::Requantize;
use crate::layer::Layer;
use crate::memory::{Input, Output};
use crate::pairs::Walk;
use crate::requantize::{OutputRange, Requantizer};

/// Elementary steps of one element.
const WORK: usize = 4;
/// Largest product of two centred bytes.
const LARGEST_PRODUCT: i64 = 255 * 255;

/// A multiplication, ready to run. The operands that are no constants are its inputs, in order.
pub struct Mul {
    bound: Bound<Descriptor>,
    walk: Walk,
    zeros: [i32; 2],
    requantizer: Requantizer,
}

impl Mul {
    pub(super) fn new(bound: Bound<Descriptor>, spec: &MulSpec) -> Self {
        assert!(spec.pairs.bytes == 1, "elements of {} bytes", spec.pairs.bytes);
        let (least, greatest) = bound.descriptor().isa().storage().range();
        for zero in spec.zeros {
            assert!((least..=greatest).contains(&zero), "an operand's zero point is {zero}");
        }
        let range = OutputRange {
            zero: spec.output_zero,
            min: spec.output_min,
            max: spec.output_max,
            offset: spec.output_offset,
        };
        Self {
            bound,
            walk: Walk::new(&spec.pairs, WORK, LANES),
            zeros: spec.zeros,
            requantizer: Requantizer::new(Requantize::Fixed(&[spec.multiplier]), range, 0..LANES, LARGEST_PRODUCT),
        }
    }
}

impl Layer for Mul {
    fn kernel(&self) -> &str {
        self.bound.descriptor().name
    }

    fn tasks(&self) -> usize {
        self.walk.tasks()
    }

    fn packed_bytes(&self) -> usize {
        self.walk.constant_bytes()
    }

    unsafe fn run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]) {
        let (zeros, requantizer) = (self.zeros, &self.requantizer);
        let tile = self.bound.descriptor().tile;
        // SAFETY: the bound descriptor proves the CPU feature. The caller's promise; the walk was made for the
        // tile's width, so each run is as the tile wants it.
        unsafe { self.walk.run(task, (inputs, outputs), |run| tile(&Tile { run, zeros, requantizer })) }
    }
}
