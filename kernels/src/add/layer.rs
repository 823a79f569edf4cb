//! A prepared addition and the loop around its tiles.

use super::fit::fit;
use super::mix_tile::MixTile;
use super::tile::{LEFT_SHIFT, Tile};
use super::{AddSpec, Descriptor, MixKernel, Operand};
use crate::arch::{LANES, Weighed};
use crate::bound::Bound;
use crate::gemm::Requantize;
use crate::layer::Layer;
use crate::memory::{Input, Output, SLACK};
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
    /// The addition as one weighed sum, and its least and greatest output.
    mix: Option<(&'static MixKernel, Weighed, [u8; 2])>,
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
        let clamp = [spec.output_min as u8, spec.output_max as u8];
        let mix = bound.descriptor().mix.as_ref().and_then(|kernel| Some((kernel, fit(spec)?, clamp)));
        let width = mix.map_or(LANES, |(kernel, ..)| kernel.width);
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
            mix,
            extra: width.saturating_sub(runs.shortest()),
        }
    }
}

impl Add {
    /// Adds `len` elements.
    ///
    /// # Safety
    /// The inputs are readable for the elements or a register, whichever is more; the output is
    /// writable for the elements, which nobody else touches.
    unsafe fn run_run(&self, mut inputs: [*const u8; 2], output: *mut u8, len: usize) {
        let second_step = usize::from(!self.second_is_scalar);
        if let Some((kernel, weights, clamp)) = &self.mix {
            let tile = MixTile { inputs, second_step, output, len, weights, clamp: *clamp };
            // SAFETY: the bound descriptor proves the CPU feature; the caller's promise.
            return unsafe { (kernel.tile)(&tile) };
        }
        if self.swapped {
            inputs.swap(0, 1);
        }
        let (operands, requantizer) = (&self.operands, &self.requantizer);
        let tile = Tile { inputs, second_step, output, len, operands, requantizer };
        // SAFETY: as above.
        unsafe { (self.bound.descriptor().tiles[self.tile])(&tile) }
    }
}

impl Layer for Add {
    fn kernel(&self) -> &str {
        self.mix.map_or(self.bound.descriptor().name, |(kernel, ..)| kernel.name)
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
            scalar = [unsafe { *inputs[1].as_ptr() }; SLACK];
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
            let inputs = [views[0].as_ptr().wrapping_add(run.inputs[0]), views[1].as_ptr().wrapping_add(second)];
            // SAFETY: the run lies inside the asserted views, which hold a register from its start on
            // where it is shorter. The caller vouches that nobody writes the inputs and that nobody else
            // touches the output bytes of this task.
            unsafe { self.run_run(inputs, outputs[0].as_ptr().wrapping_add(run.output), run.len) }
        }
    }
}
