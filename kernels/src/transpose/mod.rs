//! Transposed convolution as one convolution for each phase of the stride.
//!
//! Outputs whose position has the same remainder by the stride see the same taps of the filter, and neighbours among
//! them see neighbouring inputs: they are a convolution without stride, over the filter's taps of that phase in
//! reverse. Every product is computed once, and nothing is scattered.
//!
//! ```text
//! y + pad = stride·q + phase     fy = phase + stride·j     iy = q - j
//! out[y] = Σ_j x[q - j]·w[phase + stride·j] = Σ_t x[q - (J - 1) + t]·w[phase + stride·(J - 1 - t)]
//! ```
//!
//! A phase without taps, and one whose first output sees only inputs from the second on, get taps of no weight.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::gemm::{self, ConvPart, ConvSpec};
use crate::gemm16::{self, Conv16Spec};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::packed::{self, Packing, Unfit};
use crate::quantization::Weights;
use crate::requantize16::{Range16, Requantize16};
use crate::window::{Image, OutputGrid, Window};

/// What a transposed convolution is to do.
#[derive(Clone, Copy, Debug)]
pub struct TransposeSpec<'a> {
    /// The input.
    pub input: Image,
    /// Zero point of the input, stored.
    pub input_zero: i32,
    /// Taps of the filter, down and across.
    pub taps: [usize; 2],
    /// Output pixels from one window to the next, down and across.
    pub stride: [usize; 2],
    /// Rows and columns that the first window begins before the output.
    pub pad_before: [usize; 2],
    /// Output height and width.
    pub output: [usize; 2],
    /// Output channels with their `[O, KH, KW, I]` weights.
    pub part: ConvPart<'a>,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// What a transposed convolution of 16-bit activations is to do. All zero points are 0.
#[derive(Clone, Copy, Debug)]
pub struct Transpose16Spec<'a> {
    /// The input; strides in elements, without gaps.
    pub input: Image,
    /// Taps of the filter, down and across.
    pub taps: [usize; 2],
    /// Output pixels from one window to the next, down and across.
    pub stride: [usize; 2],
    /// Rows and columns that the first window begins before the output.
    pub pad_before: [usize; 2],
    /// Output height and width.
    pub output: [usize; 2],
    /// Output channels.
    pub channels: usize,
    /// `[O, KH, KW, I]`.
    pub weights: &'a [i8],
    /// One bias for each channel, in accumulator units; empty means none.
    pub bias: &'a [i64],
    /// From sums to outputs.
    pub requantize: Requantize16<'a>,
    /// Range of the outputs.
    pub range: Range16,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// A transposed convolution with packed weights, ready to run. Input 0 is the activations, output 0 the result.
pub struct Transpose {
    phases: Vec<Box<dyn Layer>>,
}

/// Prepares a transposed convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does not match, a stride
/// or an extent of 0, a tensor of 4 GiB or more.
pub fn prepare(isa: Isa, spec: &TransposeSpec<'_>) -> Transpose {
    packed::made(prepare_packed(isa, spec, &mut Packing::fresh()))
}

/// [`prepare`] with weights that may have been packed before; then those of the specification are not looked at.
///
/// # Errors
/// What was packed before is not of such a convolution.
///
/// # Panics
/// As [`prepare`].
pub fn prepare_packed(isa: Isa, spec: &TransposeSpec<'_>, packing: &mut Packing) -> Result<Transpose, Unfit> {
    let geometry = Geometry {
        taps: spec.taps,
        stride: spec.stride,
        pad_before: spec.pad_before,
        output: spec.output,
        depth: spec.input.channels,
    };
    let Weights { bytes, zero, .. } = spec.part.weights;
    let of_phase = |phase: &Phase| -> Result<Box<dyn Layer>, Unfit> {
        // The zero point has no weight, whether bytes are signed or not.
        let chosen = if packing.is_stored() { Vec::new() } else { geometry.weights(bytes, phase, zero as u8) };
        let part = ConvPart { weights: Weights { bytes: &chosen, ..spec.part.weights }, ..spec.part };
        let conv = ConvSpec {
            input: spec.input,
            input_zero: spec.input_zero,
            window: phase.window(),
            output: phase.outputs(),
            groups: 1,
            parts: &[part],
            threads: spec.threads,
        };
        let mut conv = gemm::prepare_packed(isa, &conv, packing)?;
        conv.set_output_grid(phase.grid);
        Ok(Box::new(conv))
    };
    Ok(Transpose { phases: geometry.phases().iter().map(of_phase).collect::<Result<_, _>>()? })
}

/// Prepares a transposed convolution of 16-bit activations for an instruction set.
///
/// # Panics
/// As [`prepare`].
pub fn prepare16(isa: Isa, spec: &Transpose16Spec<'_>) -> Transpose {
    packed::made(prepare16_packed(isa, spec, &mut Packing::fresh()))
}

/// [`prepare16`] with weights that may have been packed before; then those of the specification are not looked at.
///
/// # Errors
/// What was packed before is not of such a convolution.
///
/// # Panics
/// As [`prepare`].
pub fn prepare16_packed(isa: Isa, spec: &Transpose16Spec<'_>, packing: &mut Packing) -> Result<Transpose, Unfit> {
    let geometry = Geometry {
        taps: spec.taps,
        stride: spec.stride,
        pad_before: spec.pad_before,
        output: spec.output,
        depth: spec.input.channels,
    };
    let of_phase = |phase: &Phase| -> Result<Box<dyn Layer>, Unfit> {
        let chosen = if packing.is_stored() { Vec::new() } else { geometry.weights(spec.weights, phase, 0) };
        let conv = Conv16Spec {
            input: spec.input,
            window: phase.window(),
            output: phase.outputs(),
            groups: 1,
            channels: spec.channels,
            weights: &chosen,
            bias: spec.bias,
            requantize: spec.requantize,
            range: spec.range,
            threads: spec.threads,
        };
        let mut conv = gemm16::prepare_packed(isa, &conv, packing)?;
        conv.set_output_grid(phase.grid);
        Ok(Box::new(conv))
    };
    Ok(Transpose { phases: geometry.phases().iter().map(of_phase).collect::<Result<_, _>>()? })
}

/// Where the windows of a transposed convolution lie.
struct Geometry {
    taps: [usize; 2],
    stride: [usize; 2],
    pad_before: [usize; 2],
    output: [usize; 2],
    /// Input channels.
    depth: usize,
}

/// One axis of a phase.
#[derive(Clone)]
struct AxisPhase {
    /// For each tap of the convolution the filter's, or none.
    taps: Vec<Option<usize>>,
    pad_before: usize,
    outputs: usize,
}

/// The outputs of one remainder by the stride, down and across.
struct Phase {
    axes: [AxisPhase; 2],
    grid: OutputGrid,
}

impl Phase {
    /// The window of the phase's convolution.
    fn window(&self) -> Window {
        let [down, across] = &self.axes;
        Window {
            taps: [down.taps.len(), across.taps.len()],
            pad_before: [down.pad_before, across.pad_before],
            ..Window::POINT
        }
    }

    /// Outputs of the phase, down and across.
    fn outputs(&self) -> [usize; 2] {
        self.axes.each_ref().map(|axis| axis.outputs)
    }
}

impl Geometry {
    /// The phases of one axis that have outputs.
    fn axis(&self, axis: usize) -> Vec<AxisPhase> {
        let (stride, pad, taps) = (self.stride[axis], self.pad_before[axis], self.taps[axis]);
        let phase = |position: usize| {
            let first = (position + pad) % stride;
            let reversed: Vec<Option<usize>> = (first..taps).step_by(stride).rev().map(Some).collect();
            let before = reversed.len() as isize - 1 - ((position + pad) / stride) as isize;
            let missing = if reversed.is_empty() { 1 } else { (-before).max(0) as usize };
            AxisPhase {
                pad_before: if reversed.is_empty() { 0 } else { before.max(0) as usize },
                taps: core::iter::repeat_n(None, missing).chain(reversed).collect(),
                outputs: (self.output[axis] - position).div_ceil(stride),
            }
        };
        (0..stride.min(self.output[axis])).map(phase).collect()
    }

    /// All phases that have outputs.
    fn phases(&self) -> Vec<Phase> {
        let ([height, width], [stride_y, stride_x]) = (self.output, self.stride);
        let (down, across) = (self.axis(0), self.axis(1));
        let mut phases = Vec::new();
        for (y, vertical) in down.iter().enumerate() {
            for (x, horizontal) in across.iter().enumerate() {
                let grid =
                    OutputGrid { first: y * width + x, step: stride_x, row: stride_y * width, image: height * width };
                phases.push(Phase { axes: [vertical.clone(), horizontal.clone()], grid });
            }
        }
        phases
    }

    /// The weights of a phase's convolution, `zero` where a tap has none of the filter's.
    fn weights<T: Copy>(&self, stored: &[T], phase: &Phase, zero: T) -> Vec<T> {
        let ([taps_y, taps_x], depth) = (self.taps, self.depth);
        let of_channel = taps_y * taps_x * depth;
        assert!(of_channel > 0 && stored.len().is_multiple_of(of_channel), "weights are [O, KH, KW, I]");
        let mut chosen = Vec::new();
        for filter in stored.chunks_exact(of_channel) {
            for &y in &phase.axes[0].taps {
                for &x in &phase.axes[1].taps {
                    match y.zip(x) {
                        Some((y, x)) => chosen.extend_from_slice(&filter[(y * taps_x + x) * depth..][..depth]),
                        None => chosen.resize(chosen.len() + depth, zero),
                    }
                }
            }
        }
        chosen
    }
}
impl Layer for Transpose {
    fn kernel(&self) -> KernelId {
        self.phases[0].kernel()
    }

    fn tasks(&self) -> usize {
        self.phases.iter().map(|phase| phase.tasks()).sum()
    }

    fn packed_bytes(&self) -> usize {
        self.phases.iter().map(|phase| phase.packed_bytes()).sum()
    }

    fn workspace_bytes(&self) -> usize {
        self.phases.iter().map(|phase| phase.workspace_bytes()).max().unwrap_or(0)
    }

    unsafe fn run(&self, mut task: Task<'_>) -> Result<(), Failure> {
        for phase in &self.phases {
            if task.index < phase.tasks() {
                // SAFETY: the caller's promise. Phases write different pixels.
                return unsafe { phase.run(task) };
            }
            task.index -= phase.tasks();
        }
        panic!("task {} past the last", task.index);
    }
}

#[cfg(test)]
mod tests;
