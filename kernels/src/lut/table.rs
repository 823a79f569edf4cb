//! The kernels of every instruction set.

use alloc::vec::Vec;

use super::look_up::{Elements, LookUp, LookUpFn};
use crate::arch::{InstructionSet, Kernel};
use crate::bound::{Entry, list, table};
use crate::kernel_id::KernelId;

/// The family, as the registry lists it.
pub(super) const FAMILY: &str = "table";

/// Kernels of every instruction set of this build, best first; names have instruction set and elements of a step.
pub(super) static KERNELS: &[&Entry<LookUpFn>] = table![
    x86_64:
        entry::<Amx>("lut_8_amx_x64"),
        entry::<Avx512Vnni>("lut_8_avx512vnni_x64"),
        entry::<Avx2>("lut_8_avx2_x32"),
        entry::<Sse41>("lut_8_sse41_x16");
    aarch64: entry::<Neon>("lut_8_neon_x32");
    any: entry::<Scalar>("lut_8_scalar")
];

const fn entry<A: InstructionSet>(name: &'static str) -> Entry<LookUpFn>
where
    LookUp: for<'a> Kernel<A, Call<'a> = Elements<'a>>,
{
    Entry { isa: A::ISA, name, run: A::enter::<LookUp> }
}

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    list(FAMILY, KERNELS)
}
