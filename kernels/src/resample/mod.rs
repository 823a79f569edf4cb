//! Pictures of bytes in another size: each byte the nearest integer to an exact weighted mean.
//!
//! Weights are whole numbers, so that nothing is rounded but the mean itself. Rows of outputs are made in two steps:
//!
//! ```text
//! sums    of every byte column of the input     sum over input rows of weight · byte            in 32-bit integers
//! means   of every output pixel                 sum over its columns of weight · sums,          in f64, which holds
//!                                               divided by both totals, rounded                 all of these integers
//! ```
//!
//! The mean is `T / D`, with `D` the product of both totals. Its nearest integer, the larger one of two, is the one nearest
//! to `(T + 1/4) / D`, which is never a half, but at least `1 / 4D` away from any. That quotient is taken as a product with
//! reciprocals, which is off by less ([`MAX_TOTAL`]).

use alloc::vec::Vec;

mod rows;
mod spec;
mod table;

pub use spec::{ResampleSpec, Span};
pub(crate) use table::kernels;

use core::cell::Cell;

use crate::bound::Bound;
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use rows::{Column, Means, ROWS, Sums, TAPS};
use table::{Descriptor, FAMILY, KERNELS};

/// Most that weights of rows may add up to, so that sums of bytes fit in 31 bits.
pub const MAX_ROW_TOTAL: u64 = (i32::MAX / 255) as u64;

/// Most that the product of both totals may be: a quotient below 256 is off by four roundings of at most `2^-53` of it, which
/// is below `2^-43`, and `1 / 4D` is at least `2^-42`. The dividend, of less than `2^49` and in quarters, is exact.
pub const MAX_TOTAL: u64 = 1 << 40;

/// Output rows that are computed together.
pub const ROWS_AT_A_TIME: usize = ROWS;

/// A resampling, ready to run a few rows at a time.
pub struct Resample {
    bound: Bound<Descriptor>,
    spec: ResampleSpec,
    columns: Vec<Column>,
    weights: Vec<f64>,
    /// Bytes of an input row that are read.
    row_bytes: usize,
    /// Input pixels that are read below one another.
    height: usize,
}

/// Whether the kernels have the numbers for such spans; other pictures take the reference.
pub fn fits(rows: &[Span], columns: &[Span]) -> bool {
    let total = |span: &Span| span.weights.iter().map(|&weight| u64::from(weight)).sum::<u64>();
    let most = |spans: &[Span]| spans.iter().map(total).max().unwrap_or(0);
    let words = |spans: &[Span]| spans.iter().flat_map(|span| &span.weights).all(|&weight| weight <= i16::MAX as u32);
    words(rows) && most(rows) <= MAX_ROW_TOTAL && most(rows).saturating_mul(most(columns)) <= MAX_TOTAL
}

/// Prepares a resampling for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, pixels are not of 1, 3 or 4 bytes or rows overlap, spans are empty or do not
/// [fit](fits).
pub fn prepare(isa: Isa, spec: ResampleSpec) -> Resample {
    let bound = Bound::new(KERNELS, isa);
    let (pixel, channels) = (spec.pixel_stride, spec.channels);
    assert!(matches!((pixel, channels), (1, 1) | (3 | 4, 3)), "{channels} channels of {pixel} bytes");
    assert!(fits(&spec.rows, &spec.columns), "sums of these weights fit");
    let spans = || spec.rows.iter().chain(&spec.columns);
    assert!(spans().all(|span| span.weights.iter().any(|&weight| weight > 0)), "no span is empty");
    let end = |spans: &[Span]| spans.iter().map(|span| span.first + span.weights.len()).max().unwrap_or(0);
    let (height, row_bytes) = (end(&spec.rows), end(&spec.columns) * pixel);
    assert!(height < 2 || row_bytes <= spec.row_stride, "rows do not overlap");
    let (mut columns, mut weights) = (Vec::with_capacity(spec.columns.len()), Vec::new());
    for span in &spec.columns {
        let (start, total) = (weights.len(), span.weights.iter().sum::<u32>());
        weights.extend(span.weights.iter().map(|&weight| f64::from(weight)));
        if pixel == 1 {
            // Lanes are taps then; those past the last have no weight.
            weights.resize(start + span.weights.len().next_multiple_of(TAPS), 0.0);
        }
        let reciprocal = 1.0 / f64::from(total);
        columns.push(Column { first: span.first * pixel, weights: start..weights.len(), reciprocal });
    }
    Resample { bound, spec, columns, weights, row_bytes, height }
}

impl Resample {
    /// The kernel that runs it.
    pub fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().names[usize::from(self.spec.pixel_stride != 1)])
    }

    /// Elements of the scratch memory that [`Resample::rows`] wants.
    pub fn scratch_len(&self) -> usize {
        ROWS * self.sums_len()
    }

    /// Elements of a row of sums, with lanes that have no weight, or are no channel.
    fn sums_len(&self) -> usize {
        self.row_bytes + TAPS
    }

    /// Computes up to [`ROWS_AT_A_TIME`] rows of outputs from `first` on, as many as `output` holds.
    ///
    /// # Panics
    /// There are no such rows, the input or the scratch memory is too short, or the output is no such number of whole rows.
    pub fn rows(&self, first: usize, input: &[u8], scratch: &mut [i32], output: &mut [u8]) {
        let Self { spec, columns, weights, .. } = self;
        let (stride, output_bytes) = (spec.row_stride, columns.len() * spec.channels);
        let count = output.len() / output_bytes;
        assert!((1..=ROWS).contains(&count) && output.len() == count * output_bytes, "{} bytes of rows", output.len());
        assert!(input.len() >= (self.height - 1) * stride + self.row_bytes, "input of {} bytes", input.len());
        let kernels = self.bound.descriptor();
        let rows = &spec.rows[first..first + count];
        let scratch = &mut scratch[..self.scratch_len()];
        let sums_len = self.sums_len();
        for (span, sums) in rows.iter().zip(scratch.chunks_exact_mut(sums_len)) {
            let sums = Sums::new(&input[span.first * stride..], stride, &span.weights, &mut sums[..self.row_bytes]);
            // SAFETY: the bound descriptor proves the CPU feature.
            unsafe { (kernels.sums)(&sums) }
        }
        let output = Cell::from_mut(output).as_slice_of_cells();
        let mut means = Means {
            sums: [&scratch[..sums_len]; ROWS],
            reciprocals: [0.0; ROWS],
            columns,
            weights,
            output: [output; ROWS],
        };
        for row in 0..ROWS {
            let at = row.min(count - 1);
            means.sums[row] = &scratch[at * sums_len..][..sums_len];
            means.reciprocals[row] = 1.0 / f64::from(rows[at].weights.iter().sum::<u32>());
            means.output[row] = &output[at * output_bytes..][..output_bytes];
        }
        let run = match spec.pixel_stride {
            1 => kernels.means1,
            3 => kernels.means3,
            _ => kernels.means4,
        };
        // SAFETY: the bound descriptor proves the CPU feature. Columns end within the bytes of a row, and a row of sums has
        // `TAPS` elements more, which covers the last pixel's fourth lane and the taps that round up a column's number. The
        // weights of each column were put where it says.
        unsafe { run(&means) }
    }
}

#[cfg(test)]
mod tests;
