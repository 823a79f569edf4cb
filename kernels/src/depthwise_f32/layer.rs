//! A prepared depthwise convolution of float32.

use alloc::vec;
use alloc::vec::Vec;

use super::spec::DepthwiseF32Spec;
use super::table::{FAMILY, KERNELS};
use super::tile::{Weights, Work, WorkFn};
use crate::activation_scale::ActivationScale;
use crate::arch::LANES;
use crate::bound::{Bound, Entry};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::memory::Input;
use crate::window_rows::{RowsSpec, WindowRows};

/// A depthwise convolution of float32, ready to run. Input 0 is the activations, output 0 the result, at any alignment that `f32`
/// has. With scales, input 1 is how the activations of each image were quantized ([`crate::dynamic_range`]).
pub struct DepthwiseF32 {
    bound: Bound<Entry<WorkFn>>,
    rows: WindowRows,
    weights: Weights,
}

/// Prepares a depthwise convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does not match, channels
/// that are no multiple of the input's, strides that are shorter than pixels, scales with a window of more than [`MOST_EXACT_TAPS`].
pub fn prepare(isa: Isa, spec: &DepthwiseF32Spec<'_>) -> DepthwiseF32 {
    let rows = WindowRows::new(RowsSpec {
        input: spec.input,
        window: spec.window,
        output: spec.output,
        channels: spec.channels,
        pixel_stride: spec.pixel_stride,
        threads: spec.threads,
    });
    DepthwiseF32 { bound: Bound::new(KERNELS, isa), rows, weights: weights(spec) }
}

/// Taps of a window whose sums of whole numbers are exact for any activations and int8 weights.
pub const MOST_EXACT_TAPS: usize = (1 << 24) / (255 * 128);

fn weights(spec: &DepthwiseF32Spec<'_>) -> Weights {
    let taps = spec.window.taps[0] * spec.window.taps[1];
    assert!(spec.channels.is_multiple_of(spec.input.channels), "output channels are a multiple");
    assert_eq!(spec.weights.len(), taps * spec.channels, "weights are [KH, KW, O]");
    assert!(spec.bias.is_empty() || spec.bias.len() == spec.channels, "one bias for each channel");
    let stride = spec.channels.next_multiple_of(LANES);
    let is_scaled = !spec.scales.is_empty();
    assert!(
        !is_scaled || (spec.scales.len() == spec.channels && taps <= MOST_EXACT_TAPS),
        "one scale for each channel"
    );
    let mut values: Vec<f32> = vec![0.0; Weights::rows(taps, is_scaled) * stride];
    if is_scaled {
        // What changes no number: an absent bias is not added.
        values[taps * stride..][..stride].fill(-0.0);
    }
    let rows = spec.weights.chunks_exact(spec.channels).chain([spec.bias, spec.scales]);
    for (packed, row) in values.chunks_exact_mut(stride).zip(rows) {
        packed[..row.len()].copy_from_slice(row);
    }
    Weights { values, stride, taps, multiplier: spec.channels / spec.input.channels, is_scaled, range: spec.range }
}

impl DepthwiseF32 {
    /// How the activations of each image were quantized.
    fn scales<'a>(&self, input: Input<'a>) -> &'a [[u8; ActivationScale::BYTES]] {
        let bytes = self.rows.input.batch * ActivationScale::BYTES;
        assert!(input.len() >= bytes, "scales of {} bytes", input.len());
        // SAFETY: inside the view; the caller of the layer vouches that nobody writes its inputs.
        unsafe { input.run(0, bytes) }.as_chunks().0
    }
}

impl Layer for DepthwiseF32 {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.rows.tasks()
    }

    fn packed_bytes(&self) -> usize {
        size_of_val(&self.weights.values[..])
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index, inputs, outputs, .. } = task;
        let task = self.rows.task(index, inputs[0], outputs[0]);
        let scales = if self.weights.is_scaled { self.scales(inputs[1]) } else { &[] };
        // SAFETY: the bound descriptor proves the CPU feature; the rows are the task's, and the caller vouches that nobody writes the
        // input or touches the task's outputs.
        unsafe { (self.bound.descriptor().run)(&Work { rows: &self.rows, task, weights: &self.weights, scales }) }
        Ok(())
    }
}
