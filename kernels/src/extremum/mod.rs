//! The greater or the lesser of each pair of stored bytes, whole registers at a time.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::arch::Wide;
use crate::bound::{Bound, Described, list, table};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task};
use crate::pairs::{PairRuns, Pairs};

mod tile;

use tile::{Extreme, TileFn};

/// What an extremum of pairs is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtremumSpec {
    /// Where the elements are; all tensors are of one type.
    pub pairs: Pairs,
    /// Whether the greater is taken, or the lesser.
    pub maximum: bool,
}

/// The family, as the registry lists it.
const FAMILY: &str = "extremum";

/// The kernels of one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    /// Names for the lesser and the greater.
    names: [&'static str; 2],
    tiles: [TileFn; 2],
    /// Bytes of a register.
    width: usize,
}

/// Kernels of every instruction set of this build, best first; names have stored type, instruction set and bytes.
static KERNELS: &[&Descriptor] = table![
    x86_64:
        Descriptor::of::<Avx512Vnni>(["minimum_u8_avx512vnni_x64", "maximum_u8_avx512vnni_x64"]),
        Descriptor::of::<Avx2>(["minimum_u8_avx2_x32", "maximum_u8_avx2_x32"]),
        Descriptor::of::<Sse41>(["minimum_u8_sse41_x16", "maximum_u8_sse41_x16"]);
    aarch64: Descriptor::of::<Neon>(["minimum_s8_neon_x16", "maximum_s8_neon_x16"]);
    any: Descriptor::of::<Scalar>(["minimum_u8_scalar_x16", "maximum_u8_scalar_x16"])
];

impl Descriptor {
    const fn of<A: Wide>(names: [&'static str; 2]) -> Self {
        Self { isa: A::ISA, names, tiles: [A::enter::<Extreme<false>>, A::enter::<Extreme<true>>], width: A::WIDTH }
    }
}

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.names.map(Into::into).to_vec()
    }
}

/// An extremum of pairs, ready to run. The operands that are no constants are its inputs, in order.
pub struct Extremum {
    bound: Bound<Descriptor>,
    runs: PairRuns,
    maximum: bool,
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}

/// Prepares an extremum of pairs for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set, or elements have more than one byte.
pub fn prepare(isa: Isa, spec: &ExtremumSpec) -> Extremum {
    assert!(spec.pairs.bytes == 1, "elements of {} bytes", spec.pairs.bytes);
    let bound = Bound::new(KERNELS, isa);
    Extremum { bound, runs: PairRuns::new(&spec.pairs, 1, bound.descriptor().width), maximum: spec.maximum }
}

impl Layer for Extremum {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().names[usize::from(self.maximum)])
    }

    fn tasks(&self) -> usize {
        self.runs.tasks()
    }

    fn packed_bytes(&self) -> usize {
        self.runs.constant_bytes()
    }

    fn may_overwrite(&self, input: usize) -> bool {
        self.runs.may_overwrite(input)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        let tile = self.bound.descriptor().tiles[usize::from(self.maximum)];
        // SAFETY: the bound descriptor proves the CPU feature. The caller's promise; the runs were made for the
        // tile's width, so each run is as the tile wants it.
        unsafe { self.runs.run(task, (inputs, outputs), |run| tile(run)) }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
