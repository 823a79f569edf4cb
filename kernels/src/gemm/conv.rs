//! A prepared convolution and the loop around its tiles.

use super::ConvSpec;
use super::bind::{Descriptor, KERNELS};
use super::blocks::{self, Extent, MAX_BLOCK_ROWS, PanelGroup, Task};
use super::class::{self, Class};
use super::columns::Columns;
use super::ending::Scratch;
use super::excess;
use super::grid::Grid;
use super::pack::PanelSource;
use super::packed::Packed;
use super::streams::{JoinStatistics, Streams};
use super::tile::{Block, MAX_ROWS, Tile, TileFn};
use crate::arch::LANES;
use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{self, Failure, Layer};
use crate::memory::{Line, Output};
use crate::window::{Image, Window};

/// A convolution (or several that share their input) with packed weights, ready to run.
///
/// Input 0 is the activations; output `i` belongs to part `i`.
pub struct Conv {
    bound: Bound<Descriptor>,
    kernel: KernelId,
    /// The tiles for these weights, of 1, 2, ... panels.
    tiles: &'static [&'static [TileFn]],
    input: Image,
    window: Window,
    grid: Grid,
    outputs: [usize; 2],
    group_channels: usize,
    block_rows: usize,
    classes: Vec<Class>,
    /// Packed lines: variants, then panels, then K.
    lines: Vec<Line>,
    /// First line and lines of a panel of each variant.
    variants: Vec<[usize; 2]>,
    /// Joined lines, instead of the lines, for instruction sets that take those.
    streams: Option<Streams>,
    /// Folded biases: classes, then panels.
    bias: Vec<[i32; LANES]>,
    columns: Vec<Columns>,
    groups: Vec<PanelGroup>,
    tasks: Vec<Task>,
    corrects_row_sums: bool,
    excess: usize,
    careful: bool,
    input_bytes: usize,
}

/// What packing and cutting made of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvStatistics {
    /// Outputs with their own set of taps in range.
    pub border_classes: usize,
    /// Panels of sixteen channels.
    pub panels: usize,
    /// Steps of four k of all panels.
    pub lines: usize,
    /// What became of them where the instruction set multiplies in pairs.
    pub joined: Option<JoinStatistics>,
    /// Whether sums of the activations correct for weight zero points.
    pub corrects_row_sums: bool,
    /// Steps of one k of a panel that are added because weights less their zero point leave eight bits.
    pub excess: usize,
    /// Whether every product is widened on its own, since two of them may leave 16 bits.
    pub careful: bool,
}

impl Conv {
    pub(crate) fn new(bound: Bound<Descriptor>, spec: &ConvSpec<'_>) -> Self {
        check(spec);
        let suits = !bound.descriptor().joins_lines || Streams::suit(spec);
        let bound = if suits { bound } else { Bound::new(KERNELS, Isa::Scalar) };
        let descriptor = bound.descriptor();
        let (orders, mut classes) = class::classes(spec, descriptor.layout);
        let Packed { sources, excess, mut lines, variants } = Packed::new(descriptor, spec, &orders, classes.len());
        for class in &mut classes {
            class.addends = excess::of_class(spec, &excess, &class.taps, sources.len());
        }
        let careful = descriptor.layout.overflows(&lines);
        let streams = descriptor.joins_lines.then(|| Streams::new(spec, &orders, &mut classes, &sources));
        if let Some(block) = &descriptor.block {
            lines.resize(lines.len() + block.slack_lines, Line::ZERO);
        }
        let bias = fold_biases(spec, &mut classes, &sources);
        let mut columns: Vec<Columns> = sources
            .iter()
            .map(|&source| Columns::new(&spec.parts[source.part], source, largest_sum(spec, source.part)))
            .collect();
        let groups = blocks::panel_groups(descriptor, &sources, &mut columns);
        let copies = descriptor.block.as_ref().is_some_and(|block| block.copies);
        let taps = spec.window.taps[1];
        let across = if copies { taps } else { spec.window.stride[1].min(taps) };
        let extent = Extent {
            batch: spec.input.batch,
            row_bytes: spec.window.taps[0] * across * spec.input.channels,
            panel_bytes: variants.iter().map(|variant| 64 * variant[1]).max().unwrap_or(0),
            threads: spec.threads.max(1),
            row_quantum: descriptor.row_quantum(),
        };
        let widest = groups.iter().map(|group| group.panels).max().expect("a convolution has channels");
        Self {
            bound,
            kernel: main_kernel(descriptor, [widest, sources.len()], &classes, spec.input.batch),
            tiles: if careful { descriptor.careful_tiles } else { descriptor.tiles },
            input: spec.input,
            window: spec.window,
            grid: Grid::dense(spec.output),
            outputs: spec.output,
            group_channels: spec.input.channels / spec.groups,
            block_rows: extent.block_rows(),
            tasks: blocks::tasks(&classes, &groups, &extent),
            corrects_row_sums: columns.iter().any(|columns| columns.weight_zero != 0),
            excess: excess.len(),
            careful,
            input_bytes: input_bytes(spec, &classes),
            classes,
            lines,
            variants,
            streams,
            bias,
            columns,
            groups,
        }
    }

    /// Puts the outputs elsewhere in the image that they are pixels of.
    ///
    /// # Panics
    /// The last pixel is beyond 4 GiB.
    pub(crate) fn place(&mut self, grid: Grid) {
        self.grid = grid;
        let last = self.grid.pixel(self.input.batch - 1, self.outputs[0] - 1, self.outputs[1] - 1) as u64;
        let stride = self.columns.iter().map(|columns| columns.pixel_stride).max().unwrap_or(0) as u64;
        assert!((last + 1).saturating_mul(stride) < u64::from(u32::MAX), "outputs are smaller than 4 GiB");
    }

    /// What packing made of the weights.
    pub fn statistics(&self) -> ConvStatistics {
        ConvStatistics {
            border_classes: self.classes.len(),
            panels: self.columns.len(),
            lines: self.columns.len() * self.variants.iter().map(|variant| variant[1]).sum::<usize>(),
            joined: self.streams.as_ref().map(Streams::statistics),
            corrects_row_sums: self.corrects_row_sums,
            excess: self.excess,
            careful: self.careful,
        }
    }

    /// Fills in the addresses and output pixels of a class's rows from `first` on.
    fn locate(&self, class: &Class, first: usize, base: *const u8, rows: &mut [*const u8], pixels: &mut [u32]) {
        let (height, width) = (class.down.len(), class.across.len());
        let (mut x, mut y) = (first % width, first / width % height);
        let mut image = first / width / height;
        let across = self.window.stride[1] * self.input.pixel_stride;
        let mut done = 0;
        while done < rows.len() {
            let count = (width - x).min(rows.len() - done);
            let at_y = class.first[0] + y * self.window.stride[0];
            let at_x = class.first[1] + x * self.window.stride[1];
            let at = (image * self.input.height + at_y) * self.input.width + at_x;
            let start = base.wrapping_add(at * self.input.pixel_stride);
            let first = self.grid.pixel(image, class.down.start + y, class.across.start + x) as u32;
            let run = done..done + count;
            for (index, (row, pixel)) in rows[run.clone()].iter_mut().zip(&mut pixels[run]).enumerate() {
                *row = start.wrapping_add(index * across);
                *pixel = first + (index * self.grid.step) as u32;
            }
            done += count;
            (x, y) = (0, y + 1);
            if y == height {
                (y, image) = (0, image + 1);
            }
        }
    }

    /// A block of rows times the panel groups of a channel group.
    fn block<'a>(
        &'a self,
        class: &'a Class,
        groups: &'a [PanelGroup],
        rows: Rows<'a>,
        outputs: &'a [Output<'a>],
    ) -> Block<'a> {
        let [first_line, panel_lines] = self.variants[class.variant];
        Block {
            rows: rows.addresses,
            pixels: rows.pixels,
            row_sums: rows.sums,
            segments: &class.segments,
            runs: &class.runs,
            weights: self.lines.get(first_line..).unwrap_or(&[]),
            panel_lines,
            bias: &self.bias[class.bias..class.bias + self.columns.len()],
            columns: &self.columns,
            addends: &class.addends,
            groups,
            outputs,
            scratch: rows.scratch,
        }
    }

    /// Computes a block by the block kernel, or tile by tile.
    ///
    /// # Safety
    /// As [`Layer::run`]; the rows are addresses of the groups' first channel.
    unsafe fn run_block(&self, class: &Class, block: &Block<'_>) {
        match &self.bound.descriptor().block {
            // SAFETY: the bound descriptor proves the CPU feature; `Layer::run` asserts that the
            // views hold every address that the class can form, and its caller vouches for them.
            Some(kernel) if kernel.suits(block.rows.len(), block.all_panels(), class.steps()) => unsafe {
                (kernel.run)(block)
            },
            _ => {
                for &group in block.groups {
                    // SAFETY: the caller's promise.
                    unsafe { self.run_tiles(class, group, block) }
                }
            }
        }
    }

    /// Runs the tiles of one panel group over a block of rows.
    ///
    /// # Safety
    /// As [`Layer::run`]; the rows are addresses of the group's first channel.
    unsafe fn run_tiles(&self, class: &Class, group: PanelGroup, block: &Block<'_>) {
        let tiles = self.tiles[group.panels - 1];
        let panel_lines = block.panel_lines;
        let panels = group.first..group.first + group.panels;
        let streams = self.streams.as_ref().map(|streams| streams.panel(class, group.first));
        let weights = match streams {
            Some(_) => &[],
            None => &block.weights[panels.start * panel_lines..panels.end * panel_lines],
        };
        let count = block.rows.len().div_ceil(tiles.len());
        let at = |tile: usize| block.rows.len() * tile / count;
        // Only rows differ from tile to tile: to build and copy a whole description for each costs as much as
        // several rows of a short window.
        let mut call = Tile {
            rows: &[],
            segments: block.segments,
            weights,
            panel_lines,
            streams,
            bias: &block.bias[panels],
            ending: block.ending(group, 0..0),
        };
        for tile in 0..count {
            let range = at(tile)..at(tile + 1);
            call.rows = &block.rows[range.clone()];
            block.end_rows(&mut call.ending, range.clone());
            debug_assert!(range.len() <= MAX_ROWS);
            // SAFETY: the bound descriptor proves the CPU feature; `Layer::run` asserts that the
            // views hold every address that the class can form, and its caller vouches for them.
            unsafe { tiles[range.len() - 1](&call) }
        }
    }
}

/// Rows of a block.
#[derive(Clone, Copy)]
struct Rows<'a> {
    addresses: &'a [*const u8],
    pixels: &'a [u32],
    sums: &'a [i32],
    scratch: &'a Scratch,
}

impl Layer for Conv {
    fn kernel(&self) -> KernelId {
        self.kernel.clone()
    }

    fn tasks(&self) -> usize {
        self.tasks.len()
    }

    fn packed_bytes(&self) -> usize {
        size_of_val(&self.lines[..]) + self.streams.as_ref().map_or(0, Streams::bytes) + size_of_val(&self.bias[..])
    }

    unsafe fn run(&self, task: layer::Task<'_>) -> Result<(), Failure> {
        let layer::Task { index: task, inputs, outputs, .. } = task;
        let task = &self.tasks[task];
        let class = &self.classes[task.class as usize];
        assert!(inputs[0].len() >= self.input_bytes, "input view of {} bytes", inputs[0].len());
        for columns in &self.columns {
            let last = self.grid.pixel(self.input.batch - 1, self.outputs[0] - 1, self.outputs[1] - 1);
            let end = last * columns.pixel_stride + columns.offset + columns.count;
            assert!(outputs[columns.part].len() >= end, "output view of {} bytes", outputs[columns.part].len());
        }
        let mut rows = [core::ptr::null(); MAX_BLOCK_ROWS];
        let mut pixels = [0u32; MAX_BLOCK_ROWS];
        let mut sums = [0i32; MAX_BLOCK_ROWS];
        let scratch = Scratch::new();
        let groups = &self.groups[task.groups.start as usize..task.groups.end as usize];
        for first in (task.rows.start as usize..task.rows.end as usize).step_by(self.block_rows) {
            let count = self.block_rows.min(task.rows.end as usize - first);
            let (rows, pixels) = (&mut rows[..count], &mut pixels[..count]);
            for run in groups.chunk_by(|a, b| a.group == b.group) {
                let base = inputs[0].as_ptr().wrapping_add(run[0].group * self.group_channels);
                self.locate(class, first, base, rows, pixels);
                let mut row_sums: &[i32] = &[];
                if self.corrects_row_sums {
                    // SAFETY: as for the tiles below.
                    unsafe { (self.bound.descriptor().row_sums)(rows, &class.segments, &mut sums[..count]) }
                    row_sums = &sums[..count];
                }
                let rows = Rows { addresses: rows, pixels, sums: row_sums, scratch: &scratch };
                let block = self.block(class, run, rows, outputs);
                // SAFETY: the caller's promise, and the assertions above.
                unsafe { self.run_block(class, &block) }
            }
        }
        Ok(())
    }
}

/// The kernel of the class with the most rows, for a widest group of `panels[0]` of `panels[1]` panels.
fn main_kernel(descriptor: &Descriptor, panels: [usize; 2], classes: &[Class], batch: usize) -> KernelId {
    let largest = classes.iter().max_by_key(|class| class.rows(batch));
    let [rows, lines] = largest.map_or([0; 2], |class| [class.rows(batch), class.steps()]);
    descriptor.main_kernel(panels[0], panels[1], rows, lines)
}

/// Asserts that a specification does not contradict itself.
fn check(spec: &ConvSpec<'_>) {
    let [kernel_rows, kernel_columns] = spec.window.taps;
    assert!(spec.groups > 0 && spec.input.channels.is_multiple_of(spec.groups), "groups divide the input channels");
    assert!(spec.input.pixel_stride >= spec.input.channels && spec.input.pixels() > 0, "the input has pixels");
    assert!(spec.output.iter().all(|&n| n > 0) && !spec.parts.is_empty(), "there is something to compute");
    assert!(kernel_rows > 0 && kernel_columns > 0 && spec.input.channels > 0, "the window has taps");
    assert!(spec.window.stride.iter().chain(&spec.window.dilation).all(|&n| n > 0), "strides and dilations");
    let input_bytes = spec.input.pixels() as u64 * spec.input.pixel_stride as u64;
    assert!(input_bytes < u64::from(u32::MAX), "the input is smaller than 4 GiB");
    for part in spec.parts {
        let pixels = (spec.input.batch * spec.output[0] * spec.output[1]) as u64;
        assert!(pixels * (part.pixel_stride as u64) < u64::from(u32::MAX), "outputs are smaller than 4 GiB");
        assert!(part.channels > 0 && part.channels.is_multiple_of(spec.groups), "groups divide the output channels");
        assert!(part.pixel_stride >= part.channels, "output pixels do not overlap");
        let per_channel = kernel_rows * kernel_columns * spec.input.channels / spec.groups;
        assert_eq!(part.weights.bytes.len(), part.channels * per_channel, "weights are [O, KH, KW, I]");
        assert!(part.bias.is_empty() || part.bias.len() == part.channels, "one bias for each channel");
    }
}

/// Bytes of the input that tiles may read, the rounding of runs to whole lines included.
fn input_bytes(spec: &ConvSpec<'_>, classes: &[Class]) -> usize {
    let row_stride = spec.input.width * spec.input.pixel_stride;
    let last_group = spec.input.channels - spec.input.channels / spec.groups;
    let last_image = (spec.input.batch - 1) * spec.input.height * row_stride;
    let of_class = |class: &Class| {
        let y = class.first[0] + (class.down.len() - 1) * spec.window.stride[0];
        let x = class.first[1] + (class.across.len() - 1) * spec.window.stride[1];
        last_image + y * row_stride + x * spec.input.pixel_stride + last_group + class.reach()
    };
    classes.iter().filter(|class| !class.segments.is_empty()).map(of_class).max().unwrap_or(0)
}

/// What no sum of a part exceeds in magnitude.
fn largest_sum(spec: &ConvSpec<'_>, part: usize) -> i64 {
    let [kernel_rows, kernel_columns] = spec.window.taps;
    let terms = (kernel_rows * kernel_columns * (spec.input.channels / spec.groups)) as i64;
    let bias = spec.parts[part].bias.iter().map(|&bias| i64::from(bias).abs()).max().unwrap_or(0);
    // Activations and weights less their zero points are at most 255.
    terms * 255 * 255 + bias
}

/// Folds the biases of every class and panel, and notes in each class where they start.
fn fold_biases(spec: &ConvSpec<'_>, classes: &mut [Class], sources: &[PanelSource]) -> Vec<[i32; LANES]> {
    let tap_sums: Vec<Vec<i32>> = (0..spec.parts.len()).map(|part| class::tap_sums(spec, part)).collect();
    let mut bias = Vec::with_capacity(classes.len() * sources.len());
    for class in classes {
        class.bias = bias.len();
        for &source in sources {
            bias.push(class::fold_bias(spec, source, &tap_sums[source.part], &class.taps));
        }
    }
    bias
}
