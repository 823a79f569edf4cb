//! Pairs of elements of two tensors, either of which may repeat along some dimensions: what elementwise
//! layers of two operands go through.
//!
//! Dimensions that follow each other without gaps in all tensors are coalesced, so that equal dense shapes are
//! one run, and so is a scalar. A run is contiguous in the output; in each input it is contiguous or one
//! element, of which `PairRuns` lays out a register's copies.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::layer::row_tasks;
use crate::memory::{Input, Output, SLACK};

/// Elements up to which a run is short: what it costs to begin one shows.
const SHORT: usize = 256;
/// Elements up to which short runs become one.
const WIDENED: usize = 4096;

/// Most dimensions that are left once those without gaps are coalesced.
pub const MOST_DIMENSIONS: usize = 8;

/// One dimension of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Elements of the output.
    pub size: usize,
    /// Bytes from one element of each input to the next; 0 where the input repeats.
    pub strides: [usize; 2],
    /// Bytes from one element of the output to the next.
    pub output_stride: usize,
}

impl Dimension {
    /// A dimension of one element of so many bytes.
    fn one(bytes: usize) -> Self {
        Self { size: 1, strides: [bytes; 2], output_stride: bytes }
    }

    /// This dimension and the one inside it as one, if no tensor has a gap.
    fn coalesced(self, inner: Self) -> Option<Self> {
        let follows = |outer: usize, stride: usize| outer == stride * inner.size;
        let all = follows(self.strides[0], inner.strides[0])
            && follows(self.strides[1], inner.strides[1])
            && follows(self.output_stride, inner.output_stride);
        all.then_some(Self { size: self.size * inner.size, ..inner })
    }

    /// Whether elements follow each other in the output, and in the inputs too or not at all.
    fn is_run(self, bytes: usize) -> bool {
        self.output_stride == bytes && self.strides.iter().all(|&stride| stride == 0 || stride == bytes)
    }
}

/// Two operands and where their elements and those of the output are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs {
    /// Dimensions of the output, outermost first.
    pub dimensions: Vec<Dimension>,
    /// Bytes of an element of any of the tensors: 1, 2 or 4.
    pub bytes: usize,
    /// The stored bytes of operands that are constants; the layer's inputs are the others, in order.
    pub constants: [Option<Vec<u8>>; 2],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// A run of pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PairRun {
    /// Addresses of the first elements.
    pub(crate) inputs: [*const u8; 2],
    /// Bytes from one element of each input to the next: its own, or 0 where [`SLACK`] bytes of copies of a single
    /// element stand at its address.
    pub(crate) steps: [usize; 2],
    /// Address of the first output.
    pub(crate) output: *mut u8,
    /// Elements, at least 1.
    pub(crate) len: usize,
}

/// Runs of pairs, cut into tasks.
#[derive(Clone, Debug)]
pub(crate) struct PairRuns {
    /// All but the innermost, outermost first.
    outer: Vec<Dimension>,
    inner: Dimension,
    /// Bytes of an element.
    bytes: usize,
    /// Runs, or elements where there is one run only, that one task takes.
    share: usize,
    /// Constants with slack behind them.
    constants: [Option<Box<[u8]>>; 2],
    /// Bytes of each operand, and of the output, up to the last that a run has.
    reach: [usize; 3],
    /// Bytes past a run that tiles may read.
    extra: usize,
    /// Bytes that tiles read at a time.
    width: usize,
}

/// The dimensions coalesced where they can be, those of one element left out, the last one a run.
fn coalesce(dimensions: &[Dimension], bytes: usize) -> Vec<Dimension> {
    let mut coalesced: Vec<Dimension> = Vec::new();
    for &inner in dimensions.iter().filter(|dimension| dimension.size != 1) {
        match coalesced.last().and_then(|outer| outer.coalesced(inner)) {
            Some(both) => *coalesced.last_mut().expect("there is a last one") = both,
            None => coalesced.push(inner),
        }
    }
    if coalesced.last().is_none_or(|last| !last.is_run(bytes)) {
        coalesced.push(Dimension::one(bytes));
    }
    coalesced
}

/// Makes one long run of many short ones where a constant repeats in each, as one value for each of a few channels
/// does: the constant is laid out several times instead.
fn widen(dimensions: &mut [Dimension], bytes: usize, constants: &mut [Option<Vec<u8>>; 2]) {
    let [.., outer, inner] = dimensions else { return };
    for (operand, constant) in constants.iter_mut().enumerate() {
        let Some(constant) = constant else { continue };
        let repeats =
            outer.strides[operand] == 0 && constant.len() == inner.size * bytes && inner.strides == [bytes; 2];
        let dense =
            [outer.strides[1 - operand], outer.output_stride].iter().all(|&stride| stride == inner.size * bytes);
        if !repeats || !dense || !(1..SHORT).contains(&inner.size) {
            continue;
        }
        let times = (1..=WIDENED / inner.size).rev().find(|times| outer.size % times == 0).unwrap_or(1);
        *constant = constant.repeat(times);
        inner.size *= times;
        outer.size /= times;
        outer.strides[1 - operand] *= times;
        outer.output_stride *= times;
        return;
    }
}

/// Asserts that no two elements of the output share a byte.
fn check_apart(dimensions: &[Dimension], bytes: usize) {
    let counted = dimensions.iter().filter(|dimension| dimension.size > 1);
    let mut strides: Vec<[usize; 2]> = counted.map(|dimension| [dimension.output_stride, dimension.size]).collect();
    strides.sort_unstable();
    let mut span = bytes;
    for [stride, size] in strides {
        assert!(stride >= span, "elements of the output overlap: a stride of {stride} over {span} bytes");
        span += (size - 1) * stride;
    }
}

impl Pairs {
    /// Whether layers take these dimensions.
    pub fn is_supported(&self) -> bool {
        coalesce(&self.dimensions, self.bytes).len() <= MOST_DIMENSIONS
    }
}

impl PairRuns {
    /// Runs of `pairs` whose elements cost `work` elementary steps each, for tiles that read `width` bytes
    /// from the start of each run.
    ///
    /// # Panics
    /// There are too many dimensions, a constant is shorter than they need, or elements of the output overlap.
    pub(crate) fn new(pairs: &Pairs, work: usize, width: usize) -> Self {
        assert!(matches!(pairs.bytes, 1 | 2 | 4), "elements of {} bytes", pairs.bytes);
        let mut outer = coalesce(&pairs.dimensions, pairs.bytes);
        let mut constants = pairs.constants.clone();
        widen(&mut outer, pairs.bytes, &mut constants);
        assert!(outer.len() <= MOST_DIMENSIONS, "{} dimensions", outer.len());
        assert!(width <= SLACK, "{width} bytes at a time");
        check_apart(&outer, pairs.bytes);
        let inner = outer.pop().expect("at least one dimension");
        assert!(inner.strides != [0, 0], "both operands repeat along {inner:?}");
        let runs: usize = outer.iter().map(|dimension| dimension.size).product();
        let share = match runs {
            1 => row_tasks(inner.size, work, pairs.threads).next_multiple_of(64),
            _ => row_tasks(runs, work.saturating_mul(inner.size), pairs.threads),
        };
        let empty = runs * inner.size == 0;
        let all = || outer.iter().chain([&inner]);
        let reach = |stride: &dyn Fn(&Dimension) -> usize| {
            if empty {
                0
            } else {
                all().map(|dimension| (dimension.size - 1) * stride(dimension)).sum::<usize>() + pairs.bytes
            }
        };
        let reach = [reach(&|d| d.strides[0]), reach(&|d| d.strides[1]), reach(&|d| d.output_stride)];
        let constants = [0, 1].map(|operand| {
            constants[operand].take().map(|mut bytes| {
                assert!(bytes.len() >= reach[operand], "a constant of {} bytes", bytes.len());
                bytes.resize(bytes.len() + SLACK, 0);
                bytes.into_boxed_slice()
            })
        });
        let mut runs = Self { outer, inner, bytes: pairs.bytes, share, constants, reach, extra: 0, width };
        runs.extra = width.saturating_sub(runs.shortest() * runs.bytes);
        runs
    }

    /// Runs of all tasks.
    fn runs(&self) -> usize {
        self.outer.iter().map(|dimension| dimension.size).product()
    }

    /// Elements of the shortest run.
    fn shortest(&self) -> usize {
        if self.runs() == 1 && self.inner.size > 0 {
            self.inner.size - (self.tasks() - 1) * self.share
        } else {
            self.inner.size
        }
    }

    /// Tasks that the runs are cut into, at least 1.
    pub(crate) fn tasks(&self) -> usize {
        let units = if self.runs() == 1 { self.inner.size } else { self.runs() };
        units.div_ceil(self.share).max(1)
    }

    /// Bytes of the constants.
    pub(crate) fn constant_bytes(&self) -> usize {
        self.constants.iter().flatten().map(|bytes| bytes.len()).sum()
    }

    /// Whether the output may have the address of an input, by its index: all is one run, whose elements have the same places in
    /// both, so that tasks share no byte.
    pub(crate) fn may_overwrite(&self, input: usize) -> bool {
        let mut given = (0..2).filter(|&operand| self.constants[operand].is_none());
        given.nth(input).is_some_and(|operand| self.runs() == 1 && self.inner.strides[operand] == self.bytes)
    }

    /// Asserts that views hold their tensors and what tiles read past them; returns the operands' addresses
    /// and the output's.
    fn checked(&self, inputs: &[Input<'_>], outputs: &[Output<'_>]) -> ([*const u8; 2], *mut u8) {
        let mut given = inputs.iter().copied();
        let addresses = [0, 1].map(|operand| {
            let view = match &self.constants[operand] {
                Some(bytes) => Input::from(&bytes[..]),
                None => given.next().unwrap_or_else(|| panic!("a view is missing")),
            };
            let needed = self.reach[operand] + self.extra;
            assert!(view.len() >= needed || self.reach[operand] == 0, "input view of {} bytes", view.len());
            view.as_ptr()
        });
        let output = outputs.first().unwrap_or_else(|| panic!("a view is missing"));
        assert!(output.len() >= self.reach[2], "output view of {} bytes", output.len());
        (addresses, output.as_ptr())
    }

    /// Calls `tile` for each run of a task.
    ///
    /// # Panics
    /// There is no such task, or a view is missing or too short.
    ///
    /// # Safety
    /// As [`crate::Layer::run`]. What `tile` is called with is true of the run: each input is readable for the
    /// run's elements or the runs' width, whichever is more, or for [`SLACK`] copies where its step is 0; the
    /// output is writable for the elements, which nobody else touches.
    pub(crate) unsafe fn run(
        &self,
        task: usize,
        (inputs, outputs): (&[Input<'_>], &[Output<'_>]),
        mut tile: impl FnMut(&PairRun),
    ) {
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let (inputs, output) = self.checked(inputs, outputs);
        let share = task * self.share..(task + 1) * self.share;
        let (runs, elements) = match self.runs() {
            1 => (0..1, share.start..share.end.min(self.inner.size)),
            runs => (share.start..share.end.min(runs), 0..self.inner.size),
        };
        if runs.is_empty() || elements.is_empty() {
            return;
        }
        let mut at = Position::new(&self.outer, runs.start);
        for _ in runs {
            let steps = self.inner.strides;
            let mut addresses = [0, 1]
                .map(|operand| inputs[operand].wrapping_add(at.offsets[operand] + steps[operand] * elements.start));
            let copies;
            if let Some(operand) = steps.iter().position(|&step| step == 0) {
                // SAFETY: the element lies inside the asserted view, and the caller vouches for its bytes.
                copies = unsafe { copies_of(addresses[operand], self.bytes) };
                addresses[operand] = copies.as_ptr();
            }
            let output = output.wrapping_add(at.offsets[2] + self.bytes * elements.start);
            let run = PairRun { inputs: addresses, steps, output, len: elements.len() };
            if addresses.contains(&output.cast_const()) {
                // SAFETY: the caller's promise.
                unsafe { self.run_overwriting(&run, &mut tile) }
            } else {
                tile(&run);
            }
            at.advance(&self.outer);
        }
    }

    /// Calls `tile` for a run whose output is one of its inputs. Tiles begin a last register before it, with elements that would be
    /// results by then, and read past short runs, what may be another task's: the end of the run is a run of copies.
    ///
    /// # Safety
    /// As [`PairRuns::run`].
    unsafe fn run_overwriting(&self, run: &PairRun, tile: &mut impl FnMut(&PairRun)) {
        let rest = run.len % (self.width / self.bytes).max(1);
        let whole = run.len - rest;
        if whole > 0 {
            tile(&PairRun { len: whole, ..*run });
        }
        if rest == 0 {
            return;
        }
        let mut copies = [[0; SLACK]; 2];
        let mut inputs = run.inputs;
        for (operand, copies) in copies.iter_mut().enumerate().filter(|&(operand, _)| run.steps[operand] != 0) {
            let source = run.inputs[operand].wrapping_add(run.steps[operand] * whole);
            // SAFETY: the caller vouches for the run's elements, and the rest is less than `width`, which is at most `SLACK`.
            unsafe { core::ptr::copy_nonoverlapping(source, copies.as_mut_ptr(), rest * self.bytes) };
            inputs[operand] = copies.as_ptr();
        }
        let output = run.output.wrapping_add(self.bytes * whole);
        tile(&PairRun { inputs, steps: run.steps, output, len: rest });
    }
}

/// Copies of an element of one byte, two or four.
///
/// # Safety
/// The element is readable.
unsafe fn copies_of(element: *const u8, bytes: usize) -> [u8; SLACK] {
    // Shorter elements are several of four bytes.
    // SAFETY: the caller's promise; `bytes` is a power of two, so that the offset is below it.
    let quad: [u8; 4] = core::array::from_fn(|at| unsafe { *element.wrapping_add(at & (bytes - 1)) });
    core::array::from_fn(|at| quad[at % 4])
}

/// A position in the outer dimensions.
struct Position {
    coordinates: [usize; MOST_DIMENSIONS],
    /// Bytes from the start of each input and of the output.
    offsets: [usize; 3],
}

impl Position {
    fn new(outer: &[Dimension], mut index: usize) -> Self {
        let mut position = Self { coordinates: [0; MOST_DIMENSIONS], offsets: [0; 3] };
        for (axis, dimension) in outer.iter().enumerate().rev() {
            let coordinate = index % dimension.size;
            index /= dimension.size;
            position.coordinates[axis] = coordinate;
            for (offset, stride) in position.offsets.iter_mut().zip(strides(dimension)) {
                *offset += coordinate * stride;
            }
        }
        position
    }

    fn advance(&mut self, outer: &[Dimension]) {
        for (axis, dimension) in outer.iter().enumerate().rev() {
            self.coordinates[axis] += 1;
            let rewound = self.coordinates[axis] == dimension.size;
            for (offset, stride) in self.offsets.iter_mut().zip(strides(dimension)) {
                *offset += stride;
                if rewound {
                    *offset -= stride * dimension.size;
                }
            }
            if !rewound {
                return;
            }
            self.coordinates[axis] = 0;
        }
    }
}

/// Strides of the inputs and of the output.
fn strides(dimension: &Dimension) -> [usize; 3] {
    [dimension.strides[0], dimension.strides[1], dimension.output_stride]
}

#[cfg(test)]
mod tests;
