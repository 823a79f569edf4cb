//! Where the largest or smallest element of each row of bytes is: ARG_MAX and ARG_MIN over the last axis.
//!
//! Bytes are brought into an order in which the greatest is the one looked for. With vectors, a row is gone over twice in
//! blocks of sixteen: for its greatest byte, then for the first block that has it. The last block of a row overlaps the
//! one before, so that rows of sixteen bytes or more need no masks.

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::{Isa, Storage};
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;

/// What a search is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgExtremeSpec {
    /// Rows.
    pub rows: usize,
    /// Bytes of a row, at least 1.
    pub depth: usize,
    /// Bytes from one row to the next; at least the depth.
    pub input_stride: usize,
    /// Whether the smallest element is looked for, else the largest.
    pub smallest: bool,
    /// Bytes of an index: 4 or 8.
    pub index_bytes: usize,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// Some rows of a search.
struct Rows {
    input: *const u8,
    input_stride: usize,
    rows: usize,
    depth: usize,
    /// XORed with each byte first.
    flip: u8,
    output: *mut u8,
    index_bytes: usize,
}

impl Rows {
    /// Stores the index of a row.
    ///
    /// # Safety
    /// The output has such a row, which nobody else touches.
    #[inline(always)]
    unsafe fn store(&self, row: usize, index: usize) {
        let target = self.output.wrapping_add(row * self.index_bytes);
        // SAFETY: the caller's promise; arrays of bytes have no alignment.
        unsafe {
            match self.index_bytes {
                8 => target.cast::<[u8; 8]>().write((index as u64).to_le_bytes()),
                _ => target.cast::<[u8; 4]>().write((index as u32).to_le_bytes()),
            }
        }
    }
}

/// An entry point.
///
/// # Safety
/// The CPU has the instruction set. Rows are readable, shorter ones than a [`BLOCK`] in a whole one; their outputs are
/// writable and nobody else's.
type RowsFn = unsafe fn(&Rows);

/// The family, as the registry lists it.
const FAMILY: &str = "argument of the extreme";

/// The kernel of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    name: &'static str,
    rows: RowsFn,
}

/// Kernels of every instruction set of this build, best first.
static KERNELS: &[&Descriptor] = &[
    // AVX-512 has nothing better for rows this short; its detection includes AVX2.
    #[cfg(target_arch = "x86_64")]
    &Descriptor { isa: Isa::Avx512Vnni, name: "arg_extreme_8_avx512vnni_x16", rows: avx2::rows },
    #[cfg(target_arch = "x86_64")]
    &Descriptor { isa: Isa::Avx2, name: "arg_extreme_8_avx2_x16", rows: avx2::rows },
    #[cfg(target_arch = "aarch64")]
    &Descriptor { isa: Isa::Neon, name: "arg_extreme_8_neon_x16", rows: neon::rows },
    &Descriptor { isa: Isa::Scalar, name: "arg_extreme_8_scalar", rows },
];

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.name.into()]
    }
}

/// Bytes that are compared side by side.
const BLOCK: usize = 16;

/// The portable entry point.
///
/// # Safety
/// As [`RowsFn`].
unsafe fn rows(call: &Rows) {
    for row in 0..call.rows {
        // SAFETY: the caller vouches for the row.
        let bytes =
            unsafe { core::slice::from_raw_parts(call.input.wrapping_add(row * call.input_stride), call.depth) };
        let (mut best, mut found) = (bytes[0] ^ call.flip, 0);
        for (index, byte) in bytes.iter().enumerate().skip(1) {
            if byte ^ call.flip > best {
                (best, found) = (byte ^ call.flip, index);
            }
        }
        // SAFETY: the caller's promise.
        unsafe { call.store(row, found) }
    }
}

/// A search, ready to run. Input 0 holds the rows, output 0 an index for each.
pub struct ArgExtreme {
    bound: Bound<Descriptor>,
    spec: ArgExtremeSpec,
    /// Brings stored bytes into the order in which the greatest is the one looked for.
    flip: u8,
    task_rows: usize,
    input_bytes: usize,
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}

/// Prepares a search for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, rows are empty or overlap, or indices have neither 4 nor 8 bytes.
pub fn prepare(isa: Isa, spec: &ArgExtremeSpec) -> ArgExtreme {
    assert!(spec.depth > 0 && (spec.input_stride >= spec.depth || spec.rows <= 1), "rows are empty or overlap");
    assert!([4, 8].contains(&spec.index_bytes), "indices of {} bytes", spec.index_bytes);
    let order = if isa.storage() == Storage::S8 { 0x80 } else { 0 };
    ArgExtreme {
        bound: Bound::new(KERNELS, isa),
        spec: *spec,
        flip: order ^ if spec.smallest { 0xFF } else { 0 },
        task_rows: row_tasks(spec.rows, 16 + spec.depth, spec.threads),
        input_bytes: spec.rows.saturating_sub(1) * spec.input_stride + spec.depth.next_multiple_of(BLOCK),
    }
}

impl Layer for ArgExtreme {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.spec.rows.div_ceil(self.task_rows).max(1)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let ArgExtremeSpec { rows, depth, input_stride, index_bytes, .. } = self.spec;
        assert!(rows == 0 || inputs[0].len() >= self.input_bytes, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= rows * index_bytes, "output view of {} bytes", outputs[0].len());
        let first = task * self.task_rows;
        let call = Rows {
            input: inputs[0].as_ptr().wrapping_add(first * input_stride),
            input_stride,
            rows: self.task_rows.min(rows.saturating_sub(first)),
            depth,
            flip: self.flip,
            output: outputs[0].as_ptr().wrapping_add(first * index_bytes),
            index_bytes,
        };
        // SAFETY: the bound descriptor proves the CPU feature; rows in whole blocks and their indices lie inside the
        // asserted views, and the caller vouches that nobody writes the former or touches the latter.
        unsafe { (self.bound.descriptor().rows)(&call) }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ottava_ref::ops::arg_min_max::{Extreme, arg_min_max};

    use super::*;
    use crate::layer::run_all;
    use crate::testing::{Fill, Random, as_signed, for_each_isa, stored};

    #[test]
    fn every_depth_finds_the_first() {
        let mut random = Random::new(11);
        for depth in (1..70).chain([255, 256, 257, 300, 512, 1000]) {
            for (round, fill) in Fill::ALL.into_iter().enumerate() {
                let rows = 1 + depth % 9;
                let mut input = random.bytes(rows * depth, fill);
                if round == 0 {
                    input.iter_mut().for_each(|byte| *byte &= 3);
                }
                for_each_isa(|isa| check(isa, &input, depth, [round % 2 == 0, round / 2 % 2 == 0], round % 3 * 2));
            }
        }
    }

    fn check(isa: Isa, input: &[u8], depth: usize, [smallest, signed]: [bool; 2], gap: usize) {
        let rows = input.len() / depth;
        let mut expected = vec![0_i64; rows];
        let extreme = if smallest { Extreme::Min } else { Extreme::Max };
        match signed {
            true => arg_min_max(extreme, [depth, 1], as_signed(input), &mut expected),
            false => arg_min_max(extreme, [depth, 1], input, &mut expected),
        }
        let bytes = stored(input, depth, depth + gap, isa.storage().xor_mask(signed), if smallest { 0 } else { 0xFF });
        for index_bytes in [4, 8] {
            let spec = ArgExtremeSpec { rows, depth, input_stride: depth + gap, smallest, index_bytes, threads: 2 };
            let layer = prepare(isa, &spec);
            let mut output = vec![0; rows * index_bytes];
            run_all(&layer, &[&bytes], &mut [&mut output]);
            let wanted: Vec<u8> =
                expected.iter().flat_map(|index| index.to_le_bytes()[..index_bytes].to_vec()).collect();
            assert_eq!(output, wanted, "{} {spec:?} signed {signed}", layer.kernel());
        }
    }
}
