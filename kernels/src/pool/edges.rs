//! Averages of three by three taps with a padding of one, from edge to edge.
//!
//! Pixels outside are zeros to the sums, and only the divisions know how many there are, so that a row has no
//! classes: what lies outside is a row of zeros or a column that is not added. Two rows of outputs share
//! their middle taps, and two columns of outputs the columns they have in common. The loop over blocks of
//! registers of channels is the outermost, so that rows are still in the first-level cache when the next ones need
//! them:
//!
//! ```text
//! for each block of channels
//!     for each two rows of outputs
//!         for each register of channels of the block
//!             for each two columns of outputs
//! ```

use core::ops::Range;

use super::tile::Channels;
use crate::arch::{Divide, Kernel, Wide};

/// Registers of channels in a block.
const BLOCK: usize = 4;
/// A row outside.
static OUTSIDE: [u8; 64] = [0; 64];

/// Rows of outputs of an image with at least two rows and columns, which are as many as its inputs.
pub(super) struct Edges {
    /// Address of the image.
    pub(super) input: *const u8,
    /// Bytes from one pixel to the next.
    pub(super) input_step: usize,
    /// Address of the image of outputs.
    pub(super) output: *mut u8,
    /// Bytes from one output to the next.
    pub(super) output_step: usize,
    /// Height and width.
    pub(super) size: [usize; 2],
    /// Rows to compute.
    pub(super) rows: Range<usize>,
    /// Channels.
    pub(super) channels: usize,
    /// Least and greatest output byte.
    pub(super) clamp: [u8; 2],
    /// The divisions for windows with no row outside or one, and no column outside or one.
    pub(super) divide: [[Divide; 2]; 2],
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. Every pixel is readable for its channels or one register, whichever is
/// more; outputs of the rows are writable, and nobody else touches them.
pub(super) type EdgesFn = unsafe fn(&Edges);

/// A register of channels of a row of input, or of zeros for each pixel.
#[derive(Clone, Copy)]
struct InputRow {
    /// Address of the first pixel's.
    first: *const u8,
    /// Bytes from one pixel to the next.
    step: usize,
}

impl InputRow {
    /// The register of a pixel.
    ///
    /// # Safety
    /// It is readable.
    #[inline(always)]
    unsafe fn load<A: Wide>(self, arch: A, pixel: usize) -> A::Bytes {
        // SAFETY: the caller's promise.
        unsafe { arch.load_wide(self.first.wrapping_add(pixel * self.step)) }
    }
}

/// A register of channels of one row of outputs, or two.
struct Strip<A: Wide, const ROWS: usize> {
    /// The rows of input that windows see.
    inputs: [InputRow; 4],
    output: *mut u8,
    row_step: usize,
    step: usize,
    count: usize,
    /// Divisions of each row without and with a column outside.
    divide: [[A::Divider; 2]; ROWS],
    min: A::Bytes,
    max: A::Bytes,
}

/// Averages of three by three taps, from edge to edge.
pub(super) struct AverageToEdges;

impl<A: Wide> Kernel<A> for AverageToEdges {
    type Call<'a> = Edges;

    /// # Safety
    /// As [`EdgesFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, call: &Edges) {
        let mut block = 0;
        while block < call.channels {
            let end = call.channels.min(block + BLOCK * A::WIDTH);
            let mut row = call.rows.start;
            while row < call.rows.end {
                let two = row + 2 <= call.rows.end;
                for channel in (block..end).step_by(A::WIDTH) {
                    // The last register overlaps its neighbour.
                    let count = A::WIDTH.min(call.channels);
                    let channels = Channels { first: channel.min(call.channels - count), count };
                    // SAFETY: the caller's promise for rows and channels of the image.
                    unsafe {
                        if two {
                            rows::<A, 2>(arch, call, row, channels);
                        } else {
                            rows::<A, 1>(arch, call, row, channels);
                        }
                    }
                }
                row += if two { 2 } else { 1 };
            }
            block = end;
        }
    }
}

/// # Safety
/// As [`EdgesFn`], for `ROWS` rows and a register of channels of the image.
#[inline(always)]
unsafe fn rows<A: Wide, const ROWS: usize>(arch: A, call: &Edges, row: usize, channels: Channels) {
    let [height, width] = call.size;
    let down = width * call.input_step;
    let mut inputs = [InputRow { first: OUTSIDE.as_ptr(), step: 0 }; 4];
    for (input, tap) in inputs.iter_mut().zip(0..ROWS + 2) {
        if let Some(at) = (row + tap).checked_sub(1).filter(|&at| at < height) {
            *input = InputRow { first: call.input.wrapping_add(at * down + channels.first), step: call.input_step };
        }
    }
    let outside = |row: usize| usize::from(row == 0) + usize::from(row + 1 == height);
    let mut divide = [[arch.prepare_divide(&call.divide[0][0]); 2]; ROWS];
    let mut fast = channels.count == A::WIDTH;
    for (index, divide) in divide.iter_mut().enumerate() {
        let by = &call.divide[outside(row + index)];
        *divide = [arch.prepare_divide(&by[0]), arch.prepare_divide(&by[1])];
        fast &= by[0].nearest != 0;
    }
    let (least, greatest) = A::ISA.storage().range();
    fast &= call.clamp == [least as u8, greatest as u8];
    let row_step = width * call.output_step;
    let strip = Strip::<A, ROWS> {
        inputs,
        output: call.output.wrapping_add(row * row_step + channels.first),
        row_step,
        step: call.output_step,
        count: channels.count,
        divide,
        min: arch.splat_wide(call.clamp[0]),
        max: arch.splat_wide(call.clamp[1]),
    };
    // SAFETY: the caller's promise.
    unsafe {
        if fast {
            strip.run::<true>(arch, width);
        } else {
            strip.run::<false>(arch, width);
        }
    }
}

impl<A: Wide, const ROWS: usize> Strip<A, ROWS> {
    /// Computes all pixels; `FAST` where those inside are divided by rounding products, and whole registers
    /// are stored without a clamp.
    ///
    /// # Safety
    /// As [`EdgesFn`], for rows that are `width` pixels.
    #[inline(always)]
    unsafe fn run<const FAST: bool>(&self, arch: A, width: usize) {
        // SAFETY: columns and outputs are below the width; the caller's promise.
        unsafe {
            let (mut a, mut b) = (self.column(arch, 0), self.column(arch, 1));
            self.store::<false>(arch, 0, 1, add(arch, a, b));
            let mut at = 2;
            while at + 2 <= width {
                let (c, d) = (self.column(arch, at), self.column(arch, at + 1));
                let shared = add(arch, b, c);
                self.store::<FAST>(arch, at - 1, 0, add(arch, a, shared));
                self.store::<FAST>(arch, at, 0, add(arch, shared, d));
                (a, b) = (c, d);
                at += 2;
            }
            if at < width {
                let c = self.column(arch, at);
                self.store::<FAST>(arch, at - 1, 0, add(arch, add(arch, a, b), c));
                (a, b) = (b, c);
            }
            self.store::<false>(arch, width - 1, 1, add(arch, a, b));
        }
    }

    /// The sums of a column, for each row.
    ///
    /// # Safety
    /// A register is readable at pixel `at` of each row of input.
    #[inline(always)]
    unsafe fn column(&self, arch: A, at: usize) -> [A::Words; ROWS] {
        let none = arch.no_words();
        let [first, second, third, fourth] = self.inputs;
        // SAFETY: the caller's promise.
        unsafe {
            let shared = arch.add_bytes(none, second.load(arch, at));
            let shared = arch.add_bytes(shared, third.load(arch, at));
            let mut sums = [shared; ROWS];
            sums[0] = arch.add_bytes(shared, first.load(arch, at));
            if ROWS == 2 {
                sums[ROWS - 1] = arch.add_bytes(shared, fourth.load(arch, at));
            }
            sums
        }
    }

    /// Divides and stores the outputs at a column, with so many columns outside.
    ///
    /// # Safety
    /// Outputs of the column are writable, and nobody else touches them.
    #[inline(always)]
    unsafe fn store<const FAST: bool>(&self, arch: A, at: usize, outside: usize, sums: [A::Words; ROWS]) {
        for (row, sums) in sums.into_iter().enumerate() {
            let target = self.output.wrapping_add(row * self.row_step + at * self.step);
            let by = self.divide[row][outside];
            // SAFETY: the caller's promise.
            unsafe {
                if FAST {
                    arch.store_wide(target, arch.divide_nearest(sums, by), A::WIDTH);
                } else {
                    let bytes = arch.divide(sums, by);
                    arch.store_wide(target, arch.min_wide(arch.max_wide(bytes, self.min), self.max), self.count);
                }
            }
        }
    }
}

/// The sums of two columns.
#[inline(always)]
fn add<A: Wide, const ROWS: usize>(arch: A, mut a: [A::Words; ROWS], b: [A::Words; ROWS]) -> [A::Words; ROWS] {
    for (a, b) in a.iter_mut().zip(b) {
        *a = arch.add_words(*a, b);
    }
    a
}
