//! The pooling tile, written once for every instruction set.
//!
//! A tile computes a rectangle of outputs, all with the same taps inside, in all channels. A window's
//! columns are reduced first; where windows overlap, the columns that the next one shares stay in
//! registers. The loop over registers of channels is the outermost, so that the rows which windows share are
//! still in the first-level cache; two rows of three taps that are one apart have their two middle taps
//! in common:
//!
//! ```text
//! for each register of channels                     the last one overlaps its neighbour
//!     for each row of outputs, or two
//!         ring = the first TAPS - STEP columns      a column: TAPS DOWN loads, reduced
//!         for each output pixel
//!             ring += STEP new columns
//!             reduce the ring, finish, clamp, store
//!             drop STEP columns
//! ```
//!
//! Fewer channels than a register holds are read with their neighbours' bytes, which are not stored.

use crate::arch::{Divide, Kernel, Wide};

/// A rectangle of outputs.
pub(super) struct Tile {
    /// Address of the first tap of the first pixel.
    pub(super) input: *const u8,
    /// Bytes from one tap to the next, down and across.
    pub(super) tap_steps: [usize; 2],
    /// Taps inside, down and across.
    pub(super) taps: [usize; 2],
    /// Bytes of input from one output pixel to the next.
    pub(super) input_step: usize,
    /// Bytes of input from one row of outputs to the next.
    pub(super) row_step: usize,
    /// Address of the first output pixel.
    pub(super) output: *mut u8,
    /// Bytes from one output pixel to the next.
    pub(super) output_step: usize,
    /// Bytes from one row of outputs to the next.
    pub(super) output_row_step: usize,
    /// Rows of outputs.
    pub(super) rows: usize,
    /// Output pixels of a row.
    pub(super) pixels: usize,
    /// Channels.
    pub(super) channels: usize,
    /// Least and greatest output byte.
    pub(super) clamp: [u8; 2],
    /// The division of an average; `None` for maxima.
    pub(super) divide: Option<Divide>,
}

/// Channels that are in a register together.
#[derive(Clone, Copy)]
pub(super) struct Channels {
    pub(super) first: usize,
    pub(super) count: usize,
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set. Every pixel's every tap is readable for its channels or one
/// register, whichever is more; outputs are writable for the tile's pixels and channels, which nobody
/// else touches.
pub(super) type TileFn = unsafe fn(&Tile);

/// How bytes become one.
pub(super) trait Reduce<A: Wide>: Copy {
    /// What is known of the bytes so far.
    type Sum: Copy;
    /// Of none.
    fn none(self, arch: A) -> Self::Sum;
    /// Of one more.
    fn take(self, arch: A, sum: Self::Sum, bytes: A::Bytes) -> Self::Sum;
    /// Of both.
    fn combine(self, arch: A, a: Self::Sum, b: Self::Sum) -> Self::Sum;
    /// The output, before the clamp.
    fn finish(self, arch: A, sum: Self::Sum) -> A::Bytes;
}

/// The greatest byte.
#[derive(Clone, Copy)]
struct Greatest;

impl<A: Wide> Reduce<A> for Greatest {
    type Sum = A::Bytes;

    #[inline(always)]
    fn none(self, arch: A) -> A::Bytes {
        arch.splat_wide(A::ISA.storage().range().0 as u8)
    }

    #[inline(always)]
    fn take(self, arch: A, sum: A::Bytes, bytes: A::Bytes) -> A::Bytes {
        arch.max_wide(sum, bytes)
    }

    #[inline(always)]
    fn combine(self, arch: A, a: A::Bytes, b: A::Bytes) -> A::Bytes {
        arch.max_wide(a, b)
    }

    #[inline(always)]
    fn finish(self, _: A, sum: A::Bytes) -> A::Bytes {
        sum
    }
}

/// The mean byte, rounded as the division says.
#[derive(Clone, Copy)]
struct Mean<D>(D);

impl<A: Wide> Reduce<A> for Mean<A::Divider> {
    type Sum = A::Words;

    #[inline(always)]
    fn none(self, arch: A) -> A::Words {
        arch.no_words()
    }

    #[inline(always)]
    fn take(self, arch: A, sum: A::Words, bytes: A::Bytes) -> A::Words {
        arch.add_bytes(sum, bytes)
    }

    #[inline(always)]
    fn combine(self, arch: A, a: A::Words, b: A::Words) -> A::Words {
        arch.add_words(a, b)
    }

    #[inline(always)]
    fn finish(self, arch: A, sum: A::Words) -> A::Bytes {
        arch.divide(sum, self.0)
    }
}

/// A tile of maxima, with `TAPS` taps and `STEP` pixels across and `DOWN` taps down; 0 stands for any.
pub(super) struct Maximum<const TAPS: usize, const STEP: usize, const DOWN: usize>;

impl<A: Wide, const TAPS: usize, const STEP: usize, const DOWN: usize> Kernel<A> for Maximum<TAPS, STEP, DOWN> {
    type Call<'a> = Tile;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile) {
        // SAFETY: the caller's promise.
        unsafe { reduce::<A, _, TAPS, STEP, DOWN>(arch, Greatest, tile) }
    }
}

/// A tile of averages; see [`Maximum`].
pub(super) struct Average<const TAPS: usize, const STEP: usize, const DOWN: usize>;

impl<A: Wide, const TAPS: usize, const STEP: usize, const DOWN: usize> Kernel<A> for Average<TAPS, STEP, DOWN> {
    type Call<'a> = Tile;

    /// # Safety
    /// As [`TileFn`], in a function that enables the instruction set of `arch`; the tile has a division.
    #[inline(always)]
    unsafe fn run(arch: A, tile: &Tile) {
        let divide = tile.divide.as_ref().expect("an average divides");
        // SAFETY: the caller's promise.
        unsafe { reduce::<A, _, TAPS, STEP, DOWN>(arch, Mean(arch.prepare_divide(divide)), tile) }
    }
}

/// # Safety
/// As [`TileFn`].
#[inline(always)]
unsafe fn reduce<A: Wide, R: Reduce<A>, const TAPS: usize, const STEP: usize, const DOWN: usize>(
    arch: A,
    reduce: R,
    tile: &Tile,
) {
    let pairs = DOWN == 3 && tile.row_step == tile.tap_steps[0];
    let mut channel = 0;
    loop {
        let count = A::WIDTH.min(tile.channels);
        let mut row = 0;
        while row < tile.rows {
            let outputs = Outputs::new(arch, tile, row, Channels { first: channel, count });
            // SAFETY: the caller vouches for a register at each tap of each row, and `channel + count` is
            // at most the number of channels.
            unsafe {
                if TAPS == 0 {
                    any::<A, R>(arch, reduce, tile, outputs);
                    row += 1;
                } else if pairs && row + 2 <= tile.rows {
                    overlapping::<A, R, TAPS, STEP, DOWN, 2>(arch, reduce, tile, outputs);
                    row += 2;
                } else {
                    overlapping::<A, R, TAPS, STEP, DOWN, 1>(arch, reduce, tile, outputs);
                    row += 1;
                }
            }
        }
        if channel + count == tile.channels {
            return;
        }
        channel = (channel + A::WIDTH).min(tile.channels - count);
    }
}

/// A register of channels of a row of outputs. What does not change from pixel to pixel is kept here, out
/// of reach of the stores.
#[derive(Clone, Copy)]
struct Outputs<A: Wide> {
    /// Address of the first tap.
    input: *const u8,
    first: *mut u8,
    step: usize,
    row_step: usize,
    count: usize,
    /// Whether there is anything to clamp.
    clamps: bool,
    min: A::Bytes,
    max: A::Bytes,
}

impl<A: Wide> Outputs<A> {
    #[inline(always)]
    fn new(arch: A, tile: &Tile, row: usize, channels: Channels) -> Self {
        let (least, greatest) = A::ISA.storage().range();
        Self {
            input: tile.input.wrapping_add(row * tile.row_step + channels.first),
            first: tile.output.wrapping_add(row * tile.output_row_step + channels.first),
            step: tile.output_step,
            row_step: tile.output_row_step,
            count: channels.count,
            clamps: tile.clamp != [least as u8, greatest as u8],
            min: arch.splat_wide(tile.clamp[0]),
            max: arch.splat_wide(tile.clamp[1]),
        }
    }

    /// Clamps and stores one output of this row or the next.
    ///
    /// # Safety
    /// The pixel is writable, and nobody else touches it.
    #[inline(always)]
    unsafe fn store(self, arch: A, row: usize, pixel: usize, mut bytes: A::Bytes) {
        if self.clamps {
            bytes = arch.min_wide(arch.max_wide(bytes, self.min), self.max);
        }
        // SAFETY: the caller's promise.
        unsafe { arch.store_wide(self.first.wrapping_add(row * self.row_step + pixel * self.step), bytes, self.count) }
    }
}

/// One register of channels of any window.
///
/// # Safety
/// As [`TileFn`], for a row and channels of the tile.
#[inline(always)]
unsafe fn any<A: Wide, R: Reduce<A>>(arch: A, reduce: R, tile: &Tile, outputs: Outputs<A>) {
    for pixel in 0..tile.pixels {
        let first = outputs.input.wrapping_add(pixel * tile.input_step);
        let mut sum = reduce.none(arch);
        for row in 0..tile.taps[0] {
            for tap in 0..tile.taps[1] {
                let source = first.wrapping_add(row * tile.tap_steps[0] + tap * tile.tap_steps[1]);
                // SAFETY: the caller vouches for a register at each tap.
                sum = reduce.take(arch, sum, unsafe { arch.load_wide(source) });
            }
        }
        // SAFETY: the caller's promise.
        unsafe { outputs.store(arch, 0, pixel, reduce.finish(arch, sum)) }
    }
}

/// Reduces the taps of one column of input pixels, counted from the first window's first: of a row of
/// outputs, or of two that are one tap apart and have three.
///
/// # Safety
/// As [`TileFn`], for a register of channels of the rows.
#[inline(always)]
unsafe fn column<A: Wide, R: Reduce<A>, const DOWN: usize, const ROWS: usize>(
    arch: A,
    reduce: R,
    tile: &Tile,
    source: *const u8,
) -> [R::Sum; ROWS] {
    let down = tile.tap_steps[0];
    let mut sums = [reduce.none(arch); ROWS];
    // SAFETY: the caller vouches for a register at each tap of each row.
    unsafe {
        if ROWS == 2 {
            let middle = reduce.take(arch, sums[0], arch.load_wide(source.wrapping_add(down)));
            let middle = reduce.take(arch, middle, arch.load_wide(source.wrapping_add(2 * down)));
            sums[0] = reduce.take(arch, middle, arch.load_wide(source));
            sums[ROWS - 1] = reduce.take(arch, middle, arch.load_wide(source.wrapping_add(3 * down)));
        } else {
            let mut source = source;
            for _ in 0..if DOWN > 0 { DOWN } else { tile.taps[0] } {
                sums[0] = reduce.take(arch, sums[0], arch.load_wide(source));
                source = source.wrapping_add(down);
            }
        }
    }
    sums
}

/// One register of channels of windows that share columns.
///
/// # Safety
/// As [`TileFn`], for `ROWS` rows and channels of the tile, with `TAPS` taps across that are `STEP` pixels
/// apart from one output to the next, and `DOWN` taps down unless that is 0. Two rows have three taps
/// down that are one apart.
#[inline(always)]
unsafe fn overlapping<
    A: Wide,
    R: Reduce<A>,
    const TAPS: usize,
    const STEP: usize,
    const DOWN: usize,
    const ROWS: usize,
>(
    arch: A,
    reduce: R,
    tile: &Tile,
    outputs: Outputs<A>,
) {
    debug_assert!(tile.taps[1] == TAPS && (DOWN == 0 || tile.taps[0] == DOWN));
    debug_assert!(tile.input_step == STEP * tile.tap_steps[1]);
    debug_assert!(ROWS == 1 || DOWN == 3 && tile.row_step == tile.tap_steps[0]);
    let across = tile.tap_steps[1];
    let mut source = outputs.input;
    let mut ring = [[reduce.none(arch); ROWS]; TAPS];
    for slot in ring.iter_mut().take(TAPS - STEP) {
        // SAFETY: the caller's promise; the column belongs to the first window.
        *slot = unsafe { column::<A, R, DOWN, ROWS>(arch, reduce, tile, source) };
        source = source.wrapping_add(across);
    }
    for pixel in 0..tile.pixels {
        for slot in ring.iter_mut().skip(TAPS - STEP) {
            // SAFETY: the caller's promise; the column belongs to this window.
            *slot = unsafe { column::<A, R, DOWN, ROWS>(arch, reduce, tile, source) };
            source = source.wrapping_add(across);
        }
        for row in 0..ROWS {
            let mut sum = ring[0][row];
            for next in &ring[1..] {
                sum = reduce.combine(arch, sum, next[row]);
            }
            // SAFETY: the caller's promise.
            unsafe { outputs.store(arch, row, pixel, reduce.finish(arch, sum)) }
        }
        for kept in 0..TAPS - STEP {
            ring[kept] = ring[kept + STEP];
        }
    }
}
