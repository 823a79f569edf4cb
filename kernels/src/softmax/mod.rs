//! Softmax of 8-bit rows in fixed point, over a table of exponentials.
//!
//! A row depends on its values only through their distance from the greatest, one of 256, so the
//! exponentials are a table that the caller fills once. A row's sum is brought to `[1, 2)` and its
//! reciprocal found by Newton's method, as the specification has it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::isa::Storage;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};

/// The family, as the registry lists it.
const FAMILY: &str = "softmax";

/// Names of the family's kernels; portable code serves every instruction set.
static KERNELS: &[&str] = &[NAME];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    KERNELS.iter().map(|&name| KernelId::portable(FAMILY, name)).collect()
}

const NAME: &str = "softmax_8_portable";

/// What a softmax is to do.
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxSpec<'a> {
    /// Rows.
    pub rows: usize,
    /// Elements of a row, at least 1.
    pub depth: usize,
    /// Bytes from one input row to the next; at least the depth.
    pub input_stride: usize,
    /// Bytes from one output row to the next; at least the depth.
    pub output_stride: usize,
    /// Exponential of each difference `-index` of stored values, in units of `2^-31`; 0 for those
    /// that no longer count.
    pub exponentials: &'a [i32; 256],
    /// The type of input and output.
    pub storage: Storage,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// A softmax, ready to run. Input 0 holds the rows, output 0 their probabilities in units of 1/256
/// above the least stored value.
pub struct Softmax {
    exponentials: Box<[i32; 256]>,
    /// What each exponential adds to a sum, in units of `2^-19`.
    summands: Box<[i32; 256]>,
    storage: Storage,
    rows: usize,
    depth: usize,
    strides: [usize; 2],
    share: usize,
}

/// Prepares a softmax.
///
/// # Panics
/// Rows are empty or overlap.
pub fn prepare(spec: &SoftmaxSpec<'_>) -> Softmax {
    assert!(spec.depth > 0, "rows have elements");
    assert!(spec.input_stride.min(spec.output_stride) >= spec.depth || spec.rows <= 1, "rows do not overlap");
    Softmax {
        exponentials: Box::new(*spec.exponentials),
        summands: Box::new(spec.exponentials.map(|value| divide_by_power(value, 12))),
        storage: spec.storage,
        rows: spec.rows,
        depth: spec.depth,
        strides: [spec.input_stride, spec.output_stride],
        share: row_tasks(spec.rows, spec.depth.saturating_mul(8), spec.threads),
    }
}

impl Softmax {
    fn row(&self, input: &[u8], output: &mut [u8]) {
        let (least, greatest) = self.storage.range();
        // Signed bytes in the order of unsigned ones, of which vectors hold sixteen.
        let flip = if self.storage == Storage::S8 { 0x80 } else { 0 };
        let largest = input.iter().map(|&byte| byte ^ flip).max().unwrap_or(0);
        let difference = |byte: u8| usize::from(largest - (byte ^ flip));
        // Saturates only where every probability is below half a unit anyway.
        let sum = input.iter().fold(0i32, |sum, &byte| sum.saturating_add(self.summands[difference(byte)]));
        let scale = RowScale::new(sum);
        let probability = |index: usize| {
            let value = i64::from(scale.probability(self.exponentials[index])) + i64::from(least);
            value.clamp(i64::from(least), i64::from(greatest)) as u8
        };
        if self.depth < 256 {
            for (out, &byte) in output.iter_mut().zip(input) {
                *out = probability(difference(byte));
            }
        } else {
            let table: [u8; 256] = core::array::from_fn(probability);
            for (out, &byte) in output.iter_mut().zip(input) {
                *out = table[difference(byte)];
            }
        }
    }
}

impl Layer for Softmax {
    fn kernel(&self) -> KernelId {
        KernelId::portable(FAMILY, NAME)
    }

    fn tasks(&self) -> usize {
        self.rows.div_ceil(self.share).max(1)
    }

    fn packed_bytes(&self) -> usize {
        size_of_val(&*self.exponentials) + size_of_val(&*self.summands)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let needed =
            self.strides.map(|stride| self.rows.saturating_sub(1) * stride + self.depth.min(self.rows * self.depth));
        assert!(inputs[0].len() >= needed[0], "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= needed[1], "output view of {} bytes", outputs[0].len());
        for row in task * self.share..self.rows.min((task + 1) * self.share) {
            // SAFETY: rows lie inside the asserted views; the caller vouches that nobody writes the
            // input and that nobody else touches the output rows of this task.
            let (input, output) = unsafe {
                (inputs[0].run(row * self.strides[0], self.depth), outputs[0].run(row * self.strides[1], self.depth))
            };
            self.row(input, output);
        }
        Ok(())
    }
}

/// The reciprocal of a row's sum.
struct RowScale {
    /// Of the normalized sum, in units of `2^-31`.
    reciprocal: i32,
    /// Right shift that ends in units of 1/256.
    exponent: i32,
}

impl RowScale {
    /// From a sum in units of `2^-19`.
    fn new(sum: i32) -> Self {
        let headroom = sum.leading_zeros();
        let normalized = ((sum as u32) << headroom).wrapping_sub(1 << 31) as i32;
        Self { reciprocal: reciprocal(normalized), exponent: 12 - headroom as i32 + 31 - 8 }
    }

    /// Probability of an exponential; 0 where so many share the row that none reaches a unit.
    fn probability(&self, exponential: i32) -> i32 {
        if self.exponent > 31 { 0 } else { divide_by_power(high_product(self.reciprocal, exponential), self.exponent) }
    }
}

/// `1 / (1 + a)` of `a` in `[0, 1)`, both in units of `2^-31`: three Newton steps in units of `2^-29`
/// from the line `48/17 - 32/17 d`.
fn reciprocal(a: i32) -> i32 {
    let half = ((i64::from(a) + i64::from(i32::MAX) + 1) / 2) as i32;
    let mut x = 1_515_870_810i32.wrapping_add(high_product(half, -1_010_580_540));
    for _ in 0..3 {
        let error = (1i32 << 29).wrapping_sub(high_product(half, x));
        x = x.wrapping_add(high_product(x, error).saturating_mul(4));
    }
    x.saturating_mul(2)
}

/// `a * b / 2^31`, ties up; `a` and `b` are not both the least value.
fn high_product(a: i32, b: i32) -> i32 {
    ((i64::from(a) * i64::from(b) + (1 << 30)) >> 31) as i32
}

/// `x / 2^exponent` for an exponent of 0 to 31, ties away from zero.
fn divide_by_power(x: i32, exponent: i32) -> i32 {
    let x = i64::from(x);
    let half = (1i64 << exponent) >> 1;
    let rounded = (x.abs() + half) >> exponent;
    (if x < 0 { -rounded } else { rounded }) as i32
}

#[cfg(test)]
mod tests;
