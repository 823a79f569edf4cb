//! A prepared addition and the loop around its tiles.

use super::tile::{LEFT_SHIFT, Tile};
use super::{AddSpec, Descriptor, Operand};
use crate::arch::LANES;
use crate::bound::Bound;
use crate::gemm::Requantize;
use crate::layer::Layer;
use crate::memory::{Input, Output};
use crate::requantize::{OutputRange, Requantizer};
use crate::strided::Runs;

/// The multiplier that is a shift by one.
const HALF: (i32, i32) = (1 << 30, 0);
/// Elementary steps of one element.
const WORK: usize = 4;

/// An addition, ready to run. Inputs 0 and 1 are added into output 0.
pub struct Add {
    bound: Bound<Descriptor>,
    runs: Runs<2>,
    /// Operands in the order that tiles take them.
    operands: [Operand; 2],
    /// Whether tiles take the second input first.
    swapped: bool,
    second_is_scalar: bool,
    tile: usize,
    requantizer: Requantizer,
    /// Bytes past a run that tiles may read.
    extra: usize,
}

impl Add {
    pub(super) fn new(bound: Bound<Descriptor>, spec: &AddSpec) -> Self {
        for operand in spec.operands {
            assert!((-31..=0).contains(&operand.multiplier.1), "an operand's shift is {}", operand.multiplier.1);
            assert!((-128..=255).contains(&operand.zero), "an operand's zero point is {}", operand.zero);
        }
        assert!((-31..=0).contains(&spec.multiplier.1), "the output's shift is {}", spec.multiplier.1);
        let mut shape = spec.shape;
        if spec.second_is_scalar {
            shape.input_strides[1] = shape.input_strides[0];
        }
        let halves = spec.operands.map(|operand| operand.multiplier == HALF);
        let swapped = halves == [true, false] && !spec.second_is_scalar;
        let operands = if swapped { [spec.operands[1], spec.operands[0]] } else { spec.operands };
        let range = OutputRange {
            zero: spec.output_zero,
            min: spec.output_min,
            max: spec.output_max,
            offset: spec.output_offset,
        };
        // Multipliers are below one, so operands keep at most their magnitude and the headroom.
        let largest_sum = 2 * (383i64 << LEFT_SHIFT);
        let runs = Runs::new(shape, WORK, spec.threads);
        Self {
            bound,
            runs,
            operands,
            swapped,
            second_is_scalar: spec.second_is_scalar,
            tile: if halves == [true; 2] {
                2
            } else if halves[1] || swapped {
                1
            } else {
                0
            },
            requantizer: Requantizer::new(Requantize::Fixed(&[spec.multiplier]), range, 0..LANES, largest_sum),
            extra: LANES.saturating_sub(runs.shortest()),
        }
    }
}

impl Layer for Add {
    fn kernel(&self) -> &str {
        self.bound.descriptor().name
    }

    fn tasks(&self) -> usize {
        self.runs.tasks()
    }

    unsafe fn run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]) {
        let scalar;
        let mut views = [inputs[0], inputs[1]];
        if self.second_is_scalar {
            assert!(!inputs[1].is_empty(), "input view of 0 bytes");
            // SAFETY: the view has a byte, which the caller vouches for.
            scalar = [unsafe { *inputs[1].as_ptr() }; LANES];
            self.runs.check(&[inputs[0], inputs[0]], outputs, self.extra);
            views[1] = Input::from(&scalar[..]);
        } else {
            self.runs.check(inputs, outputs, self.extra);
        }
        for run in self.runs.of_task(task) {
            if run.len == 0 {
                continue;
            }
            let second = if self.second_is_scalar { 0 } else { run.inputs[1] };
            let mut addresses = [views[0].as_ptr().wrapping_add(run.inputs[0]), views[1].as_ptr().wrapping_add(second)];
            if self.swapped {
                addresses.swap(0, 1);
            }
            let tile = Tile {
                inputs: addresses,
                second_step: usize::from(!self.second_is_scalar),
                output: outputs[0].as_ptr().wrapping_add(run.output),
                len: run.len,
                operands: &self.operands,
                requantizer: &self.requantizer,
            };
            // SAFETY: the bound descriptor proves the CPU feature. The run lies inside the asserted
            // views, which hold sixteen bytes from its start on where it is shorter. The caller vouches that
            // nobody writes the inputs and that nobody else touches the output bytes of this task.
            unsafe { (self.bound.descriptor().tiles[self.tile])(&tile) }
        }
    }
}
