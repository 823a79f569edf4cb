//! A prepared convolution and the loop around its blocks.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

use super::bias::FoldedBias;
use super::block::Block;
use super::epilogue::Scratch;
use super::geometry::Geometry;
use super::method::{MainWork, Method, Packed, PackedWeights};
use super::outliers::{self, ClassOutlier};
use super::pack;
use super::panel_epilogue::{self, PanelEpilogue, PanelGroup};
use super::partition::{self, Blocks, Extent, MAX_BLOCK_ROWS, Task};
use super::real_epilogue::Reals;
use super::spec::ConvSpec;
use super::statistics::ConvStatistics;
use super::table::{Descriptor, KERNELS};
use super::tile::RowSumsCall;
use crate::arch::LANES;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{self, Failure, Layer};
use crate::memory::{Input, Line, Output};
use crate::packed::{self, Packing, Unfit};
use crate::window::OutputGrid;

/// Prepares a convolution for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or the specification contradicts itself: a length that does
/// not match, channels that groups do not divide, a tensor of 4 GiB or more.
pub fn prepare(isa: Isa, spec: &ConvSpec<'_>) -> Conv {
    Conv::new(Bound::new(KERNELS, isa), spec)
}

/// [`prepare`] with weights that may have been packed before; then those of the specification are not looked at.
///
/// # Errors
/// What was packed before is not of such a convolution.
///
/// # Panics
/// As [`prepare`].
pub fn prepare_packed(isa: Isa, spec: &ConvSpec<'_>, packing: &mut Packing) -> Result<Conv, Unfit> {
    Conv::packed(Bound::new(KERNELS, isa), spec, packing)
}

/// A convolution (or several that share their input) with packed weights, ready to run.
///
/// Input 0 is the activations; output `i` belongs to part `i`. Where outputs are float32, input 1 is how the activations were
/// quantized ([`crate::dynamic_range`]): once for each image, or for each pixel of the only image.
pub struct Conv {
    bound: Bound<Descriptor>,
    kernel: KernelId,
    geometry: Geometry,
    weights: Box<dyn PackedWeights>,
    bias: FoldedBias,
    /// For each panel, what sums begin with where outputs are float32.
    zeros: Vec<[i32; LANES]>,
    /// How many scales the activations have in a run; 0 where outputs are no floats.
    activation_scales: usize,
    /// What the packed weights lack: for each class, of each panel.
    outliers: Vec<Vec<Vec<ClassOutlier>>>,
    epilogues: Vec<PanelEpilogue>,
    groups: Vec<PanelGroup>,
    tasks: Vec<Task>,
    blocks: Blocks,
    workspace_lines: usize,
    statistics: ConvStatistics,
}

impl Conv {
    pub(crate) fn new(bound: Bound<Descriptor>, spec: &ConvSpec<'_>) -> Self {
        packed::made(Self::packed(bound, spec, &mut Packing::fresh()))
    }

    fn packed(bound: Bound<Descriptor>, spec: &ConvSpec<'_>, packing: &mut Packing) -> Result<Self, Unfit> {
        spec.check(packing.is_stored());
        let suits = bound.descriptor().method.suits(spec);
        let bound = if suits { bound } else { Bound::new(KERNELS, Isa::Scalar) };
        let Descriptor { method, float_depth, .. } = *bound.descriptor();
        let geometry = Geometry::new(spec, method.layout());
        let sources = pack::panel_sources(spec);
        let Packed { panels, outliers, weights } = method.pack(spec, &geometry, &sources, packing)?;
        let mut epilogues = PanelEpilogue::all(spec, &panels, float_depth, packing)?;
        let groups = panel_epilogue::panel_groups(&panels, &mut epilogues, method.max_panels());
        let extent = extent(spec, &geometry, method);
        let mut statistics = ConvStatistics {
            border_classes: geometry.classes.len(),
            panels: panels.len(),
            lines: panels.len() * geometry.orders.iter().map(|order| order.panel_lines()).sum::<usize>(),
            widening: None,
            corrects_row_sums: epilogues.iter().any(|panel| panel.weight_zero != 0),
            outliers: outliers.len(),
            panels_in_floats: epilogues.iter().filter(|panel| panel.requantizer.in_floats()).count(),
            pair_sums_fit: true,
        };
        weights.describe(&mut statistics);
        let of_class = |class| outliers::of_class(spec, &outliers, class, panels.len());
        Ok(Self {
            bound,
            kernel: method.main_kernel(main_work(&geometry, &groups)),
            bias: FoldedBias::new(spec, &geometry, &sources, packing)?,
            zeros: if spec.is_real() { vec![[0; LANES]; panels.len()] } else { Vec::new() },
            activation_scales: spec.activation_scales(),
            outliers: geometry.classes.iter().map(of_class).collect(),
            tasks: partition::tasks(&geometry.classes, &groups, &extent),
            workspace_lines: weights.workspace_lines(&geometry, extent.blocks().rows),
            blocks: extent.blocks(),
            geometry,
            weights,
            epilogues,
            groups,
            statistics,
        })
    }

    /// Puts the outputs elsewhere in the image that they are pixels of.
    ///
    /// # Panics
    /// The last pixel is beyond 4 GiB.
    pub(crate) fn set_output_grid(&mut self, grid: OutputGrid) {
        self.geometry.set_output_grid(grid);
        let pixels = self.geometry.last_pixel() as u64 + 1;
        let stride = self.epilogues.iter().map(|panel| panel.pixel_stride).max().unwrap_or(0) as u64;
        assert!(pixels.saturating_mul(stride) < u64::from(u32::MAX), "outputs are smaller than 4 GiB");
    }

    /// What packing made of the weights.
    pub fn statistics(&self) -> ConvStatistics {
        self.statistics
    }

    /// Asserts that a task's views hold all that the convolution reads and writes.
    fn check_views(&self, task: &layer::Task<'_>) {
        let (input, bytes) = (&task.inputs[0], self.geometry.input_bytes);
        assert!(input.len() >= bytes, "input view of {} bytes", input.len());
        let last = self.geometry.last_pixel();
        for panel in &self.epilogues {
            let (output, end) = (task.outputs[panel.part], panel.output_end(last));
            assert!(output.len() >= end, "output view of {} bytes", output.len());
        }
    }

    /// A block of a task.
    fn block<'a>(
        &'a self,
        class_index: usize,
        groups: &'a [PanelGroup],
        rows: Rows<'a>,
        outputs: &'a [Output<'a>],
    ) -> Block<'a> {
        Block {
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", test))]
            class_index,
            class: &self.geometry.classes[class_index],
            rows: rows.addresses,
            pixels: rows.pixels,
            row_sums: rows.sums,
            bias: if rows.reals.is_none() { self.bias.of_class(class_index) } else { &self.zeros },
            epilogues: &self.epilogues,
            outliers: &self.outliers[class_index],
            groups,
            outputs,
            scratch: rows.scratch,
            reals: rows.reals,
        }
    }

    /// How activations were quantized, with the sums of the weights of a class, where outputs are float32.
    fn reals<'a>(&'a self, inputs: &[Input<'a>], class: usize) -> Reals<'a> {
        if self.activation_scales == 0 {
            return Reals::NONE;
        }
        Reals::new(inputs[1], [self.activation_scales, self.geometry.last_pixel() + 1], self.bias.of_class(class))
    }

    /// Sums of the activations of rows of a class, where they are wanted.
    ///
    /// # Safety
    /// The rows are addresses that the class can form.
    unsafe fn row_sums<'a>(&self, class: usize, rows: &[*const u8], sums: &'a mut [i32]) -> &'a [i32] {
        if !self.statistics.corrects_row_sums {
            return &[];
        }
        let segments = &self.geometry.classes[class].segments;
        let call = RowSumsCall { rows, segments, sums: Cell::from_mut(&mut *sums).as_slice_of_cells() };
        // SAFETY: the bound descriptor proves the CPU feature; the caller vouches for the rows.
        unsafe { (self.bound.descriptor().row_sums)(&call) }
        sums
    }
}

/// Rows of a block.
#[derive(Clone, Copy)]
struct Rows<'a> {
    addresses: &'a [*const u8],
    pixels: &'a [u32],
    sums: &'a [i32],
    scratch: &'a Scratch,
    reals: Reals<'a>,
}

impl Layer for Conv {
    fn kernel(&self) -> KernelId {
        self.kernel.clone()
    }

    fn tasks(&self) -> usize {
        self.tasks.len()
    }

    fn packed_bytes(&self) -> usize {
        self.weights.bytes() + self.bias.bytes()
    }

    fn workspace_bytes(&self) -> usize {
        self.workspace_lines * size_of::<Line>()
    }

    unsafe fn run(&self, task: layer::Task<'_>) -> Result<(), Failure> {
        self.check_views(&task);
        let layer::Task { index, inputs, outputs, workspace } = task;
        let Task { class, rows: all_rows, groups } = &self.tasks[index];
        let class = *class as usize;
        let reals = self.reals(inputs, class);
        let workspace = workspace.lines(self.workspace_lines);
        let mut rows = [core::ptr::null(); MAX_BLOCK_ROWS];
        let mut pixels = [0u32; MAX_BLOCK_ROWS];
        let mut sums = [0i32; MAX_BLOCK_ROWS];
        let scratch = Scratch::new();
        let groups = &self.groups[groups.start as usize..groups.end as usize];
        let all_rows = all_rows.start as usize..all_rows.end as usize;
        for block_rows in self.blocks.of(all_rows) {
            let (first, count) = (block_rows.start, block_rows.len());
            let (rows, pixels) = (&mut rows[..count], &mut pixels[..count]);
            for groups in groups.chunk_by(|a, b| a.group == b.group) {
                let base = inputs[0].as_ptr().wrapping_add(groups[0].group * self.geometry.group_channels);
                self.geometry.locate(&self.geometry.classes[class], first, base, rows, pixels);
                // SAFETY: `check_views` asserts that the input holds every address that the class can form, and the
                // caller vouches for them.
                let sums = unsafe { self.row_sums(class, rows, &mut sums[..count]) };
                let rows = Rows { addresses: rows, pixels, sums, scratch: &scratch, reals };
                let block = self.block(class, groups, rows, outputs);
                // SAFETY: the bound descriptor proves the CPU feature. As above, for the outputs, too.
                unsafe { self.weights.run(&block, workspace) }
            }
        }
        Ok(())
    }
}

/// What task sizes depend on.
fn extent(spec: &ConvSpec<'_>, geometry: &Geometry, method: &dyn Method) -> Extent {
    let taps = spec.window.taps[1];
    let across = if method.copies_rows() { taps } else { spec.window.stride[1].min(taps) };
    let panel_lines = geometry.orders.iter().map(|order| order.panel_lines()).max().unwrap_or(0);
    Extent {
        batch: spec.input.batch,
        row_bytes: spec.window.taps[0] * across * spec.input.channels,
        panel_bytes: panel_lines * size_of::<Line>(),
        threads: spec.threads.max(1),
        row_quantum: method.row_quantum(),
        few_passes: method.wants_few_passes(),
        most_work: method.most_work(),
    }
}

/// The shape of most of the work.
fn main_work(geometry: &Geometry, groups: &[PanelGroup]) -> MainWork {
    let largest = geometry.largest_class();
    MainWork {
        rows: largest.map_or(0, |class| geometry.rows(class)),
        lines: largest.map_or(0, |class| class.steps()),
        panels: groups.iter().map(|group| group.panels).max().expect("a convolution has channels"),
        all_panels: groups.iter().map(|group| group.panels).sum(),
    }
}
