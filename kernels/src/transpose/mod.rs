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

use crate::gemm::{self, Conv, ConvPart, ConvSpec, Grid, Weights};
use crate::isa::Isa;
use crate::layer::Layer;
use crate::memory::{Input, Output};
use crate::window::{Image, Window};

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

/// A transposed convolution with packed weights, ready to run. Input 0 is the activations, output 0 the result.
pub struct Transpose {
    phases: Vec<Conv>,
}

/// Prepares a transposed convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does not match, a stride
/// or an extent of 0, a tensor of 4 GiB or more.
pub fn prepare(isa: Isa, spec: &TransposeSpec<'_>) -> Transpose {
    let [height, width] = spec.output;
    let [down, across] = [phases(spec, 0), phases(spec, 1)];
    let mut convs = Vec::new();
    for (y, vertical) in down.iter().enumerate() {
        for (x, horizontal) in across.iter().enumerate() {
            let mut conv = phase(isa, spec, [vertical, horizontal]);
            let [stride_y, stride_x] = spec.stride;
            conv.place(Grid { first: y * width + x, step: stride_x, row: stride_y * width, image: height * width });
            convs.push(conv);
        }
    }
    Transpose { phases: convs }
}

/// One axis of a phase.
struct Phase {
    /// For each tap of the convolution the filter's, or none.
    taps: Vec<Option<usize>>,
    pad_before: usize,
    outputs: usize,
}

/// The phases of one axis that have outputs.
fn phases(spec: &TransposeSpec<'_>, axis: usize) -> Vec<Phase> {
    let (stride, pad, taps) = (spec.stride[axis], spec.pad_before[axis], spec.taps[axis]);
    let phase = |position: usize| {
        let reversed: Vec<Option<usize>> = ((position + pad) % stride..taps).step_by(stride).rev().map(Some).collect();
        let before = reversed.len() as isize - 1 - ((position + pad) / stride) as isize;
        let missing = if reversed.is_empty() { 1 } else { (-before).max(0) as usize };
        Phase {
            pad_before: if reversed.is_empty() { 0 } else { before.max(0) as usize },
            taps: core::iter::repeat_n(None, missing).chain(reversed).collect(),
            outputs: (spec.output[axis] - position).div_ceil(stride),
        }
    };
    (0..stride.min(spec.output[axis])).map(phase).collect()
}

/// The convolution of one phase.
fn phase(isa: Isa, spec: &TransposeSpec<'_>, [down, across]: [&Phase; 2]) -> Conv {
    let Weights { bytes, zero, .. } = spec.part.weights;
    let depth = spec.input.channels;
    let [taps_y, taps_x] = spec.taps;
    assert_eq!(bytes.len(), spec.part.channels * taps_y * taps_x * depth, "weights are [O, KH, KW, I]");
    let mut chosen = Vec::with_capacity(spec.part.channels * down.taps.len() * across.taps.len() * depth);
    for filter in bytes.chunks_exact(taps_y * taps_x * depth) {
        for &y in &down.taps {
            for &x in &across.taps {
                match y.zip(x) {
                    Some((y, x)) => chosen.extend(&filter[(y * taps_x + x) * depth..][..depth]),
                    // The zero point has no weight, whether bytes are signed or not.
                    None => chosen.resize(chosen.len() + depth, zero as u8),
                }
            }
        }
    }
    let part = ConvPart { weights: Weights { bytes: &chosen, ..spec.part.weights }, ..spec.part };
    let conv = ConvSpec {
        input: spec.input,
        input_zero: spec.input_zero,
        window: Window {
            taps: [down.taps.len(), across.taps.len()],
            pad_before: [down.pad_before, across.pad_before],
            ..Window::POINT
        },
        output: [down.outputs, across.outputs],
        groups: 1,
        parts: &[part],
        threads: spec.threads,
    };
    gemm::prepare(isa, &conv)
}

impl Layer for Transpose {
    fn kernel(&self) -> &str {
        self.phases[0].kernel()
    }

    fn tasks(&self) -> usize {
        self.phases.iter().map(Layer::tasks).sum()
    }

    fn packed_bytes(&self) -> usize {
        self.phases.iter().map(Layer::packed_bytes).sum()
    }

    unsafe fn run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]) {
        let mut task = task;
        for phase in &self.phases {
            if task < phase.tasks() {
                // SAFETY: the caller's promise. Phases write different pixels.
                return unsafe { phase.run(task, inputs, outputs) };
            }
            task -= phase.tasks();
        }
        panic!("task {task} past the last");
    }
}

#[cfg(test)]
mod tests;
