//! The kernels of every instruction set.

use alloc::vec::Vec;

use super::rows::{RowsFn, Search};
use crate::arch::{InstructionSet, Kernel};
use crate::bound::{Entry, list, table};
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "argument of the extreme";

/// Kernels of every instruction set of this build, best first. AVX-512 has nothing better for rows this short.
pub(super) static KERNELS: &[&Entry<RowsFn>] = table![
    x86_64: entry::<Avx512Vnni>("arg_extreme_8_avx512vnni_x16"), entry::<Avx2>("arg_extreme_8_avx2_x16"), entry::<Sse41>("arg_extreme_8_sse41_x16");
    aarch64: entry::<Neon>("arg_extreme_8_neon_x16");
    any: entry::<Scalar>("arg_extreme_8_scalar")
];

const fn entry<A: InstructionSet>(name: &'static str) -> Entry<RowsFn>
where
    Search: for<'a> Kernel<A, Call<'a> = super::rows::Rows>,
{
    Entry { isa: A::ISA, name, run: A::enter::<Search> }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
