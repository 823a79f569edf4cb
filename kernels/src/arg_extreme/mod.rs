//! Where the largest or smallest element of each row of bytes is: ARG_MAX and ARG_MIN over the last axis.
//!
//! A byte and its index make one 16-bit key, `value · 256 + (255 - index)`, so that the greatest key is that of the first
//! greatest byte. Rows are taken in pieces of 256 bytes, sixteen keys at a time; a later piece wins only with a greater
//! byte.

use crate::bound::{Bound, Described};
use crate::isa::{Isa, Storage};
use crate::layer::{Layer, row_tasks};
use crate::memory::{Input, Output};

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

/// Computes one row: the first greatest byte after an XOR with the mask.
///
/// # Safety
/// The CPU has the instruction set, and the row is readable in whole [`BLOCK`]s.
type RowFn = unsafe fn(row: *const u8, depth: usize, flip: u8) -> usize;

/// The kernel of one instruction set.
pub struct Descriptor {
    isa: Isa,
    name: &'static str,
    row: RowFn,
}

/// Kernels of every instruction set of this build, best first.
pub static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &Descriptor { isa: Isa::Avx512Vnni, name: "arg_extreme_8_avx512vnni_x16", row: row_avx512 },
    #[cfg(target_arch = "x86_64")]
    &Descriptor { isa: Isa::Avx2, name: "arg_extreme_8_avx2_x16", row: row_avx2 },
    #[cfg(target_arch = "aarch64")]
    &Descriptor { isa: Isa::Neon, name: "arg_extreme_8_neon_x16", row },
    &Descriptor { isa: Isa::Scalar, name: "arg_extreme_8_scalar_x16", row },
];

impl Descriptor {
    /// The instruction set that the kernel needs.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The kernel's name.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }
}

/// Keys that are made side by side.
const BLOCK: usize = 16;
/// Bytes whose index fits a key.
const PIECE: usize = 256;

/// See [`RowFn`].
#[inline(always)]
unsafe fn row(row: *const u8, depth: usize, flip: u8) -> usize {
    let (mut best, mut found) = (-1, 0);
    let mut first = 0;
    while first < depth {
        // SAFETY: the caller's promise.
        let key = unsafe { piece(row.wrapping_add(first), PIECE.min(depth - first), flip) };
        if i32::from(key >> 8) > best {
            best = i32::from(key >> 8);
            found = first + usize::from(255 - (key & 255));
        }
        first += PIECE;
    }
    found
}

/// The greatest key of up to [`PIECE`] bytes.
///
/// # Safety
/// They are readable in whole blocks.
#[inline(always)]
unsafe fn piece(bytes: *const u8, depth: usize, flip: u8) -> u16 {
    let mut keys = [0_u16; BLOCK];
    let mut first = 0;
    while first < depth {
        // SAFETY: the caller vouches for whole blocks.
        let block = unsafe { bytes.wrapping_add(first).cast::<[u8; BLOCK]>().read() };
        let valid = depth - first;
        for lane in 0..BLOCK {
            let key = u16::from(block[lane] ^ flip) << 8 | (255 - first - lane) as u16;
            keys[lane] = keys[lane].max(if lane < valid { key } else { 0 });
        }
        first += BLOCK;
    }
    let mut width = BLOCK / 2;
    while width > 0 {
        for lane in 0..width {
            keys[lane] = keys[lane].max(keys[lane + width]);
        }
        width /= 2;
    }
    keys[0]
}

/// [`row`] compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn row_avx2(bytes: *const u8, depth: usize, flip: u8) -> usize {
    // SAFETY: the caller's promise.
    unsafe { row(bytes, depth, flip) }
}

/// [`row`] compiled for AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn row_avx512(bytes: *const u8, depth: usize, flip: u8) -> usize {
    // SAFETY: the caller's promise.
    unsafe { row(bytes, depth, flip) }
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
    fn kernel(&self) -> &str {
        self.bound.descriptor().name
    }

    fn tasks(&self) -> usize {
        self.spec.rows.div_ceil(self.task_rows).max(1)
    }

    unsafe fn run(&self, task: usize, inputs: &[Input<'_>], outputs: &[Output<'_>]) {
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let ArgExtremeSpec { rows, depth, input_stride, index_bytes, .. } = self.spec;
        assert!(rows == 0 || inputs[0].len() >= self.input_bytes, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= rows * index_bytes, "output view of {} bytes", outputs[0].len());
        let kernel = self.bound.descriptor().row;
        for row in task * self.task_rows..rows.min((task + 1) * self.task_rows) {
            let bytes = inputs[0].as_ptr().wrapping_add(row * input_stride);
            // SAFETY: the bound descriptor proves the CPU feature; the row in whole blocks lies inside the asserted view,
            // and the caller vouches that nobody writes it.
            let found = unsafe { kernel(bytes, depth, self.flip) };
            // SAFETY: the index lies inside the asserted view and belongs to this task.
            let output = unsafe { outputs[0].run(row * index_bytes, index_bytes) };
            output.copy_from_slice(&(found as u64).to_le_bytes()[..index_bytes]);
        }
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
