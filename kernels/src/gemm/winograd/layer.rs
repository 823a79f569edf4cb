//! A prepared convolution by way of points, and the loop around its blocks.

use alloc::vec::Vec;
use core::cell::Cell;
use core::ops::Range;

use super::super::epilogue::Scratch;
use super::super::pack::{self, PackedRange, Panel, PanelSource};
use super::super::panel_epilogue::{self, PanelEpilogue, PanelGroup};
use super::super::real_epilogue::Reals;
use super::super::spec::ConvSpec;
use super::inputs::InputCall;
use super::outputs::OutputCall;
use super::partition::{Cut, MAX_BLOCK, Task};
use super::patch::{POINTS, Patch, Patches, Source};
use super::products::ProductsCall;
use super::table::Descriptor;
use super::taps::TapWeights;
use super::weights::WeightCall;
use crate::arch::LANES;
use crate::bound::Bound;
use crate::kernel_id::KernelId;
use crate::layer::{self, Failure, Layer};
use crate::memory::{Line, Output};
use crate::packed::{Packing, Unfit};
use crate::window::Image;

/// A 3x3 convolution (or several that share their input) by way of points, with transformed weights, ready to run.
///
/// Input 0 is the activations; output `i` belongs to part `i`. Where outputs are float32, input 1 is as that of
/// [`Conv`](super::super::Conv), of one image.
pub struct Winograd {
    bound: Bound<Descriptor>,
    kernel: KernelId,
    patches: Patches,
    image: Image,
    pad_before: [usize; 2],
    input_zero: i32,
    is_real: bool,
    weights: TapWeights,
    bias: Vec<[i32; LANES]>,
    epilogues: Vec<PanelEpilogue>,
    groups: Vec<PanelGroup>,
    tasks: Vec<Task>,
    cut: Cut,
}

impl Winograd {
    /// Prepares a convolution that was found to suit.
    ///
    /// # Errors
    /// What was packed before is not of such a convolution.
    pub(super) fn packed(bound: Bound<Descriptor>, spec: &ConvSpec<'_>, packing: &mut Packing) -> Result<Self, Unfit> {
        spec.check(packing.is_stored());
        let descriptor = bound.descriptor();
        let sources = pack::panel_sources(spec);
        let panels: Vec<Panel> = sources.iter().map(|&source| whole_panel(spec, source)).collect();
        let layout = (descriptor.isa.storage(), descriptor.side_by_side);
        let weights = TapWeights::new(spec, &sources, layout, packing)?;
        let mut epilogues = PanelEpilogue::all(spec, &panels, descriptor.float_depth, packing)?;
        let groups = panel_epilogue::panel_groups(&panels, &mut epilogues, descriptor.tiles.len());
        let cut = descriptor.cut(spec);
        let tasks = cut.tasks(groups.len(), spec.threads.max(1));
        Ok(Self {
            bound,
            kernel: descriptor.tallest(cut.panels),
            patches: Patches::new(spec),
            image: spec.input,
            pad_before: spec.window.pad_before,
            input_zero: spec.input_zero,
            is_real: spec.is_real(),
            weights,
            bias: sources.iter().map(|source| bias(spec, source)).collect(),
            epilogues,
            tasks,
            groups,
            cut,
        })
    }

    /// Asserts that a task's views hold all that the convolution reads and writes.
    fn check_views(&self, task: &layer::Task<'_>) {
        let (input, bytes) = (&task.inputs[0], self.image.span_bytes());
        assert!(input.len() >= bytes, "input view of {} bytes", input.len());
        let last = self.patches.pixels() - 1;
        for panel in &self.epilogues {
            let (output, end) = (task.outputs[panel.part], panel.output_end(last));
            assert!(output.len() >= end, "output view of {} bytes", output.len());
        }
    }

    /// Lines of a pixel of zero points.
    fn padding_lines(&self) -> usize {
        self.image.channels.div_ceil(size_of::<Line>())
    }

    /// Transforms the weights of some panels.
    fn transform_weights(&self, panels: Range<usize>, points: &mut [i16]) {
        let pairs = self.weights.pairs();
        for (panel, points) in panels.zip(points.chunks_exact_mut(POINTS * self.cut.weight_stride)) {
            let (taps, zero_point) = self.weights.of_panel(panel);
            let points = Cell::from_mut(points).as_slice_of_cells();
            let call = WeightCall { taps, zero_point, pairs, points, point_stride: self.cut.weight_stride };
            // SAFETY: the bound descriptor proves the CPU feature.
            unsafe { (self.bound.descriptor().weights)(&call) }
        }
    }

    /// Computes the outputs of a panel group for a block of patches.
    ///
    /// # Safety
    /// As [`Layer::run`] for these outputs.
    unsafe fn run_group(
        &self,
        group: PanelGroup,
        block: &Transformed<'_>,
        buffers: &mut GroupBuffers<'_>,
        outputs: &[Output<'_>],
    ) {
        let descriptor = self.bound.descriptor();
        let tiles = descriptor.tiles[group.panels - 1];
        let panels = group.first..group.first + group.panels;
        let weights = &mut buffers.weights[..group.panels * POINTS * self.cut.weight_stride];
        self.transform_weights(panels.clone(), weights);
        let count = block.patches.len().div_ceil(tiles.len());
        let at = |tile: usize| block.patches.len() * tile / count;
        for tile in 0..count {
            let rows = at(tile)..at(tile + 1);
            let call = ProductsCall {
                values: &block.values[rows.start * self.cut.values.patch..],
                strides: self.cut.values,
                weights,
                weight_stride: self.cut.weight_stride,
                pairs: self.weights.pairs(),
                products: Cell::from_mut(&mut *buffers.products).as_slice_of_cells(),
            };
            // SAFETY: the bound descriptor proves the CPU feature.
            unsafe { (tiles[rows.len() - 1])(&call) }
            let call = OutputCall {
                patches: &block.patches[rows],
                row_pixels: self.patches.row_pixels(),
                products: buffers.products,
                bias: &self.bias[panels.clone()],
                panels: &self.epilogues[panels.clone()],
                form: group.form,
                outputs,
                scratch: block.scratch,
                reals: block.reals,
            };
            // SAFETY: the bound descriptor proves the CPU feature. `check_views` asserts that the outputs have every pixel and
            // column, and the caller vouches that nobody else touches them.
            unsafe { (descriptor.outputs)(&call) }
        }
    }
}

/// Memory that each panel group uses anew.
struct GroupBuffers<'a> {
    /// Its transformed weights.
    weights: &'a mut [i16],
    /// Products of a tile.
    products: &'a mut [i32],
}

/// A block of patches with their transformed inputs.
struct Transformed<'a> {
    patches: &'a [Patch],
    values: &'a [i16],
    scratch: &'a Scratch,
    reals: Reals<'a>,
}

impl Layer for Winograd {
    fn kernel(&self) -> KernelId {
        self.kernel.clone()
    }

    fn tasks(&self) -> usize {
        self.tasks.len()
    }

    fn packed_bytes(&self) -> usize {
        self.weights.bytes() + size_of_val(&self.bias[..])
    }

    fn workspace_bytes(&self) -> usize {
        (self.cut.workspace_lines() + self.padding_lines()) * size_of::<Line>()
    }

    unsafe fn run(&self, task: layer::Task<'_>) -> Result<(), Failure> {
        self.check_views(&task);
        let layer::Task { index, inputs, outputs, workspace } = task;
        let Task { patches: all, groups } = &self.tasks[index];
        let lines = workspace.lines(self.cut.workspace_lines() + self.padding_lines());
        let (values, rest) = lines.split_at_mut(self.cut.value_lines());
        let (weights, rest) = rest.split_at_mut(self.cut.weight_lines());
        let (padding, products) = rest.split_at_mut(self.padding_lines());
        let reals = if self.is_real { Reals::new(inputs[1], [1, self.patches.pixels()], &[]) } else { Reals::NONE };
        let input_zero = if self.is_real { reals.of_pixel(0).zero } else { self.input_zero };
        let padding: &mut [u8] = bytemuck::cast_slice_mut(padding);
        padding.fill(input_zero as u8);
        let values: &mut [i16] = bytemuck::cast_slice_mut(values);
        let mut buffers =
            GroupBuffers { weights: bytemuck::cast_slice_mut(weights), products: bytemuck::cast_slice_mut(products) };
        let scratch = Scratch::new();
        let mut patches = [Patch::default(); MAX_BLOCK];
        let blocks = all.len().div_ceil(self.cut.block_patches);
        let at = |block: usize| all.start + all.len() * block / blocks;
        for block in 0..blocks {
            let range = at(block)..at(block + 1);
            let patches = &mut patches[..range.len()];
            self.patches.locate(range, patches);
            let call = InputCall {
                source: Source { start: inputs[0].as_ptr(), image: self.image, pad_before: self.pad_before, padding },
                zero_point: input_zero,
                patches,
                values: Cell::from_mut(&mut *values).as_slice_of_cells(),
                strides: self.cut.values,
            };
            // SAFETY: the bound descriptor proves the CPU feature. `check_views` asserts that the input has every pixel, and the
            // caller vouches that nobody writes them.
            unsafe { (self.bound.descriptor().inputs)(&call) }
            let block = Transformed { patches, values, scratch: &scratch, reals };
            for &group in &self.groups[groups.clone()] {
                // SAFETY: the caller's promise; tasks have patches or groups of their own.
                unsafe { self.run_group(group, &block, &mut buffers, outputs) }
            }
        }
        Ok(())
    }
}

/// A panel of weights from which the whole zero point is taken.
fn whole_panel(spec: &ConvSpec<'_>, source: PanelSource) -> Panel {
    let subtracted_zero = spec.parts[source.part].weights.signed_zero();
    Panel { source, range: PackedRange { subtracted_zero, ..PackedRange::WHOLE } }
}

/// The biases of a panel's columns.
fn bias(spec: &ConvSpec<'_>, source: &PanelSource) -> [i32; LANES] {
    let biases = spec.parts[source.part].bias;
    core::array::from_fn(
        |lane| {
            if lane < source.count { biases.get(source.first + lane).copied().unwrap_or(0) } else { 0 }
        },
    )
}
