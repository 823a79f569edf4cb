//! A prepared mean and the loop around its tiles.

use super::spec::MeanSpec;
use super::table::{FAMILY, KERNELS};
use super::tile::{Tile, TileFn};
use crate::arch::LANES;
use crate::bound::{Bound, Entry};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::quantization::{OutputRange, Requantize};
use crate::requantize::Requantizer;

/// A mean over height and width, ready to run. Input 0 is the image, output 0 has a value for each
/// image and channel.
pub struct Mean {
    bound: Bound<Entry<TileFn>>,
    spec: MeanSpec,
    requantizer: Requantizer,
    /// Blocks of sixteen channels, of all images, that one task computes.
    share: usize,
    input_bytes: usize,
    output_bytes: usize,
}

/// Prepares a mean for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: no pixels, or pixels
/// that overlap.
pub fn prepare(isa: Isa, spec: &MeanSpec) -> Mean {
    Mean::new(Bound::new(KERNELS, isa), spec)
}

impl Mean {
    fn new(bound: Bound<Entry<TileFn>>, spec: &MeanSpec) -> Self {
        let input = spec.input;
        assert!(input.pixels() > 0 && input.channels > 0, "the input has pixels");
        assert!(input.pixel_stride >= input.channels, "input pixels do not overlap");
        assert!(spec.output_stride >= input.channels || input.batch == 1, "outputs do not overlap");
        let range = OutputRange {
            zero: spec.output_zero,
            min: spec.output_min,
            max: spec.output_max,
            offset: spec.output_offset,
        };
        let pixels = input.height * input.width;
        let largest_sum = pixels as i64 * (255 + i64::from(spec.input_zero).abs());
        let blocks = input.channels.div_ceil(LANES);
        Self {
            bound,
            spec: *spec,
            requantizer: Requantizer::new(Requantize::Fixed(&[spec.multiplier]), range, 0..LANES, largest_sum),
            share: row_tasks(input.batch * blocks, pixels, spec.threads),
            input_bytes: (input.pixels() - 1) * input.pixel_stride + blocks * LANES,
            output_bytes: (input.batch - 1) * spec.output_stride + input.channels,
        }
    }
}

impl Layer for Mean {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        (self.spec.input.batch * self.spec.input.channels.div_ceil(LANES)).div_ceil(self.share)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        assert!(inputs[0].len() >= self.input_bytes, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= self.output_bytes, "output view of {} bytes", outputs[0].len());
        let input = self.spec.input;
        let (pixels, blocks) = (input.height * input.width, input.channels.div_ceil(LANES));
        for block in task * self.share..(input.batch * blocks).min((task + 1) * self.share) {
            let (image, channel) = (block / blocks, block % blocks * LANES);
            let tile = Tile {
                input: inputs[0].as_ptr().wrapping_add(image * pixels * input.pixel_stride + channel),
                pixel_stride: input.pixel_stride,
                pixels,
                start: self.spec.input_zero.wrapping_mul(pixels as i32).wrapping_neg(),
                requantizer: &self.requantizer,
                output: outputs[0].as_ptr().wrapping_add(image * self.spec.output_stride + channel),
                channels: LANES.min(input.channels - channel),
            };
            // SAFETY: the bound descriptor proves the CPU feature. The image's pixels, with sixteen
            // bytes from the block's first channel, and its outputs lie inside the asserted views; the
            // caller vouches that nobody writes the input or touches the outputs of this task.
            unsafe { (self.bound.descriptor().run)(&tile) }
        }
        Ok(())
    }
}
