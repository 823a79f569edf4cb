//! A prepared convolution by way of points, and the loop around its blocks.

use core::cell::Cell;

use super::super::epilogue::Scratch;
use super::super::pack::{self, PackedRange, Panel, PanelSource};
use super::super::panel_epilogue::{self, PanelEpilogue, PanelGroup};
use super::super::spec::ConvSpec;
use super::inputs::{InputCall, Strides};
use super::outputs::OutputCall;
use super::partition::{self, MAX_BLOCK, Task};
use super::patch::{POINTS, Patch, Patches, Source};
use super::products::ProductsCall;
use super::proof;
use super::refusal::Refusal;
use super::table::{self, Descriptor, MAX_ROWS};
use super::weights::PointWeights;
use crate::arch::LANES;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{self, Failure, Layer};
use crate::memory::{Line, Output};
use crate::window::Image;

/// 16-bit values of a line.
const LINE_VALUES: usize = size_of::<Line>() / size_of::<i16>();
/// Lines of products of a patch and panel.
const PRODUCT_LINES: usize = POINTS * LANES * size_of::<i32>() / size_of::<Line>();

/// A 3x3 convolution (or several that share their input) by way of points, with transformed weights, ready to run.
///
/// Input 0 is the activations; output `i` belongs to part `i`.
pub struct Winograd {
    bound: Bound<Descriptor>,
    kernel: KernelId,
    patches: Patches,
    image: Image,
    pad_before: [usize; 2],
    input_zero: i32,
    padding: Vec<u8>,
    weights: PointWeights,
    bias: Vec<[i32; LANES]>,
    epilogues: Vec<PanelEpilogue>,
    groups: Vec<PanelGroup>,
    tasks: Vec<Task>,
    block_patches: usize,
    strides: Strides,
    product_lines: usize,
}

impl Winograd {
    /// Prepares a convolution for an instruction set, if it has kernels of its own and all accumulators come out exact.
    pub(crate) fn new(isa: Isa, spec: &ConvSpec<'_>) -> Result<Self, Refusal> {
        spec.check();
        proof::prove_window(spec)?;
        let bound = table::own(isa)?;
        proof::prove_sums(spec, isa.storage())?;
        let descriptor = bound.descriptor();
        let sources = pack::panel_sources(spec);
        let panels: Vec<Panel> = sources.iter().map(|&source| whole_panel(spec, source)).collect();
        let floats = descriptor.rescales_in_floats;
        let mut epilogues: Vec<PanelEpilogue> =
            panels.iter().map(|panel| PanelEpilogue::new(spec, panel, floats)).collect();
        let groups = panel_epilogue::panel_groups(&panels, &mut epilogues, descriptor.tiles.len());
        let widest = groups.iter().map(|group| group.panels).max().expect("a convolution has channels");
        let rows = descriptor.tiles[widest - 1].len();
        let patches = Patches::new(spec);
        let patch_stride = spec.input.channels.max(descriptor.width).next_multiple_of(LINE_VALUES);
        let block_patches = partition::block_patches(POINTS * patch_stride * size_of::<i16>(), rows).min(patches.len());
        // An odd number of lines between points keeps them out of each other's cache sets.
        let point_lines = (block_patches * patch_stride / LINE_VALUES) | 1;
        Ok(Self {
            bound,
            kernel: descriptor.tallest(widest),
            patches,
            image: spec.input,
            pad_before: spec.window.pad_before,
            input_zero: spec.input_zero,
            padding: vec![spec.input_zero as u8; spec.input.channels],
            weights: PointWeights::pack(spec, &sources, descriptor.side_by_side),
            bias: sources.iter().map(|source| bias(spec, source)).collect(),
            epilogues,
            tasks: partition::tasks(patches.len(), groups.len(), rows, spec.threads.max(1)),
            groups,
            block_patches,
            strides: Strides { patch: patch_stride, point: point_lines * LINE_VALUES },
            product_lines: MAX_ROWS.min(block_patches) * widest * PRODUCT_LINES,
        })
    }

    /// Asserts that a task's views hold all that the convolution reads and writes.
    fn check_views(&self, task: &layer::Task<'_>) {
        let (input, bytes) = (&task.inputs[0], self.image.span_bytes());
        assert!(input.len() >= bytes, "input view of {} bytes", input.len());
        let last = self.patches.pixels() - 1;
        for panel in &self.epilogues {
            let (output, end) = (task.outputs[panel.part], last * panel.pixel_stride + panel.offset + panel.count);
            assert!(output.len() >= end, "output view of {} bytes", output.len());
        }
    }

    fn value_lines(&self) -> usize {
        POINTS * self.strides.point / LINE_VALUES
    }

    /// Computes the outputs of a panel group for a block of patches.
    ///
    /// # Safety
    /// As [`Layer::run`] for these outputs.
    unsafe fn run_group(
        &self,
        group: PanelGroup,
        block: &Transformed<'_>,
        products: &mut [i32],
        outputs: &[Output<'_>],
    ) {
        let descriptor = self.bound.descriptor();
        let tiles = descriptor.tiles[group.panels - 1];
        let panels = group.first..group.first + group.panels;
        let count = block.patches.len().div_ceil(tiles.len());
        let at = |tile: usize| block.patches.len() * tile / count;
        for tile in 0..count {
            let rows = at(tile)..at(tile + 1);
            let call = ProductsCall {
                values: &block.values[rows.start * self.strides.patch..],
                strides: self.strides,
                weights: self.weights.of_group(group),
                pairs: self.weights.pairs(),
                products: Cell::from_mut(&mut *products).as_slice_of_cells(),
            };
            // SAFETY: the bound descriptor proves the CPU feature.
            unsafe { (tiles[rows.len() - 1])(&call) }
            let call = OutputCall {
                patches: &block.patches[rows],
                row_pixels: self.patches.row_pixels(),
                products,
                bias: &self.bias[panels.clone()],
                panels: &self.epilogues[panels.clone()],
                form: group.form,
                outputs,
                scratch: block.scratch,
            };
            // SAFETY: the bound descriptor proves the CPU feature. `check_views` asserts that the outputs have every pixel and
            // column, and the caller vouches that nobody else touches them.
            unsafe { (descriptor.outputs)(&call) }
        }
    }
}

/// A block of patches with their transformed inputs.
struct Transformed<'a> {
    patches: &'a [Patch],
    values: &'a [i16],
    scratch: &'a Scratch,
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
        (self.value_lines() + self.product_lines) * size_of::<Line>()
    }

    unsafe fn run(&self, task: layer::Task<'_>) -> Result<(), Failure> {
        self.check_views(&task);
        let layer::Task { index, inputs, outputs, workspace } = task;
        let Task { patches: all, groups } = &self.tasks[index];
        let (values, products) =
            workspace.lines(self.value_lines() + self.product_lines).split_at_mut(self.value_lines());
        let values: &mut [i16] = bytemuck::cast_slice_mut(values);
        let products: &mut [i32] = bytemuck::cast_slice_mut(products);
        let scratch = Scratch::new();
        let mut patches = [Patch::default(); MAX_BLOCK];
        let blocks = all.len().div_ceil(self.block_patches);
        let at = |block: usize| all.start + all.len() * block / blocks;
        for block in 0..blocks {
            let range = at(block)..at(block + 1);
            let patches = &mut patches[..range.len()];
            self.patches.locate(range, patches);
            let call = InputCall {
                source: Source {
                    start: inputs[0].as_ptr(),
                    image: self.image,
                    pad_before: self.pad_before,
                    padding: &self.padding,
                },
                zero_point: self.input_zero,
                patches,
                values: Cell::from_mut(&mut *values).as_slice_of_cells(),
                strides: self.strides,
            };
            // SAFETY: the bound descriptor proves the CPU feature. `check_views` asserts that the input has every pixel, and the
            // caller vouches that nobody writes them.
            unsafe { (self.bound.descriptor().inputs)(&call) }
            let block = Transformed { patches, values, scratch: &scratch };
            for &group in &self.groups[groups.clone()] {
                // SAFETY: the caller's promise; tasks have patches or groups of their own.
                unsafe { self.run_group(group, &block, products, outputs) }
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
